"""A grid of samples of which one is picked, with the pointer, a finger or the keys."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from pathlib import Path

import streamlit as st

COMPONENTS = Path(__file__).parents[1] / "components"


@cache
def _source(suffix: str) -> str:
    return (COMPONENTS / f"tiles.{suffix}").read_text()


def tiles(
    image: str,
    count: int,
    columns: int,
    picked: int | None,
    *,
    key: str,
    label: str,
    on_pick: Callable[[int], None],
) -> None:
    """Show the grid at the URL ``image``.

    ``on_pick`` is told which of its ``count`` tiles was picked, from 0.
    """
    component = st.components.v2.component(
        "gandash_tiles", html=_source("html"), css=_source("css"), js=_source("js")
    )
    data = {
        "image": image,
        "count": count,
        "columns": columns,
        "picked": -1 if picked is None else picked,
        "label": label,
    }

    def told() -> None:
        index = st.session_state[key].pick
        if isinstance(index, int) and 0 <= index < count:
            on_pick(index)

    component(key=key, data=data, on_pick_change=told)
