"""Choosing by the titles that people know, while the URL keeps the names.

A widget that is bound to the URL writes there what it shows. So a hidden one, of names, is bound,
and the one that is seen, of titles, hands on to it.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, TypeVar

import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gandash.app.parts import links
from gandash.checkpoints import Checkpoint

Choice = TypeVar("Choice", str, int)


def titles_of(found: Iterable[Checkpoint]) -> dict[str, str]:
    """Titles by name; two of the same title are told apart by their names."""
    titles = {checkpoint.name: checkpoint.card.title for checkpoint in found}
    counts = Counter(titles.values())
    return {
        name: title if counts[title] == 1 else f"{title} ({name})" for name, title in titles.items()
    }


def place_in_url(key: str) -> DeltaGenerator:
    """A container that is not seen, for widgets that only stand in the URL."""
    return st.container(key=f"{key}_in_url")


def one(
    label: str,
    titles: Mapping[Choice, str],
    key: str,
    *,
    default: int = 0,
    on_change: Callable[[], None] | None = None,
    hidden: DeltaGenerator | None = None,
    **options: Any,
) -> Choice:
    """The name of one of ``titles``; ``?{key}=name`` in the URL.

    ``hidden`` is where the widget of names is put, if a form has one :func:`place_in_url` for all.
    """
    names = list(titles)
    with hidden or place_in_url(key):
        name = st.selectbox(
            label, names, default, key=key, bind=links.one_of(key, names), on_change=on_change
        )
    shown = f"{key}_by_title"
    st.session_state[shown] = name
    st.selectbox(
        label,
        names,
        format_func=titles.__getitem__,
        key=shown,
        on_change=_hand_on,
        args=(key, shown, on_change),
        **options,
    )
    return name


def at_once(label: str, options: Sequence[str], key: str, **more: Any) -> str:
    """One of a few options that are all seen, the first unless the URL says otherwise."""
    chosen = st.segmented_control(
        label,
        options,
        default=options[0],
        required=True,
        key=key,
        bind=links.one_of(key, options),
        **more,
    )
    return str(chosen)


def many(
    label: str,
    titles: Mapping[str, str],
    key: str,
    *,
    default: Sequence[str],
    most: int,
    **options: Any,
) -> list[str]:
    """Names of at most so many of ``titles``; ``?{key}=name&{key}=name`` in the URL."""
    names = list(titles)
    with place_in_url(key):
        chosen = st.multiselect(
            label,
            names,
            default=list(default),
            max_selections=most,
            key=key,
            bind=links.some_of(key, names, most),
        )
    shown = f"{key}_by_title"
    st.session_state[shown] = chosen
    st.multiselect(
        label,
        names,
        format_func=titles.__getitem__,
        max_selections=most,
        key=shown,
        on_change=_hand_on,
        args=(key, shown),
        **options,
    )
    return chosen


def _hand_on(key: str, shown: str, then: Callable[[], None] | None = None) -> None:
    st.session_state[key] = st.session_state[shown]
    if then is not None:
        then()
