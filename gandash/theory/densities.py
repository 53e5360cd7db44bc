"""Distributions on a line or in the plane as masses of cells, and how far two of them are apart.

Divergences between the masses of cells are exact for the cells, and at most those between the
densities (data processing: to put points into cells can only hide differences).
"""

from __future__ import annotations

from dataclasses import dataclass
from math import erf, erfc, sqrt

import numpy as np
import numpy.typing as npt

from gandash.theory.toy_data import Points

Masses = npt.NDArray[np.float64]
_erf = np.vectorize(erf, otypes=[np.float64])
_erfc = np.vectorize(erfc, otypes=[np.float64])


@dataclass(frozen=True)
class Cells:
    """Equal cells of [-reach, reach]^dim, ``count`` along each axis.

    Masses are given as (count^dim + 1,), row by row (the last axis runs fastest), what lies outside
    at the end.
    """

    dim: int
    reach: float
    count: int

    @property
    def edges(self) -> Points:
        """The ends of the cells along an axis, (count + 1,)."""
        return np.linspace(-self.reach, self.reach, self.count + 1)

    @property
    def middles(self) -> Points:
        """The middles of all cells, (count^dim, dim)."""
        middles = (self.edges[1:] + self.edges[:-1]) / 2
        axes = np.meshgrid(*[middles] * self.dim, indexing="ij")
        return np.stack(axes, axis=-1).reshape(-1, self.dim)

    def of_gaussians(self, centers: Points, std: float) -> Masses:
        """Masses of the mixture of equal Gaussians of deviation ``std`` around centers (M, dim)."""
        z = (self.edges[:, None, None] - centers[None]) / (std * sqrt(2))  # (edges, M, dim)
        along = np.diff(_erf(z), axis=0) / 2  # (count, M, dim)
        if self.dim == 1:
            inside = along[:, :, 0].mean(1)
        else:
            inside = np.einsum("im,jm->ij", along[:, :, 0], along[:, :, 1]).ravel() / len(centers)
        return np.append(inside, self._outside(centers, std))

    def _outside(self, centers: Points, std: float) -> float:
        """The mixture's mass beyond the cells, exact however small it is."""
        scale = std * sqrt(2)
        high = _erfc((self.reach - centers) / scale)
        low = _erfc((self.reach + centers) / scale)
        along = (high + low) / 2  # (M, dim): beyond on an axis
        return float((1 - (1 - along).prod(1)).mean()) if self.dim > 1 else float(along.mean())

    def of_points(self, points: Points) -> Masses:
        """The share of points (N, dim) in each cell."""
        place = np.floor((points + self.reach) * (self.count / (2 * self.reach)))
        inside = ((place >= 0) & (place < self.count)).all(1)
        index = place[inside].astype(np.int64) @ (self.count ** np.arange(self.dim - 1, -1, -1))
        counts = np.bincount(index, minlength=self.count**self.dim)
        return np.append(counts, (~inside).sum()) / len(points)


def kl(p: Masses, q: Masses) -> float:
    """KL(p || q) in nats; infinite where q has nothing and p has something."""
    some = p > 0
    if (q[some] == 0).any():
        return float("inf")
    return float((p[some] * np.log(p[some] / q[some])).sum())


def jensen_shannon(p: Masses, q: Masses) -> float:
    """The Jensen-Shannon divergence in nats, from 0 (equal) to log 2 (apart)."""
    middle = (p + q) / 2
    return (kl(p, middle) + kl(q, middle)) / 2
