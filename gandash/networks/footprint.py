"""How much memory a training step takes, without taking it: counted on tensors that have no data.

Weights, their gradients and Adam's two moments are 16 bytes a parameter. What autograd keeps of a
forward pass is counted as it keeps it. The rest (gradients on the way back, buffers of
convolutions) is a measured share: in float32 on a CPU, a step of five configs of CIFAR-10 at 32 and
64 pixels took 1.4 to 1.9 times what is counted here. A test measures two of them again.
"""

from __future__ import annotations

from functools import lru_cache

import torch
from torch import Tensor, nn
from torch.autograd.graph import saved_tensors_hooks

from gandash.config import Config
from gandash.networks.pair import build_pair
from gandash.networks.translation import build_translation
from gandash.storage.memory import PART, amount, free_bytes

PARAMETER_BYTES = 16  # float32: weight, gradient, and Adam's two moments
TRIED = 4  # samples of the forward pass that is counted, and twice as many
FEWEST_CLASSES = 2
OVERHEAD = 1.75


def least_bytes(config: Config, shape: tuple[int, ...], classes: int = 0) -> int:
    """Bytes that a step on samples of ``shape`` takes at the very least, beside the data."""
    of_sample, of_weights = count_of_players(_players(config), shape, classes)
    return int(of_weights + config.batch_size * of_sample)


def usual_bytes(config: Config, shape: tuple[int, ...], classes: int = 0) -> int:
    """Bytes that a step takes as a rule: right to a third where it was measured."""
    return int(OVERHEAD * least_bytes(config, shape, classes))


def largest_batch(config: Config, shape: tuple[int, ...], classes: int, room: int) -> int:
    """The largest power of two as batch size that takes at most ``room`` bytes as a rule; 0 if
    none does.
    """
    of_sample, of_weights = count_of_players(_players(config), shape, classes)
    samples = int((room / OVERHEAD - of_weights) / of_sample)
    return 0 if samples < 2 else 1 << (samples.bit_length() - 1)


def shape_of(config: Config, channels: int) -> tuple[int, ...]:
    """The shape of the samples that a config asks for, before its data are read: images of so many
    channels, pairs of them, or points in the plane.
    """
    size = config.data.size
    if config.translation.on:
        return (2, channels, size, size)
    return (channels, size, size) if config.data.kind.pixels else (2,)


def check_memory(
    config: Config, shape: tuple[int, ...], classes: int = 0, device: torch.device | None = None
) -> None:
    """``ValueError`` if not even the least that a step takes is free, with what would fit."""
    on_gpu = device is not None and device.type == "cuda"
    free = torch.cuda.mem_get_info(device)[0] if on_gpu else free_bytes()
    if free is not None and least_bytes(config, shape, classes) > free:
        raise ValueError(
            "A run must fit into memory, and a step of this one takes about "
            f"{amount(usual_bytes(config, shape, classes))} of {amount(free)} that are free: "
            f"{remedy(config, shape, classes, free)}"
        )


def remedy(config: Config, shape: tuple[int, ...], classes: int, free: int) -> str:
    """By how much to shrink what does not fit into ``free`` bytes."""
    most = largest_batch(config, shape, classes, int(PART * free))
    if 2 <= most < config.batch_size:
        return f"set batch_size to {most} or less, or choose fewer filters"
    return "choose fewer filters or smaller images, or free memory"


def _players(config: Config) -> Config:
    """What of a config says how large the players are: whatever else changes, they are not counted
    anew.
    """
    parts = (
        "network",
        "collapse",
        "labels",
        "balance",
        "regularizer",
        "translation",
        "autoencoder",
    )
    return Config().model_copy(update={name: getattr(config, name) for name in parts})


@lru_cache(maxsize=128)
def count_of_players(config: Config, shape: tuple[int, ...], classes: int) -> tuple[float, float]:
    """Bytes that a sample adds to the largest part of a step, and those of the weights with all
    that belongs to them.
    """
    if config.translation.on:
        return _count_of_translation(config, shape)
    if config.labels.conditioning != "none":
        classes = max(classes, FEWEST_CLASSES)  # of data that are not read yet it is not known
    many = config.balance.discriminators
    alone = config.balance.model_copy(update={"discriminators": 1})
    with torch.device("meta"):
        G, D = build_pair(config.model_copy(update={"balance": alone}), shape, classes)
    of_G = _kept(G, (config.network.latent_dim,), classes)
    of_D = _kept(D, (config.collapse.pack * shape[0], *shape[1:]), classes) / config.collapse.pack
    if G.encoder is not None:
        of_G += _kept(G.encoder, shape)
    regularizer = config.regularizer
    if regularizer.gradient_penalty or regularizer.r1_gamma or regularizer.r2_gamma:
        of_D *= 2  # a second derivative keeps the first one's way
    # G's update keeps both players' passes, and those of D on real and generated samples for every
    # step that is unrolled; D's own keeps one on either.
    in_G_update = of_G + many * of_D * (1 + 2 * config.collapse.unroll_steps)
    weights = PARAMETER_BYTES * (_parameters(G) + many * _parameters(D))
    return max(in_G_update, 2 * of_D), weights


def _count_of_translation(config: Config, shape: tuple[int, ...]) -> tuple[float, float]:
    """As :func:`count_of_players`: G's update keeps all its passes and one of each D."""
    with torch.device("meta"):
        G, D = build_translation(config, shape)
    _, channels, *sides = shape
    seen = channels if D.of_source is not None else 2 * channels
    of_G = _kept(G, (channels, *sides))
    of_D = _kept(D, (seen, *sides))
    passes, judges = (6, 2) if G.back is not None else (1, 1)
    weights = PARAMETER_BYTES * (_parameters(G) + _parameters(D))
    return max(passes * of_G + judges * of_D, 2 * judges * of_D), weights


def _parameters(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


def _kept(network: nn.Module, shape: tuple[int, ...], classes: int = 0) -> float:
    """Bytes that autograd keeps of a forward pass for one sample more."""
    few, more = (_kept_of(network, shape, classes, count) for count in (TRIED, 2 * TRIED))
    return (more - few) / TRIED


def _kept_of(network: nn.Module, shape: tuple[int, ...], classes: int, count: int) -> int:
    storages: set[torch.UntypedStorage] = set()

    def keep(tensor: Tensor) -> Tensor:
        if not isinstance(tensor, nn.Parameter):
            storages.add(tensor.untyped_storage())
        return tensor

    with torch.device("meta"), saved_tensors_hooks(keep, lambda tensor: tensor):
        labels = [torch.zeros(count, dtype=torch.int64)] if classes else []
        network(torch.zeros(count, *shape), *labels)
    return sum(storage.nbytes() for storage in storages)
