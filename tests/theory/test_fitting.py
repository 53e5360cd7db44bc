"""Fits of one Gaussian to two against a general optimizer, divergences against integrals."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import minimize
from scipy.stats import norm, wasserstein_distance

from gandash.theory import fitting

X = np.linspace(-14, 14, 5601)
STEP = X[1] - X[0]


def divergence(p: np.ndarray, q: np.ndarray) -> float:
    some = p > 1e-300
    return float((p[some] * (np.log(p[some]) - np.log(q[some] + 1e-300))).sum() * STEP)


@pytest.mark.parametrize("gap", [1.0, 3.0, 6.0])
def test_the_covering_one_has_the_least_forward_divergence(gap: float) -> None:
    p = fitting.two_peaks(X, gap)
    assert p.sum() * STEP == pytest.approx(1)
    best = minimize(lambda it: divergence(p, norm(it[0], np.exp(it[1])).pdf(X)), [0.3, 0.0])
    found = fitting.covering(gap)
    assert best.x[0] == pytest.approx(found.mean, abs=1e-3)
    assert np.exp(best.x[1]) == pytest.approx(found.std, abs=1e-3)


@pytest.mark.parametrize("gap", [1.0, 3.0, 6.0])
def test_the_seeking_one_has_the_least_backward_divergence(gap: float) -> None:
    p = fitting.two_peaks(X, gap)
    found = fitting.seeking(gap)
    ours = divergence(norm(*found).pdf(X), p)
    starts = [(gap / 2, np.log(fitting.STD)), (0.0, np.log(gap / 2))]
    theirs = min(
        minimize(
            lambda it: divergence(norm(it[0], np.exp(it[1])).pdf(X), p), it, method="Nelder-Mead"
        ).fun
        for it in starts
    )
    assert ours == pytest.approx(theirs, abs=3e-3)


def test_it_seeks_one_peak_where_they_are_far_apart() -> None:
    found = fitting.seeking(6.0)
    assert found.mean == pytest.approx(3.0, abs=0.1)
    assert found.std == pytest.approx(fitting.STD, abs=0.05)


@pytest.mark.parametrize("distance", [0.0, 0.25, 1.0, 2.5, -0.75])
def test_divergences_of_uniform_densities(distance: float) -> None:
    edges = np.linspace(-4, 4, 8001)
    middles = (edges[1:] + edges[:-1]) / 2
    p = ((middles > 0) & (middles < 1)).astype(float)
    q = ((middles > distance) & (middles < distance + 1)).astype(float)
    p, q = p / p.sum(), q / q.sum()
    middle = (p + q) / 2
    with np.errstate(divide="ignore", invalid="ignore"):
        js = (np.nansum(p * np.log(p / middle)) + np.nansum(q * np.log(q / middle))) / 2
    found = fitting.apart(distance)
    assert found["Jensen-Shannon"] == pytest.approx(js, abs=1e-3)
    assert found["Wasserstein"] == pytest.approx(
        wasserstein_distance(middles, middles, p, q), abs=1e-3
    )
    assert (found["KL"] == 0) == (distance == 0)
