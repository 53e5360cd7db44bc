"""Frames that follow the pointer in the browser, without a message to the server while they do."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

COMPONENTS = Path(__file__).parent / "components"


@dataclass(frozen=True)
class Track:
    """One picture that changes along the path: each frame is (image, left, top) in ``images``, in pixels.

    ``crisp`` keeps pixels square where the picture is enlarged: for images, not for pictures of points.
    """

    label: str
    images: Sequence[str]
    frames: Sequence[tuple[int, int, int]]
    width: int
    height: int
    crisp: bool = True


@cache
def _source(suffix: str) -> str:
    return (COMPONENTS / f"scrubber.{suffix}").read_text()


def scrubber(
    tracks: Sequence[Track], labels: Sequence[str], *, key: str, label: str, hint: str = "",
    strip: bool = False, frame_width: int = 420, default: int = 0,
) -> int:  # fmt: skip
    """Show ``tracks`` in step, one frame a label; returns the position that was let go of last.

    ``?{key}=N`` in the URL is the position to start from, else ``default``, and follows it. ``strip`` adds a row of
    all frames of the first track below. Frames are at most ``frame_width`` CSS pixels wide.
    """
    component = st.components.v2.component(
        "gandash_scrubber", html=_source("html"), css=_source("css"), js=_source("js")
    )
    start = _position_in_url(key, len(labels), default)
    data: dict[str, Any] = {
        "tracks": [asdict(track) for track in tracks], "labels": list(labels), "start": start, "label": label,
        "hint": hint, "strip": strip, "frame_width": frame_width,
    }  # fmt: skip
    result = component(key=f"{key}_scrubber", data=data, default={"position": start}, on_position_change=lambda: None)
    position = min(int(result.position), len(labels) - 1)
    if position != start:
        st.query_params[key] = str(position)
    return position


def _position_in_url(key: str, count: int, default: int) -> int:
    """The position that the URL asks for, the default where it asks for none or makes no sense."""
    text = str(st.query_params.get(key, ""))
    return int(text) if text.isdecimal() and len(text) < 5 and int(text) < count else default
