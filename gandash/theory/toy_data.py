"""Data for study: points on a line or in the plane, with the modes that they are drawn around.

Here a GAN's failures can be counted: which modes it covers and how many of its samples are near
one.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt

Points = npt.NDArray[np.float64]
Random = np.random.RandomState
"""Its stream is frozen, so that a seed means the same points for ever."""
COUNT = {"train": 50_000, "test": 10_000}
SEED = {"train": 20140610, "test": 20140611}


@dataclass(frozen=True)
class Study:
    """A source of points (N, dim); ``modes`` (M, dim) and ``std`` where it is a mixture of equal
    Gaussians.

    ``curve`` gives so many places (M, dim), evenly along it, where it is Gaussians of deviation
    ``std`` around a curve.
    """

    title: str
    dim: int
    draw: Callable[[Random, int], Points]
    modes: Points | None = None
    std: float = 0.0
    curve: Callable[[int], Points] | None = None

    def centers(self, count: int = 2048) -> Points:
        """Where the equal Gaussians stand that this is a mixture of, (M, dim): the modes, or
        ``count`` places of the curve, so close that the sum is the integral.
        """
        if self.modes is not None:
            return self.modes
        assert self.curve is not None
        return self.curve(count)


def ring_modes(count: int = 8, radius: float = 1.0) -> Points:
    """``count`` different places on a circle, (count, 2)."""
    angles = np.linspace(0, 2 * np.pi, count, endpoint=False)
    return radius * np.stack([np.cos(angles), np.sin(angles)], axis=1)


def grid_modes(side: int = 5, spacing: float = 2.0) -> Points:
    """side x side places around the origin, (side * side, 2)."""
    line = spacing * (np.arange(side) - (side - 1) / 2)
    return np.stack(np.meshgrid(line, line, indexing="ij"), axis=-1).reshape(-1, 2)


def mixture(modes: Points, std: float) -> Callable[[Random, int], Points]:
    """Equal Gaussians around ``modes``."""

    def draw(random: Random, count: int) -> Points:
        centers = modes[random.randint(len(modes), size=count)]
        return np.asarray(centers + std * random.standard_normal(centers.shape))

    return draw


def spiral(random: Random, count: int, turns: float = 1.5, noise: float = 0.02) -> Points:
    """Two arms that wind around the origin, evenly filled along their length; radius at most 1."""
    radius = np.sqrt(random.uniform(0.01, 1, count))
    angle = 2 * np.pi * turns * radius + np.pi * random.randint(2, size=count)
    points = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.asarray(points + noise * random.standard_normal((count, 2)))


def moons(random: Random, count: int, noise: float = 0.05) -> Points:
    """Two interleaved half circles of radius 1 around (-0.5, -0.25) and (0.5, 0.25)."""
    angle, lower = random.uniform(0, np.pi, count), random.randint(2, size=count)[:, None]
    arc = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    points = (1 - 2 * lower) * arc + (lower - 0.5) * np.array([1.0, 0.5])
    return np.asarray(points + noise * random.standard_normal((count, 2)))


def line(random: Random, count: int, noise: float = 0.02) -> Points:
    """A segment from (-1, -1) to (1, 1): data on a manifold of lower dimension."""
    t = random.uniform(-1, 1, (count, 1))
    return np.asarray(t + noise * random.standard_normal((count, 2)))


def _middles(count: int) -> Points:
    """The middles of ``count`` equal parts of [0, 1]."""
    return (np.arange(count) + 0.5) / count


def spiral_curve(count: int, turns: float = 1.5) -> Points:
    """The spiral's two arms, (count, 2)."""
    radius = np.sqrt(0.01 + 0.99 * _middles(count // 2))
    angle = 2 * np.pi * turns * radius
    arm = radius[:, None] * np.stack([np.cos(angle), np.sin(angle)], axis=1)
    return np.concatenate([arm, -arm])


def moons_curve(count: int) -> Points:
    """The half circles of the moons, (count, 2)."""
    angle = np.pi * _middles(count // 2)
    arc = np.stack([np.cos(angle), np.sin(angle)], axis=1)
    shift = np.array([0.5, 0.25])
    return np.concatenate([arc - shift, shift - arc])


def line_curve(count: int) -> Points:
    """The segment, (count, 2)."""
    return np.repeat(2 * _middles(count)[:, None] - 1, 2, axis=1)


MIXTURE_1D: Points = np.array([[-2.0], [0.0], [2.0]])
GAUSSIAN_1D: Points = np.array([[-1.0]])
STUDIES: dict[str, Study] = {
    "mixture-1d": Study("Three Gaussians on a line", 1, mixture(MIXTURE_1D, 0.3), MIXTURE_1D, 0.3),
    "gaussian-1d": Study("A Gaussian on a line", 1, mixture(GAUSSIAN_1D, 0.5), GAUSSIAN_1D, 0.5),
    "ring": Study("Ring of 8 Gaussians", 2, mixture(ring_modes(), 0.01), ring_modes(), 0.01),
    "grid": Study("Grid of 25 Gaussians", 2, mixture(grid_modes(), 0.05), grid_modes(), 0.05),
    "spiral": Study("Two-armed spiral", 2, spiral, std=0.02, curve=spiral_curve),
    "moons": Study("Two moons", 2, moons, std=0.05, curve=moons_curve),
    "line": Study("Segment in the plane", 2, line, std=0.02, curve=line_curve),
}


def points_of(study: Study, split: str = "train") -> npt.NDArray[np.float32]:
    """The points of a study, (N, dim) float32: 50,000 to train on, 10,000 others to test with."""
    return study.draw(Random(SEED[split]), COUNT[split]).astype(np.float32)


def load(name: str, split: str = "train") -> npt.NDArray[np.float32]:
    """The points of the study of that name."""
    return points_of(STUDIES[name], split)


@dataclass(frozen=True)
class Coverage:
    """How samples meet the modes of a mixture.

    ``modes`` were met by at least one high-quality sample, of ``of`` there are; ``high_quality`` is
    the share of samples within 3 standard deviations of a mode (Lin et al. 2018, arXiv:1712.04086,
    section 4.1); ``kl`` is the divergence in nats of the high-quality samples' modes from the
    uniform distribution.
    """

    modes: int
    of: int
    high_quality: float
    kl: float


def coverage(samples: npt.NDArray[np.floating], modes: Points, std: float) -> Coverage:
    """How samples (N, dim) meet modes (M, dim) of standard deviation ``std``."""
    distances = np.linalg.norm(samples[:, None, :].astype(np.float64) - modes[None], axis=-1)
    nearest = distances.argmin(1)
    good = distances.min(1) <= 3 * std
    counts = np.bincount(nearest[good], minlength=len(modes))
    return Coverage(int((counts > 0).sum()), len(modes), float(good.mean()), kl_to_uniform(counts))


def kl_to_uniform(counts: npt.NDArray[np.integer]) -> float:
    """KL(counts / sum || uniform) in nats; infinite if nothing was counted."""
    if not counts.sum():
        return float("inf")
    share = counts[counts > 0] / counts.sum()
    return float((share * np.log(share * len(counts))).sum())
