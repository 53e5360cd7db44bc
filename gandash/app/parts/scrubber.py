"""Frames that follow the pointer in the browser, without a message to the server while they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from gandash.app.parts import links

COMPONENTS = Path(__file__).parents[1] / "components"


@dataclass(frozen=True)
class Track:
    """One picture that changes along the path: each frame is (image, left, top) in ``images``, in
    pixels.

    ``crisp`` keeps pixels square where the picture is enlarged: for images, not for pictures of
    points.
    """

    label: str
    images: Sequence[str]
    frames: Sequence[tuple[int, int, int]]
    width: int
    height: int
    crisp: bool = True


@dataclass(frozen=True)
class Cursor:
    """Lines that follow the position over plotly charts, by their keys; the pointer over a chart
    moves the position.

    ``places`` has for each position the values on the charts' x axis that are to be marked, with
    their colors.
    """

    charts: Sequence[str] = ()
    places: Sequence[Sequence[tuple[float, str]]] = ()


@cache
def _source(name: str) -> str:
    return (COMPONENTS / name).read_text()


def scrubber(
    tracks: Sequence[Track],
    labels: Sequence[str],
    *,
    key: str,
    label: str,
    hint: str = "",
    frame_width: int = 420,
    per_row: int = 4,
    default: int = 0,
    cursor: Cursor | None = None,
) -> None:
    """Show ``tracks`` in step, one frame a label.

    ``?{key}=N`` in the URL is the position to start from, else ``default``; the browser keeps it
    at the position that is shown, without a message to the server.
    Frames are at most ``frame_width`` CSS pixels wide, ``per_row`` in a row.
    """
    component = st.components.v2.component(
        "gandash_scrubber",
        html=_source("scrubber.html"),
        css=_source("scrubber.css"),
        js=_source("cursor.js") + _source("scrubber.js"),
    )
    data: dict[str, Any] = {
        "tracks": [asdict(track) for track in tracks],
        "labels": list(labels),
        "parameter": key,
        "start": links.position(key, len(labels), default),
        "rest": default,
        "label": label,
        "hint": hint,
        "frame_width": frame_width,
        "per_row": per_row,
        "cursor": asdict(cursor or Cursor()),
    }
    component(key=f"{key}_scrubber", data=data)
