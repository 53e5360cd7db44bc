"""Penalties against known values and finite differences; spectral norm against an SVD.

Every entry trains.
"""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from gandash.config import Config
from gandash.losses import regularizers
from gandash.networks import build_pair
from gandash.networks.fast_convolution import Conv2d

ConfigFactory = Callable[..., Config]


class Linear(nn.Module):
    """D(x) = w . x, whose gradient is w for every image."""

    def __init__(self, shape: tuple[int, ...]) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(3)
        self.w = nn.Parameter(torch.randn(shape, generator=rng, dtype=torch.float64))

    def forward(self, x: Tensor) -> Tensor:
        return (x * self.w).flatten(1).sum(1)


@pytest.fixture
def images() -> tuple[Tensor, Tensor]:
    rng = torch.Generator().manual_seed(0)
    real, fake = torch.randn(2, 5, 3, 4, 4, generator=rng, dtype=torch.float64)
    return real, fake


def test_penalties_of_a_linear_d_are_known(images: tuple[Tensor, Tensor]) -> None:
    real, fake = images
    D = Linear((3, 4, 4))
    mix = torch.rand(5, dtype=torch.float64)
    norm = D.w.detach().norm()
    torch.testing.assert_close(
        regularizers.gradient_penalty(D, real, fake, mix).detach(), (norm - 1) ** 2
    )
    torch.testing.assert_close(regularizers.squared_slope(D, real).detach(), norm**2 / 2)


def test_penalties_of_a_curved_d_match_finite_differences(images: tuple[Tensor, Tensor]) -> None:
    real, fake = images
    w = Linear((3, 4, 4)).w.detach()

    def D(x: Tensor) -> Tensor:  # noqa: N802
        return torch.tanh((x * w).flatten(1).sum(1)) + (x**2).flatten(1).sum(1) / 7

    mix = torch.linspace(0, 1, 5, dtype=torch.float64)
    points = mix.view(-1, 1, 1, 1) * real + (1 - mix.view(-1, 1, 1, 1)) * fake
    expected = (numeric_gradient(D, points).flatten(1).norm(dim=1) - 1).square().mean()
    torch.testing.assert_close(
        regularizers.gradient_penalty(D, real, fake, mix), expected, rtol=1e-6, atol=1e-8
    )
    expected = numeric_gradient(D, real).flatten(1).norm(dim=1).square().mean() / 2
    torch.testing.assert_close(regularizers.squared_slope(D, real), expected, rtol=1e-6, atol=1e-8)


def numeric_gradient(D: Callable[[Tensor], Tensor], x: Tensor, h: float = 1e-5) -> Tensor:
    result = torch.zeros_like(x)
    for index in torch.cartesian_prod(*[torch.arange(n) for n in x.shape[1:]]):
        shift = torch.zeros_like(x)
        shift[(slice(None), *index)] = h
        result[(slice(None), *index)] = (D(x + shift) - D(x - shift)) / (2 * h)
    return result


def test_the_penalty_teaches_d_and_not_g(images: tuple[Tensor, Tensor]) -> None:
    real, fake = images
    fake.requires_grad_()
    D = Linear((3, 4, 4))
    regularizers.gradient_penalty(
        D, real, fake, torch.full((5,), 0.5, dtype=torch.float64)
    ).backward()
    assert fake.grad is None
    norm = D.w.detach().norm()
    torch.testing.assert_close(D.w.grad, 2 * (norm - 1) * D.w.detach() / norm)


def test_each_image_has_its_own_norm_and_its_own_mix(images: tuple[Tensor, Tensor]) -> None:
    real, fake = images
    seen: list[Tensor] = []

    def D(x: Tensor) -> Tensor:  # noqa: N802
        seen.append(x)
        return (x**2).flatten(1).sum(1) / 2

    mix = torch.tensor([0.0, 0.25, 0.5, 0.75, 1.0], dtype=torch.float64)
    value = regularizers.gradient_penalty(D, real, fake, mix)
    for number, share in enumerate(mix):
        torch.testing.assert_close(
            seen[0][number].detach(), share * real[number] + (1 - share) * fake[number]
        )
    torch.testing.assert_close(value, (seen[0].detach().flatten(1).norm(dim=1) - 1).square().mean())


def test_the_gradient_penalty_is_finite_where_the_gradient_is_zero(
    images: tuple[Tensor, Tensor],
) -> None:
    real, fake = images
    D = Linear((3, 4, 4))
    D.w.data.zero_()
    penalty = regularizers.gradient_penalty(D, real, fake, torch.rand(5, dtype=torch.float64))
    penalty.backward()
    assert float(penalty.detach()) == pytest.approx(1, abs=1e-5)
    assert D.w.grad is not None
    assert torch.isfinite(D.w.grad).all()


def test_clipping_bounds_every_weight() -> None:
    D = Linear((3, 4, 4))
    before = D.w.detach().clone()
    regularizers.clip_weights(D, 0.3)
    torch.testing.assert_close(D.w.detach(), before.clamp(-0.3, 0.3))


def test_instance_noise_falls_linearly_to_nothing() -> None:
    stds = [regularizers.instance_noise_std(0.4, step / 4) for step in range(5)]
    assert stds == pytest.approx([0.4, 0.3, 0.2, 0.1, 0])


def test_spectral_norm_divides_by_the_largest_singular_value(tiny_config: ConfigFactory) -> None:
    network = tiny_config().network.model_copy(update={"d_spectral_norm": True})
    D = build_pair(tiny_config(network=network), (1, 16, 16))[1]
    plain = build_pair(tiny_config(), (1, 16, 16))[1]
    for _ in range(200):
        D(torch.zeros(2, 1, 16, 16))  # each forward in training mode is one power iteration
    D.eval()
    layers = [m for m in D.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    originals = [m for m in plain.modules() if isinstance(m, nn.Conv2d | nn.Linear)]
    assert [type(m) for m in originals] == [Conv2d, Conv2d, nn.Linear]
    for ours, theirs in zip(layers, originals, strict=True):
        sigma = torch.linalg.svdvals(theirs.weight.detach().flatten(1))[0]
        torch.testing.assert_close(
            ours.weight.detach(), theirs.weight.detach() / sigma, rtol=1e-4, atol=1e-6
        )


def test_layer_and_instance_norm_make_d_blind_to_the_rest_of_the_batch(
    tiny_config: ConfigFactory,
) -> None:
    x = torch.randn(4, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    for norm, blind in (("batch", False), ("instance", True), ("layer", True), ("none", True)):
        network = tiny_config().network.model_copy(update={"d_norm": norm})
        D = build_pair(tiny_config(network=network), (1, 16, 16))[1]
        assert D.coupled is not blind
        assert torch.allclose(D(x)[:2], D(x[:2]), atol=1e-6) == blind, norm
