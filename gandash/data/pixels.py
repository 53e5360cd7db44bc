"""Images of other sizes and colors."""

from __future__ import annotations

import torch
from torch import Tensor
from torch.nn.functional import interpolate, pad


def fit(images: Tensor, size: int) -> Tensor:
    """Square uint8 images (N, C, H, W) to ``size``.

    28 pixels are padded to 32 first, the rest resampled.
    """
    if images.shape[-1] == 28:
        images = pad(images, (2, 2, 2, 2))
    if images.shape[-1] == size:
        return images
    chunks = [
        interpolate(chunk.float(), size=(size, size), mode="bilinear", antialias=True)
        for chunk in torch.split(images, 2048)
    ]
    return torch.cat([chunk.round_().clamp_(0, 255).to(torch.uint8) for chunk in chunks])


def recolor(images: Tensor, color: str) -> Tensor:
    if color == "rgb" and images.shape[1] == 1:
        return images.expand(-1, 3, -1, -1)
    if color == "gray" and images.shape[1] == 3:
        weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)  # ITU-R BT.601 luma
        return (images.float() * weights).sum(1, keepdim=True).round_().to(torch.uint8)
    return images


def is_gray(images: Tensor) -> bool:
    """Whether images (N, 3, H, W) have three equal channels throughout."""
    return all(bool((part == part[:, :1]).all()) for part in torch.split(images, 2048))
