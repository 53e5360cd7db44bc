"""How good and how varied samples are, measured on features.

Features are float tensors (N, d), one row a sample, from any extractor; which one decides what a
figure means, so figures of different extractors, counts or splits must never be compared. Formulas
are those of torch-fidelity where it has them.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gandash.evaluation.distances import center_of, chunks, nearest

NEIGHBORS = 3
DENSITY_NEIGHBORS = 5
DIVERSITY_SAMPLES = 2000
SUBSET_SEED = 0
SCORE_PARTS = 10
KERNEL_CHUNK = 256  # rows of double precision that stay in a processor's cache


def frechet_distance(fake: Tensor, real: Tensor) -> float:
    """|m_f - m_r|^2 + tr(S_f + S_r - 2 (S_f S_r)^(1/2)) of Gaussians fitted to features (Heusel et
    al. 2017).

    arXiv:1706.08500. 0 for equal statistics; biased upwards by few samples, about in proportion to
    1 / N. At least 2 rows a side.
    """
    from torch_fidelity.metric_fid import (  # noqa: PLC0415 - slow to import
        KEY_METRIC_FID,
        fid_features_to_statistics,
        fid_statistics_to_metric,
    )

    statistics = [
        fid_features_to_statistics(_checked(features, 2).double()) for features in (fake, real)
    ]
    return float(fid_statistics_to_metric(*statistics, verbose=False)[KEY_METRIC_FID])


@dataclass(frozen=True)
class Kernel:
    """A kernel distance and its standard error."""

    distance: float
    error: float


def kernel_distance(fake: Tensor, real: Tensor) -> Kernel:
    """Squared MMD with the kernel k(x, y) = (x.y / d + 1)^3 over all pairs, without bias.

    mean k(f, f') + mean k(r, r') - 2 mean k(f, r), the first two over pairs of different rows
    (Binkowski et al. 2018, arXiv:1801.01401, section 4; Gretton et al. 2012, lemma 6). About 0, of
    either sign, for samples of the same distribution.

    The standard error is that of the jackknife for U-statistics of two samples (Arvesen 1969,
    Annals of Mathematical Statistics 40:2076): with t_i the distance without row i, the root of
    sum over both sides of (n - 1) / n * sum_i (t_i - mean t)^2. It is too large rather than too
    small (Efron and Stein 1981), near 0 by up to 40 %. At least 3 rows a side.
    """
    f, r = (_checked(features, 3).double() for features in (fake, real))
    fake_pairs = _kernel_sums(f, f)[0] - _cubed((f * f).sum(1), f.shape[1])
    real_pairs = _kernel_sums(r, r)[0] - _cubed((r * r).sum(1), r.shape[1])
    fake_across, real_across = _kernel_sums(f, r)
    m = len(f)
    n = len(r)
    within_fake = fake_pairs.sum() / (m * (m - 1))
    within_real = real_pairs.sum() / (n * (n - 1))
    across = fake_across.sum() / (m * n)
    without_fake = _within_but_one(fake_pairs) - 2 * _across_but_one(fake_across, n)
    without_real = _within_but_one(real_pairs) - 2 * _across_but_one(real_across, m)
    variance = _jackknife(without_fake) + _jackknife(without_real)
    return Kernel(float(within_fake + within_real - 2 * across), float(variance.sqrt()))


def _cubed(products: Tensor, dim: int) -> Tensor:
    """k from products of rows of ``dim`` numbers."""
    root = products.div_(dim).add_(1)
    return root * root * root


def _kernel_sums(a: Tensor, b: Tensor) -> tuple[Tensor, Tensor]:
    """Sums of k over all pairs of rows of a (N, d) and b (M, d): for each row of a, (N,), and for
    each of b, (M,).
    """
    of_a, of_b = [], torch.zeros(len(b), dtype=b.dtype)
    for rows in chunks(a, KERNEL_CHUNK):
        values = _cubed(rows @ b.T, b.shape[1])
        of_a.append(values.sum(1))
        of_b += values.sum(0)
    return torch.cat(of_a), of_b


def _within_but_one(pairs: Tensor) -> Tensor:
    """Mean k over pairs of different rows without row i, for each i (N,)."""
    n = len(pairs)
    return (pairs.sum() - 2 * pairs) / ((n - 1) * (n - 2))


def _across_but_one(sums: Tensor, others: int) -> Tensor:
    """Mean k with the ``others`` rows of the other side without row i, for each i (N,)."""
    return (sums.sum() - sums) / ((len(sums) - 1) * others)


def _jackknife(without: Tensor) -> Tensor:
    """The variance of a statistic by its values without each of the rows (N,)."""
    n = len(without)
    return (n - 1) / n * (without - without.mean()).square().sum()


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
    centered = features - center_of(features)
    nearest = [
        torch.cdist(rows, centered).topk(count, largest=False).values for rows in chunks(centered)
    ]
    return torch.cat(nearest)[:, places]


def neighborhoods(fake: Tensor, real: Tensor, real_radii: Tensor | None = None) -> Neighborhoods:
    """Precision, recall, density and coverage of features (N, d) and (M, d), both longer than 5.

    All four from one pass over the distances; ``real_radii`` are the :func:`radii` of ``real``, if
    they are known.
    """
    fake_reach = radii(fake)[:, :1]
    reach, wide = (radii(real) if real_radii is None else real_radii).T
    center = center_of(real)
    near = real - center
    precise = 0
    inside = 0
    recalled = torch.zeros(len(real), dtype=torch.bool)
    covered = torch.zeros(len(real), dtype=torch.bool)
    for rows, own in zip(chunks(fake), chunks(fake_reach), strict=True):
        distances = torch.cdist(rows - center, near)
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
    At least 10 rows.
    """
    from torch_fidelity.metric_isc import (  # noqa: PLC0415 - slow to import
        KEY_METRIC_ISC_MEAN,
        KEY_METRIC_ISC_STD,
        isc_features_to_metric,
    )

    score = isc_features_to_metric(_checked(logits, SCORE_PARTS))
    return float(score[KEY_METRIC_ISC_MEAN]), float(score[KEY_METRIC_ISC_STD])


