"""The doctor for data: what it counts, what it finds alike, and what it says of it."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image

from gandash.data import doctor
from gandash.data.diagnosis import findings
from tests.data.pictures import GRAY, RGB, RNG, encoded, png, write_folder, write_zip


def picture(width: int, height: int) -> bytes:
    return encoded(RNG.integers(0, 256, (height, width, 3), dtype=np.uint8))


def test_everything_is_counted(tmp_path: Path) -> None:
    clear = np.full((20, 20, 4), 255, np.uint8)
    clear[:5, :, 3] = 0
    opaque = np.full((20, 20, 4), 9, np.uint8)
    opaque[..., 3] = 255
    twice = picture(30, 20)
    members = {
        "a/1.png": twice,
        "a/2.png": picture(40, 20),
        "a/3.png": encoded(GRAY),
        "b/1.png": png(clear),
        "b/2.png": png(opaque),
        "b/copy.png": twice,
        "b/broken.png": b"no picture",
        "notes.txt": b"",
    }
    told: list[tuple[int, int]] = []
    look = doctor.look(
        write_zip(tmp_path / "mine.zip", members), "mine.zip", lambda *it: told.append(it)
    )
    assert (look.images, look.unused, look.held_out) == (6, 2, 0)
    assert dict(look.left_out) == {
        "b/broken.png": "not a picture, or a damaged one",
        "notes.txt": ".txt is not read",
    }
    assert look.note.startswith("6 of 8 files are used; left out: 'b/broken.png'")
    assert (look.classes, look.class_count, look.class_sizes) == ({"a": 3, "b": 3}, 2, (3, 3))
    assert look.sides == (16, 20, 20)
    assert look.common in {(30, 20), (20, 20)}
    assert look.common_share == pytest.approx(2 / 6)
    assert look.crop == pytest.approx((1 / 3 + 1 / 2 + 1 / 3) / 6)
    assert look.crop_most == 0.5
    assert (look.gray, look.transparent, look.channels) == (3, 1, 3)
    assert look.copies == 1
    assert [(it.one, it.other) for it in look.pairs if it.same] == [("a/1.png", "b/copy.png")]
    assert told[-1] == (7, 7)


def test_a_camera_held_upright_swaps_the_sides(tmp_path: Path) -> None:
    exif = Image.Exif()
    exif[0x0112] = 6
    for number in range(2):
        Image.fromarray(RNG.integers(0, 256, (20, 60, 3), dtype=np.uint8)).save(
            tmp_path / f"{number}.jpg", exif=exif
        )
    assert doctor.look(tmp_path, "mine").common == (20, 60)


def test_nearly_alike_is_told_from_different(tmp_path: Path) -> None:
    """The same picture stored again as JPEG or a little lighter is; other noise is not."""
    smooth = np.asarray(Image.fromarray(RGB).resize((64, 64)))
    other = np.asarray(Image.fromarray(RGB[::-1]).resize((64, 64)))
    lighter = np.clip(smooth.astype(int) + 2, 0, 255).astype(np.uint8)
    members = {
        "1.png": encoded(smooth),
        "2.jpg": encoded(smooth, "JPEG"),
        "3.png": encoded(lighter),
        "4.png": encoded(other),
    }
    look = doctor.look(write_folder(tmp_path / "mine", members), "mine")
    assert {it.other for it in look.pairs} == {"2.jpg", "3.png"}
    assert (look.copies, look.near, look.compared) == (0, 2, 4)


def test_many_are_compared_among_a_draw(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "MOST_COMPARED", 4)
    monkeypatch.setattr(doctor, "CHUNK", 3)
    members = {f"{c}/{i}.png": picture(16, 16) for c in "ab" for i in range(5)}
    look = doctor.look(write_folder(tmp_path / "mine", members), "mine")
    assert (look.compared, look.near) == (4, 0)
    assert "Each was compared with the others among 4 drawn." in said(look)


def said(look: doctor.Look, size: int = 16) -> str:
    return " ".join(f"{it.title}: {it.text}" for it in findings(look, size))


def minded(look: doctor.Look, size: int = 16) -> str:
    return " ".join(it.title for it in findings(look, size) if it.minded)


def test_what_is_to_be_minded(tmp_path: Path) -> None:
    members = {f"a/{i}.png": picture(40, 20) for i in range(6)}
    members |= {"b/1.png": picture(40, 20), "test/1.png": picture(40, 20)}
    look = doctor.look(write_folder(tmp_path / "mine", members), "mine")
    assert look.uneven
    assert minded(look) == (
        "A crop loses 50% of a picture 3 classes of 1 to 6 pictures Few: fewer than 1,000"
    )
    assert "the largest has 6.0 times" in said(look)
    assert "The smallest are enlarged to 32" in said(look, 32)
    assert minded(look, 32).startswith("All are 40×20 pixels")


def test_gray_ones_held_out_ones_and_names_of_any_length(tmp_path: Path) -> None:
    members = {f"train/{i}{'x' * 300}.png": encoded(GRAY + i) for i in range(2)}
    members |= {"test/1.png": encoded(GRAY), "test/y.bin": b""}
    look = doctor.look(write_zip(tmp_path / "mine.zip", members), "mine.zip")
    assert (look.images, look.held_out, look.channels) == (2, 1, 1)
    assert "1 held out" in said(look)
    assert "Gray: One channel is trained." in said(look)
    assert all(len(it.other) <= doctor.LONGEST_NAME for it in look.pairs)


@pytest.mark.parametrize("content", [None, b"no zip"])
def test_what_is_no_data_is_refused(tmp_path: Path, content: bytes | None) -> None:
    place = tmp_path / "mine.txt"
    if content is not None:
        place.write_bytes(content)
    with pytest.raises(
        ValueError, match=r"^'mine.txt' must be a folder, a zip or an array .*path$"
    ):
        doctor.look(place, "mine.txt")
