"""Copy link: every page's state is in its address, and a press puts that into the clipboard."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

COMPONENTS = Path(__file__).parents[1] / "components"


def copy_link() -> None:
    """A button in the head of every page, whose place it takes none of."""
    with st.container(key="copy_link"):
        st.components.v2.component(
            "gandash_copy_link",
            js=(COMPONENTS / "copy_link.js").read_text(),
            css=(COMPONENTS / "copy_link.css").read_text(),
        )(key="copy_link_button")
