"""Lesson 7: label smoothing, one side and two."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gandash.app.lessons.controls import chart, slider
from gandash.app.lessons.lesson import Answer, Lesson, View
from gandash.pictures import charts
from gandash.theory.fitting import gaussian
from gandash.theory.smoothing import entropy_floor, log_gradient, optimal_discriminator

X = np.linspace(-6, 6, 481)
P_DATA, P_G, SAMPLED = gaussian(X, 1.5, 0.8), gaussian(X, -1.5, 1.0), -1.5


def figure(answered: bool) -> bool:
    """The best D for hard labels; once the question is answered, for those of two sliders."""
    optima = {"D*, hard labels": optimal_discriminator(P_DATA, P_G)}
    if not answered:
        chart(charts.densities(X, P_DATA, P_G, optima), "lesson_7_hard")
        return False
    left, right = st.columns(2)
    with left:
        alpha = slider("α, smoothing of real", 0.0, 0.4, 0.1, step=0.05, key="lesson_7_alpha")
    with right:
        beta = slider("β, smoothing of generated", 0.0, 0.4, 0.1, step=0.05, key="lesson_7_beta")
    optima[f"D*, α = {alpha:g}, β = {beta:g}"] = optimal_discriminator(P_DATA, P_G, alpha, beta)
    chart(charts.densities(X, P_DATA, P_G, optima), "lesson_7_optima")
    arms = {"hard labels": (0.0, 0.0), "α alone": (alpha, 0.0), "α and β": (alpha, beta)}
    slopes = {name: log_gradient(X, P_DATA, P_G, *values) for name, values in arms.items()}
    here = int(np.argmin(np.abs(X - SAMPLED)))
    told = ", ".join(f"{name} **{abs(slope[here]):.3g}**" for name, slope in slopes.items())
    st.markdown(
        f"Pull on a sample at x = −1.5, the slope of log D\\*: {told}. The least loss that D can "
        f"reach with these targets is **{entropy_floor(alpha, beta):.3f}** nats."
    )
    return True


LESSON = Lesson(
    title="Label smoothing",
    asks="D is taught 0.9 instead of 1 for real and 0.1 instead of 0 for generated samples. What "
    "does the best D now answer where there are only generated samples?",
    answers=(
        Answer("0, as before", "It is told 0.1 for everything there, and 0.1 is what costs least."),
        Answer("0.1", "Yes: β. And it answers 0.1 all over that region, however bad the sample.",
               right=True),
        Answer("0.5: it is no longer sure", "That is its answer where real and generated are "
               "equally frequent. Here are only samples for which it is taught 0.1."),
    ),
    figure=figure,
    why="$$D^*=\\frac{(1-\\alpha)\\,p_{data}+\\beta\\,p_g}{p_{data}+p_g}=\\beta+(1-\\alpha-\\beta)\\,"
    "D^*_{hard}.$$ Real is taught $1-\\alpha$, generated $\\beta$, and $D^*_{hard}$ is the best D "
    "of lesson 2. **One side** (α) only scales D*: $\\log D^*$ has the same slope as before, and "
    "D is kept from logits that grow without end. **Two sides** (β too) lift D* to a plateau of "
    "height β just where samples are wrong; there $\\log D^*$ is flat, and a bad sample is hardly "
    "pulled. That is why [Salimans et al. 2016](https://arxiv.org/abs/1606.03498) smooth real "
    "labels alone. Losses of runs with other targets do not compare until the **floor**, the "
    "entropy of the targets, is taken off.",
    see=(
        View("Three arms on digits, same z, above their floors", "views/smoothing.py",
             "smoothing"),
        View("Both in the plane, side by side", "views/playground.py", "playground",
             {"play_a": "Smoothing, one-sided", "play_b": "Smoothing, two-sided",
              "play_shown": "dpo"}),
    ),
    teachers="Ask first what α does to the curve (it scales it), then what β does (it lifts it). "
    "Then compare the three pulls: with β they differ by two orders of magnitude. In the shipped "
    "runs the arms differ by no more than their seeds: the best D is theory.",
)  # fmt: skip
