"""The pair that grows (Karras et al. 2018, arXiv:1710.10196): from 4x4 pixels, twice the size at a
time.

Each size is faded in: while its share a goes from 0 to 1, G's image is (1 - a) times the enlarged
one of the size before and a times its own (section 2); D mirrors that. In G every place's features
are normalized (section 4.2), and all weights are drawn from N(0, 1) and scaled when they are used
(section 4.1). The paper's D sees how much its batch varies before two more layers, here with
minibatch stddev before the last one.

While it trains, images are as large as the pair has grown; in eval mode G enlarges them to their
size, and D takes images of any size from its own up.
"""

from __future__ import annotations

import math
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, interpolate

from gandash.config import NetworkConfig
from gandash.networks.layers import Equalized, LabelledSequential, NormFactory, widths_by_size
from gandash.networks.style import active, normalized

FIRST = 4  # pixels


def enlarged(images: Tensor, side: int) -> Tensor:
    """Images (N, C, s, s) at ``side`` pixels, by repeating."""
    return images if images.shape[-1] == side else interpolate(images, size=(side, side))


def reduced(images: Tensor, side: int) -> Tensor:
    """Images (N, C, S, S) at ``side`` pixels, by means."""
    factor = images.shape[-1] // side
    return images if factor <= 1 else avg_pool2d(images, factor)


class Growing(nn.Module):
    """A network that has grown to a level from 0 (4x4 pixels) to ``last``; what lies between whole
    numbers is the share of the larger size that is being faded in.
    """

    grown: Tensor

    def __init__(self, last: int) -> None:
        super().__init__()
        self.last = last
        self.register_buffer("grown", torch.tensor(float(last)))

    @property
    def level(self) -> float:
        """How far it has grown."""
        return float(self.last) if self.grown.is_meta else float(self.grown)

    def stage(self) -> tuple[int, float]:
        """The largest size that takes part, as its number, and its share."""
        top = math.ceil(self.level)
        return top, self.level - top + 1


class Up(nn.Module):
    """Maps (N, a, H, W) to (N, b, 2H, 2W)."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.first = Equalized(b, a, 3, 3)
        self.second = Equalized(b, b, 3, 3)

    def forward(self, features: Tensor) -> Tensor:
        features = enlarged(features, 2 * features.shape[-1])
        features = normalized(active(self.first(features)))
        return normalized(active(self.second(features)))


class Start(nn.Module):
    """Vectors (N, inputs), each of ``parts`` brought to length, to maps (N, width, 4, 4)."""

    def __init__(self, parts: list[int], width: int) -> None:
        super().__init__()
        self.parts = parts
        self.shape = (width, FIRST, FIRST)
        self.linear = Equalized(width * FIRST**2, sum(parts))
        self.convolution = Equalized(width, width, 3, 3)

    def forward(self, z: Tensor) -> Tensor:
        z = torch.cat([normalized(part) for part in torch.split(z, self.parts, dim=1)], dim=1)
        maps = self.linear(z).view(-1, *self.shape)
        return normalized(active(self.convolution(normalized(active(maps)))))


class Synthesis(Growing):
    """Vectors (N, inputs) to images (N, C, s, s), which nothing keeps in [-1, 1]."""

    def __init__(self, parts: list[int], widths: list[int], channels: int, side: int) -> None:
        super().__init__(len(widths) - 1)
        self.side = side
        self.stages = nn.ModuleList(
            [Start(parts, widths[0]), *(Up(a, b) for a, b in pairwise(widths))]
        )
        self.to_image = nn.ModuleList(Equalized(channels, width, 1, 1) for width in widths)

    def forward(self, z: Tensor) -> Tensor:
        top, share = self.stage()
        features = z
        smaller: Tensor | None = None
        for number, stage in enumerate(self.stages):
            if number > top:
                break
            if number == top and share < 1:
                smaller = self.to_image[number - 1](features)
            features = stage(features)
        image: Tensor = self.to_image[top](features)
        if smaller is not None:
            image = (1 - share) * enlarged(smaller, image.shape[-1]) + share * image
        return image if self.training else enlarged(image, self.side)


class Down(nn.Module):
    """Maps (N, a, 2H, 2W) to (N, b, H, W)."""

    def __init__(self, a: int, b: int) -> None:
        super().__init__()
        self.first = Equalized(a, a, 3, 3)
        self.second = Equalized(b, a, 3, 3)

    def forward(self, features: Tensor) -> Tensor:
        return avg_pool2d(active(self.second(active(self.first(features)))), 2)


class Analysis(Growing):
    """Images (N, C, s, s) of any size from its own up to maps (N, width, 4, 4)."""

    def __init__(self, widths: list[int], channels: int) -> None:
        super().__init__(len(widths) - 1)
        self.from_image = nn.ModuleList(Equalized(width, channels, 1, 1) for width in widths)
        self.stages = nn.ModuleList(Down(b, a) for a, b in pairwise(widths))
        self.convolution = Equalized(widths[0], widths[0], 3, 3)

    def forward(self, images: Tensor) -> Tensor:
        top, share = self.stage()
        images = reduced(images, FIRST << top)
        features = active(self.from_image[top](images))
        for number in range(top, 0, -1):
            features = self.stages[number - 1](features)
            if number == top and share < 1:
                smaller = active(self.from_image[top - 1](avg_pool2d(images, 2)))
                features = (1 - share) * smaller + share * features
        return active(self.convolution(features))


def parts_of(network: nn.Module) -> list[Growing]:
    """What grows in a network."""
    return [module for module in network.modules() if isinstance(module, Growing)]


def grow(network: nn.Module, level: float) -> None:
    """Let a network grow to a level."""
    for part in parts_of(network):
        part.grown.fill_(level)


def seen_at(images: Tensor, level: float) -> Tensor:
    """Real images (N, C, S, S) as a D of that level is to see them: smaller, and while a size is
    faded in mixed with their smaller selves, as G's are.
    """
    top = math.ceil(level)
    share = level - top + 1
    images = reduced(images, FIRST << top)
    if share == 1:
        return images
    return (1 - share) * enlarged(avg_pool2d(images, 2), images.shape[-1]) + share * images


def generator_layers(
    inputs: int, shape: tuple[int, ...], network: NetworkConfig, _norm: NormFactory
) -> LabelledSequential:
    """Vectors (N, inputs) to images (N, *shape), or smaller ones while it grows."""
    widths = widths_by_size(network.g_width, shape[-1])[::-1]
    told = inputs - network.latent_dim
    parts = [network.latent_dim, told] if told else [network.latent_dim]
    return LabelledSequential(Synthesis(parts, widths, shape[0], shape[-1]))


def discriminator_layers(
    shape: tuple[int, ...], network: NetworkConfig, _norm: NormFactory
) -> tuple[nn.Sequential, tuple[int, ...]]:
    """Images (N, *shape) to maps (N, C, 4, 4), and the shape of one's."""
    widths = widths_by_size(network.d_width, shape[-1])[::-1]
    return nn.Sequential(Analysis(widths, shape[0])), (widths[0], FIRST, FIRST)
