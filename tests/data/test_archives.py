"""Zips, hostile until checked: nothing leaves them, and what cannot be read says so."""

from __future__ import annotations

import stat
import struct
import zipfile
from pathlib import Path

import pytest

from gandash.data import archives
from gandash.data.archives import in_zip
from tests.data.pictures import RGB, encoded, left_out, load, refusal, write_zip, zipped

PICTURE = encoded(RGB)


def with_good(path: Path, name: str, content: bytes = PICTURE) -> Path:
    """A zip of two good pictures and a third, stored as it is."""
    with zipfile.ZipFile(path, "w") as archive:
        for member in ("1.png", "2.png"):
            archive.writestr(member, PICTURE)
        archive.writestr(name, content)
    return path


def changed(path: Path, name: str, *, local: int | None, central: int, value: bytes) -> Path:
    """The zip with ``value`` written into both headers of a member, at these offsets."""
    raw = bytearray(path.read_bytes())
    with zipfile.ZipFile(path) as archive:
        start = archive.getinfo(name).header_offset
    directory = raw.index(name.encode(), raw.index(b"PK\x01\x02")) - 46
    if local is not None:
        raw[start + local : start + local + len(value)] = value
    raw[directory + central : directory + central + len(value)] = value
    path.write_bytes(raw)
    return path


def test_an_encrypted_member_is_left_out(tmp_path: Path) -> None:
    path = with_good(tmp_path / "mine.zip", "secret.png")
    changed(path, "secret.png", local=6, central=8, value=b"\1\0")
    assert left_out(load(path)) == {"secret.png": "encrypted"}


@pytest.mark.parametrize("method", [zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA])
def test_other_compressions_are_left_out(tmp_path: Path, method: int) -> None:
    """A decoder of LZMA takes as much memory as the file asks for."""
    path = tmp_path / "mine.zip"
    path.write_bytes(zipped({"1.png": PICTURE, "2.png": PICTURE}, method))
    assert "left out: '1.png' and 1 more (neither stored nor deflated)" in refusal(path)


def test_a_wrong_offset_is_left_out(tmp_path: Path) -> None:
    path = with_good(tmp_path / "mine.zip", "astray.png")
    behind_all = path.stat().st_size - 40  # where it overlaps with none: newer zipfiles look
    changed(path, "astray.png", local=None, central=42, value=struct.pack("<I", behind_all))
    assert left_out(load(path)) == {"astray.png": "damaged in the zip"}


def test_a_member_that_lies_about_its_size_is_left_out(tmp_path: Path) -> None:
    path = with_good(tmp_path / "mine.zip", "lie.png", PICTURE + bytes(100_000))
    changed(path, "lie.png", local=22, central=24, value=struct.pack("<I", 100))
    assert left_out(load(path)) == {"lie.png": "damaged in the zip"}


def test_an_oversized_member_is_not_read(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = with_good(tmp_path / "mine.zip", "big.png", bytes(3_000_000))
    monkeypatch.setattr("gandash.data.files.MAX_FILE_BYTES", 2_000_000)
    assert left_out(load(path)) == {"big.png": "larger than 2 MB"}


def test_a_link_in_a_zip_is_left_out(tmp_path: Path) -> None:
    path = tmp_path / "mine.zip"
    with zipfile.ZipFile(path, "w") as archive:
        for name in ("1.png", "2.png"):
            archive.writestr(name, PICTURE)
        link = zipfile.ZipInfo("passwd.png")
        link.external_attr = (stat.S_IFLNK | 0o777) << 16
        archive.writestr(link, "/etc/passwd")
    assert left_out(load(path)) == {"passwd.png": "a link"}


def test_names_that_climb_out_of_a_zip_write_nothing(tmp_path: Path) -> None:
    inside = tmp_path / "inside"
    inside.mkdir()
    names = ["../evil.png", "/tmp/gandash-evil.png", "..\\evil.png", "a/../../evil.png"]
    path = write_zip(inside / "mine.zip", dict.fromkeys(names, PICTURE))
    before = sorted(tmp_path.rglob("*"))
    dataset = load(path)
    assert (dataset.classes, len(dataset), len(dataset.left_out)) == (("a", "tmp"), 2, 2)
    assert sorted(tmp_path.rglob("*")) == before
    assert not Path("/tmp/gandash-evil.png").exists()


@pytest.mark.parametrize("end", [10, 200, -30])
def test_a_truncated_zip_is_refused(tmp_path: Path, end: int) -> None:
    path = write_zip(tmp_path / "mine.zip", {"1.png": PICTURE, "2.png": PICTURE})
    content = path.read_bytes()[:end]
    with (
        pytest.raises(ValueError, match=r"^'x.zip' is not a readable zip: make it anew$"),
        in_zip(content, "'x.zip'"),
    ):
        pass


def test_too_many_entries_are_refused_before_they_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    members = {f"{i}.png": b"" for i in range(101)}
    path = write_zip(tmp_path / "mine.zip", members)
    made = []
    monkeypatch.setattr(archives, "MAX_ENTRIES", 100)
    monkeypatch.setattr(zipfile, "ZipInfo", lambda *args: made.append(args))
    assert refusal(path) == (
        "A zip of images may hold at most 100 files, and 'mine.zip' holds more: split it"
    )
    assert not made


def test_as_many_entries_as_allowed_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(archives, "MAX_ENTRIES", 100)
    members = {f"{i}.png": PICTURE for i in range(100)}
    assert len(load(write_zip(tmp_path / "mine.zip", members))) == 100
