"""The residual pair for 32x32 images (Miyato et al. 2018, arXiv:1802.05957, table 4; Gulrajani et
al. 2017, arXiv:1704.00028).

The published tables use 256 filters in G and 128 in D, on CIFAR-10.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from gandash.config import NetworkConfig
from gandash.networks.layers import (
    ConditionalBatchNorm,
    EmbeddedBatchNorm,
    LabelledSequential,
    NormFactory,
    SelfAttention,
)


class UpBlock(LabelledSequential):
    """norm, ReLU, upsample, 3x3, norm, ReLU, 3x3, beside an upsampled 1x1 shortcut."""

    def __init__(self, a: int, b: int, norm: NormFactory) -> None:
        super().__init__()
        self.norm_1 = norm(a)
        self.norm_2 = norm(b)
        self.conv_1 = nn.Conv2d(a, b, 3, 1, 1)
        self.conv_2 = nn.Conv2d(b, b, 3, 1, 1)
        self.shortcut = nn.Conv2d(a, b, 1)

    def forward(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        hidden = interpolate(_apply(self.norm_1, features, labels).relu(), scale_factor=2)
        hidden = self.conv_2(_apply(self.norm_2, self.conv_1(hidden), labels).relu())
        return hidden + interpolate(self.shortcut(features), scale_factor=2)  # type: ignore[no-any-return]


class DownBlock(nn.Module):
    """norm, ReLU, 3x3, norm, ReLU, 3x3 and, if asked, a 2x2 mean, beside a shortcut with a 1x1
    where it is needed.

    The ``first`` block of D begins with the convolution: its input is the image.
    """

    def __init__(
        self, a: int, b: int, norm: NormFactory, *, down: bool, first: bool = False
    ) -> None:
        super().__init__()
        self.down = down
        self.first = first
        self.norm_1 = nn.Identity() if first else norm(a)
        self.norm_2 = norm(b)
        self.conv_1 = nn.Conv2d(a, b, 3, 1, 1)
        self.conv_2 = nn.Conv2d(b, b, 3, 1, 1)
        self.shortcut = nn.Conv2d(a, b, 1) if down or a != b else nn.Identity()

    def forward(self, features: Tensor) -> Tensor:
        start = features if self.first else self.norm_1(features).relu()
        out = self.conv_2(self.norm_2(self.conv_1(start)).relu()) + self.shortcut(features)
        return avg_pool2d(out, 2) if self.down else out


class SumPlaces(nn.Module):
    """ReLU, then the sum over all places: (N, C, H, W) to (N, C)."""

    def forward(self, features: Tensor) -> Tensor:
        return features.relu().sum((2, 3))


def _apply(norm: nn.Module, features: Tensor, labels: Tensor | None) -> Tensor:
    conditional = isinstance(norm, ConditionalBatchNorm | EmbeddedBatchNorm)
    result: Tensor = norm(features, labels) if conditional else norm(features)
    return result


class Pieces(LabelledSequential):
    """Layers in a row that share z (N, d): its first piece enters them, and each block of G gets
    one of its own beside the embedding (N, e) of the label (Brock et al. 2019, arXiv:1809.11096,
    appendix B.1). All pieces are as long.
    """

    def forward(self, z: Tensor, embedding: Tensor | None = None) -> Tensor:
        assert embedding is not None
        blocks = sum(isinstance(layer, UpBlock) for layer in self)
        first, *others = z.chunk(blocks + 1, dim=1)
        features = first
        for layer in self:
            if isinstance(layer, UpBlock):
                features = layer(features, torch.cat([embedding, others.pop(0)], dim=1))
            else:
                features = layer(features)
        return features


def generator_layers(
    inputs: int, shape: tuple[int, ...], network: NetworkConfig, norm: NormFactory
) -> LabelledSequential:
    """Vectors (N, inputs) to images (N, *shape) in [-1, 1], three blocks from 4x4 to 32x32.

    Where the first layer is to see fewer ``inputs`` than z has, these are its piece of z, and the
    norms of the blocks are told the others.
    """
    width = network.g_width
    pieces = inputs < network.latent_dim
    layers: list[nn.Module] = [nn.Linear(inputs, 16 * width), nn.Unflatten(1, (width, 4, 4))]
    for resolution in (8, 16, 32):
        layers += [
            UpBlock(width, width, norm),
            *([SelfAttention(width)] if resolution == network.attention else []),
        ]
    last = nn.BatchNorm2d(width) if pieces else norm(width)
    row = Pieces if pieces else LabelledSequential
    return row(*layers, last, nn.ReLU(), nn.Conv2d(width, shape[0], 3, 1, 1), nn.Tanh())


def discriminator_layers(
    shape: tuple[int, ...], network: NetworkConfig, norm: NormFactory
) -> tuple[nn.Sequential, tuple[int, ...]]:
    """Images (N, *shape) to features (N, width), and the shape of these.

    Four blocks, the first two halve the side.
    """
    width = network.d_width
    layers: list[nn.Module] = []
    for number, (resolution, down) in enumerate(((16, True), (8, True), (8, False), (8, False))):
        block = DownBlock(width if number else shape[0], width, norm, down=down, first=not number)
        attentive = down and resolution == network.attention
        layers += [block, *([SelfAttention(width)] if attentive else [])]
    return nn.Sequential(*layers, SumPlaces()), (width,)
