"""Files written whole or not at all, and on disk before what is built on them."""

from __future__ import annotations

import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path

RANDOM_LETTERS = 8  # of a temporary file's name, as the tempfile module draws them


def write_whole(path: Path, content: bytes) -> None:
    """Write ``content`` so that ``path`` has either all of it or what it had before.

    The bytes go to a temporary file beside ``path``, are flushed to disk and renamed over it;
    on failure (a full disk, say) the temporary file is removed and the ``OSError`` passed on.
    """
    path.parent.mkdir(parents=True, exist_ok=True)
    handle, temporary = tempfile.mkstemp(prefix=f".{path.name}.", dir=path.parent)
    try:
        with os.fdopen(handle, "wb") as file:
            file.write(content)
            file.flush()
            os.fsync(file.fileno())
        Path(temporary).chmod(0o644)
        Path(temporary).replace(path)
    except BaseException:
        Path(temporary).unlink(missing_ok=True)
        raise


def remove_leftovers(path: Path, seconds: float = 0.0) -> None:
    """Remove the temporary files of writes of ``path`` whose process was killed.

    A write that is under way would lose its file: where ``path`` has several writers, only those
    older than some ``seconds``, by which any write has ended.
    """
    for temporary in path.parent.glob(f".{path.name}.{'?' * RANDOM_LETTERS}"):
        with suppress(FileNotFoundError):
            if time.time() - temporary.stat().st_mtime >= seconds:
                temporary.unlink()


def flush(path: Path) -> None:
    """Have a file's content, or a folder's names, on disk when this returns.

    A path that is not there is passed over, and so are folders where the system cannot.
    """
    if not path.exists() or (os.name == "nt" and path.is_dir()):
        return
    descriptor = os.open(path, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)
