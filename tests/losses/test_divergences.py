"""The objectives beyond cross-entropy, and what theory says of all of them at the optimum."""

from __future__ import annotations

import math
from collections.abc import Callable

import numpy as np
import pytest
import torch
from scipy import optimize
from torch import Tensor, nn

from gandash.config import Config, LossConfig, NetworkConfig, RegularizerConfig, parse_config
from gandash.losses.objectives import F_DIVERGENCES, OBJECTIVES, cross_entropy_d, losses
from gandash.theory import smoothing

LOG_2 = math.log(2)
# f(u) of each divergence, with u = p_data / p_g (Nowozin et al. 2016, Table 1; GAN without its
# constant)
F: dict[str, Callable[[float], float]] = {
    "kl": lambda u: u * math.log(u),
    "reverse-kl": lambda u: -math.log(u),
    "pearson": lambda u: (u - 1) ** 2,
    "hellinger": lambda u: (math.sqrt(u) - 1) ** 2,
    "jensen-shannon": lambda u: -(u + 1) * math.log((1 + u) / 2) + u * math.log(u),
    "gan": lambda u: u * math.log(u) - (u + 1) * math.log(u + 1),
}


def tensor(*values: float) -> Tensor:
    return torch.tensor(values, dtype=torch.float64)


@pytest.mark.parametrize("name", F_DIVERGENCES)
def test_conjugate_is_the_supremum_over_densities_ratios(name: str) -> None:
    """f*(t) = sup_u (u t - f(u)), found numerically for t = g_f(v)."""
    f, divergence = F[name], F_DIVERGENCES[name]
    for v in (-1.5, -0.4, 0.0, 0.3, 0.8):
        t = float(divergence.activation(tensor(v)))
        found = optimize.minimize_scalar(
            lambda log_u, t=t: f(math.exp(log_u)) - math.exp(log_u) * t,
            bounds=(-12, 8),
            method="bounded",
            options={"xatol": 1e-12},
        )
        assert float(divergence.conjugate(tensor(v))) == pytest.approx(-found.fun, abs=1e-7)


@pytest.mark.parametrize("name", F_DIVERGENCES)
def test_threshold_is_the_derivative_of_f_at_one(name: str) -> None:
    h = 1e-5
    assert F_DIVERGENCES[name].threshold == pytest.approx(
        (F[name](1 + h) - F[name](1 - h)) / (2 * h), abs=1e-7
    )


def test_pearson_conjugate_is_flat_where_f_is_infinite() -> None:
    conjugate = F_DIVERGENCES["pearson"].conjugate
    v = tensor(-5, -2, -1.99, 0).requires_grad_()
    torch.testing.assert_close(conjugate(v).detach(), tensor(-1, -1, 1.99**2 / 4 - 1.99, 0))
    (slope,) = torch.autograd.grad(conjugate(v).sum(), v)
    torch.testing.assert_close(slope, tensor(0, 0, 1 - 1.99 / 2, 1))


@pytest.mark.parametrize(
    ("name", "value"), [(n, 2 * LOG_2 if n == "gan" else 0.0) for n in F_DIVERGENCES]
)
def test_at_equal_densities_d_loss_is_minus_the_divergence_of_nothing(
    name: str, value: float
) -> None:
    """At g_f(v) = f'(1) the D loss is minus f(1), the least over all constant outputs.

    0, and log 4 for GAN.
    """
    divergence = F_DIVERGENCES[name]
    grid = torch.linspace(-6, 6, 120_001, dtype=torch.float64)
    table = divergence.conjugate(grid) - divergence.activation(grid)
    best = grid[table.argmin()]
    assert float(table.min()) == pytest.approx(value, abs=1e-8)
    assert float(divergence.activation(best)) == pytest.approx(divergence.threshold, abs=1e-3)


@pytest.mark.parametrize("name", F_DIVERGENCES)
def test_the_best_d_attains_the_divergence_of_two_discrete_densities(name: str) -> None:
    """Minimizing over one output per outcome gives -sum p_g f(p_data / p_g)."""
    p_data, p_g = tensor(0.5, 0.3, 0.2), tensor(0.2, 0.2, 0.6)
    divergence = F_DIVERGENCES[name]
    v = torch.zeros(3, dtype=torch.float64, requires_grad=True)
    optimizer = torch.optim.LBFGS(
        [v], lr=0.5, max_iter=500, tolerance_grad=1e-12, tolerance_change=1e-16
    )

    def loss() -> Tensor:
        optimizer.zero_grad()
        value = (p_g * divergence.conjugate(v) - p_data * divergence.activation(v)).sum()
        value.backward()
        return value

    optimizer.step(lambda: float(loss().detach()))
    exact = sum(float(g) * F[name](float(d / g)) for d, g in zip(p_data, p_g, strict=True))
    assert -float(loss().detach()) == pytest.approx(exact, abs=1e-6)


def test_f_gan_with_the_gan_divergence_is_the_2014_objective() -> None:
    real, fake = tensor(-3, 0.2, 4), tensor(-1, 0.5, 9)
    d_loss, trick = losses("f-gan")
    _, strict = losses("f-gan", strict=True)
    torch.testing.assert_close(d_loss(real, fake), losses("minimax")[0](real, fake))
    torch.testing.assert_close(trick(fake), losses("non-saturating")[1](fake))
    torch.testing.assert_close(strict(fake), losses("minimax")[1](fake))


