"""What a link asks for that is not here is dropped with a word, whatever field and value."""

from __future__ import annotations

import ast
import math
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from gandash.app.parts import links
from tests.app.test_pages import assert_fine
from tests.app.visiting import MAIN, visit

HOSTILE = ("inf", "nan", "1" + "0" * 30, "", "²", "<b>\u202e", "a" * 1000)
WHOLE = {
    "gallery": ("gallery_nearest_seed", "gallery_sample"),
    "compare": ("compare_seed", "compare_count"),
    "smoothing": ("smoothing_seed", "smoothing_snapshot"),
    "curves": ("curves_snapshot",),
    "train": ("train.epochs", "train.steps", "train.seed", "train.batch_size", "train.data.limit"),
}


def fields(app: AppTest) -> Iterator[Any]:
    """All elements of a page whose value is in the URL."""
    waiting: list[Any] = [app.main, app.sidebar]
    while waiting:
        node = waiting.pop()
        waiting += list(getattr(node, "children", {}).values())
        if getattr(getattr(node, "proto", None), "query_param_key", ""):
            yield node


def keys(app: AppTest) -> set[str]:
    return {field.proto.query_param_key for field in fields(app)}


@pytest.mark.parametrize("value", HOSTILE, ids=lambda value: ascii(value[:12]))
@pytest.mark.parametrize("page", WHOLE)
def test_every_field_takes_or_drops_anything(page: str, value: str, arms: Path) -> None:
    """All fields of a page at once; afterwards they are in the URL again, with what they hold."""
    usual = visit(page)
    asked = dict.fromkeys([*keys(usual), *WHOLE[page]], value)
    app = visit(page, **asked)
    assert_fine(app, page)
    assert [error.value for error in app.error] == [error.value for error in usual.error]
    if value:  # without a choice, which may be asked for, a page ends early
        assert keys(app) == keys(usual), "every field is bound to the URL"
    for field in fields(app):
        key = field.proto.query_param_key
        kept = app.query_params.get(key)
        assert kept in (None, value), key
        if kept is None:
            assert app.session_state[key] == usual.session_state[key], key
    said = "".join(toast.value for toast in app.toast)
    assert said.startswith("The link asked for “" if value else "")
    assert app.run().toast.len == 0, "it is said once"


@pytest.mark.parametrize(("page", "key"), [(page, key) for page in WHOLE for key in WHOLE[page]])
def test_a_number_that_is_not_here_is_named(page: str, key: str, arms: Path) -> None:
    value = ("inf", "1e309", "-1", "many")[len(key) % 4]
    app = visit(page, **{key: value})
    assert_fine(app, page)
    (toast,) = app.toast
    named = links.in_markdown(f"{key}={value}")
    assert toast.value == f"The link asked for “{named}”, which is not here."
    assert key not in app.query_params


@pytest.mark.parametrize(
    ("page", "query"),
    [
        ("compare", {"compare_seed": "7", "compare_count": "16", "compare_checkpoints": "plain"}),
        ("compare", {"compare_seed": "7.0", "compare_count": "1.6e1"}),
        ("gallery", {"gallery_nearest_seed": "7.0", "gallery_sort": "Name"}),
        ("curves", {"curves_x": "Epoch", "curves_smoothing": "0.5", "curves_log": "TRUE"}),
        ("smoothing", {"smoothing_curves": "0.2", "smoothing_arms": ""}),
        ("train", {"train.steps": "", "train.loss.alpha": "0.1", "train_name": "it's — “mine”"}),
    ],
)
def test_what_is_here_is_taken_without_a_word(page: str, query: dict[str, str], arms: Path) -> None:
    app = visit(page, **query)
    assert_fine(app, page)
    assert app.toast.len == 0
    for key, value in query.items():
        shown = app.session_state[key]
        if isinstance(shown, bool):
            assert shown == (value.lower() == "true")
        elif isinstance(shown, int | float):
            assert math.isclose(shown, float(value))
        else:
            assert shown in (value, [value], [], None)


def test_of_several_those_that_are_here_stay(arms: Path) -> None:
    asked = ["plain", "gone", "plain", "two-sided", "<b>"]
    app = visit("curves", curves_runs=asked)  # type: ignore[arg-type]
    assert_fine(app, "curves")
    assert app.multiselect(key="curves_runs").value == ["plain", "two-sided"]
    (toast,) = app.toast
    assert toast.value == (
        "The link asked for “curves_runs=gone”, “curves_runs=plain”, “curves_runs=\\<b>”, "
        "which are not here."
    )


def test_what_vanishes_while_it_is_shown_is_no_fault_of_the_link(arms: Path) -> None:
    app = visit("gallery", gallery_nearest="plain")
    assert app.session_state["gallery_nearest"] == "plain"
    (arms / "plain" / "card.json").unlink()
    assert app.run().toast.len == 0
    assert_fine(app, "gallery")


def test_no_widget_is_bound_past_the_check() -> None:
    """Whoever binds a widget to the URL says what it takes."""
    for path in (MAIN.parent).rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text())):
            if isinstance(node, ast.keyword) and node.arg == "bind":
                assert not isinstance(node.value, ast.Constant), path.name


def test_what_is_not_here_is_said_at_once_where_a_page_ends_early() -> None:
    def script() -> None:
        from gandash.app.parts import links, page

        links.tell()
        try:
            links.whole("seed", 0, 9)
            page.nothing_yet("Nothing is here.")
        finally:
            links.settle()

    app = AppTest.from_function(script)
    app.query_params["seed"] = "1e309"
    (toast,) = app.run().toast
    assert "“seed=1e309”" in toast.value
    assert app.run().toast.len == 0


def test_no_page_ends_past_the_word() -> None:
    """A stopped script begins no more: whoever ends a page early says first what is not here."""
    stopping = [
        path.name
        for path in MAIN.parent.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text()))
        if isinstance(node, ast.Call) and ast.unparse(node.func) == "st.stop"
    ]
    assert stopping == ["page.py"]
