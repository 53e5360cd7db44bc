"""Image tensors to grids and to encoded bytes."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image
from torch import Tensor

Pixels = npt.NDArray[np.uint8]


def grid(images: Tensor, columns: int) -> Pixels:
    """Tile uint8 images (N, C, H, W) row by row into one (rows * H, columns * W[, 3]) array without gaps.

    Cells beyond the last image are black.
    """
    n, c, h, w = images.shape
    rows = -(-n // columns)
    tiles = np.zeros((rows * columns, c, h, w), dtype=np.uint8)
    tiles[:n] = images.numpy()
    pixels = tiles.reshape(rows, columns, c, h, w).transpose(0, 3, 1, 4, 2).reshape(rows * h, columns * w, c)
    return pixels[:, :, 0] if c == 1 else pixels


def encode(pixels: Pixels, image_format: str = "WEBP") -> bytes:
    """Lossless bytes of a grey (H, W) or RGB (H, W, 3) image."""
    buffer = BytesIO()
    options: dict[str, object] = {"lossless": True, "quality": 60, "method": 3} if image_format == "WEBP" else {}
    Image.fromarray(pixels).save(buffer, image_format, **options)
    return buffer.getvalue()
