"""Images that visitors hand in: zips, arrays, single files, and on one's own machine folders.

Checked in memory to their last picture, and only then kept, under their content's hash, bounded in
all. What was seen of them is kept beside them.
"""

from __future__ import annotations

import hashlib
import re
import zipfile
from collections.abc import Sequence
from contextlib import suppress
from io import BytesIO
from pathlib import Path

from pydantic import ValidationError

from gandash.data import doctor
from gandash.data.contents import opened
from gandash.data.decoding import pixels_to_decode
from gandash.data.doctor import Look, Tell
from gandash.data.files import SUFFIXES, File
from gandash.data.left_out import UnusableError
from gandash.kinds import IMAGE_SIZES, parted
from gandash.storage.files import read_facts, write_whole
from gandash.storage.paths import expanded

MAX_BYTES_IN_ALL = 1_000_000_000
MAX_UNPACKED_BYTES = 2_000_000_000
MAX_PIXELS_IN_ALL = 2_000_000_000
"""What is to be decoded each time that such data are read: half a minute."""
LARGEST = IMAGE_SIZES[-1]
ENDINGS = tuple(sorted(ending.removeprefix(".") for ending in SUFFIXES | {".zip", ".npz", ".npy"}))
"""Of files that may be handed in."""
ARCHIVES = (".zip", ".npz")


def find(root: Path) -> dict[str, Path]:
    """What was handed in below ``root``, zips and folders, by name."""
    zips = {path.stem: path for path in _folder(root).glob("*.zip")}
    folders = {path.stem: _place(path) for path in _folder(root).glob("*.path")}
    return dict(sorted((zips | folders).items()))


def holds(root: Path, dataset: str) -> bool:
    """Whether a dataset is an upload below ``root``, be it still there or not."""
    _, path = parted(dataset)
    return Path(path).is_relative_to(_folder(root).absolute())


def seen(root: Path, name: str) -> Look | None:
    """What was seen of what is kept under a name; None if nobody has looked."""
    with suppress(OSError, ValidationError):
        return Look.model_validate_json(read_facts(_folder(root) / f"{name}.json"))
    return None


def keep(
    root: Path, files: Sequence[tuple[str, bytes]], tell: Tell = lambda _done, _all: None
) -> str:
    """Keep images, the same ones once; gives the name they are found under.

    ``files`` are names and contents: one zip or ``.npz``, or any number of pictures and arrays.
    ``ValueError`` in one sentence if there is no room, or if they hold no two images that can be
    read in reasonable time; nothing is written then.
    """
    filename, content = _as_zip(files)
    name = f"{_slug(filename)}-{hashlib.sha256(content).hexdigest()[:16]}"
    path = _folder(root) / f"{name}.zip"
    if path.exists() and seen(root, name) is not None:
        return name
    if not path.exists():
        _check_room(root, len(content))
    found = check(content, _shown(filename), tell)
    if not path.exists():
        write_whole(path, content)
    _note(root, name, found)
    return name


def check(content: bytes, title: str, tell: Tell = lambda _done, _all: None) -> Look:
    """Look at every image of a zip that anyone may have made; all headers first.

    ``ValueError`` if it is not to be used at all; the sentence calls it ``title``.
    """
    with opened(content, repr(title)) as contents:
        assert contents is not None  # bytes are a zip, or refused
        _check_bounds([*contents.train, *contents.test], repr(title))
        return doctor.of_contents(contents, title, tell)


def refer(root: Path, location: str, tell: Tell = lambda _done, _all: None) -> str:
    """Take a folder, zip or array of this machine where it lies; gives the name it is found under.

    It is looked at anew each time. ``ValueError`` in one sentence if it cannot be used.
    """
    place = expanded(location.strip()).resolve()
    if not place.exists():
        raise ValueError(f"{location!r} is not on this machine: check the path")
    found = doctor.look(place, place.name, tell)
    name = f"{_slug(place.name)}-{hashlib.sha256(str(place).encode()).hexdigest()[:16]}"
    write_whole(_folder(root) / f"{name}.path", str(place).encode())
    _note(root, name, found)
    return name