def class_shares(labels: Tensor, classes: int) -> npt.NDArray[np.float64]:
    """The share of each class among labels (N,), (classes,); they add up to 1."""
    return np.bincount(labels.numpy(), minlength=classes) / max(len(labels), 1)


def drawn(count: int, most: int) -> Tensor:
    """Places of all of ``count`` rows, or of ``most`` of them drawn by a fixed seed.

    The first would be of few classes where data lie sorted.
    """
    if count <= most:
        return torch.arange(count)
    order = torch.randperm(count, generator=torch.Generator().manual_seed(SUBSET_SEED))
    return order[:most]


def diversity(features: Tensor) -> float:
    """Mean distance between two different samples, over 2,000 drawn from them; at least 2."""
    some = _checked(features, 2)[drawn(len(features), DIVERSITY_SAMPLES)]
    return float(torch.pdist(some.double()).mean())


def median_distance(queries: Tensor, references: Tensor) -> float:
    """Median distance of features, or of uint8 images in pixels in [-1, 1], to the nearest of
    ``references``.
    """
    return float(nearest(queries, references)[0].median())


def memorization_ratio(fake: Tensor, train: Tensor, usual: float) -> float:
    """Median distance of samples to their nearest training image over the ``usual`` one, that of
    held-out real images; both as for :func:`median_distance`.

    About 1 if samples keep as far from the training set as new data does, far below 1 if they
    repeat it. ``ValueError`` if held-out images are themselves copies of training images.
    """
    if not usual > 0:
        raise ValueError(
            "Held-out images must differ from training images, and most of them are copies: "
            "measure on data whose splits share none"
        )
    return median_distance(fake, train) / usual


def _checked(features: Tensor, least: int = 1) -> Tensor:
    if features.dim() != 2 or not len(features):
        raise ValueError(
            f"Features must be a table (N, d) with rows, not of shape {tuple(features.shape)}"
        )
    if len(features) < least:
        raise ValueError(
            f"This figure needs at least {least} samples a side, and there are {len(features)}: "
            "take more"
        )
    if not bool(torch.isfinite(features).all()):
        raise ValueError(
            "Features must be finite numbers, and some are not: the samples or the extractor are "
            "broken"
        )
    return features
