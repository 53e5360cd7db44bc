"""Losses against closed forms and against torch's own cross-entropy."""

from __future__ import annotations

import math

import pytest
import torch
from torch import Tensor
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from gandash.config import LossConfig
from gandash.losses.objectives import OBJECTIVES, losses

CROSS_ENTROPY = [name for name, objective in OBJECTIVES.items() if objective.cross_entropy]
SMOOTHINGS = [(0.0, 0.0), (0.1, 0.0), (0.0, 0.2), (0.1, 0.1), (0.3, 0.4)]


def logits(seed: int, count: int = 257) -> Tensor:
    return 4 * torch.randn(
        count, dtype=torch.float64, generator=torch.Generator().manual_seed(seed)
    )


def gradient(loss: Tensor, *inputs: Tensor) -> tuple[Tensor, ...]:
    return torch.autograd.grad(loss, inputs)


@pytest.mark.parametrize(("alpha", "beta"), SMOOTHINGS)
@pytest.mark.parametrize("name", CROSS_ENTROPY)
def test_d_loss_is_torchs_cross_entropy_with_smoothed_targets(
    name: str, alpha: float, beta: float
) -> None:
    real, fake = logits(0).requires_grad_(), logits(1).requires_grad_()
    ours = losses(name, alpha, beta)[0](real, fake)
    oracle = bce(real, torch.full_like(real, 1 - alpha)) + bce(fake, torch.full_like(fake, beta))
    torch.testing.assert_close(ours, oracle, rtol=1e-12, atol=0)
    for mine, theirs in zip(gradient(ours, real, fake), gradient(oracle, real, fake), strict=True):
        torch.testing.assert_close(mine, theirs, rtol=1e-12, atol=1e-15)


def test_closed_forms_in_probabilities() -> None:
    real, fake = logits(2).clamp(-8, 8), logits(3).clamp(-8, 8)
    p, q = 1 / (1 + torch.exp(-real)), 1 / (1 + torch.exp(-fake))
    d_loss, minimax = losses("minimax", alpha=0.1, beta=0.2)
    expected = (
        -(0.9 * p.log() + 0.1 * (1 - p).log()).mean() - (0.2 * q.log() + 0.8 * (1 - q).log()).mean()
    )
    torch.testing.assert_close(d_loss(real, fake), expected, rtol=1e-11, atol=0)
    torch.testing.assert_close(minimax(fake), (1 - q).log().mean(), rtol=1e-11, atol=0)
    torch.testing.assert_close(
        losses("non-saturating")[1](fake), -q.log().mean(), rtol=1e-11, atol=0
    )


def test_gradients_of_g_saturate_as_the_paper_says() -> None:
    """d/df of log(1 - sigmoid(f)) is -sigmoid(f); of -log sigmoid(f) it is sigmoid(f) - 1."""
    fake = torch.tensor([-9.0, 0.0, 9.0], dtype=torch.float64, requires_grad=True)
    D = fake.detach().sigmoid()
    (minimax,) = gradient(3 * losses("minimax")[1](fake), fake)
    (non_saturating,) = gradient(3 * losses("non-saturating")[1](fake), fake)
    torch.testing.assert_close(minimax, -D, rtol=1e-12, atol=0)
    torch.testing.assert_close(non_saturating, D - 1, rtol=1e-12, atol=1e-15)
    assert abs(minimax[0]) < 2e-4
    assert abs(non_saturating[0]) > 0.9


@pytest.mark.parametrize("name", OBJECTIVES)
def test_smoothing_leaves_gs_target_alone(name: str) -> None:
    fake = logits(4).requires_grad_()
    shown = (fake, fake.detach() + 1) if OBJECTIVES[name].paired else (fake,)
    if OBJECTIVES[name].distribution:
        shown = tuple(torch.stack([it, -it], 1) for it in shown)
    plain = losses(name)[1](*shown)
    (plain_gradient,) = gradient(plain, fake)
    for alpha, beta in SMOOTHINGS:
        smoothed = losses(name, alpha, beta)[1](*shown)
        assert torch.equal(smoothed, plain)
        assert torch.equal(gradient(smoothed, fake)[0], plain_gradient)


@pytest.mark.parametrize(
    ("alpha", "beta", "floor"), [(0.1, 0.0, 0.325), (0.1, 0.1, 0.650), (0.0, 0.0, 0.0)]
)
def test_the_entropy_of_the_targets_is_the_least_d_loss(
    alpha: float, beta: float, floor: float
) -> None:
    d_loss, _ = losses("non-saturating", alpha, beta)
    grid = torch.linspace(-40, 40, 4001, dtype=torch.float64)
    table = torch.stack([d_loss(real, grid[:1]) for real in grid.split(1)])
    best_real = grid[table.argmin()]
    table = torch.stack([d_loss(best_real, fake) for fake in grid.split(1)])
    entropy = sum(-t * math.log(t) - (1 - t) * math.log(1 - t) for t in (alpha, beta) if t)
    assert entropy == pytest.approx(floor, abs=5e-4)
    assert entropy <= float(table.min()) + 1e-12
    assert float(table.min()) == pytest.approx(entropy, abs=1e-5)
    assert float(best_real.sigmoid()) == pytest.approx(1 - alpha, abs=2e-3)
    assert float(grid[table.argmin()].sigmoid()) == pytest.approx(beta, abs=2e-3)


def test_at_equilibrium_d_answers_half_of_one_minus_alpha_plus_beta() -> None:
    for alpha, beta in SMOOTHINGS:
        d_loss, _ = losses("non-saturating", alpha, beta)
        best = math.log((1 - alpha + beta) / (1 + alpha - beta))
        same = torch.tensor([best], dtype=torch.float64, requires_grad=True)
        (slope,) = gradient(d_loss(same, same), same)
        assert abs(float(slope)) < 1e-12
        assert float(same.detach().sigmoid()) == pytest.approx((1 - alpha + beta) / 2, abs=1e-12)


@pytest.mark.parametrize("value", [-1e4, 1e4])
@pytest.mark.parametrize("name", ["minimax", "non-saturating"])
def test_stable_at_huge_logits(name: str, value: float) -> None:
    real = torch.full((4,), value, requires_grad=True)
    fake = torch.full((4,), -value, requires_grad=True)
    d_loss, g_loss = losses(name, 0.1, 0.1)
    for loss, inputs in ((d_loss(real, fake), (real, fake)), (g_loss(fake), (fake,))):
        assert torch.isfinite(loss)
        assert all(torch.isfinite(g).all() for g in gradient(loss, *inputs))
    assert d_loss(real, fake).item() == pytest.approx(2e3 if value > 0 else 1.8e4, rel=1e-6)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_every_objective_is_a_valid_setting_and_says_what_it_is(name: str) -> None:
    assert LossConfig(objective=name).objective == name
    objective = OBJECTIVES[name]
    assert objective.title
    assert objective.summary.endswith(".")
    assert "arXiv" in objective.paper


def test_relativistic_losses_are_cross_entropies_of_who_is_real() -> None:
    """D tells the real of each pair, G wants it to be wrong; nothing but differences matters."""
    real, fake = torch.tensor([[2.0, -1.0, 0.5], [1.0, 1.0, -3.0]], dtype=torch.float64)
    d_loss, g_loss = losses("relativistic")
    ahead = (real - fake).sigmoid()
    torch.testing.assert_close(d_loss(real, fake), -ahead.log().mean())
    torch.testing.assert_close(g_loss(fake, real), -(1 - ahead).log().mean())
    torch.testing.assert_close(d_loss(real + 5, fake + 5), d_loss(real, fake))
