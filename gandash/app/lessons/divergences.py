"""Lesson 6: KL both ways, and distributions that do not meet."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gandash.app.lessons.controls import chart, slider, some_of
from gandash.app.lessons.lesson import Answer, Lesson, View
from gandash.pictures import charts
from gandash.theory import fitting

X = np.linspace(-6, 6, 601)
BOTH_WAYS = ["KL", "reverse KL"]
FAR = np.linspace(-3, 3, 241)


def figure(answered: bool) -> bool:
    """Two peaks; once the question is answered, the best single Gaussians, and what happens to
    divergences of distributions that do not meet.
    """
    gap = (
        slider("Distance of the peaks", 1.0, 6.0, 4.0, step=0.5, key="lesson_6_gap")
        if answered
        else 4.0
    )
    named = {"p_data": fitting.two_peaks(X, gap)}
    if answered:
        for name in some_of("Least of", list(fitting.DIVERGENCES), BOTH_WAYS, "lesson_6_least"):
            named[f"least {name}"] = fitting.gaussian(X, *fitting.nearest(name, gap))
    chart(charts.lines(X, named, "x", "Density"), "lesson_6_fits")
    if answered:
        _apart()
    return answered


def _apart() -> None:
    st.markdown("Two uniform densities of width 1, one moved by θ:")
    values = [fitting.apart(float(theta)) for theta in FAR]
    named = {
        name: np.array([it[name] for it in values]) for name in ("Jensen-Shannon", "Wasserstein")
    }
    chart(charts.lines(FAR, named, "θ", "Divergence"), "lesson_6_apart")


LESSON = Lesson(
    title="Distances between distributions",
    asks="The data have two peaks, and your model is a single Gaussian. You choose it by the least "
    "$KL(p_{data}\\,\\|\\,p_g)$, as maximum likelihood does: the mean of $\\log\\,(p_{data}/p_g)$ "
    "over the data, which says by how much the model finds them too unlikely. Where will it "
    "stand?",
    answers=(
        Answer("On one of the peaks", "That leaves the other one without density, and this KL pays "
               "log p_data/p_g for it: without bound."),
        Answer("Between them, wide enough for both", "Yes: it must not call any data impossible, "
               "so it covers the gap as well.", right=True),
        Answer("Anywhere: it cannot be done", "Badly, but there is a best one: it has the data's "
               "mean and variance."),
    ),
    figure=figure,
    why="$KL(p_{data}\\|p_g)=\\int p_{data}\\log\\frac{p_{data}}{p_g}$ punishes **missing** what "
    "there is: it covers, and makes samples between the peaks. The other way round, "
    "$KL(p_g\\|p_{data})$ punishes **inventing** what there is not: it seeks one peak. GANs were "
    "long thought sharp because theirs is of the second kind; but GANs made for the first are "
    "sharp as well (Nowozin et al. 2016, [arXiv:1606.00709](https://arxiv.org/abs/1606.00709)), so "
    "that is not the reason. Every **f-divergence** $\\int p_g\\, f(p_{data}/p_g)$ (f convex, "
    "0 at 1) has its own idea of nearest: add the others above, move the peaks apart, and see "
    "which cover and which seek.\n\n"
    "Where two distributions **do not meet**, Jensen–Shannon's divergence is $\\log 2$ however far "
    "they are, and KL infinite: no slope leads home. **Wasserstein's** distance is how far mass "
    "must be moved, and always has one; a critic, a D without "
    "probabilities whose slope is bounded, estimates it (Arjovsky et al. 2017, "
    "[arXiv:1701.07875](https://arxiv.org/abs/1701.07875), example 1).",
    see=(
        View("A critic with a gradient penalty, on digits", "views/curves.py", "curves",
             {"curves_runs": "mnist-wgan-gp"}),
        View("Divergences of a run in the plane", "views/playground.py", "playground",
             {"play_a": "Two moons"}),
    ),
    teachers="All Gaussians are found by search over mean and width. "
    "Bring the peaks nearer: at a distance of about 1 all answers become the same.",
)  # fmt: skip
