"""Waiting for processes by what they get done: on a busy machine the clock says nothing."""

from __future__ import annotations

import time
from collections.abc import Callable
from pathlib import Path

from gandash.jobs.supervisor import Supervisor

PATIENCE = 180.0  # seconds in which a process of plain priority has surely got some time


def wait_for(condition: Callable[[], bool], process: Supervisor) -> None:
    """Wait until something is so, as long as a process beside gets on with its work."""
    seen = work_of(process)
    since = time.monotonic()
    while not condition():
        now = work_of(process)
        if now != seen:
            seen = now
            since = time.monotonic()
        assert time.monotonic() - since < PATIENCE, f"It stands still: {log_of(process)}"
        time.sleep(0.02)


def wait_for_end(process: Supervisor) -> None:
    """Wait until the process that was launched last has ended."""
    child = process.child
    assert child is not None
    wait_for(lambda: child.poll() is not None, process)
    assert not process.serves()


def work_of(process: Supervisor) -> tuple[int, str]:
    """The process launched last, and how much of a processor's time it has had."""
    child = process.child
    if child is None or child.poll() is not None:
        return 0, log_of(process)
    try:
        fields = Path(f"/proc/{child.pid}/stat").read_text().rpartition(")")[2].split()
    except OSError:  # another system, or it has just ended
        return child.pid, log_of(process)
    return child.pid, " ".join(fields[11:13])


def log_of(process: Supervisor) -> str:
    return process.log.read_text()[-2000:] if process.log.exists() else ""
