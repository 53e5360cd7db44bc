"""The latent vector whose sample is most like an image: projection, or inversion, of G.

Zhu et al. 2016 (arXiv:1609.03552) and Creswell and Bharath 2018 (arXiv:1611.05644), by L-BFGS from
the nearest of many samples: the squared difference of the pixels, that of an extractor's features
where there is one, and a little of the length of z, so that it stays where G was trained.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch
from torch import Tensor

from gandash.kinds import IMAGES
from gandash.latent.vectors import draw
from gandash.networks import Generator

SEED = 0
CANDIDATES = 256  # samples of which the nearest are starts
STARTS = 6
ROUNDS = 12  # of so many iterations from each start
ITERATIONS = 10
ENOUGH = 34.0  # dB: no other start is tried
STALLED = 0.97  # of the error before a round: a start that still has more is left
PRIOR = 0.01  # times |z|^2, beside the sum of squared differences of pixels in [-1, 1]
FEATURES = 0.1  # times |f(G(z)) - f(x)|^2 / |f(x)|^2 and the number of pixels, likewise
BATCH = 32
Features = Callable[[Tensor], Tensor]  # of (N, C, H, W) in [-1, 1]


@dataclass(frozen=True)
class Projected:
    """The best vector so far: z (latent_dim,), how near its sample is, and how far the search is.

    ``decibels`` is the peak signal-to-noise ratio, 10 log10(4 / mean squared difference) of pixels
    in [-1, 1]. ``at_start`` is that of the nearest of ``CANDIDATES`` samples.
    """

    z: Tensor
    decibels: float
    at_start: float
    step: int
    steps: int


def project(
    G: Generator, image: Tensor, label: int | None = None, features: Features | None = None
) -> Iterator[Projected]:
    """Search for the vector of a uint8 image (C, H, W), better and better; the last is the result.

    ``label`` is the class where G is told one; ``features`` are those that shall be alike beside
    the pixels. ``ValueError`` if the image is not one that G could make.
    """
    if tuple(image.shape) != tuple(G.shape):
        raise ValueError(
            f"An image to be found must have the shape {G.shape} of those that the generator "
            f"makes, not {tuple(image.shape)}: resize it"
        )
    target = IMAGES.prepare(image[None])
    aim = Aim(target, features)
    candidates = draw(SEED, CANDIDATES, G.latent_dim)
    errors = _errors(G, candidates, target, label)
    order = errors.argsort()[:STARTS]
    best = Projected(
        candidates[order[0]],
        decibels_of(float(errors[order[0]])),
        decibels_of(float(errors[order[0]])),
        0,
        STARTS * ROUNDS,
    )
    yield best
    for start, place in enumerate(order.tolist()):
        for number, (z, error) in enumerate(_descend(G, candidates[place], aim, label), 1):
            if decibels_of(error) > best.decibels:
                best = Projected(z, decibels_of(error), best.at_start, 0, best.steps)
            step = start * ROUNDS + number
            yield Projected(best.z, best.decibels, best.at_start, step, best.steps)
        if best.decibels >= ENOUGH:
            break
    yield Projected(best.z, best.decibels, best.at_start, best.steps, best.steps)


class Aim:
    """An image (1, C, H, W) in [-1, 1] that is to be met, in pixels and in features."""

    def __init__(self, target: Tensor, features: Features | None) -> None:
        self.target = target
        self._features = features
        if features is not None:
            with torch.no_grad():
                self._seen = features(target)

    def missed_by(self, made: Tensor) -> Tensor:
        """The sum of squared differences of the pixels, and as much of the features' as is asked
        for.
        """
        pixels = (made - self.target).square().sum()
        if self._features is None:
            return pixels
        differing = (self._features(made) - self._seen).square().sum()
        return pixels + FEATURES * made.numel() * differing / self._seen.square().sum()


def decibels_of(error: float) -> float:
    """The peak signal-to-noise ratio of a mean squared difference of pixels in [-1, 1]."""
    return 10 * math.log10(4 / max(error, 1e-10))


def _descend(
    G: Generator, start: Tensor, aim: Aim, label: int | None
) -> Iterator[tuple[Tensor, float]]:
    """Vectors (latent_dim,) and their mean squared differences, a round after the other."""
    z = start[None].clone().requires_grad_(True)
    optimizer = torch.optim.LBFGS(
        [z],
        max_iter=ITERATIONS,
        history_size=40,
        line_search_fn="strong_wolfe",
        tolerance_change=1e-7,
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = aim.missed_by(_made(G, z, label)) + PRIOR * z.square().sum()
        value.backward()  # type: ignore[no-untyped-call]
        return value

    error = math.inf
    for _ in range(ROUNDS):
        before = error
        with torch.enable_grad():
            optimizer.step(loss)  # type: ignore[no-untyped-call]
        found = z.detach().clone()
        error = float(_errors(G, found, aim.target, label)[0])
        yield found[0], error
        if error > STALLED * before or decibels_of(error) >= ENOUGH:
            return


def _errors(G: Generator, z: Tensor, target: Tensor, label: int | None) -> Tensor:
    """Mean squared differences (N,) of the samples of z (N, latent_dim) from the target."""
    with torch.inference_mode():
        parts = [
            (_made(G, part, label) - target).square().flatten(1).mean(1)
            for part in torch.split(z, BATCH)
        ]
    return torch.cat(parts)


def _made(G: Generator, z: Tensor, label: int | None) -> Tensor:
    labels = torch.full((len(z),), label or 0) if G.classes else None
    return G(z, labels)  # type: ignore[no-any-return]
