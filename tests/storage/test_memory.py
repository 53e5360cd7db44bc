"""Free memory: what the system and its container say, and what is refused for want of it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gandash.storage import memory


def test_the_tighter_of_system_and_container_counts(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(memory, "MEMINFO", tmp_path / "meminfo")
    monkeypatch.setattr(memory, "GROUP", tmp_path)
    (tmp_path / "meminfo").write_text("MemTotal: 9 kB\nMemAvailable:    5000 kB\n")
    assert memory.free_bytes() == 5000 * 1024
    (tmp_path / "memory.max").write_text("max\n")
    assert memory.free_bytes() == 5000 * 1024
    (tmp_path / "memory.max").write_text("3000\n")
    (tmp_path / "memory.current").write_text("2500\n")
    (tmp_path / "memory.stat").write_text("anon 1\ninactive_file 400\n")
    assert memory.free_bytes() == 900


def test_what_does_not_fit_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(memory, "free_bytes", lambda: 10**10)
    memory.check_room(8 * 10**9, "It", "take less")
    with pytest.raises(
        ValueError, match=r"^It must fit .* and take 8\.1 GB of 10\.0 GB: take less$"
    ):
        memory.check_room(81 * 10**8, "It", "take less")
    monkeypatch.setattr(memory, "free_bytes", lambda: None)
    memory.check_room(10**15, "It", "take less")


def test_this_machine_says_something() -> None:
    free = memory.free_bytes()
    assert free is None or free > 10**6
