"""Pictures upright and square."""

from __future__ import annotations

from contextlib import suppress

from PIL import Image, ImageOps

PADDED = 28


def upright(image: Image.Image) -> Image.Image:
    """The image turned as its EXIF data say; as it is if these are damaged."""
    image.load()  # what is wrong with its pixels must not be taken for that
    with suppress(Exception):  # they come from cameras and programs of all kinds
        return ImageOps.exif_transpose(image)
    return image


def square(image: Image.Image, size: int) -> Image.Image:
    """The square at the center, ``size`` pixels wide and high.

    28 pixels are padded with 0 to 32, and then, as all other sizes, resampled if need be.
    """
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.crop((left, top, left + side, top + side))
    if side == PADDED:
        image = image.crop((-2, -2, side + 2, side + 2))
    return image if image.width == size else image.resize((size, size), Image.Resampling.LANCZOS)
