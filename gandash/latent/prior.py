"""How far latent vectors are from the normal distribution that samples are drawn from."""

from __future__ import annotations

import torch
from torch import Tensor


def off_prior(z: Tensor) -> Tensor:
    """How far each number of latent vectors (N, latent_dim) is from being standard normal: the
    2-Wasserstein distance of its N values to the N quantiles in the middles of equal shares, in
    standard deviations, (latent_dim,).

    0 for those quantiles themselves; |c - 1| where they are c times as wide, |m| where they are
    moved by m. It looks at each number alone: what they tell of each other does not count.
    """
    count = len(z)
    shares = (torch.arange(count, dtype=torch.float64) + 0.5) / count
    normal = torch.special.ndtri(shares)[:, None]
    off: Tensor = (z.double().cpu().sort(0).values - normal).square().mean(0).sqrt()
    return off
