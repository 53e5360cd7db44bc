"""Lessons ask before they show, and every link in them opens what it names."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gandash.app.lessons import LESSONS, discriminator, four_generators, one_dimension, quality
from gandash.app.lessons.lesson import View
from gandash.app.parts.links import REFUSED
from tests.app.visiting import fine, visit

VIEWS = [view for lesson in LESSONS for view in lesson.see]
ASKING = [number for number, lesson in enumerate(LESSONS, 1) if lesson.answers]


def learn(**query: str | list[str]) -> AppTest:
    return fine(visit("learn", **query))


def headings(app: AppTest) -> list[str]:
    return [element.value for element in app.header]


@pytest.mark.parametrize("number", ASKING)
def test_a_lesson_asks_first(number: int, runs_root: Path) -> None:
    app = learn(lesson=str(number))
    assert headings(app) == [f"{number} · {LESSONS[number - 1].title}"]
    assert not app.success
    assert not app.info
    assert not app.error


@pytest.mark.parametrize("number", ASKING)
def test_every_answer_is_answered_and_then_explained(number: int, runs_root: Path) -> None:
    lesson = LESSONS[number - 1]
    assert sum(answer.right for answer in lesson.answers) == 1
    for place, answer in enumerate(lesson.answers):
        app = learn(lesson=str(number), **{f"lesson_{number}_answer": str(place)})
        said = app.success if answer.right else app.info
        assert [it.value for it in said] == [answer.says]
        assert headings(app)[1:] == ["What happened, and why", "See it"]
        assert not app.error


def test_choosing_puts_the_answer_into_the_link(runs_root: Path) -> None:
    app = learn(lesson="4")
    app.radio[0].set_value(LESSONS[3].answers[2].text).run()
    assert app.query_params["lesson_4_answer"] == "2"
    assert app.success


@pytest.mark.parametrize("asked", ["9", "0", "two", ""])
def test_a_lesson_that_is_not_there_is_the_first(asked: str, runs_root: Path) -> None:
    assert headings(learn(lesson=asked))[0].startswith("1 · ")


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: view.label)
def test_a_link_of_a_lesson_opens_what_it_names(view: View, runs_root: Path) -> None:
    app = fine(visit(Path(view.script).stem, **view.state))
    assert not app.error
    assert not app.warning
    assert not app.toast
    assert REFUSED not in app.session_state


def test_the_first_lesson_counts(runs_root: Path) -> None:
    made, _ = discriminator.rounds()
    assert sum(it.real for it in made) == discriminator.ROUNDS / 2
    right = "".join("r" if it.real else "g" for it in made)
    app = learn(lesson="1", lesson_1_said=right[:-1])
    app.button(key="lesson_1_real" if right[-1] == "r" else "lesson_1_fake").click().run()
    assert any(it.value.startswith("**You: 8 of 8. D: ") for it in app.markdown)
    assert headings(app)[1:] == ["What happened, and why", "See it"]


@pytest.mark.parametrize("said", ["x", "rgrgrgrgr", "R", "rg "])
def test_what_nobody_said_is_dropped(said: str, runs_root: Path) -> None:
    app = learn(lesson="1", lesson_1_said=said)
    assert any(it.value.startswith("**Round 1 of 8.**") for it in app.markdown)


@pytest.mark.parametrize("mean", [0.0, 0.7, 3.0])
def test_the_value_of_the_game_is_its_divergence(mean: float) -> None:
    value, divergence = one_dimension.value_at_best(mean)
    assert value == pytest.approx(2 * divergence - math.log(4), abs=1e-6)
    drawn = np.random.RandomState(0).standard_normal(200_000)
    ratio = np.exp(-(drawn**2) / 2 + (drawn - mean) ** 2 / 2)
    best = ratio / (1 + ratio)
    other = drawn + mean
    theirs = np.exp(-(other**2) / 2 + (other - mean) ** 2 / 2)
    simulated = np.log(best).mean() + np.log(1 / (1 + theirs)).mean()
    assert value == pytest.approx(simulated, abs=0.01)


def test_a_perfect_generator_is_measured_above_0_and_less_with_more_samples() -> None:
    measured = quality.distances()
    assert (measured > 0).all()
    assert (np.diff(measured.mean(0)) < 0).all()


def test_each_fault_shows_in_the_figure_that_the_lesson_names() -> None:
    perfect, missing, blurred, copying = map(four_generators.shown, four_generators.MADE)
    assert missing.recall < 0.6
    assert perfect.recall > 0.9
    assert missing.frechet < 0.02, "means and covariances are those of the whole ring"
    assert blurred.precision < 0.65
    assert perfect.precision > 0.9
    assert blurred.frechet > 2 * perfect.frechet
    assert copying.memorization == 0.0
    assert 0.8 < perfect.memorization < 1.25
    assert copying.precision > 0.9
    assert copying.frechet < 0.02


@pytest.mark.parametrize("name", four_generators.MADE)
def test_every_generator_of_the_eighth_lesson_is_shown(name: str, runs_root: Path) -> None:
    app = learn(lesson="8", lesson_8_answer="1", lesson_8_generator=name)
    recall = four_generators.shown(name).recall
    assert any(f"recall **{recall:.2f}**" in it.value for it in app.markdown)


def test_the_third_lesson_shows_networks_as_well(runs_root: Path) -> None:
    app = learn(lesson="3", lesson_3_answer="2", lesson_3_who="G and D on a ring")
    assert not app.error
    assert not app.slider, "the player has its own"


def test_the_sixth_lesson_shows_the_divergences_that_are_asked_for(runs_root: Path) -> None:
    asked = ["Hellinger", "reverse KL", "gone"]
    app = learn(lesson="6", lesson_6_answer="1", lesson_6_least=asked)
    assert app.get("pills")[0].value == ["Hellinger", "reverse KL"]
    assert app.toast.len == 1
