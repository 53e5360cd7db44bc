"""Generators to take along: a page in one file that needs no server."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from gandash.app import cached, generators
from gandash.app.parts.refusals import shown
from gandash.browser.page import as_file
from gandash.checkpoints import Checkpoint, weights

HELP = (
    "One HTML file with the generators, the studio, samples and figures. It opens from disk, by "
    "mail or on any static host, and asks no other host for anything."
)
OPINIONS = "With the discriminators that a browser can run: what D says of each picture."
TEXT = 1.15  # letters of a page for a byte of half-precision weights


def offer(found: Sequence[Checkpoint], key: str) -> None:
    """A button that hands out a page of these checkpoints, which is made when it is pressed.

    What cannot run in a browser is named instead.
    """
    reasons = {item.card.title: cached.not_in_browser(item) for item in found}
    if refused := {title: reason for title, reason in reasons.items() if reason}:
        for title, reason in refused.items():
            st.caption(f"No page without a server of {shown(title)}: {shown(reason)}.")
        return
    judged = [item for item in found if _size_of_opinion(item)]
    size = sum(_size_of_opinion(item) for item in judged) / 1e6
    with st.container(horizontal=True):
        _button("Download as a page", found, [], key, HELP)
        if judged:
            title = f"With D's opinion (about {size:.1f} MB more)"
            _button(title, found, judged, f"{key}_opinions", f"{HELP} {OPINIONS}")


def _button(
    title: str,
    found: Sequence[Checkpoint],
    judged: Sequence[Checkpoint],
    key: str,
    about: str,
) -> None:
    st.download_button(
        title,
        lambda: as_file(found, [item.name for item in judged if generators.judges(item.name)]),
        f"{found[0].name if len(found) == 1 else 'generators'}.html",
        "text/html",
        icon=":material/offline_bolt:",
        key=key,
        help=about,
        on_click="ignore",
        disabled=not found,
    )


def _size_of_opinion(checkpoint: Checkpoint) -> float:
    """Bytes that a discriminator takes in a page, nearly; 0 where there is none."""
    path = checkpoint.folder / weights.DISCRIMINATOR
    return TEXT * path.stat().st_size if path.is_file() else 0.0
