"""Lesson 1: be the discriminator."""

from __future__ import annotations

import re
from typing import Any, NamedTuple

import numpy as np
import streamlit as st

from gandash.app.lessons.controls import chart
from gandash.app.lessons.lesson import Lesson, View
from gandash.app.parts import links
from gandash.pictures import charts
from gandash.playground import PRESETS, opened, stored

ROUNDS, POINTS = 8, 12
PRESET = "Two moons"
FRAME = 30  # of 80: the samples are no longer absurd
SAID = "lesson_1_said"


class Round(NamedTuple):
    """Some points (N, 2), whether they are data, and D's mean answer on them."""

    points: charts.Floats
    real: bool
    score: float


@st.cache_data(max_entries=1, show_spinner=False)
def rounds() -> tuple[list[Round], float]:
    """The rounds, half of them data in an order by chance, and half the side of what is shown."""
    tensors, facts = opened(stored(PRESETS[PRESET].config) or b"")
    random = np.random.RandomState(8)
    heat, reach = tensors["heat"][FRAME], float(facts["reach"])
    made = []
    for real in random.permutation([True, False] * (ROUNDS // 2)):
        source = tensors["data"] if real else tensors["fakes"][FRAME]
        points = source[random.choice(len(source), POINTS, replace=False)].astype(np.float64)
        made.append(Round(points, bool(real), _score(points, heat, reach)))
    return made, reach


def _score(points: charts.Floats, heat: Any, reach: float) -> float:
    """The mean of D's answers at the cells that the points lie in."""
    side = round(len(heat) ** 0.5)
    place = ((points + reach) / (2 * reach) * side).astype(int).clip(0, side - 1)
    return float(heat[place[:, 0] * side + place[:, 1]].mean() / 255)


def said() -> str:
    """What the visitor has said up to now: a letter a round, r or g."""
    asked = str(st.query_params.get(SAID, ""))
    if not re.fullmatch(f"[rg]{{0,{ROUNDS}}}", asked):
        links.refuse(SAID, asked)
        return ""
    return asked


def say(letter: str) -> None:
    """Answer the round that is shown."""
    st.query_params[SAID] = said() + letter


def again() -> None:
    """Forget all answers."""
    st.query_params.pop(SAID, None)


def figure(_answered: bool) -> bool:
    """The round that is to be judged; after the last one the score."""
    made, reach = rounds()
    letters = said()
    if len(letters) == ROUNDS:
        _result(made, letters, reach)
        return True
    shown = made[len(letters)]
    st.markdown(f"**Round {len(letters) + 1} of {ROUNDS}.** Are these {POINTS} points data?")
    # A caption from the first: what comes later would move the buttons, and take them the focus.
    last = _last(made[len(letters) - 1], letters[-1]) if letters else "D will be asked as well."
    st.caption(last)
    chart(charts.cloud({"points": shown.points}, reach), "lesson_1_cloud")
    with st.container(horizontal=True):
        st.button("Real", on_click=say, args=("r",), key="lesson_1_real", icon=":material/check:")
        st.button(
            "Generated", on_click=say, args=("g",), key="lesson_1_fake", icon=":material/brush:"
        )
    return False


def _last(judged: Round, letter: str) -> str:
    truth = "real" if judged.real else "generated"
    hit = "right" if (letter == "r") == judged.real else "wrong"
    return f"The last ones were {truth}: you were {hit}. D answered {judged.score:.2f}."


def _result(made: list[Round], letters: str, reach: float) -> None:
    yours = sum((letter == "r") == it.real for letter, it in zip(letters, made, strict=True))
    theirs = sum((it.score > 0.5) == it.real for it in made)
    st.markdown(f"**You: {yours} of {ROUNDS}. D: {theirs} of {ROUNDS}.** All that you have seen:")
    groups = {
        name: np.concatenate([it.points for it in made if it.real == real])
        for name, real in (("real", True), ("generated", False))
    }
    chart(charts.cloud(groups, reach), "lesson_1_all")
    st.button("Once more", on_click=again, key="lesson_1_again", icon=":material/replay:")


LESSON = Lesson(
    title="Be the discriminator",
    asks="A discriminator D is shown samples, some from the data, some from a generator G, and "
    "learns to tell which are which. Do its work for eight rounds: is this real or generated? The "
    "data lie on two arcs, like two moons; G has trained for 750 steps.",
    figure=figure,
    why="One point tells little; many together show a shape. You have looked for what data never "
    "do: points between the arcs, or beside them. D does the same, point by point: it answers with "
    "a probability $D(x)$, near 1 for real, near 0 for generated, and where both occur equally "
    "often the best that it can say is ½.\n\n"
    "Its training minimizes the **cross-entropy** "
    "$-\\log D(x)$ on real and $-\\log(1-D(G(z)))$ on generated samples: being sure and wrong "
    "costs most. G never sees the data. All that it learns, it learns from D's answers: which way "
    "to move a sample so that D calls it real.",
    see=(
        View(
            "The same D, over the whole plane and through training", "views/playground.py",
            "playground", {"play_a": PRESET, "play_step": "30"},
        ),
        View(
            "D's answers on digits, step by step", "views/curves.py", "curves",
            {"curves_runs": "mnist-dcgan"},
        ),
    ),
    teachers="Let each pupil play once and collect the scores, beside D's. Ask what they looked "
    "for: it is what G has to mend next. All rounds are the same for everyone.",
)  # fmt: skip
