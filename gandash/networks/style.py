"""The style-based pair of StyleGAN2 (Karras et al. 2019, 1812.04948; 2020, 1912.04958), for small
images.

z is normalized and mapped to w by layers that learn a hundredth as fast; a learned 4x4 start goes
through convolutions whose weights w modulates and that are demodulated; every size adds its part to
the image. D is residual. All weights are drawn from N(0, 1) and scaled when they are used: the
equalized learning rate of Karras et al. 2018, 1710.10196.

As in the authors' own settings for CIFAR-10 (Karras et al. 2020, 2006.06676) there are no style
mixing while training and no penalty on path lengths; the noise of every pixel is left out too, so
that a sample is its z alone. Sizes change by bilinear interpolation and means of 2x2 places.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu

from gandash.config import NetworkConfig
from gandash.networks.layers import (
    Equalized,
    Half,
    LabelledSequential,
    NormFactory,
    Twice,
    widths_by_size,
)

SLOPE = 0.2
GAIN = math.sqrt(2)  # after a leaky ReLU: the variance stays about 1
MAPPING_RATE = 0.01
MEMORY = 0.998  # of the moving average of w, a batch
EPS = 1e-8


def active(features: Tensor) -> Tensor:
    """Leaky ReLU, scaled so that unit variance stays about that."""
    return leaky_relu(features, SLOPE) * GAIN


def normalized(vectors: Tensor) -> Tensor:
    """Vectors (N, d), each divided by the root of its mean square."""
    return vectors * (vectors.square().mean(1, keepdim=True) + EPS).rsqrt()


class Mapping(nn.Module):
    """z (N, inputs), with the one-hot label behind it where there are ``classes``, to w as long.

    z and label are normalized each for itself, so that both have their weight; w has unit variance
    at the start.

    ``mean`` is the moving average of w. Outside training w is drawn towards it where ``psi`` is
    less than 1, mean + psi (w - mean): truncation, which gives up variety for typical samples.
    """

    mean: Tensor

    def __init__(self, inputs: int, classes: int, depth: int) -> None:
        super().__init__()
        self.parts = [inputs, classes] if classes else [inputs]
        styles = sum(self.parts)
        self.layers = nn.ModuleList(
            Equalized(styles, styles, rate=MAPPING_RATE) for _ in range(depth)
        )
        self.psi = 1.0
        self.register_buffer("mean", torch.zeros(styles))

    def forward(self, z: Tensor) -> Tensor:
        w = torch.cat([normalized(part) for part in torch.split(z, self.parts, dim=1)], dim=1)
        for layer in self.layers:
            w = active(layer(w))
        if self.training:
            with torch.no_grad():
                self.mean.lerp_(w.mean(0).to(self.mean.dtype), 1 - MEMORY)
        elif self.psi != 1:
            w = self.mean + self.psi * (w - self.mean)
        return w


class Modulated(nn.Module):
    """A convolution of maps (N, a, H, W) to (N, b, H, W) whose weights a style scales.

    The style s = A(w) scales the input's channels, w'_ijk = s_i w_ijk, and where it is demodulated
    every output channel is divided by the norm of its weights (1912.04958, equations 1 and 3).
    Scaling input and output in place of the weights is the same, and one convolution for the batch.
    """

    def __init__(
        self, styles: int, a: int, b: int, kernel: int = 3, *, demodulate: bool = True
    ) -> None:
        super().__init__()
        self.style = Equalized(a, styles, start=1.0)
        self.convolution = Equalized(b, a, kernel, kernel, bias=False)
        self.bias = nn.Parameter(torch.empty(b))
        self.demodulate = demodulate

    def reset(self, _rng: torch.Generator) -> None:
        nn.init.zeros_(self.bias)

    def forward(self, features: Tensor, w: Tensor) -> Tensor:
        s = self.style(w)
        made: Tensor = self.convolution(features * s[:, :, None, None])
        if self.demodulate:
            weight = self.convolution.weight * self.convolution.scale
            norms = s.square() @ weight.square().sum((2, 3)).T + EPS  # (N, b)
            made = made * norms.rsqrt()[:, :, None, None]
        return made + self.bias[:, None, None]


class Stage(nn.Module):
    """Maps and image of one size to those of the next, or of 4 pixels: two modulated convolutions,
    and what this size adds to the image.
    """

    def __init__(self, styles: int, a: int, b: int, channels: int, *, grows: bool) -> None:
        super().__init__()
        self.twice = Twice() if grows else None
        self.first = Modulated(styles, a, b) if grows else None
        self.second = Modulated(styles, b, b)
        self.to_image = Modulated(styles, b, channels, 1, demodulate=False)

    def forward(self, features: Tensor, image: Tensor | None, w: Tensor) -> tuple[Tensor, Tensor]:
        if self.twice is not None and self.first is not None:
            features = active(self.first(self.twice(features), w))
        features = active(self.second(features, w))
        added = self.to_image(features, w)
        if image is not None and self.twice is not None:
            added = added + self.twice(image)
        return features, added


class Synthesis(nn.Module):
    """w (N, styles) to images (N, C, S, S), which nothing keeps in [-1, 1]; or w of its own for
    every stage (N, stages, styles), coarse ones first: style mixing.
    """

    def __init__(self, styles: int, widths: list[int], channels: int) -> None:
        super().__init__()
        self.start = nn.Parameter(torch.empty(widths[0], 4, 4))
        before = [widths[0], *widths]
        self.stages = nn.ModuleList(
            Stage(styles, before[number], width, channels, grows=number > 0)
            for number, width in enumerate(widths)
        )

    def reset(self, rng: torch.Generator) -> None:
        nn.init.normal_(self.start, generator=rng)

    def forward(self, w: Tensor) -> Tensor:
        each = w if w.dim() == 3 else w[:, None].expand(-1, len(self.stages), -1)
        features = self.start.to(w.dtype).expand(len(w), -1, -1, -1)
        image: Tensor | None = None
        for number, stage in enumerate(self.stages):
            features, image = stage(features, image, each[:, number])
        assert image is not None
        return image


class Block(nn.Module):
    """Maps (N, a, H, W) to (N, b, H/2, W/2): two 3x3 convolutions beside a 1x1 one, over sqrt 2."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.first = Equalized(a, a, 3, 3)
        self.second = Equalized(b, a, 3, 3)
        self.beside = Equalized(b, a, 1, 1, bias=False)
        self.smaller = Half()

    def forward(self, features: Tensor) -> Tensor:
        hidden = active(self.second(active(self.first(features))))
        beside = self.beside(self.smaller(features))
        return (self.smaller(hidden) + beside) / math.sqrt(2)  # type: ignore[no-any-return]


