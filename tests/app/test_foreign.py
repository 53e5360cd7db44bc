"""A generator of another program on the Gallery: handed in, chosen, on every page; or refused."""

from __future__ import annotations

import io
import os
import pickle
from collections.abc import Callable
from pathlib import Path

import pytest
import torch
from streamlit.testing.v1 import AppTest

from gandash import checkpoints
from gandash.app.hosting import limits
from gandash.app.parts import foreign
from gandash.storage.paths import PROJECT
from tests.exchange.found import Example, lived

MAIN = PROJECT / "gandash" / "app" / "main.py"


def visit() -> AppTest:
    app = AppTest.from_file(str(MAIN), default_timeout=120).run()
    assert not app.exception, [problem.message for problem in app.exception]
    return app


def uploader(app: AppTest) -> object:
    return next((it for it in app.get("file_uploader") if it.key == foreign.UPLOAD), None)


def hand_in(app: AppTest, name: str, content: bytes) -> AppTest:
    app.file_uploader(key=foreign.UPLOAD).set_value((name, content, "application/octet-stream"))
    app.run()
    assert not app.exception, [problem.message for problem in app.exception]
    return app


def weights_of(network: torch.nn.Module) -> bytes:
    held = io.BytesIO()
    torch.save(network.state_dict(), held)
    return held.getvalue()


def test_a_file_becomes_a_checkpoint_by_one_click(arms: Path, runs_root: Path) -> None:
    app = hand_in(visit(), "netG epoch 9.pth", weights_of(lived(Example(size=16))))
    assert app.text_input(key=foreign.NAME).value == "netg-epoch-9"
    assert app.button(key="foreign_take_2").label == "Take this one"
    app.button(key="foreign_take_1").click().run()
    assert not app.exception
    (found,), broken = checkpoints.find(runs_root)
    assert not broken
    assert found.card.imported is not None
    assert found.card.imported.file == "netG-epoch-9.pth"
    assert any("netg-epoch-9 is a checkpoint now" in it.value for it in app.success)
    latent = app.switch_page("views/latent_space.py").run()
    assert not latent.exception
    app = visit()
    app.session_state[foreign.TAKEN] = "netg-epoch-9"
    app.run()
    app.button(key="foreign_undo").click().run()
    assert not (runs_root / "netg-epoch-9").exists()


class Evil:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {os.environ['EVIL_MARK']}",)


def test_hostile_files_are_one_sentence(
    arms: Path, runs_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "ran"
    monkeypatch.setenv("EVIL_MARK", str(mark))
    app = visit()
    for name, content, reason in (
        ("evil.pth", pickle.dumps(Evil()), "cannot be read as weights"),
        ("../../x.pth", b"GIF89a", "cannot be read as weights"),
    ):
        hand_in(app, name, content)
        said = [it.value for it in app.warning]
        assert any(reason in it for it in said), said
        assert not any("Traceback" in it or "/tmp" in it for it in said)
    assert not mark.exists()
    assert not list(runs_root.iterdir())


def test_strangers_hand_in_nothing(arms: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANDASH_PUBLIC", "1")
    monkeypatch.setenv("GANDASH_UPLOADS", "private")
    limits.cache_clear()
    try:
        assert uploader(visit()) is None
    finally:
        monkeypatch.undo()
        limits.cache_clear()
    assert uploader(visit()) is not None
