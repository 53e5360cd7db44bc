"""Pairs of images in a folder or zip: side by side in one picture, or in two folders A and B."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath
from typing import TypeVar

import torch
from torch import Tensor

from gandash.data.contents import Contents
from gandash.data.draws import draw_evenly
from gandash.data.files import File
from gandash.data.framing import Frame
from gandash.data.left_out import LeftOut
from gandash.data.pairing import paired
from gandash.data.stacking import stack

FOLDER = re.compile(r"(?:(train|test|val)[_-]?)?([ab])", re.IGNORECASE)
"""Folders of sources (A) and targets (B), as the papers' data name them: ``A``, ``trainB``."""
Files = Mapping[str, File]
T = TypeVar("T")


@dataclass(frozen=True)
class PairFiles:
    """Pairs (N, 2, C, size, size) uint8; whether the two of each belong together; the files that
    are not among them.
    """

    images: Tensor
    belong: bool
    left_out: tuple[LeftOut, ...]


def read_pairs(
    contents: Contents, split: str, frame: Frame, mode: str, limit: int | None = None
) -> PairFiles:
    """The pairs of a split, ``train`` or ``test``.

    Files of one name in the folders A and B; all files of both, if no two have the same name, the
    fewer of them several times; or, without such folders, the two halves of every picture.
    """
    files = contents.test if split == "test" and contents.test else contents.train
    sides = _sides(files, split)
    if sides is None:
        chosen = _limited(files, limit)
        left, right = (replace(frame, side="left"), replace(frame, side="right"))
        return _together(chosen, chosen, (left, right), mode)
    sources, targets = sides
    common = sorted(sources.keys() & targets.keys())
    if not common:
        some = [_limited(list(files.values()), limit) for files in sides]
        return _apart(some[0], some[1], frame, mode)
    names = _limited(common, limit)
    pairs = _together(
        [sources[name] for name in names], [targets[name] for name in names], (frame, frame), mode
    )
    lone = [side[name] for side in sides for name in sorted(side.keys() - set(common))]
    left_out = [LeftOut(file.name, "without its other image") for file in lone]
    return replace(pairs, left_out=(*pairs.left_out, *left_out))


def _sides(files: Sequence[File], split: str) -> tuple[Files, Files] | None:
    """Files in A and in B by their names without ending; None if there are no such folders."""
    places = [(file, FOLDER.fullmatch(PurePosixPath(file.parent).name)) for file in files]
    matched = [(file, match) for file, match in places if match is not None]
    own = ("train", "") if split == "train" else ("test", "val", "")
    found: dict[str, dict[str, File]] = {"a": {}, "b": {}}
    for file, match in matched:
        if (match[1] or "").lower() in own:
            found[match[2].lower()][PurePosixPath(file.name).stem] = file
    return (found["a"], found["b"]) if found["a"] and found["b"] else None


def _limited(items: Sequence[T], limit: int | None) -> list[T]:
    if limit is None:
        return list(items)
    return [items[number] for number in draw_evenly(len(items), limit)]


def _together(
    sources: Sequence[File], targets: Sequence[File], frames: tuple[Frame, Frame], mode: str
) -> PairFiles:
    """Pairs of files in the same places, of which both can be read."""
    (first, lost), (second, lost_too) = (
        _read(files, frame, mode) for files, frame in zip((sources, targets), frames, strict=True)
    )
    both = sorted(first.keys() & second.keys())
    left_out = {item.name: item for item in (*lost, *lost_too)}
    pairs = paired(
        *(_stacked([side[place] for place in both], frames[0], mode) for side in (first, second))
    )
    return PairFiles(pairs, True, tuple(left_out.values()))


def _apart(sources: list[File], targets: list[File], frame: Frame, mode: str) -> PairFiles:
    """Sources and targets that do not belong together, as many as there are of the more."""
    (first, lost), (second, lost_too) = (_read(files, frame, mode) for files in (sources, targets))
    count = max(len(first), len(second)) if first and second else 0
    sides = [list(side.values()) for side in (first, second)]
    pairs = paired(
        *(_stacked([side[i % len(side)] for i in range(count)], frame, mode) for side in sides)
    )
    return PairFiles(pairs, False, (*lost, *lost_too))


def _read(
    files: Sequence[File], frame: Frame, mode: str
) -> tuple[dict[int, Tensor], tuple[LeftOut, ...]]:
    """Images (C, size, size) by their places among the files, and what cannot be read."""
    stacked = stack(files, frame, mode, folders={})
    unusable = {item.name for item in stacked.left_out}
    places = [place for place, file in enumerate(files) if file.name not in unusable]
    return dict(zip(places, stacked.images, strict=True)), stacked.left_out


def _stacked(images: list[Tensor], frame: Frame, mode: str) -> Tensor:
    channels = 3 if mode == "RGB" else 1
    if not images:
        return torch.empty(0, channels, frame.size, frame.size, dtype=torch.uint8)
    return torch.stack(images)
