"""The playground's page: presets at once, other settings after a training, refusals."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from gandash import playground
from gandash.app import recordings
from gandash.app.assets import STORE
from gandash.app.inference import RECORDING
from gandash.app.parts.playground_training import left
from gandash.app.parts.words import roughly
from gandash.app.recordings import Unfinished
from gandash.playground import PRESETS, Film
from tests.app.visiting import visit

SMALL = {"play.a.network.g_width": "4", "play.a.network.d_width": "4"}


class Pressed(BaseException):
    """What ends a page's run where the visitor presses something."""


def assert_fine(app: AppTest) -> None:
    assert not app.exception, [problem.message for problem in app.exception]
    assert app.title[0].value == "Playground"


@pytest.mark.parametrize("name", PRESETS)
def test_a_preset_is_there_at_once(name: str) -> None:
    address = recordings.found(PRESETS[name].config)
    assert address is not None
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


@pytest.fixture
def trained(monkeypatch: pytest.MonkeyPatch) -> list[int]:
    """Seeds of the films that are begun. Nothing is tried out first: it is said to take 27 s."""
    begun: list[int] = []

    class Noted(Film):
        def train(self) -> Iterator[float]:
            begun.append(self.state.config.seed)
            return super().train()

    monkeypatch.setattr(playground, "Film", Noted)
    monkeypatch.setattr(recordings, "seconds", lambda _: 27.0)
    return begun


def says(app: AppTest) -> str:
    """What stands beside the button that trains."""
    return next(it.value for it in app.markdown if "Ring of eight" in it.value)


def test_other_settings_are_trained_once_when_asked_for(
    runs_root: Path, trained: list[int]
) -> None:
    link = {**SMALL, "play.a.seed": "9"}
    app = visit("playground", **link)
    assert_fine(app)
    assert not app.error
    assert not trained
    assert "2,000 steps take about 25 s here" in says(app)
    app.button(key="play_a_train").click().run()
    assert_fine(app)
    assert trained == [9]
    assert not app.button
    app = visit("playground", **link)
    assert not app.button, "kept for who opens the link"
    assert trained == [9]


def test_who_stops_a_training_sees_what_was_recorded(
    runs_root: Path, trained: list[int], monkeypatch: pytest.MonkeyPatch
) -> None:
    app = visit("playground", **SMALL, **{"play.a.seed": "10"})
    make = recordings.make

    def stop_early(config: object, progress: object, stopped: object) -> None:
        def press(share: float | None) -> None:
            if share and share > 0.05:
                raise ValueError("pressed")

        make(config, press, stopped)  # type: ignore[arg-type]

    monkeypatch.setattr(recordings, "make", stop_early)
    app.button(key="play_a_train").click().run()
    assert_fine(app)
    app.run()
    assert "was stopped at step 125. All 2,000 anew take about 25 s." in says(app)
    assert trained == [10]
    app.number_input(key="play.a.seed").set_value(11).run()
    assert "is not trained yet" in says(app), "of other settings there is nothing"


def test_a_film_that_was_stopped_is_that_of_the_steps_that_were_made() -> None:
    config = PRESETS["Ring of eight"].config.model_copy(update={"seed": 12})
    kept: list[Unfinished] = []

    def press(share: float | None) -> None:
        if share == 0.025:
            raise Pressed

    with pytest.raises(Pressed):
        recordings.make(config, press, kept.append)
    assert recordings.found(config) is None
    ((of, step, content),) = kept
    assert (of, step) == (config, 50)
    tensors, facts = playground.opened(content)
    assert (facts["steps"], facts["frames"], len(tensors["fakes"])) == (50, 3, 3)


def test_who_waits_for_another_is_told_and_may_leave() -> None:
    config = PRESETS["Ring of eight"].config.model_copy(update={"seed": 13})

    def press(share: float | None) -> None:
        assert share is None
        raise Pressed

    with RECORDING, pytest.raises(Pressed):
        recordings.make(config, press, pytest.fail)
    assert RECORDING.acquire(timeout=0), "nobody holds it"
    RECORDING.release()


def test_a_training_says_how_long_it_still_takes() -> None:
    """By the pace since it began, not by the time that it waited for another."""
    assert left([(0, 0.0)]) == left([(0, 0.0), (100, 0.1)]) == 0
    assert left([(0, 0.0), (100, 0.1), (110, 0.2)]) == pytest.approx(80)
    assert left([(0, 0.0), (100, 0.1), (110, 1.0)]) == 1


@pytest.mark.parametrize(
    ("seconds", "words"),
    [(0.1, "1 s"), (3.4, "3 s"), (12, "10 s"), (27, "25 s"), (58, "1 min"), (97, "1 min 40 s")],
)
def test_an_estimate_is_no_more_exact_than_it_can_be(seconds: float, words: str) -> None:
    assert roughly(seconds) == words


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
