"""How much a reading of foreign weights makes what they were trained to make.

Two things speak for a reading. Batch norms keep the mean and the variance that each channel had
while training: a wrong stride, activation or place of a norm does not bring them back. And images
are smooth: neighbors are alike, where noise and the lattice of a wrong stride are not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

import torch
from torch import Tensor, nn

from gandash import latent
from gandash.exchange.readings import Reading

SAMPLES, FEWEST = 64, 4
MOST_NUMBERS = 2**27  # in the largest maps of all samples: half a gigabyte
MOST_PRODUCTS = 10**12  # of all samples of all readings
FITS = 0.5  # a misfit that says that some reading is right; where none is so small, it says nothing
MOST_MISFIT = 3.0
OF_MISFIT, OF_ROUGHNESS, OF_ALIKE = 10.0, 3.0, 1.5  # what is measured against what is usual
VARIED = 4  # readings that are tried in other ranges of their values, too
EPSILON = 1e-5  # beside variances
FLAT = 1e-6  # a variance without any picture in it


@dataclass(frozen=True)
class Likeness:
    """What was measured on samples of a reading.

    ``misfit``: how far the batch norms' inputs are from what they remember, in standard deviations
    and logarithms of variances, the mean over layers of the median channel; ``None`` without such
    norms. ``roughness``: 1 minus the correlation of neighboring pixels. ``alike``: whether all
    samples are the same, or nothing is in them.
    """

    misfit: float | None
    roughness: float
    alike: bool


def samples_for(proposed: Sequence[Reading]) -> int:
    """How many samples of each reading can be made in bounded memory and time; ``ValueError`` where
    hardly one can.
    """
    efforts = [reading.effort for reading in proposed]
    largest = max(numbers for numbers, _ in efforts)
    products = sum(products for _, products in efforts)
    count = min(SAMPLES, MOST_NUMBERS // largest, MOST_PRODUCTS // max(products, 1))
    if count < FEWEST:
        raise ValueError(
            f"A generator to be tried in {len(proposed)} ways may have maps of "
            f"{MOST_NUMBERS // FEWEST:,} numbers and {MOST_PRODUCTS // FEWEST:,} products, and "
            f"this one has {largest:,} and {products:,}: choose a smaller one"
        )
    return count


@torch.inference_mode()
def measure(reading: Reading, count: int = SAMPLES) -> tuple[Likeness, Tensor]:
    """The likeness of a reading, and the samples (N, C, S, S) that say so."""
    G = reading.build()
    with _remembered(G) as misfits:
        images = G(latent.draw(0, count, G.latent_dim)).float()
    found = _mean(misfits)
    margin = (images.shape[-1] - reading.side) // 2
    inside = images[..., margin : margin + reading.side, margin : margin + reading.side]
    finite = bool(torch.isfinite(images).all())
    if not finite:
        return Likeness(found, 2.0, True), torch.nan_to_num(images)
    inside = inside.clamp(-1, 1)
    variance = float(inside.var())
    between = float(inside.var(0).mean())
    return Likeness(found, _roughness(inside), between < max(0.01 * variance, FLAT)), images


@torch.inference_mode()
def misfit(network: nn.Module, inputs: Tensor) -> float | None:
    """How far the inputs of a network's batch norms are from what they remember, see above."""
    with _remembered(network) as misfits:
        network(inputs)
    return _mean(misfits)


def _mean(misfits: Sequence[float]) -> float | None:
    return sum(misfits) / len(misfits) if misfits else None


def ranked(proposed: Sequence[Reading]) -> list[tuple[Reading, Tensor]]:
    """Readings with samples of each, those first that look most like what was meant."""
    count = samples_for(proposed)
    measured = _measured(proposed, count)
    if not measured:
        raise ValueError("A generator's layers must fit one another, and torch runs none of these")
    misfits = [it.misfit for _, it, _ in measured if it.misfit is not None]
    telling = bool(misfits) and min(misfits) < FITS

    def cost(item: tuple[Reading, Likeness, Tensor]) -> float:
        reading, likeness, _ = item
        cost = reading.doubt + OF_ALIKE * likeness.alike
        if telling:
            cost += OF_MISFIT * min(likeness.misfit or 0.0, MOST_MISFIT)
        if telling or not misfits:
            cost += OF_ROUGHNESS * likeness.roughness
        return cost

    measured.sort(key=cost)
    others = [other for reading, _, _ in measured[:VARIED] for other in reading.others]
    measured += _measured(others, count)
    return [(reading, images) for reading, _, images in sorted(measured, key=cost)]


def _measured(proposed: Sequence[Reading], count: int) -> list[tuple[Reading, Likeness, Tensor]]:
    """Those that torch runs: shapes alone do not tell all that makes it refuse a network."""
    measured: list[tuple[Reading, Likeness, Tensor]] = []
    for reading in proposed:
        with suppress(RuntimeError):
            measured.append((reading, *measure(reading, count)))
    return measured


def _roughness(images: Tensor) -> float:
    """Half the mean square of a pixel's difference to the next, over the variance of all."""
    variance = float(images.var())
    if variance < FLAT:
        return 1.0
    across = (images[..., 1:] - images[..., :-1]).square().mean()
    down = (images[..., 1:, :] - images[..., :-1, :]).square().mean()
    return min(float(across + down) / 4 / variance, 2.0)


@contextmanager
def _remembered(network: nn.Module) -> Iterator[list[float]]:
    """Misfits of the batch norms, each appended while the network runs."""
    misfits: list[float] = []

    def look(norm: nn.Module, inputs: tuple[Tensor, ...], _output: Tensor) -> None:
        assert isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d)
        assert norm.running_mean is not None
        assert norm.running_var is not None
        x = inputs[0].double()
        axes = (0, *range(2, x.dim()))
        mean, variance = x.mean(axes), x.var(axes)
        wanted = norm.running_var.double().clamp(min=0) + EPSILON
        of_mean = (mean - norm.running_mean).abs() / wanted.sqrt()
        of_variance = ((variance + EPSILON) / wanted).log().abs()
        misfits.append(float((of_mean + of_variance).nan_to_num(MOST_MISFIT).median()))

    hooks = [
        module.register_forward_hook(look)
        for module in network.modules()
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d)
    ]
    try:
        yield misfits
    finally:
        for hook in hooks:
            hook.remove()
