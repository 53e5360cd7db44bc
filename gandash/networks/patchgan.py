"""The PatchGAN: a D that judges every patch of an image (Isola et al. 2017, arXiv:1611.07004,
section 3.3 and appendix 6.1.2).
"""

from __future__ import annotations

from torch import Tensor, nn

from gandash.networks.layers import NormFactory

WIDEST = 8
SLOPE = 0.2


class PatchGAN(nn.Module):
    """Images (N, C, S, S) to logits (N, h, w), each of a patch of ``patch`` pixels a side.

    16, 34 and 70 pixels are 1, 2 and 3 halvings, then two convolutions without; with 1 it judges
    every pixel alone.
    """

    def __init__(self, channels: int, width: int, patch: int, norm: NormFactory) -> None:
        super().__init__()
        self.layers = nn.Sequential(*_layers(channels, width, patch, norm))

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.layers(images)
        return logits[:, 0]


HALVINGS = {16: 1, 34: 2, 70: 3}


def _layers(channels: int, width: int, patch: int, norm: NormFactory) -> list[nn.Module]:
    if patch == 1:
        return [
            nn.Conv2d(channels, width, 1),
            nn.LeakyReLU(SLOPE, inplace=True),
            *_seen(width, 2 * width, 1, 1, norm),
            nn.Conv2d(2 * width, 1, 1),
        ]
    halvings = HALVINGS[patch]
    widths = [min(width << number, WIDEST * width) for number in range(halvings + 1)]
    layers: list[nn.Module] = [
        nn.Conv2d(channels, width, 4, 2, 1),
        nn.LeakyReLU(SLOPE, inplace=True),
    ]
    for number in range(1, halvings):
        layers += _seen(widths[number - 1], widths[number], 4, 2, norm)
    layers += _seen(widths[halvings - 1], widths[halvings], 4, 1, norm)
    return [*layers, nn.Conv2d(widths[halvings], 1, 4, 1, 1)]


def _seen(a: int, b: int, kernel: int, stride: int, norm: NormFactory) -> list[nn.Module]:
    normalization = norm(b)
    bias = isinstance(normalization, nn.Identity)
    convolution = nn.Conv2d(a, b, kernel, stride, int(kernel > 1), bias=bias)
    return [convolution, normalization, nn.LeakyReLU(SLOPE, inplace=True)]
