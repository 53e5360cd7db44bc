"""Files written whole or not at all, and on disk before what is built on them."""

from __future__ import annotations

import errno
import os
import tempfile
import time
from contextlib import suppress
from pathlib import Path
from stat import S_ISREG

MOST_BYTES = 1_000_000  # of a file of facts, a hundred times what one holds
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


def read_facts(path: Path) -> bytes:
    """The bytes of a small file of facts, at most ``MOST_BYTES`` of them.

    ``OSError`` if there are more, or it is no file; a pipe is not waited for.
    """
    about = path.stat()
    if not S_ISREG(about.st_mode):
        raise OSError(errno.EINVAL, "It is not a file", str(path))
    if about.st_size > MOST_BYTES:
        sizes = f"It holds {about.st_size:,} bytes, more than {MOST_BYTES:,}"
        raise OSError(errno.EFBIG, sizes, str(path))
    return path.read_bytes()


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
