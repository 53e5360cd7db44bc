"""Image tensors to grids, points to pictures, pictures to encoded bytes."""

from __future__ import annotations

from collections.abc import Sequence
from io import BytesIO
from typing import TYPE_CHECKING

import numpy as np
import numpy.typing as npt
from PIL import Image, ImageDraw

if TYPE_CHECKING:
    from torch import Tensor

Pixels = npt.NDArray[np.uint8]
Color = tuple[int, int, int]
PICTURE, OVERSAMPLING, MARGIN = 256, 3, 1.3
SHOWN_DATA = 2000
GAP = 8  # pixels between pictures
BACKGROUND, DATA_COLOR, SAMPLE_COLOR = (17, 24, 39), (94, 108, 132), (255, 166, 77)


def grid(images: Tensor, columns: int) -> Pixels:
    """Tile uint8 images (N, C, H, W) row by row into one (rows * H, columns * W[, 3]) array without
    gaps.

    Cells beyond the last image are black.
    """
    n, c, h, w = images.shape
    rows = -(-n // columns)
    tiles = np.zeros((rows * columns, c, h, w), dtype=np.uint8)
    tiles[:n] = images.numpy()
    pixels = (
        tiles.reshape(rows, columns, c, h, w)
        .transpose(0, 3, 1, 4, 2)
        .reshape(rows * h, columns * w, c)
    )
    return pixels[:, :, 0] if c == 1 else pixels


def encode(pixels: Pixels, image_format: str = "WEBP") -> bytes:
    """Lossless bytes of a gray (H, W) or RGB (H, W, 3) image."""
    buffer = BytesIO()
    options: dict[str, object] = (
        {"lossless": True, "quality": 60, "method": 3} if image_format == "WEBP" else {}
    )
    Image.fromarray(pixels).save(buffer, image_format, **options)
    return buffer.getvalue()


def beside(pictures: Sequence[bytes]) -> bytes:
    """Encoded pictures beside each other, from the left, as one PNG without loss; smaller ones are
    enlarged by whole numbers, as far as they fit, and the rest is white.
    """
    opened = [Image.open(BytesIO(it), formats=["WEBP"]).convert("RGB") for it in pictures]
    height = max(it.height for it in opened)
    scaled = [
        it.resize((it.width * times, it.height * times), Image.Resampling.NEAREST)
        for it in opened
        if (times := height // it.height)
    ]
    width = sum(it.width for it in scaled) + GAP * (len(scaled) - 1)
    sheet = Image.new("RGB", (width, height), "white")
    left = 0
    for it in scaled:
        sheet.paste(it, (left, 0))
        left += it.width + GAP
    return encode(np.asarray(sheet), "PNG")


def scatter(samples: Tensor, data: Tensor, dot: float = 0.7) -> Pixels:
    """Points (N, dim) over those of the data (M, dim), in a frame that the data decides.

    A picture (256, 256, 3).

    Two dimensions are drawn as dots of ``dot`` pixels' radius, the data in gray below; one as a
    histogram, a single sample as a mark at its place.
    """
    points, shown = samples.double().numpy(), data[:SHOWN_DATA].double().numpy()
    center = (shown.max(0) + shown.min(0)) / 2
    reach = max(float((shown.max(0) - shown.min(0)).max()) / 2 * MARGIN, 1e-9)
    side = PICTURE * OVERSAMPLING
    image = Image.new("RGB", (side, side), BACKGROUND)
    draw = ImageDraw.Draw(image)
    if points.shape[1] == 1:
        _bars(draw, shown, points, float(center[0]), reach)
    else:
        for group, color, radius in ((shown, DATA_COLOR, 0.7), (points, SAMPLE_COLOR, dot)):
            places = ((group[:, :2] - center[:2]) / reach * [1, -1] + 1) / 2 * side
            _dots(draw, places, color, radius * OVERSAMPLING)
    return np.asarray(image.resize((PICTURE, PICTURE), Image.Resampling.LANCZOS))


def _dots(
    draw: ImageDraw.ImageDraw, places: npt.NDArray[np.float64], color: Color, radius: float
) -> None:
    for x, y in places[((places >= 0) & (places < draw.im.size[0])).all(1)]:
        draw.ellipse((x - radius, y - radius, x + radius, y + radius), fill=color)


def _bars(
    draw: ImageDraw.ImageDraw,
    data: npt.NDArray[np.float64],
    points: npt.NDArray[np.float64],
    center: float,
    reach: float,
) -> None:
    """Densities in 64 bins, the data filled, the samples as a line."""
    side, edges = draw.im.size[0], np.linspace(center - reach, center + reach, 65)
    heights = [np.histogram(group, edges)[0] / max(len(group), 1) for group in (data, points)]
    scale = 0.85 * side / max(float(heights[0].max()), 1e-9)
    step = side / 64
    for number, height in enumerate(heights[0]):
        draw.rectangle(
            (number * step, side - scale * height, (number + 1) * step - 1, side), fill=DATA_COLOR
        )
    if len(points) == 1:
        x = (float(points[0, 0]) - center + reach) / (2 * reach) * side
        draw.line([(x, 0), (x, side)], fill=SAMPLE_COLOR, width=4 * OVERSAMPLING)
        return
    outline = [(x * step, side - scale * h) for i, h in enumerate(heights[1]) for x in (i, i + 1)]
    draw.line(outline, fill=SAMPLE_COLOR, width=2 * OVERSAMPLING)
