"""Zips of images that visitors hand in.

Checked in memory, and only then kept, under their content's hash, bounded in all.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from time import monotonic

from gandash.data.archives import in_zip
from gandash.data.decoding import decode, pixels_to_decode
from gandash.data.files import File
from gandash.data.left_out import LeftOut, UnusableError, note
from gandash.data.stacking import MAX_IMAGES, check_enough, class_folders, without_loose
from gandash.storage.files import write_whole

MAX_BYTES_IN_ALL = 1_000_000_000
MAX_UNPACKED_BYTES = 2_000_000_000
MAX_PIXELS_IN_ALL = 500_000_000
"""What is to be decoded each time that such data are read: some 10 seconds."""
CHECK_SECONDS = 10.0
LARGEST, SMALLEST = 128, 16  # sizes in pixels at which images are trained on


@dataclass(frozen=True)
class Upload:
    """A zip that is kept: the name it is found under, and what of it is not used, in a sentence
    (empty if all is).
    """

    name: str
    note: str = ""


def find(root: Path) -> dict[str, Path]:
    """The kept zips below ``root`` by name."""
    return {path.stem: path for path in sorted(_folder(root).glob("*.zip"))}


def keep(root: Path, filename: str, content: bytes) -> Upload:
    """Keep a zip of images; the same zip is kept once.

    Raises ``ValueError`` in one sentence if there is no room, or if it holds no two images that
    can be read in reasonable time; nothing is written then.
    """
    name = f"{_slug(filename)}-{hashlib.sha256(content).hexdigest()[:16]}"
    path = _folder(root) / f"{name}.zip"
    known = path.exists()
    if not known:
        _check_room(root, len(content))
    said = check(content, repr(_shown(filename)))
    if not known:
        write_whole(path, content)
    return Upload(name, said)


def check(content: bytes, title: str) -> str:
    """What of a zip's content cannot be used, in a sentence; empty if all can.

    The header of every image is read, and as many are decoded as time allows. ``ValueError`` if it
    is not to be used at all; the sentence calls it ``title``.
    """
    with in_zip(content, title) as listing:
        files, loose = without_loose(listing.files, class_folders(listing.files))
        if len(files) > MAX_IMAGES:
            raise ValueError(
                f"A dataset may hold at most {MAX_IMAGES:,} images, and {title} holds "
                f"{len(files):,}: thin it out"
            )
        unusable = _unusable(files, title)
    left_out = [*loose, *unusable, *listing.left_out]
    usable = len(files) - len(unusable)
    check_enough(title, usable, left_out)
    return note(usable, left_out)


def _unusable(files: Sequence[File], title: str) -> list[LeftOut]:
    """The files that are no images, or damaged ones: all headers first, then pixels for a while."""
    unusable: dict[int, LeftOut] = {}
    unpacked = 0
    pixels = 0
    for number, file in enumerate(files):
        unpacked += file.size
        _check_bounds(title, unpacked, pixels)
        with _noted(file, number, unusable):
            pixels += pixels_to_decode(file.read(), LARGEST)
        _check_bounds(title, unpacked, pixels)
    end = monotonic() + CHECK_SECONDS
    for number, file in enumerate(files):
        if monotonic() > end:
            break
        if number not in unusable:
            with _noted(file, number, unusable):
                decode(file.read(), SMALLEST, "RGB")
    return list(unusable.values())


@contextmanager
def _noted(file: File, number: int, unusable: dict[int, LeftOut]) -> Iterator[None]:
    """Note a file that turns out to be unusable."""
    try:
        yield
    except UnusableError as error:
        unusable[number] = LeftOut(file.name, str(error))


def _check_bounds(title: str, unpacked: int, pixels: int) -> None:
    if unpacked > MAX_UNPACKED_BYTES:
        raise ValueError(
            f"The files of an uploaded zip may hold {MAX_UNPACKED_BYTES / 1e9:g} GB in all, and "
            f"those of {title} hold more: upload fewer or smaller images"
        )
    if pixels > MAX_PIXELS_IN_ALL:
        raise ValueError(
            f"The images of an uploaded zip may have {MAX_PIXELS_IN_ALL // 10**6} million pixels "
            f"in all, and those of {title} have more: make them smaller, {LARGEST} pixels are "
            "enough"
        )


def _check_room(root: Path, needed: int) -> None:
    used = sum(other.stat().st_size for other in find(root).values())
    if used + needed > MAX_BYTES_IN_ALL:
        raise ValueError(
            f"Uploads may hold {MAX_BYTES_IN_ALL / 1e9:g} GB in all, and {used / 1e9:.2f} GB are "
            "used: remove old ones from the server's uploads folder"
        )


def _folder(root: Path) -> Path:
    return root / "uploads"


def _slug(filename: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", Path(filename).stem.lower()).strip("-")[:40] or "images"


def _shown(filename: str) -> str:
    name = Path(filename).name
    return name if len(name) <= 60 else f"{name[:59]}…"
