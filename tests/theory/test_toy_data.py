"""Data for study: modes, moments, and coverage counted on samples made for it."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy import stats

from gandash.theory import toy_data
from gandash.theory.toy_data import (
    MIXTURE_1D,
    STUDIES,
    Points,
    coverage,
    grid_modes,
    kl_to_uniform,
    ring_modes,
)

MIXTURES = [name for name, it in STUDIES.items() if it.modes is not None and len(it.modes) > 1]


def test_the_ring_has_eight_different_modes_on_a_circle() -> None:
    modes = ring_modes()
    assert modes.shape == (8, 2)
    np.testing.assert_allclose(np.linalg.norm(modes, axis=1), 1)
    apart = np.linalg.norm(modes[:, None] - modes[None], axis=-1)[~np.eye(8, dtype=bool)]
    assert apart.min() == pytest.approx(2 * math.sin(math.pi / 8)), "as far apart as eight can be"
    assert ring_modes(5, 2.0).shape == (5, 2)
    np.testing.assert_allclose(np.linalg.norm(ring_modes(5, 2.0), axis=1), 2)


def test_the_grid_has_the_papers_twenty_five_modes() -> None:
    assert {tuple(mode) for mode in grid_modes().tolist()} == {
        (x, y) for x in range(-4, 5, 2) for y in range(-4, 5, 2)
    }


def test_protocols_are_those_of_the_paper() -> None:
    """Lin et al. 2018, section 4.1: ring of radius 1 with deviation 0.01, grid with 0.05."""
    assert (STUDIES["ring"].std, STUDIES["grid"].std) == (0.01, 0.05)
    assert MIXTURE_1D.shape == (3, 1)


@pytest.mark.parametrize("name", STUDIES)
def test_points_are_the_same_for_ever_and_others_in_the_test_split(name: str) -> None:
    train, again, test = toy_data.load(name), toy_data.load(name), toy_data.load(name, "test")
    assert np.array_equal(train, again)
    assert train.shape == (50_000, STUDIES[name].dim)
    assert test.shape == (10_000, STUDIES[name].dim)
    assert train.dtype == test.dtype == np.float32
    assert np.isfinite(train).all()
    assert not np.array_equal(train[:10_000], test)
    assert len(np.unique(train, axis=0)) > 49_000


def test_a_few_points_are_pinned() -> None:
    """NumPy's RandomState is frozen: these numbers may never change.

    Or old seeds would mean other data.
    """
    rng = np.random.RandomState(20140610)
    modes = ring_modes()[rng.randint(8, size=50_000)]
    expected = modes + 0.01 * rng.standard_normal((50_000, 2))
    np.testing.assert_array_equal(toy_data.load("ring"), expected.astype(np.float32))


@pytest.mark.parametrize("name", MIXTURES)
def test_a_mixture_has_its_moments_and_equal_shares(name: str) -> None:
    it = STUDIES[name]
    assert it.modes is not None
    points = toy_data.load(name).astype(np.float64)
    n = len(points)
    covariance = np.cov(it.modes.T, bias=True).reshape(it.dim, it.dim) + it.std**2 * np.eye(it.dim)
    tolerance = 5 * math.sqrt(covariance.max() / n)
    np.testing.assert_allclose(points.mean(0), it.modes.mean(0), atol=tolerance)
    np.testing.assert_allclose(
        np.cov(points.T).reshape(it.dim, it.dim), covariance, atol=10 * covariance.max() / n**0.5
    )
    nearest = np.linalg.norm(points[:, None] - it.modes[None], axis=-1).argmin(1)
    counts = np.bincount(nearest, minlength=len(it.modes))
    assert stats.chisquare(counts).pvalue > 1e-4
    if name != "mixture-1d":  # its Gaussians touch
        residual = points - it.modes[nearest]
        np.testing.assert_allclose(residual.std(0), it.std, rtol=0.02)


def test_the_spiral_lies_on_its_two_arms() -> None:
    points = toy_data.load("spiral").astype(np.float64)
    radius, angle = np.linalg.norm(points, axis=1), np.arctan2(points[:, 1], points[:, 0])
    assert radius.max() < 1.1
    wound = (
        angle - 2 * np.pi * 1.5 * radius
    ) / np.pi  # an integer on an arm, odd on the one and even on the other
    far = radius > 0.5
    off = np.abs(wound - np.round(wound))[far]
    assert np.median(off) < 0.1
    odd = np.round(wound)[far] % 2
    assert odd.mean() == pytest.approx(0.5, abs=0.02)


def test_the_moons_are_two_half_circles_around_the_origin() -> None:
    points = toy_data.load("moons").astype(np.float64)
    centers = np.array([[-0.5, -0.25], [0.5, 0.25]])
    distances = np.abs(np.linalg.norm(points[:, None] - centers[None], axis=-1) - 1)
    upper, lower = (points[:, 1] + 0.25 > -0.2), (points[:, 1] - 0.25 < 0.2)
    on_upper, on_lower = (distances[:, 0] < 0.25) & upper, (distances[:, 1] < 0.25) & lower
    assert (on_upper | on_lower).mean() > 0.999
    assert on_upper.mean() == pytest.approx(0.5, abs=0.05)
    np.testing.assert_allclose(points.mean(0), 0, atol=0.02)


def test_the_line_is_thin_and_of_one_dimension() -> None:
    points = toy_data.load("line").astype(np.float64)
    along, across = (points @ np.array(axis) / math.sqrt(2) for axis in ((1, 1), (1, -1)))
    assert across.std() == pytest.approx(0.02, rel=0.03)
    assert along.std() == pytest.approx(math.sqrt(2 / 3), rel=0.02)


# Coverage


def near(modes: Points, each: list[int], distance: float) -> Points:
    """So many samples of each mode, all at one distance from it."""
    return np.concatenate(
        [
            np.repeat(mode[None] + [distance, 0], n, axis=0)
            for mode, n in zip(modes, each, strict=True)
        ]
    )


def test_uniform_samples_cover_all_and_have_no_divergence() -> None:
    found = coverage(near(ring_modes(), [5] * 8, 0.0), ring_modes(), 0.01)
    assert (found.modes, found.of, found.high_quality) == (8, 8, 1.0)
    assert found.kl == pytest.approx(0, abs=1e-12)


def test_missing_modes_and_stray_samples_are_counted() -> None:
    """3 of 8 modes with 6, 3 and 1 good samples, and 10 between the modes."""
    good = near(ring_modes(), [6, 0, 3, 0, 0, 1, 0, 0], 0.02)
    found = coverage(np.concatenate([good, np.zeros((10, 2))]), ring_modes(), 0.01)
    assert (found.modes, found.of, found.high_quality) == (3, 8, 0.5)
    expected = sum(p * math.log(p * 8) for p in (0.6, 0.3, 0.1))
    assert found.kl == pytest.approx(expected)
    assert found.kl == pytest.approx(stats.entropy([6, 0, 3, 0, 0, 1, 0, 0], [1] * 8))


def test_the_border_is_at_three_deviations() -> None:
    for distance, inside in ((0.0299, True), (0.0301, False)):
        found = coverage(near(ring_modes(), [1] * 8, distance), ring_modes(), 0.01)
        assert (found.high_quality, found.modes) == ((1.0, 8) if inside else (0.0, 0))


def test_nothing_good_covers_nothing() -> None:
    found = coverage(np.full((4, 2), 50.0), grid_modes(), 0.05)
    assert (found.modes, found.of, found.high_quality, found.kl) == (0, 25, 0.0, math.inf)


@pytest.mark.parametrize("name", MIXTURES)
def test_the_data_itself_covers_everything(name: str) -> None:
    """The share within 3 deviations is the chi distribution's.

    0.9889 in the plane and more on the line.
    """
    it = STUDIES[name]
    assert it.modes is not None
    found = coverage(toy_data.load(name, "test"), it.modes, it.std)
    assert found.modes == found.of == len(it.modes)
    assert found.high_quality == pytest.approx(stats.chi(it.dim).cdf(3), abs=0.005)
    assert found.kl < 0.005


def test_divergence_from_uniform_is_known_at_both_ends() -> None:
    assert kl_to_uniform(np.array([7, 7, 7, 7])) == pytest.approx(0, abs=1e-12)
    assert kl_to_uniform(np.array([9, 0, 0, 0])) == pytest.approx(math.log(4))
    assert kl_to_uniform(np.array([0, 0])) == math.inf
