"""One Gaussian in the place of two, by either divergence; distributions that do not meet."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from math import log, sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
STD = 0.5  # of the two peaks
REACH = 8.0  # of the integrals
TINY = 1e-300


class Gaussian(NamedTuple):
    """N(mean, std^2)."""

    mean: float
    std: float


def gaussian(x: Array, mean: float | Array, std: float | Array) -> Array:
    """The density of N(mean, std^2)."""
    density: Array = np.exp(-0.5 * ((x - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))
    return density


def two_peaks(x: Array, gap: float) -> Array:
    """The density of equal Gaussians of deviation ``STD`` around -gap/2 and gap/2."""
    return (gaussian(x, -gap / 2, STD) + gaussian(x, gap / 2, STD)) / 2


def covering(gap: float) -> Gaussian:
    """The Gaussian with the least KL(p || q) from the two peaks: it has their mean and variance."""
    return Gaussian(0.0, sqrt(STD**2 + gap**2 / 4))


def nearest(name: str, gap: float) -> Gaussian:
    """The Gaussian q with the least divergence of a name in :data:`DIVERGENCES` from the two peaks
    p, by search over mean and deviation; of two that are alike the right one.
    """
    x = np.linspace(-REACH, REACH, 801)
    p = two_peaks(x, gap)
    means = np.linspace(0, max(gap / 2, 0.1) * 1.1, 45)
    stds = np.linspace(0.3, max(1.0, gap), 60)
    integrand = DIVERGENCES[name]
    values = np.array([integrand(p, gaussian(x, mean, stds[:, None])).sum(-1) for mean in means])
    place = np.unravel_index(np.argmin(values), values.shape)
    return Gaussian(float(means[place[0]]), float(stds[place[1]]))


def _relative(p: Array, q: Array) -> Array:
    """p log p/q, 0 where p is."""
    terms: Array = p * (np.log(p + TINY) - np.log(q + TINY))
    return terms


def _to_the_middle(p: Array, q: Array) -> Array:
    middle = (p + q) / 2
    return (_relative(p, middle) + _relative(q, middle)) / 2


def _pearson(p: Array, q: Array) -> Array:
    terms: Array = (p - q) ** 2 / (q + TINY)
    return terms


def _hellinger(p: Array, q: Array) -> Array:
    terms: Array = (np.sqrt(p) - np.sqrt(q)) ** 2
    return terms


# Integrands of D_f(p || q) = int q f(p/q) dx (Nowozin et al. 2016, arXiv:1606.00709, table 1), from
# what covers p to what seeks a part of it.
DIVERGENCES: Mapping[str, Callable[[Array, Array], Array]] = {
    "Pearson χ²": _pearson,
    "KL": _relative,
    "Hellinger": _hellinger,
    "Jensen–Shannon": _to_the_middle,
    "reverse KL": lambda p, q: _relative(q, p),
}


def apart(distance: float) -> dict[str, float]:
    """Divergences of two uniform densities of width 1, one ``distance`` further on.

    Where they do not meet, Jensen-Shannon's is log 2 however far they are and KL is infinite;
    Wasserstein's is the distance (Arjovsky et al. 2017, arXiv:1701.07875, example 1).
    """
    alone = min(1.0, abs(distance))  # the share of each where the other is not
    return {
        "Jensen-Shannon": alone * log(2),
        "KL": float("inf") if alone else 0.0,
        "Wasserstein": abs(distance),
    }
