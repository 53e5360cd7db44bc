"""The residual pair without normalization, R3GAN's (Huang et al. 2024, arXiv:2501.05441).

A learned 4x4 start that z scales, blocks of 1x1, grouped 3x3 and 1x1 convolutions around a leaky
ReLU, sizes changed by bilinear interpolation, no tanh at the end. Weights begin as in Fixup (Zhang
et al. 2019, arXiv:1901.09321): those of a block's last convolution with 0, those of its others
smaller the more blocks there are, so that the pair begins shallow. D mirrors G.
"""

from __future__ import annotations

import math

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from gandash.config import NetworkConfig
from gandash.networks.layers import (
    Half,
    LabelledSequential,
    NormFactory,
    Twice,
    widths_by_size,
)

SLOPE = 0.2
GAIN = math.sqrt(2 / (1 + SLOPE**2))  # keeps the variance through a leaky ReLU
GROUP = 16  # channels that a 3x3 convolution mixes
EXPANSION = 2  # of a block's inner maps


class Scaled(nn.Conv2d):
    """A convolution whose weights begin as N(0, gain^2 / inputs a place), its biases as 0."""

    def __init__(
        self, a: int, b: int, kernel: int = 1, *, gain: float, bias: bool, groups: int = 1
    ) -> None:
        super().__init__(a, b, kernel, padding=kernel // 2, groups=groups, bias=bias)
        self.gain = gain

    def reset(self, rng: torch.Generator) -> None:
        fan_in = self.weight[0].numel()
        nn.init.normal_(self.weight, 0.0, self.gain / math.sqrt(fan_in), generator=rng)
        if self.bias is not None:
            nn.init.zeros_(self.bias)


class Block(nn.Module):
    """Maps (N, C, H, W) plus 1x1, leaky ReLU, grouped 3x3, leaky ReLU, 1x1 of them.

    ``blocks`` is how many of them the network has.
    """

    def __init__(self, channels: int, blocks: int) -> None:
        super().__init__()
        inner = EXPANSION * channels
        gain = GAIN * blocks**-0.25  # L^(-1 / (2m - 2)) with m = 3 layers in a block
        self.inwards = Scaled(channels, inner, gain=gain, bias=True)
        self.across = Scaled(inner, inner, 3, gain=gain, bias=True, groups=_groups(inner))
        self.outwards = Scaled(inner, channels, gain=0.0, bias=False)

    def forward(self, features: Tensor) -> Tensor:
        hidden = leaky_relu(self.inwards(features), SLOPE)
        hidden = leaky_relu(self.across(hidden), SLOPE)
        return features + self.outwards(hidden)  # type: ignore[no-any-return]


class Start(nn.Module):
    """Vectors (N, inputs) to maps (N, channels, 4, 4): a learned picture, each channel scaled."""

    def __init__(self, inputs: int, channels: int) -> None:
        super().__init__()
        self.basis = nn.Parameter(torch.empty(channels, 4, 4))
        self.scale = nn.Linear(inputs, channels, bias=False)

    def reset(self, rng: torch.Generator) -> None:
        nn.init.normal_(self.basis, generator=rng)

    def forward(self, z: Tensor) -> Tensor:
        return self.scale(z)[:, :, None, None] * self.basis  # type: ignore[no-any-return]


class Weighted(nn.Module):
    """Maps (N, C, 4, 4) to features (N, C): the places of each channel, weighted and summed."""

    def __init__(self, channels: int) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(channels, 4, 4))

    def reset(self, rng: torch.Generator) -> None:
        nn.init.normal_(self.weight, 0.0, 1 / 4, generator=rng)

    def forward(self, features: Tensor) -> Tensor:
        return (features * self.weight).sum((2, 3))


def generator_layers(
    inputs: int, shape: tuple[int, ...], network: NetworkConfig, _norm: NormFactory
) -> LabelledSequential:
    """Vectors (N, inputs) to images (N, *shape), which nothing keeps in [-1, 1]."""
    widths = widths_by_size(network.g_width, shape[-1])[::-1]
    blocks = network.depth * len(widths)
    layers: list[nn.Module] = [Start(inputs, widths[0])]
    before = widths[0]
    for number, width in enumerate(widths):
        if number:
            layers += [Twice(), *_change(before, width)]
        layers += [Block(width, blocks) for _ in range(network.depth)]
        before = width
    return LabelledSequential(*layers, Scaled(before, shape[0], gain=1.0, bias=False))


def discriminator_layers(
    shape: tuple[int, ...], network: NetworkConfig, _norm: NormFactory
) -> tuple[nn.Sequential, tuple[int, ...]]:
    """Images (N, *shape) to features (N, C), and the shape of these."""
    widths = widths_by_size(network.d_width, shape[-1])
    blocks = network.depth * len(widths)
    layers: list[nn.Module] = [Scaled(shape[0], widths[0], gain=1.0, bias=False)]
    before = widths[0]
    for number, width in enumerate(widths):
        if number:
            layers += [*_change(before, width), Half()]
        layers += [Block(width, blocks) for _ in range(network.depth)]
        before = width
    return nn.Sequential(*layers, Weighted(before)), (before,)


def _change(a: int, b: int) -> list[nn.Module]:
    return [] if a == b else [Scaled(a, b, gain=1.0, bias=False)]


def _groups(channels: int) -> int:
    """Groups of 16 channels, of fewer where that does not come out even."""
    return channels // math.gcd(channels, GROUP)
