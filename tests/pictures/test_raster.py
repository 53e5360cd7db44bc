"""Grids and lossless encoding."""

from __future__ import annotations

from io import BytesIO

import numpy as np
import pytest
import torch
from PIL import Image

from gandash.pictures.raster import (
    BACKGROUND,
    DATA_COLOR,
    GAP,
    MARGIN,
    PICTURE,
    SAMPLE_COLOR,
    Pixels,
    beside,
    encode,
    grid,
    scatter,
)

RNG = np.random.default_rng(0)


@pytest.mark.parametrize("channels", [1, 3])
@pytest.mark.parametrize(("count", "columns"), [(6, 3), (7, 3), (1, 1), (2, 5), (5, 5)])
def test_a_grid_holds_each_image_in_its_place_and_black_beyond(
    channels: int, count: int, columns: int
) -> None:
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


# Points

SQUARE = torch.tensor([[-1.0, -1.0], [1.0, 1.0], [-1.0, 1.0], [1.0, -1.0]])


def colored(pixels: Pixels, color: tuple[int, int, int]) -> np.ndarray:
    """Whether each pixel is nearer to this color than to the others of a picture of points."""
    others = np.array([BACKGROUND, DATA_COLOR, SAMPLE_COLOR])
    distance = np.abs(pixels[..., None, :].astype(int) - others).sum(-1)
    return distance.argmin(-1) == [BACKGROUND, DATA_COLOR, SAMPLE_COLOR].index(color)


def center_of(mask: np.ndarray) -> tuple[float, float]:
    rows, columns = np.nonzero(mask)
    return float(columns.mean()), float(rows.mean())


def test_a_point_stands_in_its_place_with_the_second_axis_upwards() -> None:
    for x, y in ((0.0, 0.0), (0.5, 0.0), (0.0, 0.5), (-0.8, -0.3)):
        pixels = scatter(torch.tensor([[x, y]]), SQUARE, dot=4)
        assert pixels.shape == (PICTURE, PICTURE, 3)
        expected = ((x / MARGIN + 1) / 2 * PICTURE, (-y / MARGIN + 1) / 2 * PICTURE)
        assert center_of(colored(pixels, SAMPLE_COLOR)) == pytest.approx(expected, abs=1.0)


def test_the_data_decides_the_frame() -> None:
    """Samples far away change nothing: neither the frame nor the picture."""
    inside = torch.tensor([[0.2, 0.1]])
    outside = torch.tensor(
        [[50.0, 0.0], [0.0, -50.0], [1.31, 0.0], [float("inf"), 0.0], [float("nan"), 0.0]]
    )
    alone = scatter(inside, SQUARE, dot=3)
    assert np.array_equal(scatter(torch.cat([inside, outside]), SQUARE, dot=3), alone)
    far = scatter(inside + 100, SQUARE + 100, dot=3)
    assert np.array_equal(far, alone), "only places relative to the data count"
    assert not colored(scatter(outside, SQUARE, dot=3), SAMPLE_COLOR).any()


def test_samples_lie_over_the_data() -> None:
    line = torch.linspace(-0.05, 0.05, 11)
    truth = torch.cat([SQUARE, torch.cartesian_prod(line, line)])
    middle = PICTURE // 2, PICTURE // 2
    assert colored(scatter(torch.ones(1, 2), truth), DATA_COLOR)[middle]
    assert colored(scatter(torch.zeros(1, 2), truth, dot=3), SAMPLE_COLOR)[middle]


def test_one_dimension_is_a_histogram() -> None:
    """Bars where the data is, as high as its share; the samples' outline beside them."""
    truth = torch.cat([torch.full((300, 1), -1.0), torch.full((100, 1), 1.0)])
    pixels = scatter(torch.zeros(400, 1), truth)
    bars = colored(pixels, DATA_COLOR)
    columns = np.nonzero(bars[-20])[0]
    left, right = columns[columns < 100], columns[columns >= 156]
    assert (left.mean() + 0.5, right.mean() + 0.5) == pytest.approx(
        ((1 - 1 / MARGIN) / 2 * PICTURE, (1 + 1 / MARGIN) / 2 * PICTURE), abs=PICTURE / 64
    )
    heights = bars[:, left].sum(0).max(), bars[:, right].sum(0).max()
    assert heights[0] / heights[1] == pytest.approx(3, rel=0.1)
    outline = colored(pixels, SAMPLE_COLOR)
    assert not outline[:, left][:-5].any()
    assert outline[:, left][-5:].any(), "the line lies flat where there are no samples"
    middle = outline[:, PICTURE // 2 - 5 : PICTURE // 2 + 5]
    assert middle[: PICTURE // 2].any(), "and rises where they are"


def test_a_single_sample_on_a_line_is_a_mark_at_its_place() -> None:
    truth = torch.tensor([[-1.0], [1.0]])
    for place in (-0.5, 0.75):
        mark = colored(scatter(torch.tensor([[place]]), truth), SAMPLE_COLOR)
        assert mark.all(axis=0).any(), "it is as high as the picture"
        assert center_of(mark)[0] == pytest.approx((place / MARGIN + 1) / 2 * PICTURE, abs=1.0)


def test_data_without_extent_has_a_picture() -> None:
    for dim in (1, 2):
        assert scatter(torch.zeros(3, dim), torch.zeros(3, dim)).shape == (256, 256, 3)


def test_pictures_beside_each_other_keep_every_pixel() -> None:
    gray = RNG.integers(0, 256, (8, 6), dtype=np.uint8)
    colored = RNG.integers(0, 256, (17, 5, 3), dtype=np.uint8)
    saved = Image.open(BytesIO(beside([encode(gray), encode(colored)])))
    assert saved.format == "PNG"
    pixels = np.asarray(saved)
    assert pixels.shape == (17, 12 + GAP + 5, 3)
    twice = gray.repeat(2, 0).repeat(2, 1)  # as often as it fits
    assert np.array_equal(pixels[:16, :12], np.stack([twice] * 3, -1))
    assert (pixels[16, :12] == 255).all()
    assert (pixels[:, 12 : 12 + GAP] == 255).all()
    assert np.array_equal(pixels[:, -5:], colored)


def test_one_picture_is_saved_as_it_is() -> None:
    gray = RNG.integers(0, 256, (8, 6), dtype=np.uint8)
    pixels = np.asarray(Image.open(BytesIO(beside([encode(gray)]))))
    assert np.array_equal(pixels, np.stack([gray] * 3, -1))
