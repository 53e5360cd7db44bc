"""Pictures upright and square."""

from __future__ import annotations

from contextlib import suppress
from dataclasses import dataclass
from typing import Literal

from PIL import Image, ImageOps

from gandash.config import Background, Framing

PADDED = 28
Side = Literal["whole", "left", "right"]
LEVELS: dict[Background, int] = {"white": 255, "gray": 128, "black": 0}


@dataclass(frozen=True)
class Frame:
    """How a picture of any shape becomes a square of ``size`` pixels.

    ``background`` is what shows where it is transparent, or where it is padded to fit. Of a picture
    that holds two beside each other, ``side`` is the one that is taken.
    """

    size: int
    framing: Framing = "crop"
    background: Background = "white"
    side: Side = "whole"

    @property
    def level(self) -> int:
        """The gray level of the background, 0 to 255."""
        return LEVELS[self.background]


def upright(image: Image.Image) -> Image.Image:
    """The image turned as its EXIF data say; as it is if these are damaged."""
    image.load()  # what is wrong with its pixels must not be taken for that
    with suppress(Exception):  # they come from cameras and programs of all kinds
        return ImageOps.exif_transpose(image)
    return image


def half(image: Image.Image, side: Side) -> Image.Image:
    """The picture's side that is asked for; of an odd width the column at the center is in none."""
    if side == "whole":
        return image
    middle = max(image.width // 2, 1)
    left = 0 if side == "left" else image.width - middle
    return image.crop((left, 0, left + middle, image.height))


def square(image: Image.Image, frame: Frame, level: int | None = None) -> Image.Image:
    """The image, or its side, as a square, ``frame.size`` pixels wide and high.

    ``crop`` takes the square at the center, ``fit`` the whole image, padded with ``level`` (the
    background's if not given), ``stretch`` the whole image whatever its proportions. A square of 28
    pixels is padded with 0 to 32, and then, as all other sizes, resampled if need be.
    """
    image = half(image, frame.side)
    if image.width != image.height and frame.framing == "fit":
        return _fitted(image, frame.size, frame.level if level is None else level)
    if image.width == image.height or frame.framing == "crop":
        image = _center(image)
    size = (frame.size, frame.size)
    return image if image.size == size else image.resize(size, Image.Resampling.LANCZOS)


def crop_loss(width: int, height: int) -> float:
    """The share of a picture's pixels that a crop to the square at its center loses."""
    return 1 - min(width, height) / max(width, height)


def _center(image: Image.Image) -> Image.Image:
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.crop((left, top, left + side, top + side))
    return image.crop((-2, -2, side + 2, side + 2)) if side == PADDED else image


def _fitted(image: Image.Image, size: int, level: int) -> Image.Image:
    scale = size / max(image.size)
    width, height = (max(1, round(side * scale)) for side in image.size)
    small = image.resize((width, height), Image.Resampling.LANCZOS)
    whole = Image.new(image.mode, (size, size), tuple([level] * len(image.getbands())))
    whole.paste(small, ((size - width) // 2, (size - height) // 2))
    return whole
