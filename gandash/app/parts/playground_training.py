"""Training in the playground: how long it will take, a button, and one that stops it."""

from __future__ import annotations

import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from threading import Lock

import streamlit as st

from gandash.app import recordings
from gandash.app.parts.player import Shown
from gandash.app.parts.quoted import in_markdown
from gandash.app.parts.words import roughly
from gandash.app.recordings import Unfinished
from gandash.config import Config
from gandash.playground import STEPS

PATIENCE = 10.0  # seconds; a training ends at its next frame


@dataclass
class Training:
    """What a visitor's session knows of the training of one run.

    Who presses something is answered by another thread, while that which trains may be told so only
    at its next frame, and may not write to the session any more: it leaves what there is here.
    """

    wanted: bool = False
    unfinished: Unfinished | None = None
    going_on: Lock = field(default_factory=Lock)

    def stopped(self, part: Unfinished) -> None:
        """Keep what there is."""
        self.unfinished = part

    def of(self, config: Config) -> Unfinished | None:
        """What there is of a run, once a training that was stopped has come to its end."""
        if self.going_on.acquire(timeout=PATIENCE):
            self.going_on.release()
        part = self.unfinished
        return part if part is not None and part.of == config else None


@dataclass(frozen=True)
class Wanted:
    """A run that the page is to show: its title, its config, and what may be shown until it is
    trained. ``key`` begins the keys of its widgets.
    """

    key: str
    title: str
    config: Config
    meanwhile: Shown

    @property
    def training(self) -> Training:
        """Its training in this session."""
        kept: Training = st.session_state.setdefault(f"{self.key}_training", Training())
        return kept


def shown(wanted: Wanted) -> tuple[Shown, bool]:
    """What there is to be shown, and whether that is the run to its end; ``ValueError`` in one
    sentence if it cannot be trained here.
    """
    if (url := recordings.found(wanted.config)) is not None:
        return Shown(wanted.title, url), True
    if (part := wanted.training.of(wanted.config)) is not None:
        title = f"{wanted.title} (stopped at step {part.step:,})"
        return Shown(title, recordings.address_of(part.recording)), False
    return wanted.meanwhile, False


def offer(wanted: Wanted) -> None:
    """A button that trains a run, and beside it how long that will take. Once pressed a button that
    stops it and a bar are in their place; the page begins anew when it is trained.
    """
    expected = recordings.seconds(wanted.config)
    training = wanted.training
    with st.container(horizontal=True, vertical_alignment="center", key=f"{wanted.key}_offer"):
        if training.wanted:
            training.wanted = False
            st.button("Stop", key=f"{wanted.key}_stop", icon=":material/stop:")
            _train(wanted, expected)
            st.rerun()
        st.button(
            "Train",
            key=f"{wanted.key}_train",
            icon=":material/play_arrow:",
            type="primary",
            on_click=begin,
            args=(training,),
        )
        st.markdown(_says(wanted, expected))


def begin(training: Training) -> None:
    """Let the page train where it would offer to."""
    training.wanted = True


def _says(wanted: Wanted, expected: float) -> str:
    title = in_markdown(wanted.title)
    time_needed = f"about {roughly(expected)}" if expected else "some time"
    if (part := wanted.training.of(wanted.config)) is not None:
        return (
            f"**{title}** was stopped at step {part.step:,}. All {STEPS:,} anew take {time_needed}."
        )
    return (
        f"**{title}** is not trained yet: {STEPS:,} steps take {time_needed} here. "
        f"Until then “{wanted.meanwhile.title}” plays."
    )


def _train(wanted: Wanted, expected: float) -> None:
    bar = st.empty()
    heard: list[tuple[float, float]] = []

    def progress(share: float | None) -> None:
        if share is None:
            bar.progress(0.0, "Waiting for its turn: another run is being trained.")
            return
        heard.append((time.monotonic(), share))
        remaining = left(heard) or expected
        told = f": about {roughly(remaining)} left" if remaining else ""
        bar.progress(share, f"Training {STEPS:,} steps{told}")

    training = wanted.training
    with training.going_on:
        recordings.make(wanted.config, progress, training.stopped)


def left(heard: Sequence[tuple[float, float]]) -> float:
    """Seconds that a training still takes, at least one, from those at which shares of it were
    done; the first is from before it began. 0 if that is not known yet.
    """
    _, *done = heard
    if not done or done[-1][1] == done[0][1]:
        return 0.0
    (start, before), (now, share) = done[0], done[-1]
    return max((now - start) / (share - before) * (1 - share), 1.0)
