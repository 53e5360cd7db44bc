"""Lesson 3: two players, and nobody descends."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gandash.app.lessons.controls import chart, slider
from gandash.app.lessons.lesson import Answer, Lesson, View
from gandash.app.parts.choose import at_once
from gandash.app.parts.player import of_preset, player
from gandash.pictures import charts
from gandash.theory.games import Rule, play

STEPS = 60
SMALLEST, NETWORKS = "x and y", "G and D on a ring"
RULES: list[Rule] = ["at once", "in turns", "damped"]


def figure(answered: bool) -> bool:
    """Where both players start; once the question is answered the way that they take, or two
    networks in their place.
    """
    if not answered:
        chart(charts.paths({"start": np.array([[1.0, 0.0]])}, 3.0), "lesson_3_start")
        return False
    shown = at_once("Who plays", [SMALLEST, NETWORKS], "lesson_3_who")
    if shown == NETWORKS:
        player([of_preset("Ring of eight")], key="lesson_3_player", parameter="lesson_3_")
        st.caption("Step through it: D's map turns, the samples follow, and both losses hover.")
        return True
    rule: Rule = at_once("They move", list(RULES), "lesson_3_rule")  # type: ignore[assignment]
    rate = slider("Learning rate", 0.05, 0.5, 0.2, step=0.05, key="lesson_3_rate")
    way = play(rule, rate, STEPS)
    chart(charts.paths({rule: way}, 3.0), "lesson_3_way")
    far = np.linalg.norm(way[-1])
    st.markdown(
        f"After {STEPS} steps they are **{far:.2f}** from the equilibrium; they began at 1."
    )
    return True


LESSON = Lesson(
    title="Two players",
    asks="The smallest game: $V(x,y)=xy$. One player chooses $x$ and wants $V$ small, the other "
    "$y$ and wants it large. Both are content only at $x=y=0$. They start at $(1,0)$ and each "
    "follows its own gradient, both at once. Where do they go?",
    answers=(
        Answer("Straight to (0, 0)", "Neither gradient points there: x's is −y, y's is x. At every "
               "place the move is at a right angle to the way home."),
        Answer("They circle it for ever", "Nearly: with infinitely small steps they would. Real "
               "steps leave the circle outwards."),
        Answer("They spiral away from it", "Yes: each step is along a tangent, and a tangent leads "
               "out of the circle.", right=True),
    ),
    figure=figure,
    why="A GAN is no descent: there is no height that both go down. The equilibrium (Nash's) is a "
    "point where neither can gain alone, and following the own gradient need not lead there. At "
    "once, the distance grows by the factor $\\sqrt{1+\\eta^2}$ a step, $\\eta$ being the "
    "learning rate. In turns, it stays "
    "bounded, and circles. A penalty on D's gradient (R1) holds D back and turns the circle into a "
    "spiral inwards. So losses of a healthy GAN do not fall: they hover, and swings are normal. "
    "(Goodfellow 2016, [arXiv:1701.00160](https://arxiv.org/abs/1701.00160), section 8.2; "
    "Mescheder et al. 2018, [arXiv:1801.04406](https://arxiv.org/abs/1801.04406).)",
    see=(
        View("Two networks that circle: the ring, step by step", "views/playground.py",
             "playground", {"play_a": "Ring of eight", "play_b": "Collapse"}),
        View("Losses that hover, on digits", "views/curves.py", "curves",
             {"curves_runs": "mnist-dcgan"}),
    ),
    teachers="Let the class play it: two pupils, one moves left or right, one up or down, each by "
    "a tenth of the other's coordinate. Then ask what a lower loss of one of them is worth.",
)  # fmt: skip
