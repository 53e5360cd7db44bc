"""The playground's page: presets at once, other settings after a training, refusals."""

from __future__ import annotations

from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gandash import playground
from gandash.app import recordings
from gandash.app.assets import STORE
from gandash.app.parts.player import left
from gandash.playground import PRESETS
from tests.app.visiting import visit


def assert_fine(app: AppTest) -> None:
    assert not app.exception, [problem.message for problem in app.exception]
    assert app.title[0].value == "Playground"


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_there_at_once(name: str) -> None:
    def hear(share: float) -> None:
        raise AssertionError(f"trained to {share}")

    address = recordings.address_of(PRESETS[name].config, hear)
    assert STORE.get(address.removeprefix("assets/")) is not None


def test_the_page_opens_on_a_preset_alone(runs_root: Path) -> None:
    app = visit("playground")
    assert_fine(app)
    assert app.selectbox(key="play_a").value == next(iter(PRESETS))
    assert app.selectbox(key="play_b").value == "nothing"
    assert not app.error


def test_a_second_one_stands_beside_it_with_settings_of_its_own(runs_root: Path) -> None:
    app = visit("playground", play_b="Collapse")
    assert_fine(app)
    assert app.number_input(key="play.b.optimizer.d_lr").value == 5e-4
    assert app.number_input(key="play.a.optimizer.d_lr").value == 1e-3
    app.selectbox(key="play_b").set_value("Smoothing, two-sided").run()
    assert_fine(app)
    assert app.number_input(key="play.b.loss.beta").value == 0.1
    assert app.number_input(key="play.a.loss.beta").value == 0.0


def test_other_settings_are_trained_once(runs_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    trained = []
    record = playground.record
    monkeypatch.setattr(playground, "record", lambda it: trained.append(it.seed) or record(it))
    small = {"play.a.network.g_width": "4", "play.a.network.d_width": "4", "play.a.seed": "9"}
    app = visit("playground", **small)
    assert_fine(app)
    assert not app.error
    assert trained == [9]
    app.run()
    visit("playground", **small)
    assert trained == [9]


def test_a_training_says_how_long_it_still_takes() -> None:
    """By the pace since it began, not by the time that it waited for another."""
    assert left([(0, 0.0)]) == left([(0, 0.0), (100, 0.1)]) == ""
    assert left([(0, 0.0), (100, 0.1), (110, 0.2)]) == ": about 1 min 20 s left"
    assert left([(0, 0.0), (100, 0.1), (110, 1.0)]) == ": about 1 s left"


@pytest.mark.parametrize(
    ("setting", "says"),
    [
        ("play.a.network.g_width", "g_width must be at most 256 in the playground, not 1000"),
        ("play.a.collapse.unroll_steps", "unroll_steps must be at most 5 in the playground"),
    ],
)
def test_what_takes_too_long_is_one_sentence(setting: str, says: str, runs_root: Path) -> None:
    app = visit("playground", **{setting: "1000" if "width" in setting else "20"})
    assert_fine(app)
    (error,) = app.error
    assert error.value.startswith(says)


def test_settings_that_contradict_each_other_are_one_sentence(runs_root: Path) -> None:
    app = visit("playground", **{"play.a.loss.objective": "wasserstein"})
    assert_fine(app)
    (error,) = app.error
    assert error.value.startswith("the wasserstein objective needs exactly one of")
