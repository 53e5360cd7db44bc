"""Picture files in zips, hostile until checked: nothing is extracted to disk, all is bounded."""

from __future__ import annotations

import stat
import zipfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from io import BytesIO
from pathlib import Path
from typing import IO, BinaryIO, cast

import numpy as np
import numpy.typing as npt

from gandash.data.files import MAX_FILE_BYTES, Listing, cleaned, counts, read_array
from gandash.data.left_out import LeftOut, UnusableError

ENTRY = b"PK\x01\x02"
"""What every entry of a zip's directory begins with."""
MAX_ENTRIES = 250_000
MAX_READ_BYTES = 64_000_000  # in one piece: more than a file may have
ENCRYPTED = 0x1
METHODS = (zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED)


@contextmanager
def in_zip(source: Path | bytes, title: str) -> Iterator[Listing]:
    """The picture files of a zip, to be read while it is open.

    ``ValueError`` says in one sentence, which calls the zip ``title``, what is wrong with it.
    """
    opened = BytesIO(source) if isinstance(source, bytes) else source.open("rb")
    with opened as file:
        try:
            archive = zipfile.ZipFile(cast("IO[bytes]", _Guarded(file, title)))
        except _TooManyError:
            raise
        except Exception as error:  # whatever a directory of any bytes may lead to
            raise ValueError(f"{title} is not a readable zip: make it anew") from error
        with archive:
            yield _listing(archive)


class _TooManyError(ValueError):
    """A zip has too many entries."""


class _Guarded:
    """A file that refuses to hand out the directory of a zip with too many entries.

    ``zipfile`` reads a directory in one piece and makes an object of half a kilobyte for each
    entry: 1.9 million of them would take 800 MB.
    """

    def __init__(self, file: BinaryIO, title: str) -> None:
        self._file = file
        self._title = title
        self.seek = file.seek
        self.tell = file.tell
        self.close = file.close
        self.seekable = file.seekable
        self.readable = file.readable

    def read(self, count: int = -1) -> bytes:
        content = b"" if count > MAX_READ_BYTES else self._file.read(count)
        entries = content.count(ENTRY) if content.startswith(ENTRY) else 0
        if count > MAX_READ_BYTES or entries > MAX_ENTRIES:
            raise _TooManyError(
                f"A zip of images may hold at most {MAX_ENTRIES:,} files, and {self._title} holds "
                "more: split it"
            )
        return content


def _listing(archive: zipfile.ZipFile) -> Listing:
    listing = Listing()
    for info in sorted(archive.infolist(), key=lambda entry: entry.filename):
        name = cleaned(info.filename)
        if not counts(name) or info.filename.endswith(("/", "\\")):
            continue
        if stat.S_ISLNK(info.external_attr >> 16):
            listing.left_out.append(LeftOut(name, "a link"))
        elif info.flag_bits & ENCRYPTED:
            listing.left_out.append(LeftOut(name, "encrypted"))
        elif info.compress_type not in METHODS:
            listing.left_out.append(LeftOut(name, "neither stored nor deflated"))
        else:
            listing.add(name, info.file_size, _reader(archive, info), _loader(archive, info))
    return listing


def _reader(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        try:
            with archive.open(info) as member:
                return member.read(MAX_FILE_BYTES)
        except Exception as error:  # wrong offsets, sums, streams: whatever such bytes lead to
            raise UnusableError("damaged in the zip") from error

    return read


def _loader(
    archive: zipfile.ZipFile, info: zipfile.ZipInfo
) -> Callable[[], npt.NDArray[np.generic]]:
    def load() -> npt.NDArray[np.generic]:
        try:
            with archive.open(info) as member:
                return read_array(member, info.file_size)
        except UnusableError:
            raise
        except Exception as error:  # wrong offsets, sums, streams: whatever such bytes lead to
            raise UnusableError("damaged in the zip") from error

    return load
