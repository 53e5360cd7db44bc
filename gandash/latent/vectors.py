"""Latent vectors: draw them from a seed, walk between them.

Everything is drawn with NumPy's frozen ``RandomState`` stream on the CPU, so that a seed
shows the same picture on every device, in every batch size and in every later version.
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import torch
from torch import Tensor

Interpolation = Literal["slerp", "lerp"]


def draw(seed: int, count: int, latent_dim: int) -> Tensor:
    """``count`` standard-normal latent vectors, (count, latent_dim) float32.

    The stream is sequential: ``draw(s, 4, d)`` equals the first rows of ``draw(s, 64, d)``.
    """
    values = np.random.RandomState(seed).standard_normal((count, latent_dim))
    return torch.from_numpy(values.astype(np.float32))


def within(z: Tensor, threshold: float) -> Tensor:
    """Latent vectors whose numbers lie between ± ``threshold``, and are distributed as standard
    normal ones are that were drawn anew until they do: BigGAN's truncation trick (Brock et al.
    2019, arXiv:1809.11096, section 3.1).

    A number keeps its quantile, z' = Q(Q^-1(z)), so that a vector moves smoothly with the
    threshold, and is itself where that is large. ``ValueError`` if the threshold is not above 0.
    """
    if not threshold > 0:
        raise ValueError(f"A threshold of z must be above 0, not {threshold:g}: choose another")
    ndtr = torch.special.ndtr
    below = ndtr(torch.tensor(-threshold, dtype=torch.float64))
    share = ndtr(-z.double().abs())  # of the nearer tail, which keeps its digits
    nearer = below + share * (1 - 2 * below)
    values: Tensor = torch.special.ndtri(nearer) * -z.double().sign()
    return values.to(z.dtype)


def lerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Straight line: (1 - t) a + t b for vectors (d,) and t (T,) in [0, 1]; returns (T, d)."""
    return (1 - t)[:, None] * a + t[:, None] * b


def slerp(a: Tensor, b: Tensor, t: Tensor) -> Tensor:
    """Great-circle path: the direction turns at constant speed, the norm changes linearly.

    Equals the formula of Shoemake 1985 (White 2016, arXiv:1609.04468) where both norms
    agree; a and b are met exactly at t = 0 and t = 1. Vectors (d,) and t (T,) in [0, 1];
    returns (T, d). Opposite vectors have no unique great circle and are refused.
    """
    norm_a, norm_b = a.norm(), b.norm()
    if not (norm_a > 0 and norm_b > 0):
        return lerp(a, b, t)
    u, v = a.double() / norm_a, b.double() / norm_b
    omega = 2 * torch.atan2((u - v).norm(), (u + v).norm())
    if omega < 1e-6:
        return lerp(a, b, t)
    if omega > torch.pi - 1e-6:
        raise ValueError(
            "slerp needs end points that are not opposite vectors: change one seed or use lerp"
        )
    s = t.double()[:, None]
    direction = (torch.sin((1 - s) * omega) * u + torch.sin(s * omega) * v) / torch.sin(omega)
    norm = (1 - s) * norm_a + s * norm_b
    result: Tensor = direction * norm
    return result.to(a.dtype)


def path(a: Tensor, b: Tensor, steps: int, how: Interpolation = "slerp") -> Tensor:
    """``steps`` evenly spaced latent vectors from a to b, both included; (steps, d)."""
    if steps < 2:
        raise ValueError(f"A path needs at least 2 steps, not {steps}: its two end points")
    t = torch.linspace(0, 1, steps)
    return slerp(a, b, t) if how == "slerp" else lerp(a, b, t)


def classes_in_turn(count: int, classes: int) -> Tensor:
    """Labels 0, 1, ... classes - 1, 0, ...

    For ``count`` samples of a conditioned generator, (count,) int64.
    """
    return torch.arange(count) % classes
