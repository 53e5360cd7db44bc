"""What every page has in common: its head, its empty state, its notices."""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import plotly.graph_objects as go
import streamlit as st

from gandash.app import cached
from gandash.app.parts import links
from gandash.app.parts.quoted import in_html
from gandash.app.parts.refusals import REFUSALS, sentence, shown
from gandash.checkpoints import Checkpoint
from gandash.pictures import charts
from gandash.pictures.sheet import encoded

LARGEST_SEED = 2**32 - 1
# A short toolbar, which leaves the legend free: drag to zoom in, double-click to zoom out.
CHART = {
    "displaylogo": False,
    "modeBarButtonsToRemove": [
        "zoom2d", "pan2d", "select2d", "lasso2d", "zoomIn2d", "zoomOut2d", "autoScale2d",
    ],
}  # fmt: skip


@dataclass(frozen=True)
class Prepared:
    """A chart ready to be sent, with what it shows in words: all who look at it may share it."""

    figure: go.Figure
    says: str


def prepared(figure: go.Figure, says: str = "") -> Prepared:
    """A chart made ready; in words are its lines, or what it ``says``."""
    return Prepared(encoded(figure), says or charts.description(figure))


def chart(shown: go.Figure | Prepared, key: str) -> None:
    """A chart whose place is kept while it loads, and what it shows in words.

    On a phone a finger that moves over it scrolls the page where the mouse would zoom; a tap reads
    it.
    """
    ready = shown if isinstance(shown, Prepared) else prepared(shown)
    figure = ready.figure
    if "Mobi" in st.context.headers.get("User-Agent", ""):
        raw = figure.to_plotly_json()  # others may share the figure
        figure = go.Figure(raw, _validate=False).update_layout(dragmode=False)
    keep_place(key, f"{figure.layout.height}px")
    heard(ready.says, key)
    st.plotly_chart(figure, key=key, config=CHART)


def heard(words: str, key: str) -> None:
    """What those hear who do not see the element of a key."""
    with st.container(key=f"heard_{key}"):
        st.html(f"<p>{in_html(words)}</p>")


def keep_place(key: str, height: str) -> None:
    """Let the element of a key be so high, as CSS says it, before what is in it has come."""
    st.html(f"<style>.{css_class(key)} {{ min-height: {height} }}</style>")


def css_class(key: str) -> str:
    """The class that Streamlit gives an element of a key."""
    return f"st-key-{re.sub('[^a-zA-Z0-9_-]', '-', key)}"


def header(title: str) -> None:
    """The page's title, for those who hear it: who sees reads it in the navigation."""
    with st.container(key="title_of_page"):
        st.title(title, anchor=False)


def section(title: str) -> None:
    """The heading of a part of the page, one level below its title."""
    st.header(title, anchor=False)


def checkpoints_or_stop() -> list[Checkpoint]:
    """All usable checkpoints that make samples of latent vectors, damaged ones named; without any
    the page ends with what to do.
    """
    return _of_kind_or_stop(
        "There are no checkpoints yet. Train one, and it appears here when it is finished.",
        latent=True,
    )


def translators_or_stop() -> list[Checkpoint]:
    """As :func:`checkpoints_or_stop`, those that translate images."""
    return _of_kind_or_stop(
        "No checkpoint translates images yet. Train one on pairs, and it appears here.",
        latent=False,
    )


def _of_kind_or_stop(nothing: str, *, latent: bool) -> list[Checkpoint]:
    found, broken = cached.find_checkpoints()
    for problem in broken:
        st.warning(shown(problem.reason), icon=":material/broken_image:")
    chosen = [checkpoint for checkpoint in found if checkpoint.card.data.kind.latent == latent]
    if not chosen:
        nothing_yet(nothing)
    return chosen


def nothing_yet(sentence: str) -> None:
    """An empty state with the way out of it; ends the page."""
    with st.container(border=True, horizontal_alignment="center"):
        st.markdown(f":material/hourglass_empty: {sentence}")
        st.page_link(
            st.Page("views/train.py", url_path="train"),
            label="Go to Train",
            icon=":material/model_training:",
        )
    links.settle()  # once stopped, a script cannot be begun again
    st.stop()


@contextmanager
def one_sentence() -> Iterator[None]:
    """Show bad input or a damaged file as its sentence instead of a traceback."""
    try:
        yield
    except REFUSALS as error:
        st.error(sentence(error), icon=":material/error:")


def class_of(chosen: list[Checkpoint], key: str, *, in_turn: bool = True) -> int | None:
    """The class to draw, asked for only if a generator among ``chosen`` was told classes.

    None: all in turn.
    """
    names = next((c.card.data.classes for c in chosen if c.card.config.labels.told), ())
    if not names:
        return None
    everything = ["all in turn"] if in_turn else []
    options = [*everything, *names]
    label = st.selectbox("Class", options, key=key, bind=links.one_of(key, options))
    return None if label == "all in turn" else names.index(label)
