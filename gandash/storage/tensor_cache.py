"""Tensors that take long to compute, kept in files.

A bounded number of them in one folder, the oldest make room.
"""

from __future__ import annotations

import contextlib
import hashlib
from collections.abc import Iterable, Mapping
from pathlib import Path

from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_safetensors
from torch import Tensor

from gandash.storage.files import write_whole

FOLDER = ".features"
MOST_FILES = 24  # of less than 1 MB, and four named datasets' training images of 2 to 31 MB


def path(root: Path, *parts: bytes, folder: str = FOLDER) -> Path:
    """Where that is kept which follows from ``parts`` alone.

    Named for them, in a folder of the root of runs.
    """
    digests = (hashlib.sha256(part).digest() for part in parts)
    return root / folder / f"{hashlib.sha256(b''.join(digests)).hexdigest()[:16]}.safetensors"


def read(file: Path, names: Iterable[str]) -> tuple[dict[str, Tensor], dict[str, str]] | None:
    """Tensors by name and the facts beside them.

    None if they are not there or damaged, and have to be made (anew).
    """
    try:
        with safe_open(file, framework="pt") as opened:
            return {name: opened.get_tensor(name) for name in names}, opened.metadata() or {}
    except (SafetensorError, OSError):
        return None


def write(
    file: Path,
    tensors: Mapping[str, Tensor],
    facts: Mapping[str, str],
    most_bytes: float = float("inf"),
) -> None:
    """Keep tensors and what is to be known of them; ``OSError`` if there is no room.

    The oldest beside them make room, until there are at most ``MOST_FILES`` of ``most_bytes``.
    """
    write_whole(file, save_safetensors(dict(tensors), metadata=dict(facts)))
    kept = sorted(file.parent.glob("*.safetensors"), key=lambda it: it.stat().st_mtime)[::-1]
    total = 0
    for number, old in enumerate(kept):
        with contextlib.suppress(FileNotFoundError):  # another process may make room too
            total += old.stat().st_size
            if old != file and (number >= MOST_FILES or total > most_bytes):
                old.unlink()
