"""Large sets are decoded once, and anew as soon as anything that matters is another."""

from __future__ import annotations

import os
from pathlib import Path

import pytest
import torch

from gandash.data import decoded, stacking
from tests.data.pictures import RGB, WRITERS, Writer, encoded, load, write_zip

MEMBERS = {
    "a/1.png": encoded(RGB),
    "b/1.png": encoded(RGB[::-1]),
    "b/2.png": encoded(RGB[:, ::-1]),
    "b/x.png": b"no picture",
}


@pytest.fixture(autouse=True)
def worth_it(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(decoded, "WORTH_SECONDS", -1.0)


def forbid(monkeypatch: pytest.MonkeyPatch) -> None:
    def fail(*_: object) -> None:
        raise AssertionError("it was decoded again")

    monkeypatch.setattr(stacking, "decode", fail)


@WRITERS
def test_the_same_set_is_decoded_once(
    tmp_path: Path, runs_root: Path, write: Writer, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = write(tmp_path / "mine", MEMBERS)
    first = load(path)
    forbid(monkeypatch)
    again = load(path, flips=True)
    assert torch.equal(again.images, first.images)
    assert first.labels is not None
    assert again.labels is not None
    assert torch.equal(again.labels, first.labels)
    assert (again.classes, again.left_out) == (first.classes, first.left_out)
    assert again.fingerprint == first.fingerprint
    for settings in ({"size": 32}, {"color": "gray"}, {"framing": "fit"}, {"limit": 2}):
        with pytest.raises(AssertionError, match="again"):
            load(path, **settings)


@WRITERS
def test_other_pictures_are_decoded_anew(tmp_path: Path, runs_root: Path, write: Writer) -> None:
    first = load(write(tmp_path / "mine", MEMBERS))
    changed = write(tmp_path / "mine", MEMBERS | {"a/1.png": encoded(RGB[::-1, ::-1])})
    if changed.is_dir():
        os.utime(changed / "a/1.png", ns=(1, 1))  # however coarse the clock of the disk is
    assert not torch.equal(load(changed).images, first.images)


def test_a_damaged_file_is_made_anew(tmp_path: Path, runs_root: Path) -> None:
    path = write_zip(tmp_path / "mine.zip", MEMBERS)
    first = load(path)
    (kept,) = (runs_root / decoded.FOLDER).glob("*.safetensors")
    kept.write_bytes(kept.read_bytes()[:100])
    assert torch.equal(load(path).images, first.images)
    assert kept.stat().st_size > 100


def test_what_is_kept_is_bounded(
    tmp_path: Path, runs_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoded, "MOST_BYTES", 10_000)
    for number in range(5):
        members = MEMBERS | {"a/1.png": encoded(RGB + number)}
        load(write_zip(tmp_path / f"{number}.zip", members))
    kept = list((runs_root / decoded.FOLDER).glob("*.safetensors"))
    assert sum(path.stat().st_size for path in kept) <= 10_000
    assert len(kept) > 1
    load(write_zip(tmp_path / "large.zip", MEMBERS), size=128)
    assert {path.name for path in kept} == {
        path.name for path in (runs_root / decoded.FOLDER).glob("*.safetensors")
    }, "it alone would be more"


def test_without_room_it_is_decoded_each_time(
    tmp_path: Path, runs_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def full(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(decoded.tensor_cache, "write", full)
    path = write_zip(tmp_path / "mine.zip", MEMBERS)
    assert torch.equal(load(path).images, load(path).images)


def test_what_is_decoded_in_no_time_is_not_kept(
    tmp_path: Path, runs_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoded, "WORTH_SECONDS", 60.0)
    load(write_zip(tmp_path / "mine.zip", MEMBERS))
    assert not (runs_root / decoded.FOLDER).exists()


def test_without_memory_for_copies_it_is_not_kept(
    tmp_path: Path, runs_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(decoded, "free_bytes", lambda: 3 * 3 * 16 * 16 * 3 - 1)
    load(write_zip(tmp_path / "mine.zip", MEMBERS))
    assert not list((runs_root / decoded.FOLDER).glob("*"))
