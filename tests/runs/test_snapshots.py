"""Sample grids as files: what is none is left out, what is damaged is told."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gandash.pictures.raster import encode
from gandash.runs import read_snapshots, snapshot_size


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A run's folder with three grids and much beside them."""
    grids = tmp_path / "mine" / "snapshots"
    grids.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for step in (0, 5, 1_000_000_000):
        pixels = rng.integers(0, 255, (32, 64), dtype=np.uint8)
        (grids / f"{step:08d}.webp").write_bytes(encode(pixels))
    for name in ("²³.webp", "٣.webp", "-5.webp", "5.png", ".webp", "1e3.webp", "9" * 20 + ".webp"):
        (grids / name).write_bytes(b"")
    (grids / "00000007.webp").mkdir()
    return tmp_path / "mine"


def test_grids_are_found_by_step_in_order(folder: Path) -> None:
    assert list(read_snapshots(folder)) == [0, 5, 1_000_000_000]
    assert read_snapshots(folder / "nowhere") == {}
    assert {snapshot_size(path) for path in read_snapshots(folder).values()} == {(64, 32)}


def empty(path: Path) -> None:
    path.write_bytes(b"")


def half(path: Path) -> None:
    path.write_bytes(path.read_bytes()[: path.stat().st_size // 2])


def garbage(path: Path) -> None:
    path.write_bytes(bytes(range(256)) * 4)


def another_format(path: Path) -> None:
    Image.new("L", (8, 8)).save(path, "PNG")


def too_large(path: Path) -> None:
    Image.new("L", (5000, 8)).save(path, "WEBP")


def too_long(path: Path) -> None:
    with path.open("r+b") as file:
        file.truncate(30_000_000)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def gone(path: Path) -> None:
    path.unlink()


@pytest.mark.parametrize(
    "damage", [empty, half, garbage, another_format, too_large, too_long, a_folder, gone]
)
def test_a_damaged_grid_is_one_sentence(folder: Path, damage: Callable[[Path], None]) -> None:
    path = read_snapshots(folder)[5]
    damage(path)
    with pytest.raises(ValueError, match=r"^.+$") as caught:
        snapshot_size(path)
    assert str(caught.value) == (
        "The sample grid 00000005.webp of 'mine' is damaged: restore it from a copy, or move it "
        "away"
    )
