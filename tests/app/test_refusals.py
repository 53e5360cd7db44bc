"""What is refused, as a page says it: one sentence in its place, without the server's folders."""

from __future__ import annotations

import ast
import errno
import os
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gandash import app as app_package
from gandash.app.parts.quoted import JOINER
from gandash.app.parts.refusals import sentence

PAGE = """
import streamlit as st
from gandash.app.parts.refusals import guarded, notice

def refuse(error):
    raise error

st.button("value", on_click=guarded(refuse, "left"), args=(ValueError("It must be 1, not 2"),))
st.button("time", on_click=guarded(refuse, "right"), args=(TimeoutError("Busy: try again"),))
st.button("fine", on_click=guarded(print, "left"))
st.header("left")
notice("left")
st.header("right")
notice("right")
"""


def press(app: AppTest, label: str) -> list[str]:
    next(button for button in app.button if button.label == label).click().run()
    assert not app.exception
    return [element.value for element in app.main if element.type in ("header", "warning")]


def test_a_refusal_stands_in_its_place_until_the_next_press() -> None:
    app = AppTest.from_string(PAGE).run()
    assert press(app, "value") == ["left", "It must be 1, not 2", "right"]
    app.run()
    assert len(app.warning) == 1
    assert press(app, "time") == ["left", "right", "Busy: try again"]
    assert press(app, "fine") == ["left", "right"]


@pytest.mark.parametrize(
    ("said", "shown"),
    [
        ("The card {root}/a/card.json is damaged", "The card a/card.json is damaged"),
        ("remove {root}/a to start afresh", "remove a to start afresh"),
        ("12 images/s, 3/4 of it (see https://a.b/c/d)", None),
        ("weights ('/a/b/c.d') fail", "weights ('c.d') fail"),
        ("C:\\Users\\me\\x.json is bad", "x.json is bad"),
    ],
)
def test_a_sentence_keeps_the_file_and_drops_its_folders(
    runs_root: Path, said: str, shown: str | None
) -> None:
    said = said.format(root=runs_root)
    told = sentence(ValueError(said)).replace(JOINER, "")
    assert told == (said if shown is None else shown)


def test_an_error_of_the_system_names_the_file_alone() -> None:
    error = OSError(errno.ENOENT, os.strerror(errno.ENOENT), "/srv/of-this-server/a/x.csv")
    assert sentence(error) == "No such file or directory: x.csv"


# Callbacks that change the page's state alone: nothing that they do can be refused.
PURE = {
    "_hand_on", "_remember_new", "_take_batch", "_want_check", "_want_time", "again",
    "apply_preset", "begin", "fill_in", "follow_data", "go_to", "new_seeds", "put", "say", "show",
    "take", "to_first_page",
}  # fmt: skip
# Guarded within; Streamlit's word for nothing; what a function hands on, which its caller names.
OTHER = {"jobs.attempt", "'ignore'", "on_change"}


def callbacks() -> list[tuple[str, ast.expr]]:
    """What the app's widgets call when they are pressed or changed, with the module's name."""
    return [
        (path.name, keyword.value)
        for path in sorted(Path(app_package.__file__).parent.rglob("*.py"))
        for call in ast.walk(ast.parse(path.read_text()))
        if isinstance(call, ast.Call)
        for keyword in call.keywords
        if keyword.arg in ("on_click", "on_change")
    ]


def test_every_callback_that_can_be_refused_is_guarded() -> None:
    """One that raises would end in an error box without its sentence."""
    assert len(callbacks()) > 10
    for module, value in callbacks():
        called = ast.unparse(value)
        safe = called in PURE | OTHER or called.startswith("guarded(")
        assert safe, f"{module}: {called} must go through guarded"
