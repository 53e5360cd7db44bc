"""How far a measurement is."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Progress:
    """What is being done, as number ``step`` of ``steps``."""

    doing: str
    step: int
    steps: int
