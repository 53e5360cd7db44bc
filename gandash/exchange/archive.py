"""A whole run, or a checkpoint, as one zip."""

from __future__ import annotations

import uuid
import zipfile
from pathlib import Path

ALREADY_SMALL = {".safetensors", ".webp", ".png", ".zip"}
LEFT_OUT = {"lock", "owner"}  # who trains it, and whose it is on this server


def write_zip(folder: Path, to: Path) -> int:
    """Write all files of a folder into a zip below the folder's name; returns how many.

    Unpacked into the folder of runs, it is the run again. Links are not followed.
    """
    draft = to.with_name(f".{to.name}-{uuid.uuid4().hex[:8]}")
    files = sorted(path for path in folder.rglob("*") if path.is_file() and not path.is_symlink())
    kept = [path for path in files if path.stem not in LEFT_OUT and path.suffix != ".lock"]
    try:
        with zipfile.ZipFile(draft, "w", zipfile.ZIP_DEFLATED, compresslevel=6) as archive:
            for path in kept:
                method = zipfile.ZIP_STORED if path.suffix in ALREADY_SMALL else None
                name = Path(folder.name) / path.relative_to(folder)
                archive.write(path, str(name), compress_type=method)
        draft.replace(to)
    finally:
        draft.unlink(missing_ok=True)
    return len(kept)
