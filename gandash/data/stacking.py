"""Picture files to one tensor, with the folders that they lie in as classes."""

from __future__ import annotations

import math
import posixpath
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gandash.data import deep
from gandash.data.decoding import decode
from gandash.data.deep import Deep
from gandash.data.draws import draw_evenly
from gandash.data.files import KINDS, File
from gandash.data.framing import Frame
from gandash.data.left_out import LeftOut, UnusableError, told
from gandash.data.reading import read_each
from gandash.storage.memory import check_room

MAX_CLASSES = 20_000  # as many as a card tells of


@dataclass(frozen=True)
class Stack:
    """Images (N, C, size, size) uint8, labels (N,) int64 with their classes if there are several,
    and the files that are not in it.
    """

    images: Tensor
    labels: Tensor | None
    classes: tuple[str, ...]
    left_out: tuple[LeftOut, ...]


def stack(
    files: Sequence[File],
    frame: Frame,
    mode: str,
    limit: int | None = None,
    folders: Mapping[str, str] | None = None,
) -> Stack:
    """Decode pictures to squares in mode ``L`` or ``RGB``.

    The folder or label of a file is its class, as ``folders`` say if they are given. With a
    ``limit`` only so many, drawn evenly from all classes. What cannot be used is left out.
    ``ValueError`` if there are too many images for the free memory, or too many classes.
    """
    folders = class_folders(files) if folders is None else folders
    files, loose = without_loose(files, folders)
    if limit is not None:
        labels, _ = _labels(files, folders)
        files = [files[number] for number in draw_evenly(len(files), limit, labels)]
    images, used, unusable = _decoded(files, frame, mode)
    labels, classes = _labels(used, folders)
    return Stack(
        torch.from_numpy(images),
        None if labels is None else torch.from_numpy(labels),
        classes,
        (*loose, *unusable),
    )


def check_enough(title: str, images: int, left_out: Sequence[LeftOut]) -> None:
    """``ValueError`` if there are no two images to learn from; it calls the data ``title``."""
    if images >= 2:
        return
    reasons = f" (left out: {told(left_out)})" if left_out else ""
    raise ValueError(
        f"A dataset needs at least 2 images that can be read, and {title} has {images}{reasons}: "
        f"add some ({KINDS})"
    )


def class_folders(files: Sequence[File]) -> dict[str, str]:
    """The folders, or labels, of pictures with the names of their classes; none if it is one class.

    The folder that all are in or below is none of them.
    """
    folders = {file.group for file in files}
    top = posixpath.commonpath(folders) if folders else ""
    names = {folder: posixpath.basename(folder) for folder in folders if folder != top}
    return names if len(set(names.values())) > 1 else {}


def without_loose(
    files: Sequence[File], folders: Mapping[str, str]
) -> tuple[list[File], list[LeftOut]]:
    """The files that are in class folders, if there are any, and the others."""
    if not folders:
        return list(files), []
    loose = [file for file in files if file.group not in folders]
    kept = [file for file in files if file.group in folders]
    return kept, [LeftOut(file.name, "beside the class folders") for file in loose]


def _labels(
    files: Sequence[File], folders: Mapping[str, str]
) -> tuple[npt.NDArray[np.int64] | None, tuple[str, ...]]:
    """The number of each file's class (N,) and the names of the classes, if there are several."""
    names = [folders.get(file.group, "") for file in files]
    classes = sorted(set(names))
    if len(classes) < 2:
        return None, ()
    if len(classes) > MAX_CLASSES:
        raise ValueError(
            f"Images may be in at most {MAX_CLASSES:,} class folders, and these are in "
            f"{len(classes):,}: put them into fewer, or all into one"
        )
    number = {name: place for place, name in enumerate(classes)}
    return np.array([number[name] for name in names], dtype=np.int64), tuple(classes)


def _decoded(
    files: Sequence[File], frame: Frame, mode: str
) -> tuple[npt.NDArray[np.uint8], list[File], list[LeftOut]]:
    """Pixels (N, C, size, size) of the files that can be used, these, and the others."""
    shape = (len(files), 3 if mode == "RGB" else 1, frame.size, frame.size)
    remedy = "choose a smaller size or set a limit"
    check_room(math.prod(shape), f"{len(files):,} images of {frame.size} pixels", remedy)
    images = np.empty(shape, dtype=np.uint8)
    used: list[File] = []
    unusable: list[LeftOut] = []
    of_more_bits: dict[int, Deep] = {}
    for file, picture in read_each(files, lambda content: decode(content, frame, mode)):
        if isinstance(picture, UnusableError):
            unusable.append(LeftOut(file.name, str(picture)))
            continue
        if isinstance(picture, Deep):
            of_more_bits[len(used)] = picture
        else:
            images[len(used)] = picture.transpose(2, 0, 1)
        used.append(file)
    top = deep.top_of(of_more_bits.values())
    for place, picture in of_more_bits.items():
        images[place] = picture.pixels(top).transpose(2, 0, 1)
    return images[: len(used)], used, unusable
