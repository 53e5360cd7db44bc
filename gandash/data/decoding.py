"""One picture from the bytes of its file, which may be anyone's: bounded, upright, square."""

from __future__ import annotations

import struct
from contextlib import suppress
from dataclasses import dataclass
from io import BytesIO

import numpy as np
from PIL import Image, UnidentifiedImageError

from gandash.data import deep
from gandash.data.deep import Deep
from gandash.data.framing import Frame, square, upright
from gandash.data.left_out import UnusableError
from gandash.pictures.raster import Pixels

Image.init()
FORMATS = tuple(
    name
    for name in ("PNG", "JPEG", "WEBP", "BMP", "GIF", "TIFF", "AVIF", "PPM")
    if name in Image.OPEN
)
"""By content, not by name. None runs another program, leads to other files or takes seconds."""
MAX_PIXELS = 4096 * 4096
MAX_SCALED_PIXELS = 80_000_000  # of a JPEG, which is decoded at a fraction of its size
PNG = b"\x89PNG\r\n\x1a\n"
TEXTS = (b"tEXt", b"zTXt", b"iTXt", b"iCCP")
ORIENTATION = 0x0112  # the tag of EXIF
SIDEWAYS = (5, 6, 7, 8)
SMALL = 16  # pixels of the copy by which pictures are compared


def decode(content: bytes, frame: Frame, mode: str) -> Pixels | Deep:
    """A picture as (size, size, C) uint8, C being 1 in mode ``L`` and 3 in ``RGB``; one of more
    than 8 bits a channel as :class:`Deep`.

    It is turned upright as its camera noted, put on the background where it is transparent, and
    made square as ``frame`` says. ``UnusableError`` says in a few words why it cannot be used.
    """
    content = without_texts(content)
    try:
        with _opened(content, frame.size) as opened:
            if deep.applies(opened):
                return deep.read(opened, content, frame, mode)
            image = square(_opaque(upright(opened), frame).convert(mode), frame)
    except UnusableError:
        raise
    except Exception as error:  # decoders fail on damaged files in ways of their own
        raise UnusableError("damaged") from error
    pixels = np.asarray(image, dtype=np.uint8)
    return pixels if pixels.ndim == 3 else pixels[:, :, None]


def decode_alone(content: bytes, frame: Frame, mode: str) -> Pixels:
    """As :func:`decode`, a picture that no others are beside: one of more bits is scaled by what
    its own brightest value says.
    """
    picture = decode(content, frame, mode)
    return picture.pixels(picture.peak or 1) if isinstance(picture, Deep) else picture


@dataclass(frozen=True)
class Seen:
    """What a picture is like: its sides in pixels as it stands upright, whether it is gray and
    partly transparent, and a small copy of it, (SMALL, SMALL, 3).
    """

    width: int
    height: int
    gray: bool
    transparent: bool
    small: Pixels


def examine(content: bytes) -> Seen:
    """Decode a picture as far as it takes to say what it is like.

    ``UnusableError`` says in a few words why it cannot be used.
    """
    content = without_texts(content)
    frame = Frame(SMALL, "stretch")
    try:
        with Image.open(BytesIO(content), formats=FORMATS) as whole:
            sides = whole.size
            turned = whole.getexif().get(ORIENTATION) in SIDEWAYS
            transparent = whole.has_transparency_data and _shows_ground(whole)
    except Exception:  # which decoding has its words for
        sides, turned, transparent = (0, 0), False, False
    pixels = decode_alone(content, frame, "RGB")
    width, height = sides[::-1] if turned else sides
    gray = bool((pixels == pixels[:, :, :1]).all())
    return Seen(width, height, gray, transparent, pixels)


def _shows_ground(image: Image.Image) -> bool:
    """Whether a picture that may be transparent is so anywhere."""
    least, _ = image.convert("RGBA").getchannel("A").getextrema()
    return isinstance(least, int) and least < 255


def pixels_to_decode(content: bytes, size: int) -> int:
    """How many pixels :func:`decode` would have to compute, by the header alone.

    ``UnusableError`` if the content is no picture or too large a one.
    """
    with _opened(without_texts(content), size) as image:
        return image.width * image.height


def without_texts(content: bytes) -> bytes:
    """A PNG without texts and color profile, of which Pillow refuses large ones; else as it is.

    They change no pixel.
    """
    if not content.startswith(PNG):
        return content
    kept = [PNG]
    place = len(PNG)
    while place + 8 <= len(content):
        length, kind = struct.unpack_from(">I4s", content, place)
        end = place + 12 + length
        if kind not in TEXTS:
            kept.append(content[place:end])
        place = end
    return b"".join(kept)


def _opened(content: bytes, size: int) -> Image.Image:
    """The picture, not decoded yet; a JPEG is set to be decoded at no more than it needs."""
    try:
        image = Image.open(BytesIO(content), formats=FORMATS)
    except UnidentifiedImageError as error:
        raise UnusableError("not a picture, or a damaged one") from error
    except (Image.DecompressionBombError, Image.DecompressionBombWarning) as error:
        raise UnusableError("too many pixels") from error
    except Exception as error:  # decoders fail on damaged files in ways of their own
        raise UnusableError("damaged") from error
    whole = image.width * image.height
    with suppress(Exception):  # then it is decoded whole
        image.draft(None, (2 * size, 2 * size))
    if whole > MAX_SCALED_PIXELS or image.width * image.height > MAX_PIXELS:
        raise UnusableError(f"more than {MAX_PIXELS:,} pixels")
    return image


def _opaque(image: Image.Image, frame: Frame) -> Image.Image:
    """The image on the background where it is transparent."""
    if not image.has_transparency_data:
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, (*[frame.level] * 3, 255)), image)
