"""Pictures, folders and zips to read, made for the tests of data."""

from __future__ import annotations

import struct
import zipfile
import zlib
from collections.abc import Callable, Mapping
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gandash import data
from gandash.config import DataConfig
from gandash.data import Dataset

RNG = np.random.default_rng(0)
RGB = RNG.integers(0, 256, (16, 16, 3), dtype=np.uint8)
GRAY = RNG.integers(0, 256, (16, 16), dtype=np.uint8)
Writer = Callable[[Path, Mapping[str, bytes]], Path]


def encoded(pixels: np.ndarray, image_format: str = "PNG", mode: str | None = None) -> bytes:
    buffer = BytesIO()
    image = Image.fromarray(pixels)
    (image.convert(mode) if mode else image).save(buffer, image_format)
    return buffer.getvalue()


def chunk(kind: bytes, content: bytes) -> bytes:
    """A chunk of a PNG."""
    check = struct.pack(">I", zlib.crc32(kind + content))
    return struct.pack(">I", len(content)) + kind + content + check


def png(pixels: np.ndarray, *before: bytes) -> bytes:
    """A PNG of uint8 or uint16 pixels (H, W, C), with further chunks ``before`` its pixels."""
    height, width, channels = pixels.shape
    bits = pixels.dtype.itemsize * 8
    color = {1: 0, 2: 4, 3: 2, 4: 6}[channels]
    rows = b"".join(b"\0" + row.astype(f">u{bits // 8}").tobytes() for row in pixels)
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", width, height, bits, color, 0, 0, 0))
    body = chunk(b"IDAT", zlib.compress(rows)) + chunk(b"IEND", b"")
    return b"\x89PNG\r\n\x1a\n" + header + b"".join(before) + body


def blank(side: int) -> bytes:
    """A sound PNG of one bit a pixel, all black: many pixels in few bytes."""
    header = chunk(b"IHDR", struct.pack(">IIBBBBB", side, side, 1, 0, 0, 0, 0))
    rows = zlib.compress(bytes((side // 8 + 1) * side), 9)
    return b"\x89PNG\r\n\x1a\n" + header + chunk(b"IDAT", rows) + chunk(b"IEND", b"")


def write_zip(path: Path, members: Mapping[str, bytes]) -> Path:
    path.write_bytes(zipped(members))
    return path


def zipped(members: Mapping[str, bytes], method: int = zipfile.ZIP_DEFLATED) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", method) as archive:
        for name, content in members.items():
            archive.writestr(name, content)
    return buffer.getvalue()


def write_folder(path: Path, members: Mapping[str, bytes]) -> Path:
    for name, content in members.items():
        (path / name).parent.mkdir(parents=True, exist_ok=True)
        (path / name).write_bytes(content)
    return path


WRITERS = pytest.mark.parametrize("write", [write_folder, write_zip])


def load(path: Path, **settings: object) -> Dataset:
    return data.load(DataConfig.model_validate({"dataset": str(path), "size": 16} | settings))


def refusal(path: Path, **settings: object) -> str:
    """The sentence that refuses a dataset; the call must raise ValueError, on one line."""
    with pytest.raises(ValueError, match=r"^.+$") as caught:
        load(path, **settings)
    assert "\n" not in str(caught.value)
    assert " object at 0x" not in str(caught.value)
    return str(caught.value)


def pixels_of(dataset: Dataset, number: int = 0) -> np.ndarray:
    """An image of a dataset, (H, W, C)."""
    return dataset.images[number].permute(1, 2, 0).numpy()


def left_out(dataset: Dataset) -> dict[str, str]:
    """The files that a dataset leaves out, with the reasons."""
    return {file.name: file.reason for file in dataset.left_out}
