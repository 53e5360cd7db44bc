"""write_whole: all of the new content or all of the old."""

from __future__ import annotations

import errno
import os
from pathlib import Path

import pytest

from gandash.storage.files import MOST_BYTES, read_facts, write_whole


def disk_full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def test_writes_makes_folders_and_replaces(tmp_path: Path) -> None:
    path = tmp_path / "a" / "b" / "file.bin"
    write_whole(path, b"old")
    write_whole(path, b"")
    assert path.read_bytes() == b""
    write_whole(path, b"\x00new")
    assert path.read_bytes() == b"\x00new"
    assert [p.name for p in path.parent.iterdir()] == ["file.bin"]
    assert path.stat().st_mode & 0o777 == 0o644


@pytest.mark.parametrize("failing", ["os.fsync", "pathlib.Path.replace", "pathlib.Path.chmod"])
def test_a_failure_leaves_the_old_content_and_nothing_else(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, failing: str
) -> None:
    path = tmp_path / "file.bin"
    write_whole(path, b"old")
    with monkeypatch.context() as patched:
        patched.setattr(failing, disk_full)
        with pytest.raises(OSError, match="No space left"):
            write_whole(path, b"new")
    assert path.read_bytes() == b"old"
    assert [p.name for p in tmp_path.iterdir()] == ["file.bin"]


def test_even_an_interruption_leaves_no_temporary_file(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def interrupt(*_: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr("os.fsync", interrupt)
    with pytest.raises(KeyboardInterrupt):
        write_whole(tmp_path / "new.bin", b"new")
    assert list(tmp_path.iterdir()) == []


def test_bytes_are_on_disk_before_the_name_is(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """At the moment of the fsync all content stands in a temporary file beside the old one."""
    seen: list[dict[str, bytes]] = []
    monkeypatch.setattr(
        "os.fsync", lambda _: seen.append({p.name: p.read_bytes() for p in tmp_path.iterdir()})
    )
    write_whole(tmp_path / "file.bin", b"content")
    (files,) = seen
    assert list(files.values()) == [b"content"]
    assert "file.bin" not in files


def test_facts_are_read_up_to_a_bound(tmp_path: Path) -> None:
    path = tmp_path / "facts.json"
    path.write_bytes(b" " * MOST_BYTES)
    assert len(read_facts(path)) == MOST_BYTES
    path.write_bytes(b" " * (MOST_BYTES + 1))
    with pytest.raises(OSError, match="holds 1,000,001 bytes, more than 1,000,000"):
        read_facts(path)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="pipes of this kind are not there")
def test_a_pipe_in_place_of_facts_is_not_waited_for(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "pipe.json")
    for other in (tmp_path / "pipe.json", tmp_path):
        with pytest.raises(OSError, match="It is not a file"):
            read_facts(other)
