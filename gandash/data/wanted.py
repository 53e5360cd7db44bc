"""What is asked of a named dataset, and what it answers."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from gandash.data.framing import Frame

Loaded = tuple[Tensor, Tensor | None, tuple[str, ...]]
"""Samples (N, *shape) as they are kept; labels (N,) int64 and their classes, if there are any."""
Tell = Callable[[str], object]
"""Is told in a few words what is being done."""


@dataclass(frozen=True)
class Wanted:
    """A split, ``train`` or ``test``, of a dataset in a folder, downloaded there if need be.

    Photographs of several sizes are made square as ``frame`` says; all others come as they are.
    """

    folder: Path
    split: str
    frame: Frame
    tell: Tell


def quietly(_doing: str) -> None:
    """Tell nobody."""
