"""Figures against closed forms and a second route in NumPy and SciPy, and against known answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import astuple

import numpy as np
import pytest
import torch
from scipy import linalg
from torch import Tensor
from torch_fidelity.metric_prc import prc_features_to_metric

from gandash.evaluation import distances, metrics


def normal(count: int, dim: int, seed: int, scale: float = 1.0, shift: float = 0.0) -> Tensor:
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed)) * scale + shift


def test_frechet_distance_of_gaussians_is_the_closed_form() -> None:
    fake, real = normal(40_000, 4, 0, scale=2.0, shift=1.0), normal(40_000, 4, 1)
    expected = (
        4 * 1.0**2 + 4 * (2.0 - 1.0) ** 2
    )  # per dimension: difference of means and of deviations, squared
    assert metrics.frechet_distance(fake, real) == pytest.approx(expected, rel=0.02)


def test_frechet_distance_matches_scipy() -> None:
    fake, real = normal(300, 6, 2) @ normal(6, 6, 3), normal(400, 6, 4)
    a, b = (np.cov(features.double().numpy(), rowvar=False) for features in (fake, real))
    difference = fake.double().numpy().mean(0) - real.double().numpy().mean(0)
    expected = difference @ difference + np.trace(a + b - 2 * linalg.sqrtm(a @ b).real)
    assert metrics.frechet_distance(fake, real) == pytest.approx(expected, rel=1e-9)


def test_identical_sets_are_at_no_distance() -> None:
    features = normal(500, 8, 5)
    assert metrics.frechet_distance(features, features) == pytest.approx(0, abs=1e-8)
    found = metrics.neighborhoods(features, features)
    assert (found.precision, found.recall, found.coverage) == (1, 1, 1)


def kernel_by_hand(x: np.ndarray, y: np.ndarray) -> float:
    """The unbiased squared MMD, written out pair by pair."""

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / x.shape[1] + 1) ** 3)

    same = [
        sum(kernel(s[i], s[j]) for i in range(len(s)) for j in range(len(s)) if i != j)
        / (len(s) * (len(s) - 1))
        for s in (x, y)
    ]
    across = sum(kernel(a, b) for a in x for b in y) / (len(x) * len(y))
    return sum(same) - 2 * across


def test_kernel_distance_and_its_error_match_the_sums_written_out(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(metrics, "KERNEL_CHUNK", 7)
    x, y = normal(20, 3, 6).double().numpy(), normal(17, 3, 7, shift=0.5).double().numpy()
    variance = 0.0
    for without in (
        [kernel_by_hand(np.delete(x, i, 0), y) for i in range(len(x))],
        [kernel_by_hand(x, np.delete(y, i, 0)) for i in range(len(y))],
    ):
        n = len(without)
        variance += (n - 1) / n * sum((t - np.mean(without)) ** 2 for t in without)
    found = metrics.kernel_distance(torch.from_numpy(x), torch.from_numpy(y))
    assert found.distance == pytest.approx(kernel_by_hand(x, y), rel=1e-9)
    assert found.error == pytest.approx(variance**0.5, rel=1e-9)


@pytest.mark.parametrize(("shift", "largest"), [(0.5, 1.2), (0.0, 1.8)])
def test_the_error_of_the_kernel_distance_is_its_spread_over_draws(
    shift: float, largest: float
) -> None:
    """Rather too large than too small, and near 0 by up to 40 %."""
    found = [
        metrics.kernel_distance(normal(150, 4, 2 * i, shift=shift), normal(200, 4, 2 * i + 1))
        for i in range(300)
    ]
    values = [it.distance for it in found]
    spread = float(np.std(values, ddof=1))
    errors = float(np.mean([it.error**2 for it in found]) ** 0.5)
    assert 0.9 < errors / spread < largest
    if not shift:
        assert abs(np.mean(values)) < 3 * spread / len(found) ** 0.5


def test_kernel_distance_is_about_zero_for_one_distribution_and_grows() -> None:
    near = metrics.kernel_distance(normal(2000, 4, 8), normal(2000, 4, 9))
    far = metrics.kernel_distance(normal(2000, 4, 8, shift=1.0), normal(2000, 4, 9))
    assert abs(near.distance) < 3 * near.error
    assert far.distance > 0.5
    assert far.distance > 10 * far.error


def test_neighborhoods_match_their_definitions() -> None:
    fake, real = normal(60, 2, 10, scale=0.7), normal(50, 2, 11)
    f, r = fake.double().numpy(), real.double().numpy()

    def radii(points: np.ndarray, k: int) -> np.ndarray:
        return np.sort(np.linalg.norm(points[:, None] - points[None], axis=-1), axis=1)[:, k]

    between = np.linalg.norm(f[:, None] - r[None], axis=-1)
    found = metrics.neighborhoods(fake, real)
    assert found.precision == pytest.approx((between <= radii(r, 3)).any(1).mean())
    assert found.recall == pytest.approx((radii(f, 3) >= between.T).any(1).mean())
    inside = between <= radii(r, 5)
    assert found.density == pytest.approx(inside.sum() / (5 * len(f)))
    assert found.coverage == pytest.approx(inside.any(0).mean())
    assert metrics.radii(real).T.tolist() == [pytest.approx(radii(r, k), rel=1e-5) for k in (3, 5)]


@pytest.mark.parametrize("chunk", [64, 300, 4096])
def test_precision_and_recall_are_those_of_torch_fidelity(
    monkeypatch: pytest.MonkeyPatch, chunk: int
) -> None:
    """Whatever part of the distances is looked at at a time.

    And whether the radii were known before.
    """
    monkeypatch.setattr(distances, "CHUNK", chunk)
    fake, real = normal(700, 16, 12, scale=0.8, shift=0.1), normal(500, 16, 13)
    expected = prc_features_to_metric(
        fake, real, prc_neighborhood=3, prc_batch_size=256, save_cpu_ram=True, verbose=False
    )
    found = metrics.neighborhoods(fake, real)
    assert 0.1 < found.recall < found.precision < 0.99
    assert (found.precision, found.recall) == pytest.approx(
        (expected["precision"], expected["recall"]), abs=1e-6
    )
    assert metrics.neighborhoods(fake, real, metrics.radii(real)) == found


def test_a_dropped_class_lowers_recall_and_not_precision() -> None:
    centers = 8 * torch.eye(5)
    real = torch.cat([normal(200, 5, 20 + i, 0.5) + center for i, center in enumerate(centers)])
    whole = torch.cat([normal(200, 5, 30 + i, 0.5) + center for i, center in enumerate(centers)])
    full, dropped = metrics.neighborhoods(whole, real), metrics.neighborhoods(whole[:600], real)
    assert full.recall > 0.8
    assert dropped.recall == pytest.approx(full.recall * 3 / 5, abs=0.05)
    assert dropped.coverage == pytest.approx(full.coverage * 3 / 5, abs=0.05)
    assert dropped.precision == pytest.approx(full.precision, abs=0.05)


def test_classifier_score_at_its_two_ends() -> None:
    sure = 50 * torch.eye(10).repeat(1000, 1)
    assert metrics.classifier_score(sure)[0] == pytest.approx(10, rel=0.02)
    assert metrics.classifier_score(torch.zeros(1000, 10))[0] == pytest.approx(1)
    assert metrics.classifier_score(sure[:1].repeat(1000, 1))[0] == pytest.approx(1)


def test_figures_do_not_depend_on_where_the_origin_lies() -> None:
    """Features far from 0 beside their distances: products in single precision lose the digits."""
    fake, real = normal(800, 16, 14, scale=0.8, shift=0.1), normal(700, 16, 15)
    expected = metrics.neighborhoods(fake.double(), real.double())
    assert 0.3 < expected.precision < 0.99
    for offset in (0.0, 1000.0):
        found = metrics.neighborhoods(fake + offset, real + offset)
        for name in ("precision", "recall", "density", "coverage"):
            assert getattr(found, name) == pytest.approx(getattr(expected, name), abs=0.003), offset
        radii = metrics.radii(real + offset)
        torch.testing.assert_close(radii, metrics.radii(real), rtol=2e-4, atol=0)


def test_shares_and_diversity() -> None:
    np.testing.assert_allclose(
        metrics.class_shares(torch.tensor([0, 0, 2, 3]), 5), [0.5, 0, 0.25, 0.25, 0]
    )
    square = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])
    assert metrics.diversity(square) == pytest.approx((3 + 4 + 5) / 3)


def test_diversity_of_sorted_features_is_that_of_all_classes() -> None:
    """The first 2,000 rows are of one class alone."""
    features = torch.cat([normal(2000, 8, number) + 10 * number for number in range(5)])
    assert metrics.diversity(features) == pytest.approx(
        float(torch.pdist(features.double()).mean()), rel=0.02
    )
    assert metrics.diversity(features[:2000]) < 0.3 * metrics.diversity(features)


def test_places_are_drawn_from_all_and_always_the_same() -> None:
    places = metrics.drawn(10_000, 2000)
    assert len(places.unique()) == len(places) == 2000
    assert torch.equal(places, metrics.drawn(10_000, 2000))
    np.testing.assert_allclose(np.histogram(places, 5, (0, 10_000))[0], 400, atol=80)
    assert metrics.drawn(3, 2000).tolist() == [0, 1, 2]


def test_memorization_is_about_one_for_new_samples_and_zero_for_copies() -> None:
    train, held_out, new = (normal(2000, 4, seed) for seed in (40, 41, 42))
    usual = metrics.median_distance(held_out, train)
    assert metrics.memorization_ratio(new, train, usual) == pytest.approx(1, abs=0.1)
    assert metrics.memorization_ratio(train[:500], train, usual) == 0


def test_held_out_images_that_are_copies_have_no_ratio() -> None:
    with pytest.raises(ValueError, match=r"must differ from training images, and most .* copies"):
        metrics.memorization_ratio(normal(10, 2, 0), normal(10, 2, 1), 0.0)


@pytest.mark.parametrize(
    ("features", "sentence"),
    [
        (torch.zeros(3), "table"),
        (torch.zeros(0, 4), "table"),
        (torch.full((8, 2), float("nan")), "finite"),
    ],
)
def test_broken_features_are_refused(features: Tensor, sentence: str) -> None:
    for measure in (metrics.frechet_distance, metrics.kernel_distance):
        with pytest.raises(ValueError, match=sentence):
            measure(features, torch.zeros(8, 2))


@pytest.mark.parametrize("counts", [(5, 9), (9, 5)])
def test_too_few_samples_have_no_neighborhoods(counts: tuple[int, int]) -> None:
    with pytest.raises(ValueError, match="more than 5 samples a side, and there are 5: take more"):
        metrics.neighborhoods(*(normal(count, 2, count) for count in counts))


@pytest.mark.parametrize(
    ("figure", "least"),
    [
        (lambda rows: metrics.frechet_distance(rows, normal(50, 12, 0)), 2),
        (lambda rows: metrics.frechet_distance(normal(50, 12, 0), rows), 2),
        (lambda rows: metrics.kernel_distance(rows, normal(50, 12, 0)), 3),
        (lambda rows: metrics.kernel_distance(normal(50, 12, 0), rows), 3),
        (metrics.diversity, 2),
        (metrics.classifier_score, 10),
    ],
)
def test_too_few_samples_are_one_sentence_and_enough_are_a_number(
    figure: Callable[[Tensor], float | tuple[float, float] | metrics.Kernel], least: int
) -> None:
    with pytest.raises(
        ValueError, match=f"at least {least} samples a side, and there are {least - 1}: take more"
    ):
        figure(normal(least - 1, 12, 1))
    found = figure(normal(least, 12, 1))
    values = astuple(found) if isinstance(found, metrics.Kernel) else found
    assert np.isfinite(values).all()
