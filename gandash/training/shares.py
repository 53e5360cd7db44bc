"""One run on several processes: each learns from its share of every batch, and all stay the same.

Started by ``torchrun``. Chance is drawn for the whole batch and cut, so that the processes together
do what one would, whatever their number; gradients are averaged by hand after the backward pass, as
the wrapper of torch breaks where a gradient is differentiated once more. Process 0 alone writes.

Batch norm uses each process's own share (its running means are averaged when a row is reported) or,
if asked, the whole batch (``shared_norm``); the metrics are those of process 0's share.
"""

from __future__ import annotations

import os
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from typing import Any, TypeVar

import torch
import torch.distributed as dist
from torch import Tensor, nn

from gandash.config import Config

T = TypeVar("T")
LONGEST_PAUSE = timedelta(days=7)  # others wait while process 0 measures, saves or pauses


@contextmanager
def joined() -> Iterator[None]:
    """Join the processes that torchrun started, if it did."""
    if int(os.environ.get("WORLD_SIZE", "1")) < 2:
        yield
        return
    on_gpu = torch.cuda.is_available()
    if on_gpu:
        torch.cuda.set_device(int(os.environ.get("LOCAL_RANK", "0")))
    dist.init_process_group("nccl" if on_gpu else "gloo", timeout=LONGEST_PAUSE)
    try:
        yield
    finally:
        dist.destroy_process_group()


_alone = False


def _are_joined() -> bool:
    return dist.is_available() and dist.is_initialized()  # torch may be built without


def count() -> int:
    """How many processes train the run."""
    return dist.get_world_size() if _are_joined() and not _alone else 1


@contextmanager
def alone() -> Iterator[None]:
    """For a while, be the only process: for a trial that the others do not make."""
    global _alone  # noqa: PLW0603 - of the process, as the group is
    _alone = True
    try:
        yield
    finally:
        _alone = False


def leads() -> bool:
    """Whether this process is the one that writes."""
    return not _are_joined() or dist.get_rank() == 0


def part(whole: Tensor) -> Tensor:
    """This process's share (N / count, ...) of what was drawn for the whole batch (N, ...)."""
    if count() == 1:
        return whole
    return whole.chunk(count())[dist.get_rank()]


def average(tensors: list[Tensor]) -> None:
    """Replace tensors by their means over all processes, in one message."""
    if count() == 1 or not tensors:
        return
    flat = torch.cat([tensor.detach().flatten() for tensor in tensors])
    with _all_there():
        dist.all_reduce(flat)
    parts = torch.split(flat / count(), [tensor.numel() for tensor in tensors])
    for tensor, mean in zip(tensors, parts, strict=True):
        tensor.detach().copy_(mean.view_as(tensor))


class _Sum(torch.autograd.Function):
    """The sum of a tensor over all processes; its gradient is the sum of their gradients."""

    @staticmethod
    def forward(_: Any, own: Tensor) -> Tensor:
        total = own.clone()
        with _all_there():
            dist.all_reduce(total)
        return total

    @staticmethod
    def backward(_: Any, *gradients: Tensor) -> Tensor:
        return summed(gradients[0])


def summed(own: Tensor) -> Tensor:
    """The sum of a tensor over all processes, through which gradients of any order pass."""
    total: Tensor = _Sum.apply(own)
    return total


def average_buffers(*networks: nn.Module) -> None:
    """Running means and the like, of norms that have seen different samples."""
    buffers = [buffer for network in networks for buffer in network.buffers()]
    average([buffer for buffer in buffers if buffer.is_floating_point()])


def agreed(value: T) -> T:
    """What process 0 says, on all of them."""
    if count() == 1:
        return value
    said = [value]
    with _all_there():
        dist.broadcast_object_list(said)
    return said[0]


@contextmanager
def _all_there() -> Iterator[None]:
    """``ConnectionError`` in a sentence where a process has ended."""
    try:
        yield
    except RuntimeError as error:
        raise ConnectionError(
            "A run on several processes needs all of them, and one has ended: resume the run"
        ) from error


def check(config: Config) -> None:
    """``ValueError`` if a run cannot be shared out evenly and mean the same."""
    if count() == 1:
        return
    whole = count() * config.collapse.pack
    if config.batch_size % whole:
        raise ValueError(
            f"batch_size must be a multiple of {whole} on {count()} processes, and it is "
            f"{config.batch_size}: change one"
        )
    for name, alone, value in (
        ("unroll_steps", not config.collapse.unroll_steps, 0),
        ("minibatch", config.collapse.minibatch == "none", "none"),
        ("discriminators", config.balance.discriminators == 1, 1),
        ("augment", config.few.augment != "ada", "diffaugment"),
        ("rule", config.balance.rule == "fixed", "fixed"),
        ("encoder", not config.autoencoder.encoder, False),
        ("translator", config.translation.translator != "cyclegan", "pix2pix"),
    ):
        if not alone:
            raise ValueError(
                f"{name} needs the whole batch in one process, and there are {count()}: set it to "
                f"{value}, or train in one process"
            )
