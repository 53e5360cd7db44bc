"""What is refused, as a page says it: one sentence in its place, and no error box.

Every callback that can be refused goes through :func:`guarded`; what it was refused with stands
where :func:`notice` is called for the same place, until something else is pressed.
"""

from __future__ import annotations

import os
import re
import tempfile
from collections.abc import Callable
from contextlib import suppress
from functools import wraps
from pathlib import Path
from typing import ParamSpec

import streamlit as st

from gandash.app.parts.quoted import in_markdown
from gandash.data import data_folder
from gandash.records import explain
from gandash.storage.paths import PROJECT, pretrained_root, runs_root

REFUSALS = (ValueError, OSError)  # TimeoutError is an OSError
KEPT = "refusal"
Arguments = ParamSpec("Arguments")
# The folders of an absolute path: not of a URL, and not the slash of "images/s".
FOLDERS = re.compile(r"(?<![\w.:/\\])(?:[A-Za-z]:)?[/\\](?:[^\s'\"()<>/\\]+[/\\])*(?=[^\s/\\])")


def sentence(error: Exception) -> str:
    """What went wrong, for Markdown, without the server's folders.

    A run or checkpoint and a file keep their names.
    """
    return shown(explain(error))


def shown(text: str) -> str:
    """A sentence that was kept, for Markdown, without the server's folders."""
    return in_markdown(without_folders(text))


def without_folders(text: str) -> str:
    """A text in which paths begin below the folders of runs, checkpoints and data.

    Of any other path the last name is left.
    """
    roots = [runs_root(), pretrained_root(), PROJECT, Path(tempfile.gettempdir())]
    with suppress(ValueError):  # without a home there is no folder of data
        roots.append(data_folder())
    for root in sorted(map(str, roots), key=len, reverse=True):
        text = text.replace(f"{root}{os.sep}", "")
    return FOLDERS.sub("", text)


def guarded(action: Callable[Arguments, object], place: str) -> Callable[Arguments, None]:
    """``action`` as a callback: what it refuses is kept for ``place`` instead of raised."""

    @wraps(action)
    def press(*args: Arguments.args, **kwargs: Arguments.kwargs) -> None:
        st.session_state.pop(KEPT, None)
        try:
            action(*args, **kwargs)
        except REFUSALS as error:
            st.session_state[KEPT] = (place, sentence(error))

    return press


def notice(place: str) -> bool:
    """Say why the last press was refused, if that was one of ``place``; whether there was one."""
    kept_for, words = st.session_state.get(KEPT, ("", ""))
    if kept_for != place:
        return False
    st.warning(words, icon=":material/block:")
    return True


def forget_elsewhere(page: str) -> None:
    """A refusal is forgotten once another page is shown."""
    if st.session_state.get("refusal_page") != page:
        st.session_state.refusal_page = page
        st.session_state.pop(KEPT, None)
