"""What a folder, a zip or an array of NumPy's holds to learn from, whatever form it has."""

from __future__ import annotations

import posixpath
import zipfile
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from gandash.data import arrays, tables
from gandash.data.archives import in_zip
from gandash.data.files import MAX_ARRAY_BYTES, File, Listing, in_folder, one_array
from gandash.data.left_out import LeftOut
from gandash.data.splits import split
from gandash.data.stacking import class_folders, without_loose

MOST_UPLOADED = 1_000_000_000
"""Bytes of arrays in a zip that anyone may have made, which lie in memory while they are read."""


@dataclass(frozen=True)
class Contents:
    """The files to train on, the class of each folder or label, the files that are held out, and
    those that are not used.
    """

    train: list[File]
    classes: dict[str, str]
    test: list[File]
    left_out: list[LeftOut]


@contextmanager
def opened(location: Path | bytes, title: str) -> Iterator[Contents | None]:
    """The contents of a folder, zip (``.npz`` too) or ``.npy``, to be read while it is open.

    None if it is none of these; ``ValueError`` in one sentence if it is damaged or too large.
    """
    if isinstance(location, bytes) or (location.is_file() and zipfile.is_zipfile(location)):
        with in_zip(location, title) as listing:
            yield _of(listing, MOST_UPLOADED if isinstance(location, bytes) else MAX_ARRAY_BYTES)
    elif location.is_dir():
        yield _of(in_folder(location), MAX_ARRAY_BYTES)
    elif location.is_file() and location.suffix.lower() == ".npy":
        yield _of(one_array(location), MAX_ARRAY_BYTES)
    else:
        yield None


def _of(listing: Listing, most: int) -> Contents:
    from_arrays, no_images = arrays.opened(listing.arrays, most)
    files, unnamed = tables.labelled(listing.files, listing.tables)
    parts = split([*files, *from_arrays])
    classes = class_folders(parts.train)
    named = set(classes.values())
    train, loose = without_loose(parts.train, classes)
    left_out = [*loose, *parts.beside, *unnamed, *no_images, *listing.left_out]
    for file in parts.test:
        if (name := posixpath.basename(file.group)) in named:
            classes[file.group] = name
    return Contents(train, classes, parts.test, left_out)
