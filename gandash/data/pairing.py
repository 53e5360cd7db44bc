"""What makes pairs of images: edges of an image beside it, its gray copy, another view."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import conv2d, pad

from gandash.data.pixels import recolor

SLOPE = 0.2  # of what a step from black to white has: fainter edges are not drawn
SOBEL = ((-1.0, 0.0, 1.0), (-2.0, 0.0, 2.0), (-1.0, 0.0, 1.0))
STEP = 4 * 255.0  # what Sobel's operator gives for a step from black to white
NEIGHBORS = ((0, 1), (1, 1), (1, 0), (1, -1))
"""Places beside one, by the direction of its slope in eighths of a turn."""


def paired(source: Tensor, target: Tensor) -> Tensor:
    """Sources and targets (N, C, S, S) as pairs (N, 2, C, S, S), of which C is the larger one's."""
    channels = max(source.shape[1], target.shape[1])
    sides = [side.expand(-1, channels, -1, -1) for side in (source, target)]
    return torch.stack(sides, dim=1)


def edges(images: Tensor) -> Tensor:
    """Black lines on white, uint8 (N, 1, S, S), where gray levels of images (N, C, S, S) change
    most: Sobel's slope where it is steep and no place beside it across the line is steeper (the
    thinning of Canny 1986).
    """
    return torch.cat([_edges(part) for part in torch.split(images, 2048)])


def _edges(images: Tensor) -> Tensor:
    level = recolor(images, "gray").float()
    kernel = torch.tensor([SOBEL, tuple(zip(*SOBEL, strict=True))])[:, None]
    slopes = conv2d(pad(level, (1, 1, 1, 1), mode="replicate"), kernel)
    steepness = slopes.square().sum(1).sqrt()  # (N, S, S)
    turned = torch.atan2(slopes[:, 1], slopes[:, 0])
    eighth = (turned / (torch.pi / 4)).round().long() % 4
    wide = pad(steepness, (1, 1, 1, 1))
    size = images.shape[-1]
    thin = torch.zeros_like(steepness, dtype=torch.bool)
    for number, (down, right) in enumerate(NEIGHBORS):
        before = wide[:, 1 - down : 1 - down + size, 1 - right : 1 - right + size]
        after = wide[:, 1 + down : 1 + down + size, 1 + right : 1 + right + size]
        thin |= (eighth == number) & (steepness >= before) & (steepness > after)
    lines = thin & (steepness > SLOPE * STEP)
    return (~lines)[:, None].to(torch.uint8) * 255


def gray(images: Tensor) -> Tensor:
    """Gray levels uint8 (N, 1, S, S) of images (N, C, S, S)."""
    return recolor(images, "gray")


def inverted(images: Tensor) -> Tensor:
    """Black for white."""
    return 255 - images


def turned(images: Tensor) -> Tensor:
    """A quarter to the left."""
    return images.rot90(1, (-2, -1))
