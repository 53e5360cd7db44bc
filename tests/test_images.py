"""Grids and lossless encoding."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from gandash.images import Pixels, encode, grid

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("count", "columns"), [(6, 3), (7, 3), (1, 1), (2, 5), (5, 5)])
def test_a_grid_holds_each_image_in_its_place_and_black_beyond(channels: int, count: int, columns: int) -> None:
    images = torch.from_numpy(RNG.integers(1, 256, (count, channels, 4, 6), dtype=np.uint8))
    rows = -(-count // columns)
    pixels = grid(images, columns)
    assert pixels.shape == (rows * 4, columns * 6) + ((3,) if channels == 3 else ())
    for cell in range(rows * columns):
        row, column = divmod(cell, columns)
        tile = pixels[row * 4 : row * 4 + 4, column * 6 : column * 6 + 6].reshape(4, 6, channels)
        expected = images[cell].permute(1, 2, 0).numpy() if cell < count else np.zeros_like(tile)
        assert np.array_equal(tile, expected)


@pytest.mark.parametrize("image_format", ["WEBP", "PNG"])
@pytest.mark.parametrize("shape", [(16, 24), (16, 24, 3)])
def test_encoding_is_lossless(image_format: str, shape: tuple[int, ...]) -> None:
    pixels: Pixels = RNG.integers(0, 256, shape, dtype=np.uint8)
    with Image.open(BytesIO(encode(pixels, image_format))) as image:
        assert image.format == image_format
        assert np.array_equal(np.asarray(image.convert("L" if len(shape) == 2 else "RGB")), pixels)
