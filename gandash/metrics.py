"""How good and how varied samples are, measured on features.

Features are float tensors (N, d), one row a sample, from any extractor; which one decides what a figure
means, so figures of different extractors, counts or splits must never be compared. Formulas are those of
torch-fidelity where it has them.
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
    """|m_f - m_r|^2 + tr(S_f + S_r - 2 (S_f S_r)^(1/2)) of Gaussians fitted to features (Heusel et al. 2017).

    arXiv:1706.08500. 0 for equal statistics; biased upwards by few samples, about in proportion to 1 / N.
    """
    from torch_fidelity.metric_fid import (  # noqa: PLC0415 - slow to import
        KEY_METRIC_FID,
        fid_features_to_statistics,
        fid_statistics_to_metric,
    )

    statistics = [fid_features_to_statistics(_checked(features).double()) for features in (fake, real)]
    return float(fid_statistics_to_metric(*statistics, verbose=False)[KEY_METRIC_FID])


def kernel_distance(fake: Tensor, real: Tensor) -> tuple[float, float]:
    """Unbiased squared MMD with the kernel (x.y / d + 1)^3: mean and deviation over 100 subsets of at most 1000.

    Binkowski et al. 2018, arXiv:1801.01401. About 0, of either sign, for samples of the same distribution.
    """
    from torch_fidelity.metric_kid import (  # noqa: PLC0415 - slow to import
        KEY_METRIC_KID_MEAN,
        KEY_METRIC_KID_STD,
        kid_features_to_metric,
    )

    size = min(KERNEL_SUBSET, len(fake), len(real))
    found = kid_features_to_metric(
        _checked(fake).double(), _checked(real).double(), kid_subsets=KERNEL_SUBSETS, kid_subset_size=size,
        verbose=False,
    )  # fmt: skip
    return float(found[KEY_METRIC_KID_MEAN]), float(found[KEY_METRIC_KID_STD])


@dataclass(frozen=True)
class Neighborhoods:
    """Shares of samples within reach of one another.

    ``precision``: of generated ones within the k-th neighbor's distance of a real one; ``recall``: of real ones
    likewise near a generated one (Kynkaanniemi et al. 2019, arXiv:1904.06991, k = 3). ``density``: how many real
    neighborhoods a generated sample lies in, over k, about 1 for perfect samples; ``coverage``: of real
    neighborhoods with a generated sample (Naeem et al. 2020, arXiv:2002.09797, k = 5).
    """

    precision: float
    recall: float
    density: float
    coverage: float


def neighborhoods(fake: Tensor, real: Tensor) -> Neighborhoods:
    """Precision, recall, density and coverage of features (N, d) and (M, d), both longer than 5."""
    from torch_fidelity.metric_prc import (  # noqa: PLC0415 - slow to import
        KEY_METRIC_PRECISION,
        KEY_METRIC_RECALL,
        prc_features_to_metric,
    )

    if min(len(fake), len(real)) <= DENSITY_NEIGHBORS:
        raise ValueError(
            f"Neighborhoods need more than {DENSITY_NEIGHBORS} samples a side, and there are {len(fake)} and "
            f"{len(real)}: take more"
        )
    found = prc_features_to_metric(
        _checked(fake), _checked(real), prc_neighborhood=NEIGHBORS, prc_batch_size=CHUNK, save_cpu_ram=True,
        verbose=False,
    )  # fmt: skip
    density, coverage = _density_coverage(fake, real, DENSITY_NEIGHBORS)
    return Neighborhoods(found[KEY_METRIC_PRECISION], found[KEY_METRIC_RECALL], density, coverage)


def _density_coverage(fake: Tensor, real: Tensor, k: int) -> tuple[float, float]:
    radii = torch.cat([torch.cdist(rows, real).kthvalue(k + 1).values for rows in _chunks(real)])
    inside, covered = 0.0, torch.zeros(len(real), dtype=torch.bool)
    for rows in _chunks(fake):
        within = torch.cdist(rows, real) <= radii
        inside += float(within.sum())
        covered |= within.any(0)
    return inside / (k * len(fake)), float(covered.float().mean())


def classifier_score(logits: Tensor) -> tuple[float, float]:
    """exp E KL(p(y|x) || p(y)) of class scores (N, K): mean and deviation over 10 parts (Salimans et al. 2016).

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
    """Distance (N,) from each row to the nearest of ``references`` (M, d), and which that is (N,)."""
    found = [torch.cdist(rows, references).min(1) for rows in _chunks(features)]
    return torch.cat([part.values for part in found]), torch.cat([part.indices for part in found])


def memorization_ratio(fake: Tensor, train: Tensor, held_out: Tensor) -> float:
    """Median distance of samples to their nearest training image over that of held-out real images.

    About 1 if samples keep as far from the training set as new data does, far below 1 if they repeat it.
    """
    return float(nearest(fake, train)[0].median() / nearest(held_out, train)[0].median())


def _chunks(rows: Tensor) -> Iterator[Tensor]:
    return (rows[start : start + CHUNK] for start in range(0, len(rows), CHUNK))


def _checked(features: Tensor) -> Tensor:
    if features.dim() != 2 or not len(features):
        raise ValueError(f"Features must be a table (N, d) with rows, not of shape {tuple(features.shape)}")
    if not bool(torch.isfinite(features).all()):
        raise ValueError("Features must be finite numbers, and some are not: the samples or the extractor are broken")
    return features
