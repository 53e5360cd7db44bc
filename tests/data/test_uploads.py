"""Uploads: what is kept, what is refused, and that nothing else is left behind."""

from __future__ import annotations

import zipfile
from io import BytesIO
from pathlib import Path

import pytest

from gandash import data
from gandash.config import DataConfig
from gandash.data import uploads


def zipped(files: dict[str, bytes]) -> bytes:
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        for name, content in files.items():
            archive.writestr(name, content)
    return buffer.getvalue()


@pytest.fixture
def good(image_folder: Path) -> bytes:
    return zipped(
        {
            path.relative_to(image_folder).as_posix(): path.read_bytes()
            for path in image_folder.rglob("*.png")
        }
    )


def test_a_good_zip_is_kept_once_and_can_be_trained_on(tmp_path: Path, good: bytes) -> None:
    name = uploads.keep(tmp_path, "My Cats (1).zip", good)
    assert name.startswith("my-cats-1-")
    assert uploads.keep(tmp_path, "My Cats (1).zip", good) == name
    assert list(uploads.find(tmp_path)) == [name]
    dataset = data.load(DataConfig(dataset=str(uploads.find(tmp_path)[name]), size=16))
    assert len(dataset) == 24
    assert dataset.classes == ("left", "right")


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no zip at all", "neither"),
        (zipped({"notes.txt": b"hello"}), "none"),
        (zipped({"a.png": b"not a picture"}), "not a readable image"),
    ],
)
def test_a_bad_zip_is_refused_and_nothing_is_kept(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    with pytest.raises(ValueError, match=reason):
        uploads.keep(tmp_path, "bad.zip", content)
    assert not uploads.find(tmp_path)
    assert not list((tmp_path / "uploads").iterdir())


def test_uploads_are_bounded_in_all(
    tmp_path: Path, good: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES_IN_ALL", len(good) - 1)
    with pytest.raises(ValueError, match="GB in all"):
        uploads.keep(tmp_path, "big.zip", good)
    assert not uploads.find(tmp_path)


@pytest.mark.parametrize(
    "filename", ["../../etc/passwd.zip", "..", "", "日本語.zip", "a" * 300 + ".zip"]
)
def test_a_hostile_file_name_stays_inside_the_folder(
    tmp_path: Path, good: bytes, filename: str
) -> None:
    name = uploads.keep(tmp_path, filename, good)
    assert uploads.find(tmp_path)[name].parent == tmp_path / "uploads"
