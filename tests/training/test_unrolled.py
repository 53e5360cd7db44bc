"""Unrolling against updates written out by hand, and gradients against finite differences."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import softplus
from torch.nn.utils.parametrizations import spectral_norm

from gandash.losses.objectives import OBJECTIVES, cross_entropy_d, losses, non_saturating_g
from gandash.training.unrolled import Judge, adam, sgd, unroll, value_on_real

LR = 0.7


class Tiny(nn.Module):
    """D(x) = v . tanh(W x + b), 9 parameters on points of the plane."""

    def __init__(self) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(0)
        self.W = nn.Parameter(torch.randn(2, 2, generator=rng, dtype=torch.float64))
        self.b = nn.Parameter(torch.randn(2, generator=rng, dtype=torch.float64))
        self.v = nn.Parameter(torch.randn(2, generator=rng, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return (x @ self.W.T + self.b).tanh() @ self.v


@pytest.fixture
def points() -> tuple[Tensor, Tensor]:
    real, fake = torch.randn(
        2, 4, 2, generator=torch.Generator().manual_seed(1), dtype=torch.float64
    )
    return real, fake


def loss_on(real: Tensor, fake: Tensor) -> Callable[[Judge], Tensor]:
    return lambda judge: cross_entropy_d(judge(real), judge(fake))


def updated_by_hand(D: Tiny, real: Tensor, fake: Tensor, steps: int) -> Tiny:
    """theta_K by plain SGD, the gradient of the loss written out.

    Sigmoids and the chain rule, no autograd.
    """
    W, b, v = (p.detach().clone() for p in (D.W, D.b, D.v))
    for _ in range(steps):
        dW, db, dv = torch.zeros_like(W), torch.zeros_like(b), torch.zeros_like(v)
        for x, sign in [(x, -1.0) for x in real] + [(x, 1.0) for x in fake]:
            h = (W @ x + b).tanh()
            slope = sign / (1 + torch.exp(-sign * (v @ h))) / len(real)  # d softplus(sign l) / dl
            dv += slope * h
            back = slope * v * (1 - h**2)
            db += back
            dW += back[:, None] * x
        W, b, v = W - LR * dW, b - LR * db, v - LR * dv
    result = Tiny()
    result.W.data, result.b.data, result.v.data = W, b, v
    return result


@pytest.mark.parametrize("steps", [0, 1, 3])
def test_the_future_d_is_the_one_updated_by_hand(points: tuple[Tensor, Tensor], steps: int) -> None:
    real, fake = points
    D = Tiny()
    future = unroll(D, loss_on(real, fake), steps, sgd(LR))
    x = torch.linspace(-2, 2, 10, dtype=torch.float64).view(5, 2)
    torch.testing.assert_close(
        future(x).detach(), updated_by_hand(D, real, fake, steps)(x).detach()
    )
    assert torch.allclose(future(x), D(x)) == (steps == 0)


def surrogate(D: Tiny, real: Tensor, fake: Tensor, steps: int) -> Tensor:
    """G's loss on the fakes against D_K, which the same fakes have trained."""
    return non_saturating_g(updated_by_hand(D, real, fake, steps)(fake)).detach()


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_gs_gradient_goes_through_the_updates(points: tuple[Tensor, Tensor], steps: int) -> None:
    """Against central differences of the whole procedure.

    And unlike the gradient with D_K taken as given.
    """
    real, fake = points
    D, h = Tiny(), 1e-5
    moving = fake.clone().requires_grad_()
    future = unroll(D, loss_on(real, moving), steps, sgd(LR))
    (gradient,) = torch.autograd.grad(non_saturating_g(future(moving)), moving)
    numeric = torch.zeros_like(fake)
    for row in range(len(fake)):
        for place in range(2):
            shift = torch.zeros_like(fake)
            shift[row, place] = h
            rise = surrogate(D, real, fake + shift, steps) - surrogate(D, real, fake - shift, steps)
            numeric[row, place] = rise / (2 * h)
    torch.testing.assert_close(gradient, numeric, rtol=1e-6, atol=1e-9)
    (cut,) = torch.autograd.grad(
        non_saturating_g(unroll(D, loss_on(real, fake), steps, sgd(LR))(moving)), moving
    )
    assert (gradient - cut).abs().max() > 0.02 * gradient.abs().max(), (
        "a graph cut at the update must be told apart"
    )


