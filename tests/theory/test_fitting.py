"""Fits of one Gaussian to two against a general optimizer, divergences against integrals."""

from __future__ import annotations

from collections.abc import Callable

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
    found = fitting.nearest("reverse KL", gap)
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
    found = fitting.nearest("reverse KL", 6.0)
    assert found.mean == pytest.approx(3.0, abs=0.1)
    assert found.std == pytest.approx(fitting.STD, abs=0.05)


@pytest.mark.parametrize("name", fitting.DIVERGENCES)
def test_a_divergence_is_0_of_equals_and_above_of_others(name: str) -> None:
    p = fitting.two_peaks(X, 2.0)
    integrand = fitting.DIVERGENCES[name]
    assert integrand(p, p).sum() * STEP == pytest.approx(0, abs=1e-9)
    assert integrand(p, fitting.gaussian(X, 0.5, 1.5)).sum() * STEP > 0.01


@pytest.mark.parametrize(
    ("name", "f"),
    [
        ("Pearson χ²", lambda u: (u - 1) ** 2),
        ("KL", lambda u: u * np.log(u)),
        ("Hellinger", lambda u: (np.sqrt(u) - 1) ** 2),
        ("Jensen–Shannon", lambda u: (u * np.log(u) - (u + 1) * np.log((u + 1) / 2)) / 2),
        ("reverse KL", lambda u: -np.log(u)),
    ],
)
def test_each_is_the_divergence_of_its_generator(
    name: str, f: Callable[[np.ndarray], np.ndarray]
) -> None:
    """D_f(p || q) = int q f(p/q), where both are large enough to be divided."""
    some = X[np.abs(X) < 5]
    p, q = fitting.two_peaks(some, 2.0), fitting.gaussian(some, 0.3, 1.4)
    ours = fitting.DIVERGENCES[name](p, q)
    # what an integrand adds to q f(p/q) sums to nothing: p - q, or q - p
    theirs = q * f(p / q)
    assert ours.sum() * STEP == pytest.approx(theirs.sum() * STEP, abs=1e-6)


def test_from_covering_to_seeking() -> None:
    """The order that the lesson shows: the width of the best Gaussian falls."""
    widths = [fitting.nearest(name, 5.0).std for name in fitting.DIVERGENCES]
    assert widths == sorted(widths, reverse=True)
    assert fitting.nearest("KL", 4.0).std == pytest.approx(fitting.covering(4.0).std, abs=0.05)


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
