"""Images out of folders and zips, hostile until checked."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from io import BytesIO
from pathlib import Path, PurePosixPath

import numpy as np
import torch
from PIL import Image
from torch import Tensor

from gandash.pictures.raster import Pixels
from gandash.records import explain

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"})
IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
UNREADABLE = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
MAX_IMAGES = 200_000
MAX_PIXELS = 4096 * 4096
MAX_FILE_BYTES = 50_000_000


def folder_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def zip_files(
    path: Path, belongs: Callable[[str], bool] = lambda _: True
) -> Iterator[tuple[str, bytes]]:
    """Image members of a zip whose names belong, never extracted to disk.

    Oversized members are refused.
    """
    try:
        with zipfile.ZipFile(path) as archive:
            for info in sorted(archive.infolist(), key=lambda entry: entry.filename):
                name = info.filename
                image = (
                    PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES and "__MACOSX" not in name
                )
                if image and belongs(name):
                    yield name, _read_member(archive, info)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
        raise ValueError(
            f"{path.name} is not a readable zip ({explain(error)}): make it anew, without a "
            "password"
        ) from error


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.file_size > MAX_FILE_BYTES:
        raise ValueError(
            f"An image file may hold at most {MAX_FILE_BYTES // 10**6} MB, and {info.filename!r} "
            "in the zip "
            f"holds {info.file_size // 10**6} MB: remove or shrink it"
        )
    return archive.read(info)


def stack(
    files: Iterator[tuple[str, bytes]], size: int, mode: str
) -> tuple[Tensor, Tensor | None, tuple[str, ...]]:
    """Decode, crop to a square and resize; the parent folder of a file is its class."""
    arrays: list[Pixels] = []
    parents: list[str] = []
    for name, data in files:
        if len(arrays) >= MAX_IMAGES:
            raise ValueError(
                f"A dataset may hold at most {MAX_IMAGES:,} images: split it or thin it out"
            )
        arrays.append(_decode(name, data, size, mode))
        parents.append(PurePosixPath(name).parent.name)
    if not arrays:
        return torch.zeros((0, 3 if mode == "RGB" else 1, size, size), dtype=torch.uint8), None, ()
    images = torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2)
    classes = tuple(sorted(set(parents)))
    if len(classes) < 2:
        return images, None, ()
    index = {name: i for i, name in enumerate(classes)}
    return images, torch.tensor([index[parent] for parent in parents]), classes


def _decode(name: str, data: bytes, size: int, mode: str) -> Pixels:
    """One image as (size, size, C) uint8: transparency on white, center crop, then resize."""
    try:
        with Image.open(BytesIO(data), formats=IMAGE_FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise ValueError(
                    f"it has {opened.width}x{opened.height} pixels, more than {MAX_PIXELS:,}"
                )
            image = _opaque(opened).convert(mode)
    except UNREADABLE as error:
        raise ValueError(
            f"{name!r} is not a readable image ({explain(error)}): remove or replace it"
        ) from error
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.crop((left, top, left + side, top + side))
    if side != size:
        image = image.resize((size, size), Image.Resampling.LANCZOS)
    array = np.asarray(image, dtype=np.uint8)
    return array if array.ndim == 3 else array[:, :, None]


def _opaque(image: Image.Image) -> Image.Image:
    """The image on white where it is transparent, in 8 bits a channel."""
    if image.mode.startswith("I;16"):  # Pillow would clip the 16 bits of a pixel, not scale them
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if "A" not in image.mode and "transparency" not in image.info:
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
