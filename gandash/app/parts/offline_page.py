"""Generators to take along: a page in one file that needs no server."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from gandash.app import cached
from gandash.app.parts.refusals import shown
from gandash.browser.page import as_file
from gandash.checkpoints import Checkpoint

HELP = (
    "One HTML file with the generators, the studio, samples and figures. It opens from disk, by "
    "mail or on any static host, and asks no other host for anything."
)


def offer(found: Sequence[Checkpoint], key: str) -> None:
    """A button that hands out a page of these checkpoints, which is made when it is pressed.

    What cannot run in a browser is named instead.
    """
    reasons = {item.card.title: cached.not_in_browser(item) for item in found}
    if refused := {title: reason for title, reason in reasons.items() if reason}:
        for title, reason in refused.items():
            st.caption(f"No page without a server of {shown(title)}: {shown(reason)}.")
        return
    st.download_button(
        "Download as a page",
        lambda: as_file(found),
        f"{found[0].name if len(found) == 1 else 'generators'}.html",
        "text/html",
        icon=":material/offline_bolt:",
        key=key,
        help=HELP,
        on_click="ignore",
        disabled=not found,
    )
