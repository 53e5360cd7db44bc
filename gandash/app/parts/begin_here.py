"""Where the keyboard goes when a page shows something else."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

SCRIPT = Path(__file__).parents[1] / "components" / "begin_here.js"


def begin_here(within: str, begins: str, asked: int) -> None:
    """Focus the heading that begins so, inside of the selector ``within``, each time that ``asked``
    has grown.
    """
    with st.container(key="begin_here"):  # takes no place
        component = st.components.v2.component("gandash_begin_here", js=SCRIPT.read_text())
        component(
            key="begin_here_script", data={"within": within, "begins": begins, "asked": asked}
        )
