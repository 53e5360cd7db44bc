"""Picture files in folders: which files count, what they are called, and how they are read."""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from pathlib import Path, PurePosixPath
from typing import IO

import numpy as np
import numpy.typing as npt

from gandash.data.left_out import LeftOut, UnusableError

SUFFIXES = frozenset(
    {
        ".png", ".apng", ".jpg", ".jpeg", ".jpe", ".jfif", ".webp", ".bmp", ".gif", ".tif", ".tiff",
        ".avif", ".ppm", ".pgm", ".pbm", ".pnm",
    }
)  # fmt: skip
KINDS = "PNG, JPEG, WebP, AVIF, TIFF, GIF, BMP or PPM"
"""What these endings stand for, in words."""
SYSTEM = frozenset(
    {
        "__macosx", "@eadir", "#recycle", "@recycle", "$recycle.bin", "system volume information",
        "lost+found", "__pycache__", "thumbs.db", "desktop.ini",
    }
)  # fmt: skip
"""What systems put beside the files of their users, in lower case; hidden files are no data too."""
PIECE = 1 << 20
TABLE = "dataset.json"
"""The table of labels in the data sets of StyleGAN's programs."""
MAX_FILE_BYTES = 50_000_000
MAX_ARRAY_BYTES = 4_000_000_000  # of all that are read together
MAX_FOLDER_FILES = 2_000_000


@dataclass(frozen=True)
class File:
    """A picture file: its name with the folders that it lies in, how many bytes it has at most,
    and what reads it.

    ``read`` raises ``UnusableError`` with the reason if that is not possible. ``label`` is the name
    of its class where a table beside the files says it, ``""`` where that table has no classes;
    ``stamp`` changes with a file that lies on disk by itself.
    """

    name: str
    size: int
    read: Callable[[], bytes]
    label: str | None = None
    stamp: int = 0

    @property
    def parent(self) -> str:
        """The folder that it lies in, ``""`` at the top."""
        return self.name.rpartition("/")[0]

    @property
    def group(self) -> str:
        """What its class is known by: its label, or else its folder."""
        return self.parent if self.label is None else self.label


@dataclass(frozen=True)
class ArrayFile:
    """A file with one array of NumPy's, how many bytes it has, and what reads it, as
    :class:`File`.
    """

    name: str
    size: int
    load: Callable[[], npt.NDArray[np.generic]]


@dataclass
class Listing:
    """The picture files of a folder or zip, in order, and what else was there: tables of labels and
    arrays that are to be opened, and files that are not used.
    """

    files: list[File] = field(default_factory=list)
    tables: list[File] = field(default_factory=list)
    arrays: list[ArrayFile] = field(default_factory=list)
    left_out: list[LeftOut] = field(default_factory=list)

    def add(
        self,
        name: str,
        size: int,
        read: Callable[[], bytes],
        load: Callable[[], npt.NDArray[np.generic]],
        stamp: int = 0,
    ) -> None:
        """Take a file of ``size`` bytes if it is one that counts; ``load`` reads an array."""
        suffix = PurePosixPath(name).suffix.lower()
        if suffix == ".npy":
            self.arrays.append(ArrayFile(name, size, load))
        elif PurePosixPath(name).name == TABLE and size <= MAX_FILE_BYTES:
            self.tables.append(File(name, size, read))
        elif suffix not in SUFFIXES:
            kind = f"{suffix} is" if suffix else "files without an ending are"
            self.left_out.append(LeftOut(name, f"{kind} not read"))
        elif size > MAX_FILE_BYTES:
            self.left_out.append(LeftOut(name, f"larger than {MAX_FILE_BYTES // 10**6} MB"))
        else:
            self.files.append(File(name, size, read, stamp=stamp))


def cleaned(name: str) -> str:
    """A path as slashes and names alone, in characters that can be stored: what Windows wrote with
    backslashes, too.
    """
    parts = name.encode("utf-8", "replace").decode().replace("\\", "/").split("/")
    return "/".join(part for part in parts if part not in ("", ".", ".."))


