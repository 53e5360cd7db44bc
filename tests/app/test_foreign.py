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

from gandash import checkpoints, exchange
from gandash.app.hosting import limits
from gandash.app.parts import foreign
from tests.app import test_pages as pages
from tests.app.visiting import fine, visit
from tests.exchange.found import Example, lived
from tests.exchange.test_hub import StandIn, installed, stand_in
from tests.exchange.test_readings import FAMILIES

__all__ = ["stand_in"]  # a fixture


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
    app = hand_in(fine(visit("gallery")), "netG epoch 9.pth", weights_of(lived(Example(size=16))))
    assert app.text_input(key=foreign.NAME).value == "netg-epoch-9"
    assert app.button(key="foreign_take_2").label == "Take this one"
    app.button(key="foreign_take_1").click().run()
    assert not app.exception
    (found,), broken = checkpoints.find(runs_root)
    assert not broken
    assert found.card.imported is not None
    assert found.card.imported.file == "netG-epoch-9.pth"
    assert any("netg-epoch-9 is a checkpoint now" in it.value for it in app.success)
    app = fine(visit("gallery"))
    app.button(key="foreign_remove_netg-epoch-9").click().run()
    assert not (runs_root / "netg-epoch-9").exists()
    assert not app.exception


PLACES = {
    "gallery": {"gallery_open": "theirs"},
    "latent": {"latent_checkpoint": "theirs"},
    "compare": {"compare_checkpoints": ["theirs", "plain"]},
}


def test_every_page_shows_one_that_was_taken_in(arms: Path, runs_root: Path) -> None:
    torch.manual_seed(0)
    network = lived(FAMILIES["enlarged maps, epsilon 0.8"][0](), ())
    proposal = exchange.propose_from(network.state_dict(), "G.pth", "0" * 64)
    exchange.keep(proposal, runs_root / "theirs", "Theirs", "MIT", 1)
    for page, query in PLACES.items():
        app = pages.visit(page, **query)
        pages.assert_fine(app, page)
        assert not app.error, (page, [it.value for it in app.error])


@installed
def test_a_name_on_the_hub_is_fetched(stand_in: type[StandIn], arms: Path, runs_root: Path) -> None:
    stand_in.files["a/faces"] = {"netG.pth": weights_of(lived(Example(size=16)))}
    stand_in.licences["a/faces"] = "mit"
    app = fine(visit("gallery"))
    app.text_input(key=foreign.NAMED).set_value("a/faces").run()
    assert app.text_input(key=foreign.NAME).value == "netg"
    assert app.text_input(key=foreign.LICENCE).value == "mit"
    app.button(key="foreign_take_1").click().run()
    (found,), _ = checkpoints.find(runs_root)
    assert found.card.data.licence == "mit"
    app.text_input(key=foreign.NAMED).set_value("nobody/none").run()
    assert any("The Hub does not give" in it.value for it in app.warning)


class Evil:
    def __reduce__(self) -> tuple[Callable[[str], int], tuple[str]]:
        return os.system, (f"touch {os.environ['EVIL_MARK']}",)


def test_hostile_files_are_one_sentence(
    arms: Path, runs_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    mark = tmp_path / "ran"
    monkeypatch.setenv("EVIL_MARK", str(mark))
    app = fine(visit("gallery"))
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
        assert uploader(fine(visit("gallery"))) is None
    finally:
        monkeypatch.undo()
        limits.cache_clear()
    assert uploader(fine(visit("gallery"))) is not None
