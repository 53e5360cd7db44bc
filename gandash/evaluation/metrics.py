"""How good and how varied samples are, measured on features.

Features are float tensors (N, d), one row a sample, from any extractor; which one decides what a
figure means, so figures of different extractors, counts or splits must never be compared. Formulas
are those of torch-fidelity where it has them.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

KERNEL_SUBSETS, KERNEL_SUBSET = 100, 1000
NEIGHBORS, DENSITY_NEIGHBORS = 3, 5
CHUNK = 2048  # rows of a distance matrix at a time
DIVERSITY_SAMPLES = 2000


def frechet_distance(fake: Tensor, real: Tensor) -> float:
    """|m_f - m_r|^2 + tr(S_f + S_r - 2 (S_f S_r)^(1/2)) of Gaussians fitted to features (Heusel et
    al. 2017).

    arXiv:1706.08500. 0 for equal statistics; biased upwards by few samples, about in proportion to
    1 / N.
    """
    from torch_fidelity.metric_fid import (  # noqa: PLC0415 - slow to import
        KEY_METRIC_FID,
        fid_features_to_statistics,
        fid_statistics_to_metric,
    )

    statistics = [
        fid_features_to_statistics(_checked(features).double()) for features in (fake, real)
    ]
    return float(fid_statistics_to_metric(*statistics, verbose=False)[KEY_METRIC_FID])


def kernel_distance(fake: Tensor, real: Tensor) -> tuple[float, float]:
    """Unbiased squared MMD with the kernel (x.y / d + 1)^3: mean and deviation over 100 subsets of
    at most 1000.

    Binkowski et al. 2018, arXiv:1801.01401. About 0, of either sign, for samples of the same
    distribution.
    """
    from torch_fidelity.metric_kid import (  # noqa: PLC0415 - slow to import
        KEY_METRIC_KID_MEAN,
        KEY_METRIC_KID_STD,
        kid_features_to_metric,
    )

    size = min(KERNEL_SUBSET, len(fake), len(real))
    found = kid_features_to_metric(
        _checked(fake).double(),
        _checked(real).double(),
        kid_subsets=KERNEL_SUBSETS,
        kid_subset_size=size,
        verbose=False,
    )
    return float(found[KEY_METRIC_KID_MEAN]), float(found[KEY_METRIC_KID_STD])


@dataclass(frozen=True)
class Neighborhoods:
    """Shares of samples within reach of one another.

    ``precision``: of generated ones within the k-th neighbor's distance of a real one;
    ``recall``: of real ones likewise near a generated one (Kynkaanniemi et al. 2019,
    arXiv:1904.06991, k = 3). ``density``: how many real neighborhoods a generated sample lies in,
    over k, about 1 for perfect samples; ``coverage``: of real neighborhoods with a generated sample
    (Naeem et al. 2020, arXiv:2002.09797, k = 5).
    """

    precision: float
    recall: float
    density: float
    coverage: float


def radii(features: Tensor) -> Tensor:
    """Distance from each row to its 3rd and to its 5th nearest other, (N, 2); more than 5 rows."""
    if len(_checked(features)) <= DENSITY_NEIGHBORS:
        raise ValueError(
            f"Neighborhoods need more than {DENSITY_NEIGHBORS} samples a side, and there are "
            f"{len(features)}: take more"
        )
    places = torch.tensor([NEIGHBORS, DENSITY_NEIGHBORS])  # number 0 is the row itself
    count = DENSITY_NEIGHBORS + 1
    nearest = [
        torch.cdist(rows, features).topk(count, largest=False).values for rows in _chunks(features)
    ]
    return torch.cat(nearest)[:, places]


def neighborhoods(fake: Tensor, real: Tensor, real_radii: Tensor | None = None) -> Neighborhoods:
    """Precision, recall, density and coverage of features (N, d) and (M, d), both longer than 5.

    All four from one pass over the distances; ``real_radii`` are the :func:`radii` of ``real``, if
    they are known.
    """
    fake_reach = radii(fake)[:, :1]
    reach, wide = (radii(real) if real_radii is None else real_radii).T
    precise, inside = 0, 0
    recalled, covered = (
        torch.zeros(len(real), dtype=torch.bool),
        torch.zeros(len(real), dtype=torch.bool),
    )
    for rows, own in zip(_chunks(fake), _chunks(fake_reach), strict=True):
        distances = torch.cdist(rows, real)
        precise += int((distances <= reach).any(1).count_nonzero())
        recalled |= (distances <= own).any(0)
        within = distances <= wide
        inside += int(within.count_nonzero())
        covered |= within.any(0)
    return Neighborhoods(
        precision=precise / len(fake),
        recall=float(recalled.float().mean()),
        density=inside / (DENSITY_NEIGHBORS * len(fake)),
        coverage=float(covered.float().mean()),
    )


def classifier_score(logits: Tensor) -> tuple[float, float]:
    """exp E KL(p(y|x) || p(y)) of class scores (N, K): mean and deviation over 10 parts (Salimans
    et al. 2016).

    From 1 (no class, or always the same) to K (sure of every sample, all classes equally often).
    """
    from torch_fidelity.metric_isc import (  # noqa: PLC0415 - slow to import
        KEY_METRIC_ISC_MEAN,
        KEY_METRIC_ISC_STD,
        isc_features_to_metric,
    )

    found = isc_features_to_metric(_checked(logits))
    return float(found[KEY_METRIC_ISC_MEAN]), float(found[KEY_METRIC_ISC_STD])


def class_shares(labels: Tensor, classes: int) -> npt.NDArray[np.float64]:
    """The share of each class among labels (N,), (classes,); they add up to 1."""
    return np.bincount(labels.numpy(), minlength=classes) / max(len(labels), 1)


def diversity(features: Tensor) -> float:
    """Mean distance between two different samples, over the first 2,000."""
    some = _checked(features)[:DIVERSITY_SAMPLES].double()
    return float(torch.pdist(some).mean())


def nearest(features: Tensor, references: Tensor) -> tuple[Tensor, Tensor]:
    """Distance (N,) from each row to the nearest of ``references`` (M, d), and which that is (N,).

    The nearest is found by products, whose differences lose the digits of small distances; its
    distance is then taken anew, so that a copy is at 0.
    """
    half_squares = references.square().sum(1) / 2
    places = torch.cat([_nearest(rows, references, half_squares) for rows in _chunks(features)])
    distances = [
        (a - references[at]).norm(dim=1)
        for a, at in zip(_chunks(features), _chunks(places), strict=True)
    ]
    return torch.cat(distances), places


def _nearest(rows: Tensor, references: Tensor, half_squares: Tensor) -> Tensor:
    """Where |b|^2 / 2 - a.b, half of |a - b|^2 but for what the rows b have in common.

    Is least for each row a.
    """
    least, places = torch.full((len(rows),), torch.inf), torch.zeros(len(rows), dtype=torch.long)
    for start in range(0, len(references), CHUNK):
        part = slice(start, start + CHUNK)
        found = torch.addmm(half_squares[part], rows, references[part].T, alpha=-1).min(1)
        nearer = found.values < least
        least, places = (
            torch.where(nearer, found.values, least),
            torch.where(nearer, found.indices + start, places),
        )
    return places


def median_distance(features: Tensor, references: Tensor) -> float:
    """Median distance of rows to the nearest of ``references``."""
    return float(nearest(features, references)[0].median())


def memorization_ratio(fake: Tensor, train: Tensor, usual: float) -> float:
    """Median distance of samples to their nearest training image over the ``usual`` one, that of
    held-out real images.

    About 1 if samples keep as far from the training set as new data does, far below 1 if they
    repeat it.
    """
    return median_distance(fake, train) / usual


def _chunks(rows: Tensor) -> Iterator[Tensor]:
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))


def _checked(features: Tensor) -> Tensor:
    if features.dim() != 2 or not len(features):
        raise ValueError(
            f"Features must be a table (N, d) with rows, not of shape {tuple(features.shape)}"
        )
    if not bool(torch.isfinite(features).all()):
        raise ValueError(
            "Features must be finite numbers, and some are not: the samples or the extractor are "
            "broken"
        )
    return features