def whole_objective(D: Tiny, real: Tensor, fake: Tensor, steps: int) -> Tensor:
    """What an unrolled G minimizes: its loss on the fakes and E log D_K(x), both at D_K, which the
    same fakes have trained.
    """
    future = updated_by_hand(D, real, fake, steps)
    log_d = -softplus(-future(real))
    return (non_saturating_g(future(fake)) + log_d.mean()).detach()


@pytest.mark.parametrize("steps", [1, 2, 5])
def test_gs_gradient_is_that_of_the_whole_objective(
    points: tuple[Tensor, Tensor], steps: int
) -> None:
    """Against central differences of the objective at D_K; the real term is no small part."""
    real, fake = points
    D = Tiny()
    h = 1e-5
    moving = fake.clone().requires_grad_()
    future = unroll(D, loss_on(real, moving), steps, sgd(LR))
    fake_logits = future(moving)
    g_loss = non_saturating_g(fake_logits)
    on_real = value_on_real(cross_entropy_d, future(real), fake_logits)
    (without,) = torch.autograd.grad(g_loss, moving, retain_graph=True)
    (gradient,) = torch.autograd.grad(g_loss + on_real, moving)
    numeric = torch.zeros_like(fake)
    for row in range(len(fake)):
        for place in range(2):
            shift = torch.zeros_like(fake)
            shift[row, place] = h
            above = whole_objective(D, real, fake + shift, steps)
            below = whole_objective(D, real, fake - shift, steps)
            numeric[row, place] = (above - below) / (2 * h)
    torch.testing.assert_close(gradient, numeric, rtol=1e-6, atol=1e-9)
    assert (gradient - without).norm() > 0.1 * without.norm()


@pytest.mark.parametrize("name", [it for it in OBJECTIVES if not OBJECTIVES[it].distribution])
def test_the_real_term_is_minus_that_of_ds_loss(name: str) -> None:
    """D's loss is a term on real samples and one on generated ones: only the first is passed on."""
    d_loss, _ = losses(name)
    rng = torch.Generator().manual_seed(0)
    real, fake = torch.randn(2, 6, generator=rng, dtype=torch.float64).requires_grad_()
    (real_slope,) = torch.autograd.grad(d_loss(real, fake.detach()), real)
    term = value_on_real(d_loss, real, fake)
    on_real, on_fake = torch.autograd.grad(term, (real, fake), allow_unused=True)
    assert on_fake is None
    torch.testing.assert_close(on_real, -real_slope)


def trained_adam(real: Tensor, fake: Tensor, updates: int) -> tuple[Tiny, torch.optim.Adam]:
    D = Tiny()
    optimizer = torch.optim.Adam(D.parameters(), lr=LR / 10, betas=(0.5, 0.99), eps=1e-3)
    for _ in range(updates):
        optimizer.zero_grad()
        loss_on(real, fake)(D).backward()
        optimizer.step()
    optimizer.zero_grad()
    return D, optimizer


@pytest.mark.parametrize("before", [0, 3])
@pytest.mark.parametrize("steps", [1, 4])
def test_imagined_adam_is_torchs_own_from_where_it_stands(
    points: tuple[Tensor, Tensor], before: int, steps: int
) -> None:
    real, fake = points
    D, optimizer = trained_adam(real, fake, before)
    kept = [value.clone() for value in D.parameters()]
    x = torch.linspace(-2, 2, 10, dtype=torch.float64).view(5, 2)
    future = unroll(D, loss_on(real, fake), steps, adam(optimizer))(x).detach()
    torch.testing.assert_close(future, trained_adam(real, fake, before + steps)[0](x).detach())
    assert all(torch.equal(a, b) for a, b in zip(D.parameters(), kept, strict=True))
    assert {float(state["step"]) for state in optimizer.state.values()} == (
        {float(before)} if before else set()
    )


