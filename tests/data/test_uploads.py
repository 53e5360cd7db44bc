"""Uploads: what is kept, what is refused, and that nothing else is left behind."""

from __future__ import annotations

import struct
import zipfile
from io import BytesIO
from pathlib import Path

import numpy as np
import pytest

from gandash import data
from gandash.config import DataConfig
from gandash.data import doctor, uploads
from tests.data.pictures import RGB, blank, encoded, zipped

PICTURE = encoded(RGB)


@pytest.fixture
def good(image_folder: Path) -> bytes:
    return zipped(
        {
            path.relative_to(image_folder).as_posix(): path.read_bytes()
            for path in image_folder.rglob("*.png")
        }
    )


def seen(root: Path, name: str) -> doctor.Look:
    found = uploads.seen(root, name)
    assert found is not None
    return found


def refusal(root: Path, content: bytes) -> str:
    """The sentence that refuses a zip, of which then nothing is left, as it never was there."""
    with pytest.raises(ValueError, match=r"^.+$") as caught:
        uploads.keep(root, [("mine.zip", content)])
    assert not (root / "uploads").exists()
    sentence = str(caught.value)
    assert str(root) not in sentence
    assert "object at 0x" not in sentence
    return sentence


def test_a_good_zip_is_kept_once_and_can_be_trained_on(tmp_path: Path, good: bytes) -> None:
    kept = uploads.keep(tmp_path, [("My Cats (1).zip", good)])
    assert kept.startswith("my-cats-1-")
    assert seen(tmp_path, kept).note == ""
    before = uploads.find(tmp_path)[kept].stat()
    assert uploads.keep(tmp_path, [("My Cats (1).zip", good)]) == kept
    assert uploads.find(tmp_path)[kept].stat().st_mtime_ns == before.st_mtime_ns
    assert list(uploads.find(tmp_path)) == [kept]
    dataset = data.load(DataConfig(dataset=str(uploads.find(tmp_path)[kept]), size=16))
    assert len(dataset) == 24
    assert dataset.classes == ("left", "right")


def test_what_is_left_out_is_said_as_training_will(tmp_path: Path) -> None:
    """Also beyond the first images, and of damage that no header shows."""
    members = {f"{i:03d}.png": PICTURE for i in range(100)}
    members |= {"090.png": PICTURE[:-60], "x.heic": b"", "cover.txt": b""}
    archive = zipped(members)
    kept = uploads.keep(tmp_path, [("mine.zip", archive)])
    said = seen(tmp_path, kept).note
    assert said == (
        "99 of 102 files are used; left out: '090.png' (damaged), 'cover.txt' (.txt is not "
        "read), 'x.heic' (.heic is not read)."
    )
    path = uploads.find(tmp_path)[kept]
    assert data.load(DataConfig(dataset=str(path), size=16)).note == said


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (b"no zip at all", "'mine.zip' is not a readable zip: make it anew"),
        (zipped({"notes.txt": b"hello"}), "'mine.zip' has 0 (left out: 'notes.txt' (.txt is not"),
        (zipped({"a.png": b"no"}), "'mine.zip' has 0 (left out: 'a.png' (not a picture, or a"),
        (zipped({"a.png": PICTURE}), "'mine.zip' has 1: add some (PNG, "),
        (zipped({"a.png": PICTURE}, zipfile.ZIP_LZMA), "(neither stored nor deflated)"),
        (zipped({"a.png": PICTURE}, zipfile.ZIP_BZIP2), "(neither stored nor deflated)"),
    ],
)
def test_a_bad_zip_is_refused_and_nothing_is_kept(
    tmp_path: Path, content: bytes, reason: str
) -> None:
    assert reason in refusal(tmp_path, content)


def test_wrong_offsets_are_refused(tmp_path: Path) -> None:
    content = bytearray(zipped({"1.png": PICTURE, "2.png": PICTURE}))
    places = [i for i in range(len(content)) if content[i : i + 4] == b"PK\x01\x02"]
    for place in places:
        content[place + 42 : place + 46] = struct.pack("<I", 0x7FFFFFFF)
    sentence = refusal(tmp_path, bytes(content))
    assert "(left out: '1.png' and 1 more (damaged in the zip))" in sentence


@pytest.mark.parametrize("seed", range(40))
def test_any_damage_ends_in_a_sentence_or_a_note(tmp_path: Path, seed: int) -> None:
    import random

    rng = random.Random(seed)
    content = bytearray(zipped({f"{c}/{i}.png": PICTURE for c in "ab" for i in range(2)}))
    for _ in range(rng.choice([1, 3, 30])):
        content[rng.randrange(len(content))] = rng.randrange(256)
    try:
        kept = uploads.keep(tmp_path, [("mine.zip", bytes(content))])
    except ValueError:
        assert not (tmp_path / "uploads").exists()
    else:
        path = uploads.find(tmp_path)[kept]
        assert len(data.load(DataConfig(dataset=str(path), size=16))) >= 2


def test_pictures_of_many_pixels_are_refused_by_their_headers(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """73 kB that would be decoded for minutes each time that they are read."""
    content = zipped(dict.fromkeys([f"{i}.png" for i in range(120)], blank(4096)))
    assert len(content) < 400_000
    monkeypatch.setattr(doctor, "examine", pytest.fail)
    assert refusal(tmp_path, content) == (
        "The images of an uploaded zip may have 2,000 million pixels in all, and those of "
        "'mine.zip' have more: make them smaller, 256 pixels are enough"
    )


def test_an_array_that_unpacks_to_gigabytes_is_not_read(tmp_path: Path) -> None:
    """The header is honest and the zip is small: two gigabytes of zeros."""
    buffer = BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED, compresslevel=1) as archive:
        with archive.open("bomb.npy", "w") as file:
            array = {"descr": "|u1", "fortran_order": False, "shape": (1_100_000, 32, 32)}
            np.lib.format.write_array_header_1_0(file, array)
            for _ in range(110):
                file.write(bytes(10_240_000))
        archive.writestr("a.png", PICTURE)
    assert "'bomb.npy' (arrays of more than 1 GB in all)" in refusal(tmp_path, buffer.getvalue())


def test_files_that_unpack_to_too_much_are_not_unpacked(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_UNPACKED_BYTES", 10_000_000)
    content = zipped({f"{i}.png": bytes(4_000_000) for i in range(3)})
    assert refusal(tmp_path, content) == (
        "The files of an uploaded zip may hold 0.01 GB in all, and those of 'mine.zip' hold more: "
        "upload fewer or smaller images"
    )


def test_uploads_are_bounded_in_all(
    tmp_path: Path, good: bytes, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(uploads, "MAX_BYTES_IN_ALL", len(good) - 1)
    assert "GB in all" in refusal(tmp_path, good)


@pytest.mark.parametrize(
    "filename", ["../../etc/passwd.zip", "...zip", "..zip", "日本語.zip", "a" * 300 + ".zip"]
)
def test_a_hostile_file_name_stays_inside_the_folder(
    tmp_path: Path, good: bytes, filename: str
) -> None:
    name = uploads.keep(tmp_path, [(filename, good)])
    assert uploads.find(tmp_path)[name].parent == tmp_path / "uploads"
