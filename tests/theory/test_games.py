"""The bilinear game against what is known of its paths."""

from __future__ import annotations

import numpy as np
import pytest

from gandash.theory.games import play


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.5])
def test_at_once_the_distance_grows_by_the_same_factor_a_step(rate: float) -> None:
    distance = np.linalg.norm(play("at once", rate, 40), axis=1)
    np.testing.assert_allclose(distance, np.sqrt(1 + rate**2) ** np.arange(41))


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.5])
def test_in_turns_an_ellipse_is_never_left(rate: float) -> None:
    x, y = play("in turns", rate, 500).T
    np.testing.assert_allclose(x**2 + y**2 - rate * x * y, 1.0)


@pytest.mark.parametrize("rate", [0.05, 0.2, 0.5])
def test_damped_they_come_to_rest(rate: float) -> None:
    move = np.array([[1, -rate], [rate, 1 - rate]])
    assert abs(np.linalg.eigvals(move)).max() < 1
    way = play("damped", rate, 500)
    np.testing.assert_allclose(way[1], move @ way[0])
    assert np.linalg.norm(way[-1]) < 0.01
