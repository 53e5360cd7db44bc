"""The sample grids that a run keeps: which there are, and whether one can be shown."""

from __future__ import annotations

from pathlib import Path

from PIL import Image

SNAPSHOTS = "snapshots"
LARGEST_SIDE = 4096  # pixels; those of gandash have at most 1024
MAX_BYTES = 20_000_000


def read_snapshots(folder: Path) -> dict[int, Path]:
    """Sample grids of a run or checkpoint folder by step, in order; what else lies there is not
    one.
    """
    named = ((path.stem, path) for path in (folder / SNAPSHOTS).glob("*.webp"))
    grids = {
        int(stem): path
        for stem, path in named
        if stem.isascii() and stem.isdecimal() and len(stem) < 16 and path.is_file()
    }
    return dict(sorted(grids.items()))


def snapshot_size(path: Path) -> tuple[int, int]:
    """Width and height in pixels of a sample grid; ``ValueError`` if it is not whole."""
    try:
        if path.stat().st_size > MAX_BYTES:
            raise ValueError(f"more than {MAX_BYTES:,} bytes")
        with Image.open(path, formats=["WEBP"]) as image:
            if max(image.size) > LARGEST_SIDE:
                raise ValueError(f"{image.width}x{image.height} pixels")
            image.load()
            return image.size
    except (OSError, ValueError, SyntaxError, Image.DecompressionBombError) as error:
        raise ValueError(
            f"The sample grid {path.name} of {path.parent.parent.name!r} is damaged: restore it "
            "from a copy, or move it away"
        ) from error
