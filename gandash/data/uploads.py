"""Zips of images that visitors hand in.

Checked, kept under their content's hash, bounded in all.
"""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

from gandash.config import DataConfig
from gandash.data import dataset
from gandash.storage.files import write_whole

MAX_BYTES_IN_ALL = 1_000_000_000
CHECKED_IMAGES = 64


def find(root: Path) -> dict[str, Path]:
    """The kept zips below ``root`` by name."""
    return {path.stem: path for path in sorted(_folder(root).glob("*.zip"))}


def keep(root: Path, filename: str, content: bytes) -> str:
    """Keep a zip of images and return the name it is found under; the same zip is kept once.

    Raises ``ValueError`` in one sentence if there is no room, or if its first images cannot be
    read; nothing is kept then.
    """
    name = f"{_slug(filename)}-{hashlib.sha256(content).hexdigest()[:8]}"
    path = _folder(root) / f"{name}.zip"
    if path.exists():
        return name
    used = sum(other.stat().st_size for other in find(root).values())
    if used + len(content) > MAX_BYTES_IN_ALL:
        raise ValueError(
            f"Uploads may hold {MAX_BYTES_IN_ALL / 1e9:g} GB in all, and {used / 1e9:.2f} GB are "
            "used: "
            "remove old ones from the server's uploads folder"
        )
    write_whole(path, content)
    try:
        dataset.load(DataConfig(dataset=str(path), size=16, limit=CHECKED_IMAGES))
    except ValueError:
        path.unlink()
        raise
    return name


def _folder(root: Path) -> Path:
    return root / "uploads"


def _slug(filename: str) -> str:
    return re.sub(r"[^a-z0-9]+", "-", Path(filename).stem.lower()).strip("-")[:40] or "images"