def test_gs_gradient_goes_through_adam(points: tuple[Tensor, Tensor]) -> None:
    """Against central differences; moments that stand still would make a different gradient."""
    real, fake = points
    D, optimizer = trained_adam(real, fake, 3)

    def g_loss(fakes: Tensor, steps: int = 2) -> Tensor:
        return non_saturating_g(unroll(D, loss_on(real, fakes), steps, adam(optimizer))(fakes))

    assert torch.autograd.gradcheck(g_loss, [fake.clone().requires_grad_()])


def test_a_parameter_without_gradient_stays_and_breaks_nothing(
    points: tuple[Tensor, Tensor],
) -> None:
    """At a gradient of 0 the root of the second moment has no slope; the imagined one must have."""
    real, fake = points
    D = Tiny()
    D.v.data.zero_()  # then W and b have none
    moving = fake.clone().requires_grad_()
    future = unroll(D, loss_on(real, moving), 1, adam(torch.optim.Adam(D.parameters())))
    (gradient,) = torch.autograd.grad(non_saturating_g(future(moving)), moving)
    assert gradient.isfinite().all()


class Buffered(nn.Module):
    """A D with batch norm and spectral norm, both of which keep buffers."""

    def __init__(self) -> None:
        super().__init__()
        torch.manual_seed(0)
        self.layers = nn.Sequential(
            spectral_norm(nn.Linear(2, 8)),
            nn.BatchNorm1d(8),
            nn.LeakyReLU(0.2),
            spectral_norm(nn.Linear(8, 1)),
        )

    def forward(self, x: Tensor) -> Tensor:
        return self.layers(x).flatten()  # type: ignore[no-any-return]


def test_d_keeps_its_weights_and_buffers(points: tuple[Tensor, Tensor]) -> None:
    real, fake = (p.float() for p in points)
    D = Buffered()
    before = {name: value.clone() for name, value in D.state_dict().items()}
    assert {name.rsplit(".", 1)[-1] for name in before} >= {
        "running_mean",
        "num_batches_tracked",
        "_u",
        "_v",
    }
    moving = fake.requires_grad_()
    future = unroll(D, loss_on(real, moving), 3, sgd(0.1))
    softplus(-future(moving)).mean().backward()
    assert all(torch.equal(value, before[name]) for name, value in D.state_dict().items())
    assert all(p.grad is None and p.requires_grad for p in D.parameters())
    assert moving.grad is not None
    assert moving.grad.abs().max() > 0


def test_a_frozen_d_can_be_unrolled(points: tuple[Tensor, Tensor]) -> None:
    """While G learns, D's parameters ask for no gradient; the imagined ones do."""
    real, fake = points
    D = Tiny().requires_grad_(False)
    x = torch.ones(1, 2, dtype=torch.float64)
    frozen = unroll(D, loss_on(real, fake), 2, sgd(LR))(x).detach()
    torch.testing.assert_close(frozen, updated_by_hand(D, real, fake, 2)(x).detach())
    assert not any(p.requires_grad for p in D.parameters())


def test_labels_reach_the_future_d(points: tuple[Tensor, Tensor]) -> None:
    real, fake = points
    seen: list[Tensor | None] = []

    class Told(Tiny):
        def forward(self, x: Tensor, labels: Tensor | None = None) -> Tensor:
            seen.append(labels)
            return super().forward(x)

    labels = torch.arange(4)
    future = unroll(
        Told(), lambda judge: cross_entropy_d(judge(real, labels), judge(fake, None)), 1, sgd(LR)
    )
    future(fake, labels)
    assert seen[0] is labels
    assert seen[1] is None
    assert seen[2] is labels
