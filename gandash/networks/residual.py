"""CycleGAN's translator of residual blocks (Zhu et al. 2017, arXiv:1703.10593, appendix 7.2, after
Johnson et al. 2016, arXiv:1603.08155).
"""

from __future__ import annotations

from collections.abc import Sequence

from torch import Tensor, nn

from gandash.networks.layers import NormFactory


class Block(nn.Module):
    """Maps (N, C, H, W) and what two convolutions add to them."""

    def __init__(self, channels: int, norm: NormFactory) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_mirrored(channels, channels, 3, norm),
            nn.ReLU(inplace=True),
            *_mirrored(channels, channels, 3, norm),
        )

    def forward(self, x: Tensor) -> Tensor:
        added: Tensor = self.layers(x)
        return x + added


class Residual(nn.Module):
    """Images (N, C, S, S) in [-1, 1] to images of the same shape in [-1, 1], by so many blocks at a
    quarter of the size.
    """

    dropped: Sequence[tuple[int, ...]] = ()

    def __init__(self, channels: int, width: int, blocks: int, norm: NormFactory) -> None:
        super().__init__()
        self.layers = nn.Sequential(
            *_mirrored(channels, width, 7, norm),
            nn.ReLU(inplace=True),
            *_down(width, 2 * width, norm),
            *_down(2 * width, 4 * width, norm),
            *[Block(4 * width, norm) for _ in range(blocks)],
            *_up(4 * width, 2 * width, norm),
            *_up(2 * width, width, norm),
            nn.ReflectionPad2d(3),
            nn.Conv2d(width, channels, 7),
            nn.Tanh(),
        )

    def forward(self, x: Tensor, _chance: Sequence[Tensor] = ()) -> Tensor:
        image: Tensor = self.layers(x)
        return image


def _mirrored(a: int, b: int, kernel: int, norm: NormFactory) -> list[nn.Module]:
    """A convolution that sees the image go on as its mirror image beyond the border."""
    normalization = norm(b)
    convolution = nn.Conv2d(a, b, kernel, bias=isinstance(normalization, nn.Identity))
    return [nn.ReflectionPad2d(kernel // 2), convolution, normalization]


def _down(a: int, b: int, norm: NormFactory) -> list[nn.Module]:
    normalization = norm(b)
    convolution = nn.Conv2d(a, b, 3, 2, 1, bias=isinstance(normalization, nn.Identity))
    return [convolution, normalization, nn.ReLU(inplace=True)]


def _up(a: int, b: int, norm: NormFactory) -> list[nn.Module]:
    normalization = norm(b)
    bias = isinstance(normalization, nn.Identity)
    convolution = nn.ConvTranspose2d(a, b, 3, 2, 1, output_padding=1, bias=bias)
    return [convolution, normalization, nn.ReLU(inplace=True)]
