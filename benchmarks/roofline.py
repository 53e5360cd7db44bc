"""What a device reaches at most, and how much arithmetic a training step is.

Ceilings are measured where they are stated: the fastest of several rounds of a large matrix product
and of a convolution as a DCGAN's middle layers have it, forward and backward. The work of a step is
counted by torch's own counter, a multiplication and an addition as two, as it goes through a step.
"""

from __future__ import annotations

import time
from collections.abc import Callable

import torch
from torch.nn.functional import conv2d
from torch.utils.flop_counter import FlopCounterMode

from gandash.config import Config
from gandash.data import Dataset
from gandash.training import State, game_of, new_state
from gandash.training.source import Source

ROUNDS = 7
CHANNELS = (128, 256)
PIXELS = 16


def ceilings(device: torch.device) -> dict[str, float]:
    """GFLOP/s of matrix products and of convolutions, in fp32 and bf16, as torch is set up."""
    return {
        f"{name} {number}": measure(device, dtype) / 1e9
        for number, dtype in (("fp32", torch.float32), ("bf16", torch.bfloat16))
        for name, measure in (("matrix", matrix_product), ("convolution", convolution))
    }


def matrix_product(device: torch.device, dtype: torch.dtype) -> float:
    """FLOP/s of a square matrix product."""
    size = 8192 if device.type == "cuda" else 2048
    a, b = (torch.randn(size, size, device=device, dtype=dtype) for _ in range(2))
    return 2 * size**3 / _fastest(lambda: a @ b, device)


def convolution(device: torch.device, dtype: torch.dtype) -> float:
    """FLOP/s of a 4x4 convolution of stride 2, forward and backward, channels-last."""
    images = 2048 if device.type == "cuda" else 64
    few, many = CHANNELS
    x = torch.randn(images, few, PIXELS, PIXELS, device=device, dtype=dtype)
    w = torch.randn(many, few, 4, 4, device=device, dtype=dtype)
    x = x.to(memory_format=torch.channels_last).requires_grad_()
    w = w.to(memory_format=torch.channels_last).requires_grad_()
    upstream = torch.ones_like(conv2d(x, w, stride=2, padding=1))

    def work() -> None:
        torch.autograd.grad(conv2d(x, w, stride=2, padding=1), (x, w), upstream)

    products = images * (PIXELS // 2) ** 2 * few * many * 16
    return 3 * 2 * products / _fastest(work, device)


def flops_of_a_step(config: Config, dataset: Dataset, state: State) -> int:
    """Floating-point operations of a step without a report, counted on players of their own."""
    aside = new_state(config, dataset, state.arithmetic)
    game = game_of(aside)
    source = Source(config, dataset, aside.device, aside.arithmetic)
    index = torch.arange(config.batch_size) % len(dataset)
    with FlopCounterMode(display=False) as counter:
        for number in range(config.batches_per_step):
            game.update(source.batch(index, number))
    return int(counter.get_total_flops())


def _fastest(work: Callable[[], object], device: torch.device) -> float:
    """Seconds of the fastest round, the first one left out."""
    return min([_seconds(work, device) for _ in range(ROUNDS + 1)][1:])


def _seconds(work: Callable[[], object], device: torch.device) -> float:
    start = time.perf_counter()
    work()
    if device.type == "cuda":
        torch.cuda.synchronize()
    return time.perf_counter() - start
