"""Closed forms of the cross-entropy GAN with label smoothing.

D's targets are 1 - alpha on real images and beta on generated ones (Salimans et al. 2016,
arXiv:1606.03498; Goodfellow 2016, arXiv:1701.00160, section 4.2).
"""

from __future__ import annotations

import math

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]


def optimal_discriminator(
    p_data: Array, p_g: Array, alpha: float = 0.0, beta: float = 0.0
) -> Array:
    """D*(x) = ((1 - alpha) p_data + beta p_g) / (p_data + p_g) for densities of any equal shape.

    Where both densities are zero D* is undefined and NaN.
    """
    total = p_data + p_g
    numerator = (1 - alpha) * p_data + beta * p_g
    return np.divide(numerator, total, out=np.full_like(total, np.nan), where=total > 0)


def log_gradient(
    x: Array, p_data: Array, p_g: Array, alpha: float = 0.0, beta: float = 0.0
) -> Array:
    """d/dx log D*(x) on a grid ``x``, from the densities on it: what the non-saturating G follows.

    D* = beta + (1 - alpha - beta) D*_hard is an increasing affine map of the hard optimum, whose
    slope is D*_hard (1 - D*_hard) d/dx log(p_data / p_g). So alpha alone leaves the gradient of
    log D* as it is (log of a multiple), and beta, which keeps D* from 0, flattens it just where
    samples are wrong. Second-order differences inside the grid; both densities must be positive.
    """
    hard = optimal_discriminator(p_data, p_g)
    log_odds_slope = np.gradient(np.log(p_data) - np.log(p_g), x)
    slope = (1 - alpha - beta) * hard * (1 - hard) * log_odds_slope
    return np.asarray(slope / (beta + (1 - alpha - beta) * hard))


def equilibrium(alpha: float = 0.0, beta: float = 0.0) -> float:
    """D* where p_g = p_data: (1 - alpha + beta) / 2."""
    return (1 - alpha + beta) / 2


def entropy_floor(alpha: float = 0.0, beta: float = 0.0) -> float:
    """The least D loss that soft targets allow, H(alpha) + H(beta) in nats.

    Even a D that is always right pays it, so losses of runs with other targets are comparable
    only above their floors.
    """
    return _binary_entropy(alpha) + _binary_entropy(beta)


def equilibrium_loss(alpha: float = 0.0, beta: float = 0.0) -> float:
    """D's loss in nats where p_g = p_data and D is optimal: 2 H((1 - alpha + beta) / 2).

    2 log 2 without smoothing.
    """
    return 2 * _binary_entropy(equilibrium(alpha, beta))


def _binary_entropy(p: float) -> float:
    return 0.0 if p in (0.0, 1.0) else -p * math.log(p) - (1 - p) * math.log(1 - p)
