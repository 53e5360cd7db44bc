"""DCGAN generator and discriminator (Radford, Metz, Chintala 2016, arXiv:1511.06434)."""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.utils.parametrizations import spectral_norm

from gandash.config import IMAGE_SIZES, NetworkConfig, Norm


class Generator(nn.Module):
    """Latent vectors (N, latent_dim) to images (N, channels, size, size) in [-1, 1].

    Transposed convolutions from 4x4 up, batch norm and ReLU in every block but the last,
    which ends in tanh without batch norm.
    """

    def __init__(self, size: int, channels: int, latent_dim: int = 100, width: int = 64, norm: Norm = "batch") -> None:
        super().__init__()
        self.size, self.channels, self.latent_dim = size, channels, latent_dim
        widths = _widths(size, width)[::-1]
        blocks: list[nn.Module] = [_up(latent_dim, widths[0], norm, stride=1, padding=0)]
        blocks += [_up(a, b, norm) for a, b in pairwise(widths)]
        blocks += [nn.ConvTranspose2d(widths[-1], channels, 4, 2, 1, bias=False), nn.Tanh()]
        self.layers = nn.Sequential(*blocks)

    def forward(self, z: Tensor) -> Tensor:
        return self.layers(z[:, :, None, None])  # type: ignore[no-any-return]


class Discriminator(nn.Module):
    """Images (N, channels, size, size) in [-1, 1] to logits (N,).

    Strided convolutions and LeakyReLU(0.2), batch norm in every block but the first.
    """

    def __init__(self, size: int, channels: int, width: int = 64, norm: Norm = "batch") -> None:
        super().__init__()
        self.size, self.channels = size, channels
        widths = _widths(size, width)
        first = [nn.Conv2d(channels, widths[0], 4, 2, 1, bias=False), nn.LeakyReLU(0.2, inplace=True)]
        blocks = [_down(a, b, norm) for a, b in pairwise(widths)]
        self.layers = nn.Sequential(*first, *blocks, nn.Conv2d(widths[-1], 1, 4, 1, 0, bias=False))

    def forward(self, images: Tensor) -> Tensor:
        return self.layers(images).flatten()  # type: ignore[no-any-return]


def build_pair(network: NetworkConfig, size: int, channels: int, seed: int) -> tuple[Generator, Discriminator]:
    """A freshly initialized pair on the CPU; the same seed gives the same weights everywhere."""
    generator = Generator(size, channels, network.latent_dim, network.g_width, network.g_norm)
    discriminator = Discriminator(size, channels, network.d_width, network.d_norm)
    rng = torch.Generator().manual_seed(seed)
    for module in (*generator.modules(), *discriminator.modules()):
        _initialize(module, rng)
    if network.d_spectral_norm:
        _add_spectral_norm(discriminator, seed)
    return generator, discriminator


def _add_spectral_norm(network: nn.Module, seed: int) -> None:
    """Spectral norm on every convolution; its first singular vectors are drawn from the seed."""
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        for module in list(network.modules()):
            if isinstance(module, nn.Conv2d):
                spectral_norm(module)


def _initialize(module: nn.Module, rng: torch.Generator) -> None:
    """N(0, 0.02) convolutions, N(1, 0.02) scales of norms, zero biases, as in the paper's released code."""
    if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
        nn.init.normal_(module.weight, 0.0, 0.02, generator=rng)
        if module.bias is not None:
            nn.init.zeros_(module.bias)
    elif isinstance(module, nn.BatchNorm2d | nn.InstanceNorm2d | nn.GroupNorm):
        nn.init.normal_(module.weight, 1.0, 0.02, generator=rng)
        nn.init.zeros_(module.bias)


def _widths(size: int, width: int) -> list[int]:
    """Channels from the image side inwards, doubling while the side halves down to 4."""
    if size not in IMAGE_SIZES:
        raise ValueError(f"size must be one of {', '.join(map(str, IMAGE_SIZES))}, not {size}: resize the images")
    return [width * 2**i for i in range(int(math.log2(size)) - 2)]


def _up(a: int, b: int, norm: Norm, stride: int = 2, padding: int = 1) -> nn.Sequential:
    convolution = nn.ConvTranspose2d(a, b, 4, stride, padding, bias=norm == "none")
    return nn.Sequential(convolution, _norm(norm, b), nn.ReLU(inplace=True))


def _down(a: int, b: int, norm: Norm) -> nn.Sequential:
    convolution = nn.Conv2d(a, b, 4, 2, 1, bias=norm == "none")
    return nn.Sequential(convolution, _norm(norm, b), nn.LeakyReLU(0.2, inplace=True))


def _norm(kind: Norm, channels: int) -> nn.Module:
    """Batch (over the batch), instance (per image and channel), layer (per image) or no normalization."""
    if kind == "batch":
        return nn.BatchNorm2d(channels)
    if kind == "instance":
        return nn.InstanceNorm2d(channels, affine=True)
    return nn.GroupNorm(1, channels) if kind == "layer" else nn.Identity()
