"""Closed forms on mixtures against the definitions, on a fine grid and by samples."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import norm

from gandash.theory.mixtures import Mixture, Peak, best_d, mixture_in, pull
from gandash.theory.smoothing import optimal_discriminator

X = np.linspace(-7, 7, 2801)
DATA = mixture_in("1.5_0.8_1*3_0.3_0.5")
FAKES = mixture_in("-1.5_1_1")
SMOOTHINGS = [(0.0, 0.0), (0.1, 0.0), (0.1, 0.1), (0.4, 0.3)]


def test_a_density_is_the_weighted_sum_of_its_peaks() -> None:
    expected = 2 / 3 * norm.pdf(X, 1.5, 0.8) + 1 / 3 * norm.pdf(X, 3, 0.3)
    assert np.exp(DATA.log_density(X)) == pytest.approx(expected)
    assert DATA.log_slope(X)[1:-1] == pytest.approx(
        np.gradient(DATA.log_density(X), X)[1:-1], abs=0.01
    )


def test_samples_are_of_the_density() -> None:
    drawn = DATA.draw(200_000, np.random.default_rng(0))
    counts, edges = np.histogram(drawn, np.linspace(-2, 4, 25), density=False)
    middles = (edges[1:] + edges[:-1]) / 2
    expected = np.exp(DATA.log_density(middles)) * np.diff(edges)
    assert counts / len(drawn) == pytest.approx(expected, abs=0.004)


@pytest.mark.parametrize(("alpha", "beta"), SMOOTHINGS)
def test_the_best_d_and_its_pull_are_those_of_the_definitions(alpha: float, beta: float) -> None:
    p, q = np.exp(DATA.log_density(X)), np.exp(FAKES.log_density(X))
    best = best_d(X, DATA, FAKES, alpha, beta)
    assert best == pytest.approx(optimal_discriminator(p, q, alpha, beta))
    slope = np.gradient(np.log(best), X)
    assert pull(X, DATA, FAKES, alpha, beta)[2:-2] == pytest.approx(slope[2:-2], abs=0.02)


@pytest.mark.parametrize(
    ("alpha", "beta", "value"), [(0, 0, 4.68), (0.1, 0, 4.68), (0.1, 0.1, 0.041)]
)
def test_pulls_of_the_page(alpha: float, beta: float, value: float) -> None:
    found = pull(np.array([-1.5]), mixture_in("1.5_0.8_1"), FAKES, alpha, beta)
    assert found[0] == pytest.approx(value, rel=0.02)


def test_far_away_nothing_overflows() -> None:
    narrow = Mixture((Peak(-6, 0.2),))
    far = np.array([-30.0, 30.0])
    for alpha, beta in SMOOTHINGS:
        assert np.isfinite(best_d(far, DATA, narrow, alpha, beta)).all()
        assert np.isfinite(pull(far, DATA, narrow, alpha, beta)).all()


@pytest.mark.parametrize(
    "text",
    ["", "1", "1_2", "1_1_1_1", "nan_1_1", "7_1_1", "0_0.1_1", "0_1_0", "inf_1_1", "a_b_c",
     "*".join(["0_1_1"] * 4)],
)  # fmt: skip
def test_what_is_no_mixture_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match=r".+"):
        mixture_in(text)
