"""Pictures of more than 8 bits a channel.

Cameras and microscopes store 10, 12 or 14 bits in files of 16, and such a file does not say so:
taken as 16 bits it is black. So a whole set is scaled by one range, the smallest of 8, 10, 12, 14
and 16 bits (or of 0 to 1) that holds its largest value.
"""

from __future__ import annotations

import sys
from collections.abc import Iterable
from dataclasses import dataclass
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from gandash.data.framing import Frame, square, upright
from gandash.pictures.raster import Pixels

Values = npt.NDArray[np.float32]
TOPS = (1, 255, 1023, 4095, 16383, 65535)
LUMA = np.array([0.299, 0.587, 0.114], dtype=np.float32)  # ITU-R BT.601
NOT_NATIVE = "B" if sys.byteorder == "little" else "L"
LOW_BYTES = {
    f"{colors};16{order}": f"{colors};16{other}"
    for colors in ("RGB", "RGBA")
    for order, other in (("B", "L"), ("L", "B"), ("N", NOT_NATIVE))
}
"""Colors of 16 bits as Pillow reads them, by their high bytes: what to ask for to get the low."""
GRAY_WITH_ALPHA = "LA;16B"
ITS_FOUR_BYTES = "RGBA"


@dataclass(frozen=True)
class Deep:
    """A picture before its range is known: ``values`` (size, size, C) from 0 to the set's largest,
    ``empty`` (size, size, 1) in [0, 1] where the background shows through, of this ``level``, and
    the file's largest value.
    """

    values: Values
    empty: Values
    level: int
    peak: float

    def pixels(self, top: float) -> Pixels:
        """As (size, size, C) uint8, ``top`` being the value of white."""
        levels = self.values * (255 / top) + self.level * self.empty
        return levels.round().clip(0, 255).astype(np.uint8)


def top_of(pictures: Iterable[Deep]) -> float:
    """The largest value of the range that a set uses."""
    peak = max((picture.peak for picture in pictures), default=0.0)
    return next((float(top) for top in TOPS if peak <= top), peak)


def applies(image: Image.Image) -> bool:
    """Whether an opened picture has more than 8 bits a channel."""
    return _single(image) or _raw_mode(image) in (*LOW_BYTES, GRAY_WITH_ALPHA)


def read(image: Image.Image, content: bytes, frame: Frame, mode: str) -> Deep:
    """An opened picture and the content of its file as a square in mode ``L`` or ``RGB``."""
    planes, alpha = _planes(image, content)
    opaque = np.ones_like(planes[0]) if alpha is None else alpha / _top(alpha)
    values = np.stack([_squared(plane * opaque, frame) for plane in planes], axis=-1)
    if mode == "L" and len(planes) == 3:
        values = (values @ LUMA)[:, :, None]
    if mode == "RGB" and len(planes) == 1:
        values = values.repeat(3, axis=-1)
    empty = 1 - _squared(opaque, frame)[:, :, None]
    return Deep(values, empty.clip(0, 1), frame.level, max(float(planes.max()), 0.0))


def _single(image: Image.Image) -> bool:
    """Whether the pixels are single numbers of more than 8 bits."""
    return image.mode.startswith("I") or image.mode == "F"


def _raw_mode(image: Image.Image) -> str:
    """How the pixels of an opened picture lie in its file, in Pillow's words."""
    arguments = [tile.args for tile in getattr(image, "tile", [])]
    first = arguments[0] if arguments else ""
    return str(first[0] if isinstance(first, tuple) and first else first)


def _planes(image: Image.Image, content: bytes) -> tuple[Values, Values | None]:
    """Channels (C, H, W) as they are stored, C being 1 or 3, and the one of opacity (H, W)."""
    if _single(image):
        values = np.asarray(upright(image), dtype=np.float32)[None]
        return np.where(np.isfinite(values), values, np.float32(0)), None
    raw_mode = _raw_mode(image)
    if raw_mode == GRAY_WITH_ALPHA:
        first, second, third, fourth = _channels(_as(ITS_FOUR_BYTES, image, content))
        return (first * 256 + second)[None], third * 256 + fourth
    low = _as(LOW_BYTES[raw_mode], image, content)
    channels = _channels(image) * 256 + _channels(low)
    return channels[:3], channels[3] if len(channels) == 4 else None


def _as(raw_mode: str, image: Image.Image, content: bytes) -> Image.Image:
    """The picture opened once more, its pixels to be read in another way."""
    again = Image.open(BytesIO(content), formats=[str(image.format)])
    again.tile = [
        tile._replace(args=(raw_mode, *tile.args[1:]) if isinstance(tile.args, tuple) else raw_mode)
        for tile in again.tile
    ]
    return again


def _channels(image: Image.Image) -> Values:
    return np.asarray(upright(image), dtype=np.float32).transpose(2, 0, 1)


def _squared(plane: Values, frame: Frame) -> Values:
    image = Image.fromarray(np.ascontiguousarray(plane, dtype=np.float32))
    return np.asarray(square(image, frame, level=0), dtype=np.float32)


def _top(plane: Values) -> float:
    return next((float(top) for top in TOPS if plane.max() <= top), 65535.0)
