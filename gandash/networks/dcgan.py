"""The DCGAN pair (Radford, Metz, Chintala 2016, arXiv:1511.06434).

Without its input and output stages.
"""

from __future__ import annotations

import math
from itertools import pairwise

from torch import nn

from gandash.config import IMAGE_SIZES, NetworkConfig
from gandash.networks.fast_convolution import Conv2d, ConvTranspose2d, Project
from gandash.networks.layers import LabelledSequential, NormFactory, SelfAttention

WIDEST = 16


def generator_layers(
    inputs: int, shape: tuple[int, ...], network: NetworkConfig, norm: NormFactory
) -> LabelledSequential:
    """Maps (N, inputs, 1, 1) to images (N, *shape) in [-1, 1].

    Transposed convolutions from 4x4 up, normalization and ReLU in every block but the last,
    which ends in tanh.
    """
    width = network.g_width
    widths = channels(shape[-1], width)[::-1]
    blocks: list[nn.Module] = [_up(Project, inputs, widths[0], norm)]
    for number, (a, b) in enumerate(pairwise(widths)):
        blocks += [
            _up(ConvTranspose2d, a, b, norm),
            *_attention_at(8 << number, network.attention, b),
        ]
    to_image = ConvTranspose2d(widths[-1], shape[0], bias=False)
    return LabelledSequential(*blocks, to_image, nn.Tanh())


def discriminator_layers(
    shape: tuple[int, ...], network: NetworkConfig, norm: NormFactory
) -> tuple[nn.Sequential, tuple[int, ...]]:
    """Images (N, *shape) to features, and the shape of these, (C, 4, 4).

    Strided convolutions and LeakyReLU(0.2), normalization in every block but the first.
    """
    width = network.d_width
    size = shape[-1]
    widths = channels(size, width)
    blocks: list[nn.Module] = [
        Conv2d(shape[0], widths[0], bias=False),
        nn.LeakyReLU(0.2, inplace=True),
        *_attention_at(size // 2, network.attention, widths[0]),
    ]
    for number, (a, b) in enumerate(pairwise(widths)):
        blocks += [_down(a, b, norm), *_attention_at(size // 4 >> number, network.attention, b)]
    return nn.Sequential(*blocks), (widths[-1], 4, 4)


def channels(size: int, width: int) -> list[int]:
    """Channels from the image side inwards, doubling while the side halves down to 4.

    No more than ``WIDEST`` times those beside the image: the innermost two of 256 pixels are alike.
    """
    if size not in IMAGE_SIZES:
        raise ValueError(
            f"size must be one of {', '.join(map(str, IMAGE_SIZES))}, not {size}: resize the images"
        )
    return [width * min(2**i, WIDEST) for i in range(int(math.log2(size)) - 2)]


def _up(
    kind: type[ConvTranspose2d | Project], a: int, b: int, norm: NormFactory
) -> LabelledSequential:
    normalization = norm(b)
    convolution = kind(a, b, bias=isinstance(normalization, nn.Identity))
    return LabelledSequential(convolution, normalization, nn.ReLU(inplace=True))


def _down(a: int, b: int, norm: NormFactory) -> nn.Sequential:
    normalization = norm(b)
    convolution = Conv2d(a, b, bias=isinstance(normalization, nn.Identity))
    return nn.Sequential(convolution, normalization, nn.LeakyReLU(0.2, inplace=True))


def _attention_at(resolution: int, wanted: int, channels: int) -> list[nn.Module]:
    return [SelfAttention(channels)] if resolution == wanted else []
