"""Frames of several pictures in step as one animated GIF, with their names and the step."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from io import BytesIO
from math import ceil

from PIL import Image, ImageDraw, ImageFont

WIDEST = 960  # pixels of the whole film
LABEL, GAP = 18, 8  # height of a line of words, space between pictures
PER_ROW = 4
FRAME_MS, LAST_MS = 160, 1500
INK, GROUND = "#20202c", "#ffffff"


def gif(
    tracks: Mapping[str, Sequence[Image.Image]], labels: Sequence[str], *, crisp: bool = True
) -> bytes:
    """The film of ``tracks``: one picture a label of each, side by side, four in a row.

    The last frame stays longer. ``crisp`` keeps pixels square where pictures are scaled. At least
    one track and one label.
    """
    cells = [pictures[0].size for pictures in tracks.values()]
    columns = min(len(tracks), PER_ROW)
    side = min(max(width for width, _ in cells), (WIDEST - (columns - 1) * GAP) // columns)
    frames = [
        _frame({name: its[number] for name, its in tracks.items()}, label, side, crisp=crisp)
        for number, label in enumerate(labels)
    ]
    reduced = [frame.quantize(256, dither=Image.Dither.NONE) for frame in frames]
    file = BytesIO()
    durations = [FRAME_MS] * (len(frames) - 1) + [LAST_MS]
    reduced[0].save(
        file, "GIF", save_all=True, append_images=reduced[1:], duration=durations, loop=0
    )
    return file.getvalue()


def _frame(
    pictures: Mapping[str, Image.Image], label: str, side: int, *, crisp: bool
) -> Image.Image:
    """All pictures, ``side`` pixels wide, each over its name, under the label of the step."""
    method = Image.Resampling.NEAREST if crisp else Image.Resampling.LANCZOS
    scaled = {
        name: picture.convert("RGB").resize((side, _height(picture, side)), method)
        for name, picture in pictures.items()
    }
    columns, rows = min(len(scaled), PER_ROW), ceil(len(scaled) / PER_ROW)
    height = max(picture.height for picture in scaled.values()) + LABEL + GAP
    size = (columns * (side + GAP) - GAP, LABEL + rows * height)
    frame = Image.new("RGB", size, GROUND)
    draw = ImageDraw.Draw(frame)
    font = ImageFont.load_default(12)
    draw.text((2, 2), label, INK, font)
    for number, (name, picture) in enumerate(scaled.items()):
        left = (number % PER_ROW) * (side + GAP)
        top = LABEL + (number // PER_ROW) * height
        frame.paste(picture, (left, top))
        draw.text((left, top + picture.height + 2), _fitting(name, side, font), INK, font)
    return frame


def _height(picture: Image.Image, side: int) -> int:
    return max(1, round(picture.height * side / picture.width))


def _fitting(name: str, width: int, font: ImageFont.FreeTypeFont | ImageFont.ImageFont) -> str:
    """A name, cut to the width of its picture."""
    if font.getlength(name) <= width:
        return name
    while name and font.getlength(f"{name}…") > width:
        name = name[:-1]
    return f"{name}…"
