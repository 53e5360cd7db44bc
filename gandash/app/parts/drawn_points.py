"""Points for the Playground that the visitor draws; the link holds them, two letters a point."""

from __future__ import annotations

from functools import cache
from pathlib import Path

import streamlit as st

from gandash.app.parts import links
from gandash.theory import drawn

COMPONENTS = Path(__file__).parents[1] / "components"


@cache
def _source(suffix: str) -> str:
    return (COMPONENTS / f"drawn.{suffix}").read_text()


def chosen(key: str) -> str:
    """The name of the study that is drawn here; ``?{key}=`` are its letters."""
    first = drawn.heart().removeprefix(drawn.PREFIX)
    component = st.components.v2.component(
        "gandash_drawn", html=_source("html"), css=_source("css"), js=_source("js")
    )
    place = f"{key}_paper"

    def take() -> None:
        letters = st.session_state[place].letters
        if isinstance(letters, str) and _holds_points(letters):
            st.session_state[key] = letters

    paper = st.container()
    letters = st.text_input(
        "Points",
        first,
        key=key,
        bind=links.parsed(key, _read),
        help=f"Two letters a point, column and row: what a link holds. At most {drawn.MOST}.",
    )
    with paper:
        data = {"letters": letters, "alphabet": drawn.LETTERS, "most": drawn.MOST}
        component(key=place, data=data, on_letters_change=take)
    return drawn.PREFIX + letters


def _read(letters: str) -> object:
    return drawn.read(drawn.PREFIX + letters)


def _holds_points(letters: str) -> bool:
    try:
        _read(letters)
    except ValueError:
        return False
    return True
