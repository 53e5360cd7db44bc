"""One Gaussian in the place of two, by either divergence; distributions that do not meet."""

from __future__ import annotations

from math import log, sqrt
from typing import NamedTuple

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
STD = 0.5  # of the two peaks


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


def seeking(gap: float) -> Gaussian:
    """The Gaussian with the least KL(q || p), by search; of two that are alike the right one."""
    x = np.linspace(-8, 8, 1601)
    log_p = np.log(two_peaks(x, gap) + 1e-300)
    means = np.linspace(0, max(gap / 2, 0.1) * 1.1, 45)
    stds = np.linspace(0.3, max(1.0, gap), 60)
    q = gaussian(x[None, None], means[:, None, None], stds[None, :, None])
    cross = (q * log_p).sum(-1) * (x[1] - x[0])
    entropy = np.log(stds * sqrt(2 * np.pi * np.e))[None]
    place = np.unravel_index(np.argmin(-entropy - cross), cross.shape)
    return Gaussian(float(means[place[0]]), float(stds[place[1]]))


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