def counts(name: str) -> bool:
    """Whether a cleaned path is a user's own, no hidden file and nothing that a system put
    there.
    """
    parts = name.split("/")
    return bool(name) and not any(part.startswith(".") or part.lower() in SYSTEM for part in parts)


def in_folder(folder: Path) -> Listing:
    """The picture files of a folder and of those in it, linked ones as well."""
    listing = Listing()
    entries = sorted(_walk(folder, listing), key=lambda entry: entry[0].split("/"))
    for name, path in entries:
        try:
            about = path.stat()
        except OSError:
            listing.left_out.append(LeftOut(name, "cannot be opened"))
            continue
        listing.add(name, about.st_size, _reader(path), _loader(path), about.st_mtime_ns)
    return listing


def one_array(path: Path) -> Listing:
    """A file of NumPy's alone."""
    return Listing(arrays=[ArrayFile(path.name, path.stat().st_size, _loader(path))])


def _walk(folder: Path, listing: Listing) -> Iterator[tuple[str, Path]]:
    """Every file that counts with its name below ``folder``.

    A link to a folder is followed unless it leads back into one that the way there went through.
    """
    seen = 0
    todo: list[tuple[str, Path, frozenset[tuple[int, int]]]] = [("", folder, frozenset())]
    while todo:
        place, path, above = todo.pop()
        try:
            about = path.stat()
            with os.scandir(path) as found:
                entries = list(found)
        except OSError:
            listing.left_out.append(LeftOut(place, "cannot be opened"))
            continue
        own = (about.st_dev, about.st_ino)
        if own in above:
            continue
        seen += len(entries)
        if seen > MAX_FOLDER_FILES:
            raise ValueError(
                f"A folder of images may hold at most {MAX_FOLDER_FILES:,} files, and "
                f"{folder.name!r} holds more: choose one of its folders"
            )
        for entry in entries:
            name = cleaned(f"{place}/{entry.name}")
            if not counts(name):
                continue
            if _is_folder(entry):
                todo.append((name, Path(entry.path), above | {own}))
            else:
                yield name, Path(entry.path)


def _is_folder(entry: os.DirEntry[str]) -> bool:
    """Whether an entry is a folder or a link to one; a link to itself is none."""
    try:
        return entry.is_dir()
    except OSError:
        return False


def _reader(path: Path) -> Callable[[], bytes]:
    def read() -> bytes:
        if not path.is_file():
            raise UnusableError("no ordinary file")
        try:
            with path.open("rb") as file:
                return file.read(MAX_FILE_BYTES)
        except OSError as error:
            raise UnusableError("cannot be opened") from error

    return read


def _loader(path: Path) -> Callable[[], npt.NDArray[np.generic]]:
    def load() -> npt.NDArray[np.generic]:
        with path.open("rb") as file:
            return read_array(file, path.stat().st_size)

    return load


def read_array(file: IO[bytes], size: int) -> npt.NDArray[np.generic]:
    """The array in a file of ``size`` bytes, never of objects, which are pickled.

    ``UnusableError`` with the reason, before the memory for it is taken.
    """
    try:
        version = np.lib.format.read_magic(file)
        header = (
            np.lib.format.read_array_header_1_0
            if version == (1, 0)
            else np.lib.format.read_array_header_2_0
        )
        shape, by_columns, dtype = header(file)
    except Exception as error:  # whatever a header of any bytes leads to
        raise UnusableError("no array of NumPy's format") from error
    if dtype.hasobject or dtype.kind not in "biuf":
        raise UnusableError("an array of other things than numbers")
    if math.prod(shape) * dtype.itemsize > size:
        raise UnusableError("a damaged array")
    flat = np.empty(math.prod(shape), dtype)
    _fill(flat.view(np.uint8).data, file)
    return flat.reshape(shape, order="F" if by_columns else "C")


def _fill(place: memoryview, file: IO[bytes]) -> None:
    """Read as many bytes as there is place for, in pieces."""
    done = 0
    while done < len(place):
        try:
            piece = file.read(min(len(place) - done, PIECE))
        except Exception as error:  # a damaged stream
            raise UnusableError("a damaged array") from error
        if not piece:
            raise UnusableError("a damaged array")
        place[done : done + len(piece)] = piece
        done += len(piece)
