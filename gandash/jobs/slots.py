"""Slots: how many runs of the queue train at a time on this machine, and what each has of it.

One for each GPU, or one; ``GANDASH_SLOTS`` says another number. Slots share the GPUs in turn and
the processor's cores evenly.
"""

from __future__ import annotations

import os
import re
from pathlib import Path

SLOTS = "GANDASH_SLOTS"
MOST = 16
VISIBLE = "CUDA_VISIBLE_DEVICES"
DEVICES = Path("/dev")
GPU = re.compile(r"nvidia\d+")


def count() -> int:
    """How many runs train at a time; ``ValueError`` if ``GANDASH_SLOTS`` is no such number."""
    asked = os.environ.get(SLOTS)
    if not asked:
        return min(max(len(gpus()), 1), MOST)
    if not asked.isdecimal() or not 1 <= int(asked) <= MOST:
        raise ValueError(
            f"{SLOTS} must be a whole number from 1 to {MOST}, and it is {asked!r}: say how many "
            "runs shall train at a time, or leave it out"
        )
    return int(asked)


def gpus() -> list[str]:
    """The GPUs that programs started here may use, as CUDA calls them. Needs no torch; Linux only,
    elsewhere none is known.
    """
    visible = os.environ.get(VISIBLE)
    if visible is not None:
        return [name.strip() for name in visible.split(",") if name.strip()]
    if not DEVICES.is_dir():
        return []
    count_of_gpus = sum(bool(GPU.fullmatch(path.name)) for path in DEVICES.iterdir())
    return [str(number) for number in range(count_of_gpus)]


def environment(slot: int) -> dict[str, str]:
    """What the process of a slot finds in its environment beside all else: where there are several
    GPUs its own alone, and how many slots there are, which it cannot tell from that one.
    """
    devices = gpus()
    if len(devices) < 2:
        return {}
    return {VISIBLE: devices[slot % len(devices)], SLOTS: str(count())}


def threads() -> int:
    """How many threads a run of the queue trains on, one at least."""
    return max((os.cpu_count() or 1) // count(), 1)
