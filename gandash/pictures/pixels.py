"""Pixels as numbers: whole ones in [0, 255] as they are kept, real ones in [-1, 1] for networks."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from torch import Tensor


def to_unit(images: Tensor) -> Tensor:
    """uint8 images in [0, 255] to float32 in [-1, 1]."""
    return images.float().div_(127.5).sub_(1)


def to_uint8(images: Tensor) -> Tensor:
    """Float images in [-1, 1] to uint8 in [0, 255], rounded and clipped."""
    return images.float().add(1).mul_(127.5).round_().clamp_(0, 255).byte()
