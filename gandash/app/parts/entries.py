"""The browser's history: one entry for each action of the visitor."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

SCRIPT = Path(__file__).parents[1] / "components" / "entries.js"


def entries() -> None:
    """Let Back undo the visitor's last action, on every page.

    Streamlit by itself replaces the entry where a widget changes and adds several where the server
    does.
    """
    with st.container(key="entries"):  # takes no place
        st.components.v2.component("gandash_entries", js=SCRIPT.read_text())(key="entries_script")
