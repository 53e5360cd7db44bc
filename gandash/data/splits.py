"""Training and held-out pictures, where folders keep them apart."""

from __future__ import annotations

import posixpath
from collections.abc import Sequence
from dataclasses import dataclass

from gandash.data.files import File
from gandash.data.left_out import LeftOut

TRAINING = frozenset({"train", "training"})
HELD_OUT = frozenset({"test", "testing", "val", "valid", "validation"})


@dataclass(frozen=True)
class Split:
    """Files to train on, files that are held out, and those that are neither."""

    train: list[File]
    test: list[File]
    beside: list[LeftOut]


def split(files: Sequence[File]) -> Split:
    """Keep the files in a folder ``train`` from those in ``test``, ``val`` or ``validation``.

    Only if both are there and no other folder is beside them; else all are to train on.
    """
    folders = {file.parent for file in files if file.parent}
    top = posixpath.commonpath(folders) if folders else ""
    if posixpath.basename(top).lower() in TRAINING | HELD_OUT:
        top = posixpath.dirname(top)
    parts = [_part(file, top) for file in files]
    found = set(parts) - {""}
    if not (found & TRAINING and found & HELD_OUT and found <= TRAINING | HELD_OUT):
        return Split(list(files), [], [])
    by_part = list(zip(files, parts, strict=True))
    return Split(
        [file for file, part in by_part if part in TRAINING],
        [file for file, part in by_part if part in HELD_OUT],
        [
            LeftOut(file.name, "beside the train and test folders")
            for file, part in by_part
            if not part
        ],
    )


def _part(file: File, top: str) -> str:
    """The folder below ``top`` that a file is in, in lower case; ``""`` if it is in none."""
    start = f"{top}/" if top else ""
    inside = file.parent.removeprefix(start) if file.parent.startswith(start) else ""
    return inside.split("/")[0].lower()
