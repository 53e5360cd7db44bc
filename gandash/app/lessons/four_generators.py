"""Four generators of points on a ring, and what each figure says of them (for lesson 8).

Figures are the project's own, with the points as features, against held-out points.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
import torch

from gandash.evaluation import metrics
from gandash.theory.toy_data import mixture, ring_modes

Points = npt.NDArray[np.float64]
MODES, STD = 8, 0.12
COUNT = 400  # training points, held-out points and samples
REACH = 1.7


@dataclass(frozen=True)
class Shown:
    """Samples (N, 2) and their figures."""

    samples: Points
    frechet: float
    precision: float
    recall: float
    memorization: float


def _perfect(random: np.random.RandomState, _training: Points) -> Points:
    return _data(random)


def _missing(random: np.random.RandomState, _training: Points) -> Points:
    return mixture(ring_modes(MODES)[::2], STD)(random, COUNT)


def _blurred(random: np.random.RandomState, _training: Points) -> Points:
    return mixture(ring_modes(MODES), 3 * STD)(random, COUNT)


def _copying(random: np.random.RandomState, training: Points) -> Points:
    return training[random.randint(len(training), size=COUNT)]


MADE: dict[str, Callable[[np.random.RandomState, Points], Points]] = {
    "is perfect": _perfect,
    "leaves half out": _missing,
    "blurs": _blurred,
    "copies": _copying,
}


def _data(random: np.random.RandomState) -> Points:
    return mixture(ring_modes(MODES), STD)(random, COUNT)


@cache
def training() -> Points:
    """What the generators have learned from, (N, 2)."""
    return _data(np.random.RandomState(0))


@cache
def shown(name: str) -> Shown:
    """One of :data:`MADE`, measured."""
    unseen = torch.from_numpy(_data(np.random.RandomState(1)))
    samples = MADE[name](np.random.RandomState(2), training())
    fake, train = torch.from_numpy(samples), torch.from_numpy(training())
    near = metrics.neighborhoods(fake, unseen)
    usual = metrics.median_distance(unseen, train)
    return Shown(
        samples=samples,
        frechet=metrics.frechet_distance(fake, unseen),
        precision=near.precision,
        recall=near.recall,
        memorization=metrics.memorization_ratio(fake, train, usual),
    )
