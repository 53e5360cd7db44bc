"""Folders as people have them: links, cycles of links, closed folders, odd names."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from gandash.data import files
from gandash.data.files import cleaned, counts, in_folder
from tests.data.pictures import RGB, encoded, left_out, load, refusal, write_folder


def names(folder: Path) -> list[str]:
    return [file.name for file in in_folder(folder).files]


def test_linked_class_folders_are_seen(tmp_path: Path) -> None:
    elsewhere = write_folder(tmp_path / "elsewhere", {"cats/1.png": b"", "2.png": b""})
    folder = write_folder(tmp_path / "mine", {"dogs/1.png": b""})
    (folder / "cats").symlink_to(elsewhere / "cats", target_is_directory=True)
    (folder / "dogs" / "2.png").symlink_to(elsewhere / "2.png")
    assert names(folder) == ["cats/1.png", "dogs/1.png", "dogs/2.png"]


def test_links_that_lead_back_are_followed_once(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine", {"a/1.png": b"", "b/1.png": b""})
    (folder / "a" / "up").symlink_to(folder, target_is_directory=True)
    (folder / "b" / "self").symlink_to(folder / "b", target_is_directory=True)
    (folder / "b" / "across").symlink_to(folder / "a", target_is_directory=True)
    assert names(folder) == ["a/1.png", "b/1.png", "b/across/1.png"]


def test_a_web_of_links_ends(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Nine folders, each with links to all others: a million ways through them."""
    folder = tmp_path / "mine"
    for name in "abcdefghi":
        (folder / name).mkdir(parents=True)
        for other in "abcdefghi":
            (folder / name / f"to-{other}").symlink_to(folder / other, target_is_directory=True)
    monkeypatch.setattr(files, "MAX_FOLDER_FILES", 10_000)
    assert refusal(folder) == (
        "A folder of images may hold at most 10,000 files, and 'mine' holds more: choose one of "
        "its folders"
    )


def test_a_link_to_nothing_and_a_pipe_are_left_out(tmp_path: Path) -> None:
    folder = write_folder(tmp_path / "mine", {f"{i}.png": encoded(RGB) for i in range(2)})
    (folder / "gone.png").symlink_to(tmp_path / "nowhere")
    (folder / "itself.png").symlink_to(folder / "itself.png")
    os.mkfifo(folder / "pipe.png")
    assert left_out(load(folder)) == {
        "gone.png": "cannot be opened",
        "itself.png": "cannot be opened",
        "pipe.png": "no ordinary file",
    }


def test_files_that_are_too_large_are_not_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    folder = write_folder(tmp_path / "mine", {"1.png": bytes(3_000_000)})
    monkeypatch.setattr(files, "MAX_FILE_BYTES", 2_000_000)
    assert "left out: '1.png' (larger than 2 MB)" in refusal(folder)


def test_the_order_is_that_of_folders_and_names(tmp_path: Path) -> None:
    members = ["b/1.png", "a.png", "a/2.png", "a/10.png", "a-b/1.png"]
    folder = write_folder(tmp_path / "mine", dict.fromkeys(members, b""))
    expected = [path.relative_to(folder).as_posix() for path in sorted(folder.rglob("*.png"))]
    assert names(folder) == expected


@pytest.mark.parametrize(
    ("name", "clean"),
    [
        ("a/b.png", "a/b.png"), ("a\\b\\c.png", "a/b/c.png"), ("../../etc/x.png", "etc/x.png"),
        ("/tmp/x.png", "tmp/x.png"), ("./a//b.png", "a/b.png"), ("\udcff.png", "?.png"),
    ],
)  # fmt: skip
def test_names_are_cleaned(name: str, clean: str) -> None:
    assert cleaned(name) == clean


def test_names_that_count() -> None:
    assert counts("a/b.png")
    for name in ("", ".a/b.png", "a/.b.png", "a/__MACOSX/b.png", "@eaDir/b.png", "Thumbs.db"):
        assert not counts(name)
