"""Curves of another program on Loss curves: handed in, drawn beside gandash's, removed."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gandash.app.hosting import limits
from gandash.app.parts import logs as part
from gandash.exchange import logs
from tests.app.test_pages import assert_fine
from tests.app.visiting import visit

CSV = b"iter,errD,errG,D(x),FID,path_length\n" + b"\n".join(
    b"%d,%.2f,0.7,0.6,%d,0.%d" % (step, 1.5 - step / 400, 300 - step, step)
    for step in range(0, 200, 10)
)


def said(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def test_a_log_is_handed_in_drawn_and_removed(arms: Path, runs_root: Path) -> None:
    app = visit("curves", curves_runs="plain")
    app.file_uploader(key=part.UPLOAD).set_value(("Their run.csv", CSV, "text/csv"))
    app.run()
    assert_fine(app, "curves")
    (kept,) = logs.find(runs_root)
    assert kept.folder.name == "their-run"
    headings = [heading.value for heading in app.header]
    assert "path_length" in headings
    assert "Fréchet distance of samples" in headings
    assert "Their run" in said(app)
    app.button(key="curves_foreign_remove_their-run").click().run()
    assert_fine(app, "curves")
    assert not logs.find(runs_root)


@pytest.mark.parametrize("axis", ["Images", "Epoch", "Time", "Step"])
def test_a_log_alone_on_every_axis(arms: Path, runs_root: Path, axis: str) -> None:
    logs.keep(runs_root / "theirs", "theirs.csv", CSV)
    app = visit("curves", curves_runs="theirs", curves_x=axis, curves_why="true")
    assert_fine(app, "curves")
    told = any("choose Step" in caption.value for caption in app.caption)
    assert told == (axis != "Step")


def test_a_log_as_baseline_and_beside_seeds(arms: Path, runs_root: Path) -> None:
    logs.keep(runs_root / "theirs", "theirs.csv", CSV)
    logs.keep(runs_root / "others", "others.csv", CSV)
    app = visit(
        "curves",
        curves_runs=["theirs", "others", "plain", "one-sided"],
        curves_baseline="theirs",
    )
    assert_fine(app, "curves")


def test_what_is_no_log_is_one_sentence(arms: Path, runs_root: Path) -> None:
    app = visit("curves")
    app.file_uploader(key=part.UPLOAD).set_value(("x.bin", b"\xff\x00", "application/x"))
    app.run()
    assert_fine(app, "curves")
    assert any("A log is TensorBoard's events or a CSV" in it.value for it in app.warning)
    assert not list(runs_root.glob("*"))


def test_strangers_hand_in_no_logs(arms: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANDASH_PUBLIC", "1")
    monkeypatch.setenv("GANDASH_UPLOADS", "open")
    limits.cache_clear()
    try:
        app = visit("curves")
        assert not [it for it in app.get("file_uploader") if it.key == part.UPLOAD]
    finally:
        monkeypatch.undo()
        limits.cache_clear()
