"""Images in arrays of NumPy's (``.npy``, ``.npz``), as if each were a file of its own.

So they are framed, looked at, labelled and left out as pictures are.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from io import BytesIO

import numpy as np
import numpy.typing as npt
from PIL import Image

from gandash.data.deep import TOPS
from gandash.data.files import ArrayFile, File
from gandash.data.left_out import LeftOut, UnusableError

Array = npt.NDArray[np.generic]
Bytes = npt.NDArray[np.uint8]
CHANNELS = (1, 3, 4)
SPLITS = {"train": "train", "test": "test", "val": "test", "valid": "test"}
CHUNK = 4096  # images that are converted at a time
SMALLEST = 4  # pixels of a side: fewer are a table


def opened(found: list[ArrayFile], most: int) -> tuple[list[File], list[LeftOut]]:
    """The images in arrays as files, those of labels beside them as their classes, and the rest.

    Images are (N, H, W), (N, H, W, C) or (N, C, H, W) with 1, 3 or 4 channels, or one image each.
    Labels are whole numbers (N,) or (N, 1) for the images of the same split. Names that begin or
    end in train, test or val keep these apart. Of more than ``most`` bytes in all the last are left
    out.
    """
    arrays: dict[str, Array] = {}
    left_out: list[LeftOut] = []
    total = 0
    for file in found:
        total += file.size
        if total > most:
            left_out.append(LeftOut(file.name, f"arrays of more than {most / 1e9:g} GB in all"))
            continue
        try:
            arrays[file.name] = file.load()
        except UnusableError as error:
            left_out.append(LeftOut(file.name, str(error)))
    files: list[File] = []
    used: set[str] = set()
    for name, array in arrays.items():
        images = _as_images(array)
        if images is None:
            continue
        labels = _labels_for(name, len(images), arrays)
        used |= {name} | ({labels} if labels else set())
        files += _files(name, images, arrays[labels].reshape(-1) if labels else None)
    left_out += [LeftOut(name, "an array without images") for name in arrays if name not in used]
    return files, left_out


def split_of(name: str) -> str:
    """The split that a name speaks of, ``train`` or ``test``; ``""`` if of none."""
    words = re.findall(r"[a-z]+", name.lower().rpartition("/")[2])
    return next((SPLITS[word] for word in words if word in SPLITS), "")


def _as_images(array: Array) -> Array | None:
    """The array as (N, H, W, C); None if it holds no images."""
    if array.ndim == 2:
        array = array[None, :, :, None]
    elif array.ndim == 3 and array.shape[-1] in CHANNELS:
        array = array[None]
    elif array.ndim == 3:
        array = array[..., None]
    elif array.ndim == 4 and array.shape[-1] not in CHANNELS and array.shape[1] in CHANNELS:
        array = array.transpose(0, 2, 3, 1)
    if array.ndim != 4 or array.shape[-1] not in CHANNELS or min(array.shape[1:3]) < SMALLEST:
        return None
    return array


def _labels_for(name: str, count: int, arrays: Mapping[str, Array]) -> str | None:
    """The name of the array that has a label for each of ``count`` images."""
    for other, array in arrays.items():
        fits = array.shape in ((count,), (count, 1)) and array.dtype.kind in "bui"
        if fits and split_of(other) == split_of(name):
            return other
    return None


def _files(name: str, images: Array, labels: Array | None) -> Iterator[File]:
    """A file for each image, encoded when it is read."""
    scale = _scale(images)
    split = split_of(name)
    folder = f"{split}/" if split else f"{name.rpartition('/')[0]}/".lstrip("/")
    stem = name.rpartition("/")[2].removesuffix(".npy")
    digits = 0 if labels is None else len(str(labels.max(initial=0)))
    for number in range(len(images)):
        called = f"{folder}{stem}-{number:07d}" if len(images) > 1 else f"{folder}{stem}"
        label = None if labels is None else str(int(labels[number])).zfill(digits)
        yield File(called, images[number].nbytes, _reader(images, number, scale), label)


def _reader(images: Array, number: int, scale: Callable[[Array], Bytes]) -> Callable[[], bytes]:
    def read() -> bytes:
        pixels = scale(images[number])
        if pixels.shape[-1] == 4:
            buffer = BytesIO()
            Image.fromarray(pixels).save(buffer, "PNG", compress_level=0)
            return buffer.getvalue()
        height, width, channels = pixels.shape
        return f"P{5 if channels == 1 else 6} {width} {height} 255\n".encode() + pixels.tobytes()

    return read


def _scale(images: Array) -> Callable[[Array], Bytes]:
    """What takes an image of an array to bytes, by the range of the whole array.

    [0, 1], [-1, 1], [0, 255], or the smallest of 10, 12, 14 and 16 bits that holds it.
    """
    if images.dtype == np.uint8:
        return lambda image: np.ascontiguousarray(image, dtype=np.uint8)
    low, high = _range(images)
    if images.dtype.kind == "f" and low < 0 and max(high, -low) <= 1:
        return lambda image: _rounded(_finite(image) * 127.5 + 127.5)
    bits = images.dtype.kind in "iu" and high > 1
    top = next((float(top) for top in TOPS[1 if bits else 0 :] if high <= top), high)
    return lambda image: _rounded(_finite(image) * (255 / top))


def _range(images: Array) -> tuple[float, float]:
    chunks = [_finite(images[i : i + CHUNK]) for i in range(0, len(images), CHUNK)]
    return (
        min((float(chunk.min(initial=0)) for chunk in chunks), default=0.0),
        max((float(chunk.max(initial=0)) for chunk in chunks), default=0.0),
    )


def _finite(image: Array) -> npt.NDArray[np.float32]:
    return np.nan_to_num(np.asarray(image, dtype=np.float32), posinf=0, neginf=0)


def _rounded(levels: npt.NDArray[np.float32]) -> Bytes:
    return np.ascontiguousarray(levels.round().clip(0, 255), dtype=np.uint8)
