"""Locks that the system releases whatever their process dies of."""

from __future__ import annotations

from pathlib import Path

from filelock import FileLock, Timeout


def is_held(lock: Path) -> bool:
    """Whether a living process holds a lock file.

    A lock that was never taken is not made by looking.
    """
    if not lock.is_file():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True
