"""What a link asks of a page, checked before the page takes it.

A widget whose value is in the URL gets its ``bind`` from here, and with it what it takes. Where the
link asks for anything else, the parameter is dropped with a word and the widget keeps its default;
Streamlit alone drops it silently, or fails on it (``?latent_a=inf``).
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Sequence
from contextlib import suppress
from math import isfinite
from typing import Literal

import streamlit as st
from streamlit.errors import StreamlitAPIException

from gandash.app.parts.quoted import in_markdown

Bind = Literal["query-params"] | None
KNOWN, REFUSED, AGAIN = "links_known", "links_refused", "links_again"  # in the session
LARGEST = 2**53 - 1  # of whole numbers in a browser
MOST_NAMED, LONGEST = 3, 40


def whole(key: str, low: float | None, high: float | None, *, optional: bool = False) -> Bind:
    """For a widget of a whole number within limits, which may be left empty if ``optional``."""
    lowest = -LARGEST if low is None else low
    highest = LARGEST if high is None else high
    return _one(key, lambda text: _number(text, lowest, highest, rounded=True), optional=optional)


def real(key: str, low: float | None, high: float | None, *, optional: bool = False) -> Bind:
    """For a widget of a number within limits."""
    lowest = -float("inf") if low is None else low
    highest = float("inf") if high is None else high
    return _one(key, lambda text: _number(text, lowest, highest), optional=optional)


def one_of(key: str, options: Iterable[object], *, optional: bool = False) -> Bind:
    """For a widget with one choice, options as they are shown."""
    names = {str(option) for option in options}
    return _one(key, lambda text: text in names, optional=optional)


def flag(key: str) -> Bind:
    """For a widget that is on or off."""
    return _one(key, lambda text: text.lower() in ("true", "false"))


def text(key: str, most: int = 4096) -> Bind:
    """For a widget of at most so many characters."""
    return _one(key, lambda text: len(text) <= most and text.isprintable(), optional=True)


def parsed(key: str, parse: Callable[[str], object]) -> Bind:
    """For a widget of a text that ``parse`` takes, and does not refuse with ``ValueError``."""

    def takes(text: str) -> bool:
        try:
            parse(text)
        except ValueError:
            return False
        return True

    return _one(key, takes)


def some_of(key: str, options: Collection[str], most: int | None = None) -> Bind:
    """For a widget with several choices, of which those that there are stay."""
    asked = [text for text in _asked(key) if text]
    taken: list[str] = []
    for name in asked:
        if name in options and name not in taken and len(taken) < (most or len(options)):
            taken.append(name)
        else:
            _refuse(key, name)
    if asked and not taken:
        _drop(key)
        return None
    _know(key)
    return "query-params"


def position(key: str, count: int, default: int) -> int:
    """A place among ``count`` that is in the URL without a widget; else ``default``."""
    bound = _one(
        key, lambda text: text.isascii() and text.isdecimal() and 0 <= int(text[:9]) < count
    )
    asked = _asked(key)
    return int(asked[-1]) if bound and asked else default


def refuse(key: str, asked: str) -> None:
    """Take a parameter that asks for what is not here out of the URL, with a word."""
    _refuse(key, asked)
    _drop(key)


def tell() -> None:
    """Say, once, what the link asked for in vain; before the page is made."""
    refused: list[str] = st.session_state.pop(REFUSED, [])
    if refused:
        named = [f"“{in_markdown(text)}”" for text in refused[:MOST_NAMED]]
        rest = len(refused) - MOST_NAMED
        listed = ", ".join([*named, *([f"and {rest} more"] if rest > 0 else [])])
        verb = "is" if len(refused) == 1 else "are"
        sentence = f"The link asked for {listed}, which {verb} not here."
        st.toast(sentence, icon=":material/link_off:", duration="long")


def settle() -> None:
    """Show the page again where something was dropped, now bound to a URL without it."""
    if st.session_state.pop(AGAIN, False):
        st.rerun()


def _asked(key: str) -> Sequence[str]:
    return st.query_params.get_all(key)


def _one(key: str, takes: Callable[[str], bool], *, optional: bool = False) -> Bind:
    """The last value of a parameter is the one that counts, as for Streamlit."""
    asked = _asked(key)
    if not asked or (optional and not asked[-1]) or takes(asked[-1]):
        _know(key)
        return "query-params"
    refuse(key, asked[-1])
    return None


def _know(key: str) -> None:
    st.session_state.setdefault(KNOWN, set()).add(key)


def _refuse(key: str, asked: str) -> None:
    """Remember what is not here; only of the link, not of what vanished while it was shown."""
    if key not in st.session_state.setdefault(KNOWN, set()):
        st.session_state.setdefault(REFUSED, []).append(f"{key}={asked[:LONGEST]}")
        st.session_state[AGAIN] = True  # it is said above the page


def _drop(key: str) -> None:
    """Take a parameter out of the URL. While it is bound, its widget does so by being unbound."""
    _know(key)
    with suppress(StreamlitAPIException):
        st.query_params.pop(key, None)
    st.session_state[AGAIN] = True


def _number(text: str, low: float, high: float, *, rounded: bool = False) -> bool:
    try:
        value = float(text)
    except ValueError:
        return False
    return isfinite(value) and low <= (int(value) if rounded else value) <= high
