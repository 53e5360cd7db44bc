"""A process that trains keeps what tensors leave."""

from __future__ import annotations

import os
import platform
import subprocess
import sys
from pathlib import Path

import pytest

from gandash import malloc
from gandash.jobs import process
from gandash.storage.paths import PROJECT

FAULTS = """
import resource
seen = []
for _ in range(4):
    block = b"x" * 40_000_000
    del block
    seen.append(resource.getrusage(resource.RUSAGE_SELF).ru_minflt)
print(seen[-1] - seen[0])
"""
GLIBC = (
    tuple(map(int, platform.libc_ver()[1].split("."))) if platform.libc_ver()[0] == "glibc" else ()
)


@pytest.mark.skipif(GLIBC < (2, 35), reason="the settings are for glibc from 2.35 on")
def test_what_is_freed_is_not_cleared_again() -> None:
    plain = {name: value for name, value in os.environ.items() if name not in malloc.ENVIRONMENT}
    command = [sys.executable, "-c", FAULTS]
    told = subprocess.run(
        command, env={**plain, **malloc.ENVIRONMENT}, check=True, capture_output=True
    ).stdout
    assert int(told) < 100  # of three blocks of 10,000 pages


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux starts over")
def test_the_command_line_starts_over_once(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda *arguments: started.append(arguments))
    command = ["python", "-X", "utf8", "-m", "gandash", "train", "--epochs", "2"]
    monkeypatch.setattr(sys, "orig_argv", command)
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    malloc.start_over()
    ((program, arguments, environment),) = started
    assert (program, arguments) == (sys.executable, command)
    assert environment == os.environ | malloc.ENVIRONMENT
    monkeypatch.setenv("GLIBC_TUNABLES", "mine")
    malloc.start_over()
    assert len(started) == 1


def test_processes_beside_the_server_have_the_settings_too(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    (tmp_path / "told.py").write_text("import os; print(os.environ['GLIBC_TUNABLES'])")
    monkeypatch.setenv("PYTHONPATH", f"{tmp_path}{os.pathsep}{PROJECT}")
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    process.launch("told", tmp_path / "log").wait(60)
    assert (tmp_path / "log").read_text().strip() == malloc.ENVIRONMENT["GLIBC_TUNABLES"]
