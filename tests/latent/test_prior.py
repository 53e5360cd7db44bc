"""How far latent vectors are from the prior: against shifts and widths whose distance is known."""

from __future__ import annotations

import math
from statistics import NormalDist

import pytest
import torch

from gandash.latent.prior import off_prior

COUNT = 2000


@pytest.mark.parametrize(
    ("wide", "moved", "expected"),
    [(1.0, 0.0, 0.0), (0.2, 0.0, 0.8), (2.0, 0.0, 1.0), (1.0, -0.7, 0.7), (0.5, 1.2, 1.3)],
)
def test_a_normal_distribution_is_as_far_as_theory_says(
    wide: float, moved: float, expected: float
) -> None:
    """W2 of normal distributions is sqrt((difference of means)^2 + (of deviations)^2)."""
    quantiles = [NormalDist().inv_cdf((number + 0.5) / COUNT) for number in range(COUNT)]
    z = torch.tensor(quantiles)[torch.randperm(COUNT)]
    both = torch.stack([moved + wide * z, z], dim=1)
    assert off_prior(both).tolist() == pytest.approx([expected, 0.0], abs=0.003)


def test_drawn_vectors_are_near_and_a_constant_is_one_deviation_away() -> None:
    z = torch.randn(COUNT, 5, generator=torch.Generator().manual_seed(0))
    assert off_prior(z).max() < 4 * math.sqrt(2 / COUNT)
    assert off_prior(torch.zeros(COUNT, 1)).item() == pytest.approx(1.0, abs=0.002)
