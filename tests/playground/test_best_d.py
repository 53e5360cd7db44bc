"""A D that is trained on two known densities comes near the best one, and says how near."""

from __future__ import annotations

import numpy as np
import pytest

from gandash.playground.best_d import trained
from gandash.theory.mixtures import best_d, mixture_in

DATA, FAKES = mixture_in("1.5_0.8_1"), mixture_in("-1.5_1_1")


def test_it_comes_near_the_formula_and_not_near_another() -> None:
    heard: list[float] = []
    check = trained(DATA, FAKES, 0.2, 0.1, heard.append, steps=150)
    assert heard == [0, 1 / 3, 2 / 3]
    assert check.mean < 0.03
    there = np.abs(check.x - check.at).argmin()
    best = best_d(check.x, DATA, FAKES, 0.2, 0.1)
    assert check.largest == pytest.approx(abs(check.d[there] - best[there]))
    assert f"{check.largest:.3f}, at x = {check.at:.2f}" in str(check)
    hard = best_d(check.x, DATA, FAKES, 0, 0)
    where = np.exp(DATA.log_density(check.x)) > 0.1
    assert np.abs(check.d - hard)[where].mean() > 5 * np.abs(check.d - best)[where].mean()
    again = trained(DATA, FAKES, 0.2, 0.1, steps=150)
    assert (again.d == check.d).all()
