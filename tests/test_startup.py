"""A process that trains keeps what tensors leave, and its threads sleep while they wait."""

from __future__ import annotations

import os
import platform
import subprocess
import sys

import pytest

from gandash import startup

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
    plain = {name: value for name, value in os.environ.items() if name not in startup.ENVIRONMENT}
    command = [sys.executable, "-c", FAULTS]
    told = subprocess.run(
        command, env={**plain, **startup.ENVIRONMENT}, check=True, capture_output=True
    ).stdout
    assert int(told) < 100  # of three blocks of 10,000 pages


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux starts over")
def test_the_command_line_starts_over_once(monkeypatch: pytest.MonkeyPatch) -> None:
    started: list[tuple[str, list[str], dict[str, str]]] = []
    monkeypatch.setattr(os, "execve", lambda *arguments: started.append(arguments))
    command = ["python", "-X", "utf8", "-m", "gandash", "train", "--epochs", "2"]
    monkeypatch.setattr(sys, "orig_argv", command)
    monkeypatch.delenv("GLIBC_TUNABLES", raising=False)
    monkeypatch.delenv("OMP_WAIT_POLICY", raising=False)
    startup.start_over()
    ((program, arguments, environment),) = started
    assert (program, arguments) == (sys.executable, command)
    assert environment == os.environ | startup.ENVIRONMENT
    monkeypatch.setenv("GLIBC_TUNABLES", "mine")
    monkeypatch.setenv("OMP_WAIT_POLICY", "ACTIVE")
    startup.start_over()
    assert len(started) == 1
