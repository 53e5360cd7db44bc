"""Random streams: every random number of a run follows from its seed, a purpose and a step.

They are drawn on the CPU, so a run can be left after any report and taken up again with nothing to
restore but the weights, the optimizers and the step.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from gandash.config import Config

ORDER, LATENTS, MIX, NOISE_REAL, NOISE_FAKE, NOISE_G, LATENTS_G = range(
    7
)  # purposes of random streams


def stream(seed: int, purpose: int, step: int) -> torch.Generator:
    """The CPU stream of one purpose at one update of D or one epoch."""
    mixed = (
        seed * 0x9E3779B97F4A7C15 + purpose * 0xBF58476D1CE4E5B9 + step * 0x94D049BB133111EB
    ) % 2**63
    return torch.Generator().manual_seed(mixed)


def batch_indices(
    config: Config, images: int, first: int, total: int
) -> Iterator[tuple[int, Tensor]]:
    """D's updates first .. total - 1, each with its indices: an epoch is one seeded permutation."""
    per_epoch, order, epoch = (
        config.steps_per_epoch(images) * config.balance.d_steps,
        torch.empty(0),
        -1,
    )
    for update in range(first, total):
        if update // per_epoch != epoch:
            epoch = update // per_epoch
            order = torch.randperm(images, generator=stream(config.seed, ORDER, epoch))
        start = update % per_epoch * config.batch_size
        yield update, order[start : start + config.batch_size]
