"""Pulls are derivatives of costs by D's logit."""

from __future__ import annotations

import numpy as np
import pytest

from gandash.theory.costs import COSTS, PULLS

LOGITS = np.linspace(-4, 3, 29)


def sigmoid(logits: np.ndarray) -> np.ndarray:
    return 1 / (1 + np.exp(-logits))


@pytest.mark.parametrize("name", COSTS)
def test_a_pull_is_minus_the_slope_of_its_cost(name: str) -> None:
    h = 1e-5
    slope = (COSTS[name](sigmoid(LOGITS + h)) - COSTS[name](sigmoid(LOGITS - h))) / (2 * h)
    np.testing.assert_allclose(PULLS[name](sigmoid(LOGITS)), -slope, atol=1e-6)


def test_minimax_pulls_99_times_less_where_d_is_sure() -> None:
    minimax, other, _ = (pull(np.array(0.01)) for pull in PULLS.values())
    assert other / minimax == pytest.approx(99)
