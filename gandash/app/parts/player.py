"""The player of recordings, one component: it runs in the visitor's browser."""

from __future__ import annotations

from collections.abc import Sequence
from typing import NamedTuple

from gandash.app import recordings
from gandash.app.parts.in_browser import in_browser


class Shown(NamedTuple):
    """A recording, by its URL, and what it is called above it."""

    title: str
    url: str


def of_preset(name: str) -> Shown:
    """A recording that ships."""
    return Shown(name, recordings.of_preset(name))


def player(sides: Sequence[Shown], *, key: str, parameter: str, frames: int | None = None) -> None:
    """Show one or two runs on points under one cursor; only their first ``frames`` if given.

    ``?{parameter}step=`` is the frame and ``?{parameter}shown=`` what is shown.
    """
    if sides:
        in_browser(
            "player",
            "playground/player.js",
            "mountPlayer",
            "playground/player.css",
            {
                "sides": [side._asdict() for side in sides],
                "parameter": parameter,
                "frames": frames,
            },
            key=key,
        )
