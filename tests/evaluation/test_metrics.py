"""Figures against closed forms and a second route in NumPy and SciPy, and against known answers."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch
from scipy import linalg
from torch import Tensor
from torch_fidelity.metric_prc import prc_features_to_metric

from gandash import data
from gandash.config import DataConfig
from gandash.data import to_unit
from gandash.evaluation import metrics


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


def test_kernel_distance_matches_the_sums_written_out() -> None:
    x, y = normal(40, 3, 6).double().numpy(), normal(40, 3, 7, shift=0.5).double().numpy()

    def kernel(a: np.ndarray, b: np.ndarray) -> float:
        return float((a @ b / 3 + 1) ** 3)

    n = len(x)
    same = [
        sum(kernel(s[i], s[j]) for i in range(n) for j in range(n) if i != j) / (n * (n - 1))
        for s in (x, y)
    ]
    cross = sum(kernel(a, b) for a in x for b in y) / n**2
    mean, deviation = metrics.kernel_distance(torch.from_numpy(x), torch.from_numpy(y))
    assert mean == pytest.approx(sum(same) - 2 * cross, rel=1e-9)
    assert deviation == pytest.approx(0, abs=1e-9)  # every subset is the whole


def test_kernel_distance_is_about_zero_for_one_distribution_and_grows() -> None:
    near, deviation = metrics.kernel_distance(normal(2000, 4, 8), normal(2000, 4, 9))
    far, _ = metrics.kernel_distance(normal(2000, 4, 8, shift=1.0), normal(2000, 4, 9))
    assert abs(near) < 3 * deviation + 0.01
    assert far > 0.5


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
    monkeypatch.setattr(metrics, "CHUNK", chunk)
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


def test_shares_diversity_and_nearest() -> None:
    np.testing.assert_allclose(
        metrics.class_shares(torch.tensor([0, 0, 2, 3]), 5), [0.5, 0, 0.25, 0.25, 0]
    )
    square = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])
    assert metrics.diversity(square) == pytest.approx((3 + 4 + 5) / 3)
    distances, places = metrics.nearest(torch.tensor([[2.9, 0.0], [0.0, 1.0]]), square)
    torch.testing.assert_close(distances, torch.tensor([0.1, 1.0]), rtol=1e-4, atol=1e-5)
    assert places.tolist() == [1, 0]


@pytest.mark.parametrize("chunk", [100, 4096])
def test_nearest_is_that_of_double_precision(monkeypatch: pytest.MonkeyPatch, chunk: int) -> None:
    """Far from the origin too, where differences of products have lost the digits of small
    distances.
    """
    monkeypatch.setattr(metrics, "CHUNK", chunk)
    references = normal(1500, 32, 43, shift=3.0)
    samples = torch.cat(
        [normal(300, 32, 44, shift=3.0), references[200:300] + 1e-3, references[700:800]]
    )
    expected = torch.cdist(
        samples.double(), references.double(), compute_mode="donot_use_mm_for_euclid_dist"
    ).min(1)
    distances, places = metrics.nearest(samples, references)
    assert torch.equal(places, expected.indices)
    torch.testing.assert_close(distances, expected.values.float(), rtol=1e-5, atol=1e-6)
    assert torch.equal(distances[400:], torch.zeros(100)), "copies are at no distance at all"


def test_memorization_is_about_one_for_new_samples_and_zero_for_copies() -> None:
    train, held_out, new = (normal(2000, 4, seed) for seed in (40, 41, 42))
    usual = metrics.median_distance(held_out, train)
    assert metrics.memorization_ratio(new, train, usual) == pytest.approx(1, abs=0.1)
    assert metrics.memorization_ratio(train[:500], train, usual) == 0


def test_copies_of_real_digits_are_at_no_distance(mnist: Path) -> None:
    images = to_unit(data.load(DataConfig(limit=5000)).images).flatten(1)
    distances, places = metrics.nearest(images[1000:1500], images)
    assert torch.equal(places, torch.arange(1000, 1500))
    assert not distances.any()


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