def remove(root: Path, name: str) -> None:
    """Forget what is kept under a name; a folder itself stays where it lies.

    Runs on it can no longer be resumed; their checkpoints and figures are not concerned.
    """
    if name not in find(root):
        raise ValueError(f"Nothing is kept as {name!r}: it was removed before")
    for suffix in ("zip", "path", "json"):
        (_folder(root) / f"{name}.{suffix}").unlink(missing_ok=True)


def _note(root: Path, name: str, found: Look) -> None:
    write_whole(_folder(root) / f"{name}.json", found.model_dump_json().encode())


def _place(path: Path) -> Path:
    try:
        return Path(read_facts(path).decode())
    except (OSError, ValueError):
        return path  # damaged: whoever reads it is told


def _as_zip(files: Sequence[tuple[str, bytes]]) -> tuple[str, bytes]:
    """Files in one zip, stored as they are: a zip as it is, others together."""
    if len(files) == 1 and Path(files[0][0]).suffix.lower() in ARCHIVES:
        return files[0]
    if nested := [name for name, _ in files if Path(name).suffix.lower() in ARCHIVES]:
        raise ValueError(
            f"A zip is handed in alone, and {_shown(nested[0])!r} comes with other files: hand it "
            "in by itself"
        )
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for number, (name, content) in enumerate(sorted(files)):
            info = zipfile.ZipInfo(_single(number, name, files))
            archive.writestr(info, content)
    first = files[0][0] if len(files) == 1 else f"{len(files)} files"
    return first, buffer.getvalue()


def _single(number: int, name: str, files: Sequence[tuple[str, bytes]]) -> str:
    """The name of a file alone, told apart from others of the same name."""
    alone = Path(name.replace("\\", "/")).name or "unnamed"
    several = sum(other == name for other, _ in files) > 1
    return f"{number}-{alone}" if several else alone


def _check_bounds(files: Sequence[File], title: str) -> None:
    """``ValueError`` if the headers of the files, as far as they can be read, tell of too much."""
    unpacked = pixels = 0
    for file in files:
        unpacked += file.size
        _check_unpacked(title, unpacked)
        with suppress(UnusableError):  # said when it is looked at
            pixels += pixels_to_decode(file.read(), LARGEST)
        _check_pixels(title, pixels)


def _check_unpacked(title: str, unpacked: int) -> None:
    if unpacked > MAX_UNPACKED_BYTES:
        raise ValueError(
            f"The files of an uploaded zip may hold {MAX_UNPACKED_BYTES / 1e9:g} GB in all, and "
            f"those of {title} hold more: upload fewer or smaller images"
        )


def _check_pixels(title: str, pixels: int) -> None:
    if pixels > MAX_PIXELS_IN_ALL:
        raise ValueError(
            f"The images of an uploaded zip may have {MAX_PIXELS_IN_ALL // 10**6:,} million pixels "
            f"in all, and those of {title} have more: make them smaller, {LARGEST} pixels are "
            "enough"
        )


def _check_room(root: Path, needed: int) -> None:
    used = sum(other.stat().st_size for other in _folder(root).glob("*.zip"))
    if used + needed > MAX_BYTES_IN_ALL:
        raise ValueError(
            f"Uploads may hold {MAX_BYTES_IN_ALL / 1e9:g} GB in all, and {used / 1e9:.2f} GB are "
            "used: remove one that is no longer needed on the Train page"
        )


def _folder(root: Path) -> Path:
    return root / "uploads"


def _slug(filename: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", Path(filename).stem.lower()).strip("-")[:40] or "images"


def _shown(filename: str) -> str:
    name = Path(filename).name
    return name if len(name) <= 60 else f"{name[:59]}…"
