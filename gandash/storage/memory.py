"""How much memory there is for a large piece of work, as far as the system says."""

from __future__ import annotations

import os
from contextlib import suppress
from pathlib import Path

MEMINFO = Path("/proc/meminfo")
GROUP = Path("/sys/fs/cgroup")
PART = 0.8  # of what is free: the rest is for what works with it


def free_bytes() -> int | None:
    """Bytes that can be had without swapping, within the limits of a container; None if the system
    does not say.
    """
    known = [size for size in (_of_system(), _of_container()) if size is not None]
    return min(known, default=None)


def check_room(needed: int, what: str, remedy: str) -> None:
    """``ValueError`` if ``needed`` bytes are more than may be taken of the free ones."""
    free = free_bytes()
    if free is not None and needed > PART * free:
        raise ValueError(
            f"{what} must fit into the free memory, and take {amount(needed)} of {amount(free)}: "
            f"{remedy}"
        )


def _of_system() -> int | None:
    with suppress(OSError, StopIteration, ValueError):
        lines = MEMINFO.read_text().splitlines()
        line = next(line for line in lines if line.startswith("MemAvailable:"))
        return int(line.split()[1]) * 1024
    with suppress(AttributeError, OSError, ValueError):  # not on Windows
        return os.sysconf("SC_PHYS_PAGES") * os.sysconf("SC_PAGE_SIZE")
    return None


def _of_container() -> int | None:
    with suppress(OSError, ValueError):  # no group, or one without a limit ("max")
        limit = int((GROUP / "memory.max").read_text())
        used = int((GROUP / "memory.current").read_text())
        about = dict(line.split() for line in (GROUP / "memory.stat").read_text().splitlines())
        return max(limit - used + int(about.get("inactive_file", 0)), 0)  # caches make room
    return None


def amount(size: int) -> str:
    """Bytes in words: ``1.5 GB``, ``40 MB``."""
    return f"{size / 1e9:,.1f} GB" if size >= 1e8 else f"{size / 1e6:,.0f} MB"
