"""Lesson 2: the game in one dimension."""

from __future__ import annotations

import math

import numpy as np
import streamlit as st

from gandash.app.lessons.controls import chart, slider
from gandash.app.lessons.lesson import Answer, Lesson, View
from gandash.pictures import charts
from gandash.theory.densities import jensen_shannon
from gandash.theory.fitting import gaussian
from gandash.theory.smoothing import optimal_discriminator

X = np.linspace(-8, 8, 1601)


def value_at_best(mean: float) -> tuple[float, float]:
    """V(D*, G) and the Jensen-Shannon divergence in nats for N(0, 1) and N(mean, 1), numerically:
    the first from its definition, E log D* + E log(1 - D*).
    """
    step = X[1] - X[0]
    p, q = gaussian(X, 0, 1), gaussian(X, mean, 1)
    best = optimal_discriminator(p, q)
    value = step * float((p * np.log(best) + q * np.log(1 - best)).sum())
    return value, jensen_shannon(p * step, q * step)


def figure(answered: bool) -> bool:
    """Two densities and the best D, which is shown once the question is answered."""
    mean = slider("Mean of p_g", -3.0, 3.0, 2.0, step=0.1, key="lesson_2_mean") if answered else 2.0
    p, q = gaussian(X, 0, 1), gaussian(X, mean, 1)
    best = {"D*": optimal_discriminator(p, q)} if answered else {}
    chart(charts.densities(X, p, q, best), "lesson_2_densities")
    if answered:
        value, divergence = value_at_best(mean)
        st.markdown(
            f"V(D\\*, G) = **{value:.3f}**, and −log 4 + 2·JSD = −{math.log(4):.3f} + "
            f"2·{divergence:.3f} = **{2 * divergence - math.log(4):.3f}**. Move p_g onto p_data."
        )
    return answered


LESSON = Lesson(
    title="The game in one dimension",
    asks="How often each value $x$ comes is the density $p_{data}$ of real samples, and $p_g$ of "
    "generated ones. Suppose that G is perfect, $p_g = p_{data}$. What does the best D answer?",
    answers=(
        Answer("1: everything looks real", "Then it would be sure and wrong half of the time: "
               "it pays −log of what it gave the truth, and that is without bound."),
        Answer("½ everywhere", "Yes. Real and generated are equally likely at every place, and D "
               "can only say so.", right=True),
        Answer("0: it trusts nothing", "Then it would be sure and wrong about every real sample."),
    ),
    figure=figure,
    why="At a place $x$ D earns $p_{data}\\log D + p_g\\log(1-D)$, which is greatest at "
    "$$D^*(x)=\\frac{p_{data}(x)}{p_{data}(x)+p_g(x)}.$$ "
    "Over all places D then earns $V(D^*,G)=-\\log 4+2\\,\\mathrm{JSD}(p_{data},p_g)$: "
    "against the best D, G minimizes a distance between distributions, the Jensen–Shannon "
    "divergence. It is 0 only where both are equal; then $V=-\\log 4\\approx-1.386$, and D's loss "
    "stands at 1.386. That is the dotted line in every loss chart here. (Goodfellow et al. 2014, "
    "[arXiv:1406.2661](https://arxiv.org/abs/1406.2661), section 4.)",
    see=(
        View("The same, trained", "views/playground.py", "playground",
             {"play_a": "On a line, as in 2014", "play_shown": "dgo"}),
        View("D's loss and the line at 1.39, on digits", "views/curves.py", "curves",
             {"curves_runs": "mnist-dcgan"}),
    ),
    teachers="Derive D* on the board first: differentiate a log D + b log(1 − D). The two numbers "
    "under the figure are computed in two ways, from the definition of V and from the divergence.",
)  # fmt: skip
