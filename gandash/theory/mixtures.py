"""Mixtures of Gaussians on a line: two of them have the best D, and its pull on G, in closed form.

``gandash/browser/smoothing/theory.js`` computes the same in the browser.
"""

from __future__ import annotations

from dataclasses import dataclass
from math import isfinite

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
MOST_PEAKS = 3
REACH = 6.0  # means lie in [-REACH, REACH]
STDS, WEIGHTS = (0.2, 3.0), (0.05, 1.0)
BETWEEN_PEAKS, BETWEEN_NUMBERS = "*", "_"  # in a link


@dataclass(frozen=True)
class Peak:
    """A Gaussian N(mean, std^2) and its share before all shares are made to sum to one."""

    mean: float
    std: float
    weight: float = 1.0

    def __post_init__(self) -> None:
        for name, (low, high) in {
            "mean": (-REACH, REACH),
            "std": STDS,
            "weight": WEIGHTS,
        }.items():
            value = getattr(self, name)
            if not (isfinite(value) and low <= value <= high):
                raise ValueError(
                    f"The {name} of a peak must lie between {low:g} and {high:g}, not {value:g}"
                )


@dataclass(frozen=True)
class Mixture:
    """One to three peaks."""

    peaks: tuple[Peak, ...]

    def __post_init__(self) -> None:
        if not 1 <= len(self.peaks) <= MOST_PEAKS:
            raise ValueError(
                f"A mixture must have 1 to {MOST_PEAKS} peaks, not {len(self.peaks)}: choose less"
            )

    @property
    def weights(self) -> Array:
        """Shares of the peaks, which sum to one."""
        weights = np.array([peak.weight for peak in self.peaks])
        return np.asarray(weights / weights.sum())

    def log_density(self, x: Array) -> Array:
        """log p(x) for ``x`` (N,), stable far from all peaks."""
        terms, _ = self._terms(x)
        return np.asarray(np.logaddexp.reduce(terms, axis=0))

    def log_slope(self, x: Array) -> Array:
        """d/dx log p(x) for ``x`` (N,)."""
        terms, slopes = self._terms(x)
        shares = np.exp(terms - np.logaddexp.reduce(terms, axis=0))
        return np.asarray((shares * slopes).sum(0))

    def _terms(self, x: Array) -> tuple[Array, Array]:
        """Of each peak (P, N): log of its part of the density, and that one's slope."""
        means = np.array([[peak.mean] for peak in self.peaks])
        stds = np.array([[peak.std] for peak in self.peaks])
        z = (x - means) / stds
        heights = np.log(self.weights)[:, None] - np.log(stds * np.sqrt(2 * np.pi))
        return heights - z**2 / 2, -z / stds

    def draw(self, count: int, rng: np.random.Generator) -> Array:
        """So many samples, (N,)."""
        which = rng.choice(len(self.peaks), count, p=self.weights)
        means = np.array([peak.mean for peak in self.peaks])
        stds = np.array([peak.std for peak in self.peaks])
        return np.asarray(rng.normal(means[which], stds[which]))


def mixture_in(text: str) -> Mixture:
    """A mixture as a link has it, ``mean_std_weight`` with * between peaks.

    ``ValueError`` if it is none.
    """
    peaks = []
    for part in text.split(BETWEEN_PEAKS):
        numbers = part.split(BETWEEN_NUMBERS)
        if len(numbers) != 3:
            raise ValueError(f"A peak is mean_std_weight, as in 1.5_0.8_1, and not {part!r}")
        peaks.append(Peak(*map(float, numbers)))
    return Mixture(tuple(peaks))


def best_d(x: Array, p_data: Mixture, p_g: Mixture, alpha: float, beta: float) -> Array:
    """D*(x) = beta + (1 - alpha - beta) sigmoid(log p_data - log p_g), also where both densities
    are too small for floats.
    """
    odds = p_data.log_density(x) - p_g.log_density(x)
    return np.asarray(beta + (1 - alpha - beta) / (1 + np.exp(-np.clip(odds, -700, 700))))


def pull(x: Array, p_data: Mixture, p_g: Mixture, alpha: float, beta: float) -> Array:
    """d/dx log D*(x): what a sample of the non-saturating G at x follows, in closed form.

    With h the hard optimum and s = 1 - alpha - beta it is (1 - h) h / (h + beta / s) times the
    slope of log(p_data / p_g).
    """
    hard = best_d(x, p_data, p_g, 0.0, 0.0)
    kept = hard / (hard + beta / (1 - alpha - beta)) if beta else 1.0
    return np.asarray((1 - hard) * kept * (p_data.log_slope(x) - p_g.log_slope(x)))
