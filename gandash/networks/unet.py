"""The U-Net of pix2pix (Isola et al. 2017, arXiv:1611.07004, section 3.2 and appendix 6.1).

An encoder to one place, a decoder back, and skips between places of one size.
"""

from __future__ import annotations

from collections.abc import Sequence
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn.functional import leaky_relu, relu

from gandash.networks.fast_convolution import Conv2d, ConvTranspose2d
from gandash.networks.layers import NormFactory

WIDEST = 8  # times the filters beside the image
DROPPED = 3  # of the innermost maps of the decoder
SLOPE = 0.2


class Down(nn.Module):
    """Maps (N, a, 2H, 2W), through LeakyReLU but for the image itself, to (N, b, H, W)."""

    def __init__(self, a: int, b: int, norm: nn.Module, *, first: bool) -> None:
        super().__init__()
        self.first = first
        self.convolution = Conv2d(a, b, bias=isinstance(norm, nn.Identity))
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        seen = x if self.first else leaky_relu(x, SLOPE)
        maps: Tensor = self.norm(self.convolution(seen))
        return maps


class Up(nn.Module):
    """Maps (N, a, H, W), through ReLU, to (N, b, 2H, 2W)."""

    def __init__(self, a: int, b: int, norm: nn.Module) -> None:
        super().__init__()
        self.convolution = ConvTranspose2d(a, b, bias=isinstance(norm, nn.Identity))
        self.norm = norm

    def forward(self, x: Tensor) -> Tensor:
        maps: Tensor = self.norm(self.convolution(relu(x)))
        return maps


class UNet(nn.Module):
    """Images (N, C, S, S) in [-1, 1] to images of the same shape in [-1, 1].

    ``dropout`` is the probability with which a number of the decoder's three innermost maps
    becomes 0: all the chance that G of pix2pix has. The numbers for it are given, and without them
    nothing is dropped.
    """

    def __init__(
        self, channels: int, size: int, width: int, norm: NormFactory, dropout: float
    ) -> None:
        super().__init__()
        widths = widths_of(size, width)
        self.dropout = dropout
        innermost = len(widths) - 1
        self.down = nn.ModuleList(
            Down(
                a,
                b,
                nn.Identity() if number in (0, innermost) else norm(b),
                first=number == 0,
            )
            for number, (a, b) in enumerate(pairwise([channels, *widths]))
        )
        inner = [(widths[innermost], widths[innermost - 1])]
        inner += [(2 * a, b) for a, b in pairwise(widths[innermost - 1 :: -1])]
        self.up = nn.ModuleList(Up(a, b, norm(b)) for a, b in inner)
        self.to_image = Up(2 * widths[0], channels, nn.Identity())
        self.dropped = [(b, 2 << number, 2 << number) for number, (_, b) in enumerate(inner)]
        self.dropped = self.dropped[:DROPPED] if dropout else []

    def forward(self, x: Tensor, chance: Sequence[Tensor] = ()) -> Tensor:
        """``chance`` are numbers in [0, 1), one (N, *shape) for each shape in ``dropped``."""
        skips: list[Tensor] = []
        for down in self.down:
            x = down(x)
            skips.append(x)
        skips.pop()
        for number, up in enumerate(self.up):
            x = up(x)
            if number < len(chance):
                x = x * (chance[number] >= self.dropout) / (1 - self.dropout)
            x = torch.cat([x, skips.pop().to(x.dtype)], dim=1)
        image: Tensor = self.to_image(x)
        return image.tanh()


def widths_of(size: int, width: int) -> list[int]:
    """Channels from the image inwards: twice as many each time the side halves, up to eight times
    those beside the image, down to one place.
    """
    return [min(width << number, WIDEST * width) for number in range(size.bit_length() - 1)]
