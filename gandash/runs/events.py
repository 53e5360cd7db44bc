"""What befell a run, and at which step: it was resumed, given more to do, or broke.

One line each, ``step,what``, beside the metrics; runs of earlier versions have none.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass
from pathlib import Path
from typing import Literal, cast, get_args

EVENTS = "events.csv"
MOST = 200  # lines that are read, the last ones
MAX_BYTES = 1_000_000
What = Literal["resumed", "prolonged", "broke", "updated D alone", "updated G alone"]
LINE = re.compile(rf"([0-9]{{1,15}}),({'|'.join(get_args(What))})")


@dataclass(frozen=True)
class Event:
    """Something that befell a run after a step."""

    step: int
    what: What


def note(folder: Path, step: int, what: What) -> None:
    """Add a line; nothing where the last one says the same."""
    before = read_events(folder)
    if before and before[-1] == Event(step, what):
        return
    descriptor = os.open(folder / EVENTS, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        os.write(descriptor, f"{step},{what}\n".encode())
    finally:
        os.close(descriptor)


def read_events(folder: Path) -> list[Event]:
    """What befell a run, in order; lines that say nothing of the kind are passed over."""
    path = folder / EVENTS
    if not path.is_file() or path.stat().st_size > MAX_BYTES:
        return []
    lines = path.read_text(errors="replace").splitlines()[-MOST:]
    found = (LINE.fullmatch(line) for line in lines)
    return [Event(int(it[1]), cast("What", it[2])) for it in found if it]
