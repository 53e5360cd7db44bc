"""What theory says of alpha and beta, on two densities on a line."""

from __future__ import annotations

import numpy as np
import streamlit as st

from gandash.app.parts import links, page
from gandash.pictures import charts
from gandash.theory import smoothing

SAMPLED = -1.5  # where the figure's samples lie: the mean of its p_g


@st.fragment
def lab() -> None:
    """D* on two one-dimensional densities, with alpha and beta to play with, and what G feels."""
    page.section("What α and β do to the optimal D, and to G's gradient")
    text, middle, right = st.columns([1, 1.3, 1.3], gap="medium")
    with text:
        alpha, beta = targets()
    x = np.linspace(-6, 6, 481)
    p_data, p_g = _normal(x, 1.5, 0.8), _normal(x, SAMPLED, 1.0)
    arms_shown = {
        "hard labels": (0.0, 0.0),
        f"α = {alpha:g} alone": (alpha, 0.0),
        f"α = {alpha:g}, β = {beta:g}": (alpha, beta),
    }
    optima = {
        f"D*, {name}": smoothing.optimal_discriminator(p_data, p_g, *values)
        for name, values in arms_shown.items()
        if name != f"α = {alpha:g} alone"
    }
    slopes = {
        name: smoothing.log_gradient(x, p_data, p_g, *values) for name, values in arms_shown.items()
    }
    with middle:
        page.chart(charts.densities(x, p_data, p_g, optima), "smoothing_theory")
        st.caption("Closed form for N(1.5, 0.8²) and N(−1.5, 1²); nothing here is trained.")
    with right:
        page.chart(charts.gradients(x, slopes, SAMPLED), "smoothing_gradient")
        st.caption("What the non-saturating G follows; dotted upright: the middle of its samples.")
    here = int(np.argmin(np.abs(x - SAMPLED)))
    with text:
        lesson(beta, [-float(values[here]) for values in slopes.values()])


def targets() -> tuple[float, float]:
    """α and β to play with, and the optimal D that follows from them."""
    alpha = st.slider(
        "α, smoothing of real",
        0.0,
        0.4,
        0.1,
        0.05,
        key="smoothing_alpha",
        bind=links.real("smoothing_alpha", 0, 0.4),
    )
    beta = st.slider(
        "β, smoothing of generated",
        0.0,
        0.4,
        0.1,
        0.05,
        key="smoothing_beta",
        bind=links.real("smoothing_beta", 0, 0.4),
    )
    st.markdown("D learns targets $1-\\alpha$ on real and $\\beta$ on generated images. Best is")
    st.latex(
        r"\begin{aligned}D^*&=\frac{(1-\alpha)\,p_\text{data}+\beta\,p_g}{p_\text{data}+p_g}\\"
        r"&=\beta+(1-\alpha-\beta)\,D^*_\text{hard}\end{aligned}"
    )
    return alpha, beta


def lesson(beta: float, gradients: list[float]) -> None:
    """What smoothing does to G: the gradients with hard labels, with α alone and with both."""
    hard, one_sided, both = gradients
    st.markdown(
        "Smoothing is an increasing affine map of the hard optimum: it keeps its shape.\n"
        "- **α** alone only scales it, and $\\log D^*$ has the same gradient as before. Its "
        "merit is a D whose logits are not pushed to infinity.\n"
        f"- **β** keeps D* above {beta:g} where only G puts mass. $\\log D^*$ is flat there, "
        "just where samples are wrong: this is why [Salimans et al. "
        "2016](https://arxiv.org/abs/1606.03498) smooth one side only.\n\n"
        f"At x = −1.5 the gradient of $-\\log D^*$ is **{hard:.3g}** with hard labels, "
        f"**{one_sided:.3g}** with α alone and **{both:.3g}** with both."
    )


def _normal(x: charts.Floats, mean: float, std: float) -> charts.Floats:
    density: charts.Floats = np.exp(-0.5 * ((x - mean) / std) ** 2) / (std * np.sqrt(2 * np.pi))
    return density