class Active(nn.Module):
    """The scaled leaky ReLU, as a layer."""

    def forward(self, features: Tensor) -> Tensor:
        return active(features)


def generator_layers(
    inputs: int, shape: tuple[int, ...], network: NetworkConfig, _norm: NormFactory
) -> LabelledSequential:
    """Vectors (N, inputs) to images (N, *shape), which nothing keeps in [-1, 1]."""
    widths = widths_by_size(network.g_width, shape[-1])[::-1]
    mapping = Mapping(network.latent_dim, inputs - network.latent_dim, network.depth)
    return LabelledSequential(mapping, Synthesis(inputs, widths, shape[0]))


def discriminator_layers(
    shape: tuple[int, ...], network: NetworkConfig, _norm: NormFactory
) -> tuple[nn.Sequential, tuple[int, ...]]:
    """Images (N, *shape) to maps (N, C, 4, 4), and the shape of one's."""
    widths = widths_by_size(network.d_width, shape[-1])
    layers: list[nn.Module] = [Equalized(widths[0], shape[0], 1, 1), Active()]
    layers += [Block(before, width) for before, width in pairwise(widths)]
    layers += [Equalized(widths[-1], widths[-1], 3, 3), Active()]
    return nn.Sequential(*layers), (widths[-1], 4, 4)
