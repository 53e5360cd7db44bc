"""The player of recordings, one component: it runs in the visitor's browser."""

from __future__ import annotations

import time
from collections.abc import Mapping, Sequence
from typing import Any

import streamlit as st

from gandash.app import recordings
from gandash.app.parts.in_browser import in_browser
from gandash.app.parts.refusals import REFUSALS, sentence
from gandash.app.parts.words import duration
from gandash.config import Config
from gandash.playground import STEPS


def player(
    runs: Mapping[str, Config], *, key: str, parameter: str, frames: int | None = None
) -> None:
    """Show one or two runs on points under one cursor, by title; only their first ``frames`` if
    given.

    ``?{parameter}step=`` is the frame and ``?{parameter}shown=`` what is shown. What is not
    recorded is trained first; what cannot be made is said in a sentence.
    """
    sides = [side for title, config in runs.items() if (side := _side(title, config))]
    if sides:
        in_browser(
            "player",
            "playground/player.js",
            "mountPlayer",
            "playground/player.css",
            {"sides": sides, "parameter": parameter, "frames": frames},
            key=key,
        )


def _side(title: str, config: Config) -> dict[str, Any] | None:
    bar = st.empty()
    heard: list[tuple[float, float]] = []

    def progress(share: float) -> None:
        heard.append((time.monotonic(), share))
        bar.progress(share, f"Training {STEPS:,} steps{left(heard)}. Another choice ends it.")

    try:
        return {"title": title, "url": recordings.address_of(config, progress)}
    except REFUSALS as error:
        st.error(sentence(error), icon=":material/error:")
        return None
    finally:
        bar.empty()


def left(heard: Sequence[tuple[float, float]]) -> str:
    """How long a training still takes, from the seconds at which shares of it were done; the first
    is from before it began.
    """
    _, *done = heard
    if not done or done[-1][1] == done[0][1]:
        return ""
    (start, before), (now, share) = done[0], done[-1]
    seconds = (now - start) / (share - before) * (1 - share)
    return f": about {duration(max(seconds, 1))} left"
