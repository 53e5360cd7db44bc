"""Masses of cells against other ways to the same numbers."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.stats import entropy, norm

from gandash.theory.densities import Cells, jensen_shannon, kl
from gandash.theory.toy_data import STUDIES

P = np.array([0.5, 0.25, 0.25, 0.0])
Q = np.array([0.25, 0.25, 0.25, 0.25])


def test_masses_of_a_gaussian_are_differences_of_its_distribution_function() -> None:
    cells = Cells(1, 2.0, 10)
    found = cells.of_gaussians(np.array([[0.3]]), 0.7)
    inside = np.diff(norm(0.3, 0.7).cdf(cells.edges))
    np.testing.assert_allclose(found, [*inside, 1 - inside.sum()], atol=1e-12)


def test_the_last_axis_runs_fastest_and_what_lies_outside_comes_last() -> None:
    cells = Cells(2, 1.0, 4)
    points = np.array([[-0.9, 0.9], [0.9, -0.9], [0.9, -0.9], [5.0, 0.0]])
    found = cells.of_points(points)
    assert found.shape == (17,)
    assert {int(place): found[place] for place in found.nonzero()[0]} == {
        3: 0.25,
        12: 0.5,
        16: 0.25,
    }
    np.testing.assert_allclose(cells.middles[[3, 12]], [[-0.75, 0.75], [0.75, -0.75]])


@pytest.mark.parametrize("name", STUDIES)
def test_the_data_itself_has_the_masses_of_its_centers(name: str) -> None:
    """A million draws against the sum of Gaussians: for curves that is an integral."""
    study = STUDIES[name]
    cells = Cells(study.dim, 1.5 if study.dim == 2 else 3.0, 24)
    drawn = cells.of_points(study.draw(np.random.RandomState(1), 1_000_000))
    exact = cells.of_gaussians(study.centers(), study.std)
    np.testing.assert_allclose(drawn, exact, atol=6 * np.sqrt(exact.max() / 1e6))
    assert jensen_shannon(drawn, exact) < 6e-4


def test_divergences_are_those_of_another_library() -> None:
    middle = (P + Q) / 2
    assert kl(P, Q) == pytest.approx(entropy(P, Q))
    assert jensen_shannon(P, Q) == pytest.approx((entropy(P, middle) + entropy(Q, middle)) / 2)
    assert jensen_shannon(P, P) == 0
    assert jensen_shannon(np.array([1.0, 0.0]), np.array([0.0, 1.0])) == pytest.approx(np.log(2))
    assert kl(Q, P) == float("inf")


def test_masses_of_cells_are_never_further_apart_than_the_densities() -> None:
    """KL of N(0, 1) from N(1, 1) is 1/2: finer cells come nearer, none is above."""
    found = []
    for count in (4, 16, 256):
        cells = Cells(1, 5.0, count)
        ours, theirs = (cells.of_gaussians(np.array([[mean]]), 1.0) for mean in (0.0, 1.0))
        found.append(kl(ours, theirs))
    assert found[0] < found[1] < found[2] < 0.5
    assert found[2] == pytest.approx(0.5, abs=1e-3)
