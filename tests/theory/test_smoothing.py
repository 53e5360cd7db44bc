"""Closed forms against direct minimization and published values."""

from __future__ import annotations

import math

import numpy as np
import pytest
from scipy.optimize import minimize_scalar

from gandash.theory import smoothing

SMOOTHINGS = [(0.0, 0.0), (0.1, 0.0), (0.1, 0.1), (0.3, 0.2)]


@pytest.mark.parametrize(("alpha", "beta"), SMOOTHINGS)
def test_optimal_d_minimizes_the_cross_entropy_at_every_point(alpha: float, beta: float) -> None:
    p_data, p_g = np.array([0.7, 0.1, 0.0, 2.0]), np.array([0.2, 0.9, 1.0, 0.0])
    found = [
        minimize_scalar(
            lambda d, p=p, q=q: (
                -p * ((1 - alpha) * math.log(d) + alpha * math.log(1 - d))
                - q * (beta * math.log(d) + (1 - beta) * math.log(1 - d))
            ),
            bounds=(1e-9, 1 - 1e-9),
            method="bounded",
            options={"xatol": 1e-10},
        ).x
        for p, q in zip(p_data, p_g, strict=True)
    ]
    assert smoothing.optimal_discriminator(p_data, p_g, alpha, beta) == pytest.approx(
        found, abs=1e-5
    )


def test_optimal_d_is_undefined_where_nothing_is() -> None:
    assert np.isnan(smoothing.optimal_discriminator(np.zeros(1), np.zeros(1))[0])


@pytest.mark.parametrize(
    ("alpha", "beta", "value"), [(0.0, 0.0, 0.5), (0.1, 0.0, 0.45), (0.1, 0.1, 0.5)]
)
def test_equilibrium_is_the_optimal_d_of_equal_densities(
    alpha: float, beta: float, value: float
) -> None:
    assert smoothing.equilibrium(alpha, beta) == pytest.approx(value)
    same = np.array([0.3])
    assert smoothing.optimal_discriminator(same, same, alpha, beta)[0] == pytest.approx(value)


@pytest.mark.parametrize(
    ("alpha", "beta", "floor"), [(0.0, 0.0, 0.0), (0.1, 0.0, 0.325), (0.1, 0.1, 0.650)]
)
def test_entropy_floor(alpha: float, beta: float, floor: float) -> None:
    assert smoothing.entropy_floor(alpha, beta) == pytest.approx(floor, abs=5e-4)


@pytest.mark.parametrize(("alpha", "beta"), SMOOTHINGS)
def test_equilibrium_loss_is_the_cross_entropy_of_the_constant_best_d(
    alpha: float, beta: float
) -> None:
    d = smoothing.equilibrium(alpha, beta)
    direct = -(1 - alpha + beta) * math.log(d) - (1 + alpha - beta) * math.log(1 - d)
    assert smoothing.equilibrium_loss(alpha, beta) == pytest.approx(direct)
    assert smoothing.equilibrium_loss() == pytest.approx(2 * math.log(2))


X = np.linspace(-6, 6, 481)


def normal(x: smoothing.Array, mean: float, std: float) -> smoothing.Array:
    return np.asarray(np.exp(-0.5 * ((x - mean) / std) ** 2) / (std * math.sqrt(2 * math.pi)))


@pytest.mark.parametrize(("alpha", "beta"), SMOOTHINGS)
def test_smoothing_is_an_affine_map_of_the_hard_optimum(alpha: float, beta: float) -> None:
    p_data, p_g = normal(X, 1.5, 0.8), normal(X, -1.5, 1.0)
    hard = smoothing.optimal_discriminator(p_data, p_g)
    assert smoothing.optimal_discriminator(p_data, p_g, alpha, beta) == pytest.approx(
        beta + (1 - alpha - beta) * hard
    )


@pytest.mark.parametrize(
    ("alpha", "beta", "value"), [(0.0, 0.0, -4.68), (0.1, 0.0, -4.68), (0.1, 0.1, -0.041)]
)
def test_alpha_leaves_the_gradient_of_log_d_and_beta_flattens_it(
    alpha: float, beta: float, value: float
) -> None:
    """The values of the page's own figure at x = -1.5, where G's samples are; with their sign:
    log D* rises towards the data, so G's loss -log D* has the gradient -4.68.
    """
    p_data, p_g = normal(X, 1.5, 0.8), normal(X, -1.5, 1.0)
    slope = smoothing.log_gradient(X, p_data, p_g, alpha, beta)
    place = int(np.argmin(np.abs(X + 1.5)))
    assert -slope[place] == pytest.approx(value, rel=0.02)
    log_d = np.log(smoothing.optimal_discriminator(p_data, p_g, alpha, beta))
    assert slope[place] == pytest.approx(np.gradient(log_d, X)[place], rel=0.01)
