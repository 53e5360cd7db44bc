"""Files that are no part of the data, and how that is told."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

MOST_REASONS = 3
LONGEST_NAME = 60


class UnusableError(ValueError):
    """A file cannot be used; the message is the reason in a few words."""


@dataclass(frozen=True)
class LeftOut:
    """A file that is not used, and the reason in a few words, such as ``damaged``."""

    name: str
    reason: str


def told(files: Iterable[LeftOut]) -> str:
    """Which files are left out and why, grouped by reason: ``'a.heic' and 2 more (.heic …)``."""
    by_reason: dict[str, list[str]] = {}
    for file in files:
        by_reason.setdefault(file.reason, []).append(file.name)
    groups = [_group(names, reason) for reason, names in by_reason.items()]
    rest = sum(len(names) for names in list(by_reason.values())[MOST_REASONS:])
    return ", ".join([*groups[:MOST_REASONS], *([f"{rest:,} more"] if rest else [])])


def note(used: int, files: Sequence[LeftOut], count: int | None = None) -> str:
    """How many files are used and which are not, in a sentence; empty if all are.

    ``count`` is how many are not, where ``files`` are only the first of them.
    """
    if not files:
        return ""
    unused = len(files) if count is None else count
    more = f", and {unused - len(files):,} more" if unused > len(files) else ""
    return f"{used:,} of {used + unused:,} files are used; left out: {told(files)}{more}."


def _group(names: Sequence[str], reason: str) -> str:
    shown = names[0] if len(names[0]) <= LONGEST_NAME else f"…{names[0][1 - LONGEST_NAME :]}"
    more = f" and {len(names) - 1:,} more" if len(names) > 1 else ""
    return f"{shown!r}{more} ({reason})"
