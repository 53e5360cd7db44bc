"""Lesson 4: why non-saturating."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gandash.app.lessons.controls import chart, slider
from gandash.app.lessons.lesson import Answer, Lesson, View
from gandash.pictures import charts
from gandash.theory.costs import COSTS, PULLS

S = np.linspace(0.002, 0.85, 425)


def figure(answered: bool) -> bool:
    """The costs; once the question is answered, the pulls that follow from them."""
    if not answered:
        named = {name: cost(S) for name, cost in COSTS.items()}
        chart(charts.lines(S, named, "s = D(G(z))", "G's cost", y_range=(-6, 6)), "lesson_4_costs")
        return False
    s = slider("s = D(G(z))", 0.01, 0.85, 0.01, step=0.01, key="lesson_4_s")
    named = {name: pull(S) for name, pull in PULLS.items()}
    chart(
        charts.lines(S, named, "s = D(G(z))", "Pull on the sample", at=s, y_range=(0, 2)),
        "lesson_4_pulls",
    )
    here = np.array(s)
    said = ", ".join(f"{name.split(',')[0]} **{pull(here):.2f}**" for name, pull in PULLS.items())
    st.markdown(f"At $s={s:.2f}$: {said}.")
    return True


LESSON = Lesson(
    title="Why “non-saturating”?",
    asks="Early in training D is sure that a sample is generated: $D(G(z))=0.01$. In the game of "
    "2014 G minimizes $\\log(1-D(G(z)))$. How hard does that pull the sample, beside the cost "
    "$-\\log D(G(z))$?",
    answers=(
        Answer("Harder", "The curve of log(1 − s) is flat where s is near 0: there is hardly any "
               "slope to follow."),
        Answer("About as hard", "Both want the same, D(G(z)) near 1, but their slopes differ: look "
               "at the left end of the figure."),
        Answer("99 times less", "Yes: 0.01 against 0.99. Where G is worst it learns least.",
               right=True),
    ),
    figure=figure,
    why="D's answer $s$ is the sigmoid $\\sigma(l)$ of a number $l$, its logit. By that the pulls "
    "are $s$ (minimax), $1-s$ "
    "(non-saturating) and $s/(1-s)$ (maximum likelihood, for the best D). Minimax **saturates**: a "
    "bad sample gets almost no gradient, so a D whose loss is near 0 stops G. That is why D's loss "
    "near 0 is bad news. The non-saturating cost keeps the direction and gives the worst samples "
    "most; its price is that it is no longer the same game. Maximum likelihood cares only for the "
    "few samples that D already believes. (Goodfellow 2016, "
    "[arXiv:1701.00160](https://arxiv.org/abs/1701.00160), section 3.2, figure 16.)",
    see=(
        View("The same strong D under both costs", "views/playground.py", "playground",
             {"play_a": "D too strong, minimax", "play_b": "D too strong, non-saturating"}),
        View("A D that wins, on digits", "views/curves.py", "curves",
             {"curves_runs": "mnist-failure-strong-d", "curves_log": "true"}),
    ),
    teachers="The figure before the answer shows costs, the one after it slopes. Ask for the slope "
    "at the left end of each cost before anyone answers.",
)  # fmt: skip
