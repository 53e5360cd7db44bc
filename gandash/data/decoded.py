"""Large sets decoded once: the tensor is kept in a file named for all that it follows from.

For a zip that is its content, for a folder the names, sizes and times of its files.
"""

from __future__ import annotations

import hashlib
import json
import shutil
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from pathlib import Path

import torch

from gandash.config import DataConfig
from gandash.data.contents import Contents
from gandash.data.files import File
from gandash.data.left_out import LeftOut
from gandash.data.stacking import Stack
from gandash.storage import tensor_cache
from gandash.storage.memory import free_bytes
from gandash.storage.paths import runs_root

FOLDER = ".decoded"
WORTH_SECONDS = 5.0  # of decoding: what takes less is decoded each time
MOST_BYTES = 10_000_000_000
COPIES = 3  # of a tensor that lie in memory while it is written
SPARED = 2.0  # times a tensor's size that must be free on the disk
VERSION = b"1"  # of decoding: another one decodes anew


def stacked(
    location: Path, config: DataConfig, split: str, contents: Contents, make: Callable[[], Stack]
) -> Stack:
    """What ``make`` decodes of the contents, or what it decoded of the same before."""
    files = contents.train if split == "train" else contents.test
    path = tensor_cache.path(
        runs_root(), VERSION, split.encode(), _settings(config), _files(files, contents),
        _content(location), folder=FOLDER,
    )  # fmt: skip
    if (kept := _read(path)) is not None:
        return kept
    began = time.monotonic()
    made = make()
    if time.monotonic() - began > WORTH_SECONDS:
        with suppress(OSError):  # no room: it is decoded each time
            _write(path, made)
    return made


def _settings(config: DataConfig) -> bytes:
    return config.model_dump_json(exclude={"dataset", "flips"}).encode()


def _files(files: Sequence[File], contents: Contents) -> bytes:
    facts = [(it.name, it.size, it.stamp, contents.classes.get(it.group)) for it in files]
    return repr(facts).encode()


def _content(location: Path) -> bytes:
    """The digest of a file; nothing of a folder, whose files have stamps."""
    if location.is_dir():
        return b""
    with location.open("rb") as file:
        return hashlib.file_digest(file, "sha256").digest()


def _read(path: Path) -> Stack | None:
    found = tensor_cache.read(path, ("images", "labels"))
    if found is None:
        return None
    tensors, facts = found
    try:
        classes = tuple(json.loads(facts["classes"]))
        left_out = tuple(LeftOut(*it) for it in json.loads(facts["left_out"]))
    except (KeyError, ValueError, TypeError):
        return None
    labels = tensors["labels"] if classes else None
    return Stack(tensors["images"], labels, classes, left_out)


def _write(path: Path, made: Stack) -> None:
    path.parent.mkdir(parents=True, exist_ok=True)
    size = made.images.numel()
    if size > MOST_BYTES or SPARED * size > shutil.disk_usage(path.parent).free:
        return
    free = free_bytes()
    if free is not None and COPIES * size > free:
        return
    labels = torch.empty(0, dtype=torch.int64) if made.labels is None else made.labels
    facts = {
        "classes": json.dumps(made.classes),
        "left_out": json.dumps([(it.name, it.reason) for it in made.left_out]),
    }
    tensors = {"images": made.images.contiguous(), "labels": labels}
    tensor_cache.write(path, tensors, facts, MOST_BYTES)