@pytest.mark.parametrize(
    ("name", "d_loss", "g_loss", "g_slope"),
    [
        (
            "maximum-likelihood",
            None,
            -(math.exp(-2) + math.exp(1)) / 2,
            (-math.exp(-2) / 2, -math.exp(1) / 2),
        ),
        (
            "least-squares",
            ((0.5 - 1) ** 2 + (3 - 1) ** 2) / 4 + (4 + 1) / 4,
            (9 + 0) / 4,
            (-1.5, 0.0),
        ),
        ("hinge", (0.5 + 0) / 2 + (0 + 2) / 2, 0.5, (-0.5, -0.5)),
        ("wasserstein", -0.5 - 1.75, 0.5, (-0.5, -0.5)),
        ("f-kl", (math.exp(-3) + 1) / 2 - 1.75, 0.5, (-0.5, -0.5)),
    ],
)
def test_values_by_hand(
    name: str, d_loss: float | None, g_loss: float, g_slope: tuple[float, float]
) -> None:
    real, fake = tensor(0.5, 3), tensor(-2, 1).requires_grad_()
    d, g = losses(name)
    if d_loss is not None:
        assert float(d(real, fake.detach())) == pytest.approx(d_loss, rel=1e-12)
    assert float(g(fake.detach())) == pytest.approx(g_loss, rel=1e-12)
    torch.testing.assert_close(torch.autograd.grad(g(fake), fake)[0], tensor(*g_slope))


def test_maximum_likelihood_weights_samples_by_the_density_ratio() -> None:
    """With the optimal D, exp(logit) = p_data / p_g.

    So E -exp(logit) over p_g is -1 whatever the densities.
    """
    p_data, p_g = tensor(0.7, 0.3), tensor(0.4, 0.6)
    optimal = (p_data / p_g).log()
    weighted = [
        float(losses("maximum-likelihood")[1](value)) * float(p)
        for value, p in zip(optimal, p_g, strict=True)
    ]
    assert sum(weighted) == pytest.approx(-1, rel=1e-12)


@pytest.mark.parametrize("name", OBJECTIVES)
def test_extreme_outputs_stay_numbers_where_the_objective_is_finite(name: str) -> None:
    d, g = losses(name)
    grows = name in ("maximum-likelihood", "f-kl", "f-reverse-kl", "f-hellinger")
    size = 40.0 if grows else 1e4
    for real, fake in ((size, -size), (-size, size)):
        grades = [1.0, 0.0, -1.0] if OBJECTIVES[name].distribution else [1.0]
        a, b = (tensor(*[it * sign for sign in grades]).requires_grad_() for it in (real, fake))
        told = (b[None], a[None]) if OBJECTIVES[name].distribution else (b, a)
        total = d(*told[::-1]) + g(*told[: 1 + OBJECTIVES[name].paired])
        assert torch.isfinite(total)
        assert all(torch.isfinite(slope).all() for slope in torch.autograd.grad(total, (a, b)))


@pytest.mark.parametrize(("alpha", "beta"), [(0.0, 0.0), (0.1, 0.0), (0.1, 0.1), (0.3, 0.05)])
def test_a_trained_d_is_the_optimal_one(alpha: float, beta: float) -> None:
    """D trained to convergence on two known 1-D densities, against the closed form."""
    rng = torch.Generator().manual_seed(0)
    torch.manual_seed(0)
    D = nn.Sequential(nn.Linear(1, 64), nn.Tanh(), nn.Linear(64, 64), nn.Tanh(), nn.Linear(64, 1))
    optimizer = torch.optim.Adam(D.parameters(), 3e-3)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, 700)
    for _ in range(700):
        real = 1.0 + 0.8 * torch.randn(2048, 1, generator=rng)
        fake = -0.8 + 1.1 * torch.randn(2048, 1, generator=rng)
        optimizer.zero_grad()
        cross_entropy_d(D(real), D(fake), alpha, beta).backward()
        optimizer.step()
        schedule.step()
    x = np.linspace(-5, 5, 1001)
    p_data, p_g = (np.exp(-0.5 * ((x - m) / s) ** 2) / s for m, s in ((1.0, 0.8), (-0.8, 1.1)))
    with torch.no_grad():
        learned = D(torch.tensor(x, dtype=torch.float32)[:, None]).sigmoid().flatten().numpy()
    exact = smoothing.optimal_discriminator(p_data, p_g, alpha, beta)
    weights = (p_data + p_g) / (p_data + p_g).sum()
    assert (weights * np.abs(learned - exact)).sum() < 0.03


def test_combinations_that_make_no_sense_are_refused_with_the_reason() -> None:
    for values, reason in (
        (
            {"loss": {"objective": "wasserstein"}},
            "exactly one of gradient_penalty, weight_clip and d_spectral_norm",
        ),
        ({"regularizer": {"gradient_penalty": 10}}, "set d_norm to layer, instance or none"),
        (
            {"loss": {"objective": "hinge", "alpha": 0.1}},
            "label smoothing needs a cross-entropy objective",
        ),
        (
            {"loss": {"objective": "hinge", "g_form": "strict"}},
            "g_form strict needs an f-GAN objective",
        ),
    ):
        with pytest.raises(ValueError, match=reason):
            parse_config(values)


def test_sensible_combinations_are_accepted() -> None:
    critic = LossConfig(objective="wasserstein")
    Config(loss=critic, regularizer=RegularizerConfig(weight_clip=0.01))
    Config(
        loss=critic,
        network=NetworkConfig(d_norm="layer"),
        regularizer=RegularizerConfig(gradient_penalty=10),
    )
    Config(loss=critic, network=NetworkConfig(d_spectral_norm=True))
    Config(loss=LossConfig(objective="f-kl", g_form="strict"))
