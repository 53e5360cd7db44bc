"""What theory says of alpha and beta, on two densities on a line that the visitor drags."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import streamlit as st

from gandash.app.hosting import visitors
from gandash.app.inference import RECORDING
from gandash.app.parts import links, page
from gandash.app.parts.in_browser import in_browser
from gandash.playground.best_d import Check, trained
from gandash.theory.mixtures import REACH, mixture_in

PREFIX = "smoothing_"
MOST_SMOOTHING = 0.4
USUAL = {"alpha": "0.1", "beta": "0.1", "data": "1.5_0.8_1", "fakes": "-1.5_1_1", "x": "-1.5"}
CHECKED, WANTED = "smoothing_checked", "smoothing_check_wanted"
MOST_KEPT = 64
_kept: OrderedDict[str, Check] = OrderedDict()


@dataclass(frozen=True)
class Stage:
    """What the lab shows, as the link has it: α, β and both mixtures."""

    alpha: str
    beta: str
    data: str
    fakes: str

    @property
    def key(self) -> str:
        """As the lab in the browser names it."""
        return f"{self.alpha} {self.beta} {self.data} {self.fakes}"


def stage() -> Stage:
    """What the link asks for; what makes no sense is dropped with a word, for what is usual."""
    for name in ("alpha", "beta"):
        links.real(PREFIX + name, 0, MOST_SMOOTHING)
    links.real(f"{PREFIX}x", -REACH, REACH)
    for name in ("data", "fakes"):
        links.parsed(PREFIX + name, mixture_in)
    asked = {name: st.query_params.get(PREFIX + name) or USUAL[name] for name in USUAL}
    return Stage(*(asked[name] for name in ("alpha", "beta", "data", "fakes")))


@st.fragment
def lab() -> None:
    """D* on two mixtures, with α and β to play with, what G feels, and a real D over it."""
    page.section("What α and β do to the optimal D, and to G's gradient")
    shown = stage()
    with page.one_sentence():
        check(shown)
    in_browser(
        "smoothing_lab",
        "smoothing/lab.js",
        "mountSmoothingLab",
        "smoothing/lab.css",
        {"check": _for_browser()},
        key="smoothing_lab",
    )
    st.button(
        "Check it: train a D on these densities",
        icon=":material/science:",
        on_click=_want_check,
        key="smoothing_check",
        help="A real D learns on samples of the two densities, for a few seconds.",
    )
    explanation()


def _want_check() -> None:
    st.session_state[WANTED] = True


def check(shown: Stage) -> None:
    """Train a D on what is shown, if that was asked for."""
    if not st.session_state.pop(WANTED, False):
        return
    bar = st.empty()

    def progress(share: float) -> None:
        bar.progress(share, "Training a D …")

    try:
        st.session_state[CHECKED] = (shown.key, _trained(shown, progress))
    finally:
        bar.empty()


def _trained(shown: Stage, progress: Callable[[float], object]) -> Check:
    """A D that was trained on what is shown; the same one for all who ask. One at a time."""
    alpha, beta = float(shown.alpha), float(shown.beta)
    mixtures = mixture_in(shown.data), mixture_in(shown.fakes)
    if shown.key not in _kept:
        visitors.count_film()
    with RECORDING:
        if shown.key not in _kept:  # else made for another while this one waited
            _kept[shown.key] = trained(*mixtures, alpha, beta, progress)
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
        return _kept[shown.key]


def _for_browser() -> dict[str, Any] | None:
    """The last check of this visitor, as the lab reads it."""
    key, found = st.session_state.get(CHECKED, ("", None))
    if found is None:
        return None
    ends = [float(found.x[0]), float(found.x[-1])]
    return {"key": key, "x": ends, "d": found.d.round(4).tolist(), "says": str(found)}


def explanation() -> None:
    """The formula, and what smoothing does to G."""
    left, right = st.columns(2, gap="large")
    with left:
        st.markdown(
            "D learns targets $1-\\alpha$ on real and $\\beta$ on generated images. Best is"
        )
        st.latex(
            r"D^*=\frac{(1-\alpha)\,p_\text{data}+\beta\,p_g}{p_\text{data}+p_g}"
            r"=\beta+(1-\alpha-\beta)\,D^*_\text{hard}"
        )
    with right:
        st.markdown(
            "- **α** alone only scales D*, and $\\log D^*$ has the same gradient as before. Its "
            "merit is a D whose logits are not pushed to infinity.\n"
            "- **β** keeps D* above β where only G puts mass. $\\log D^*$ is flat there, just "
            "where samples are wrong: this is why [Salimans et al. "
            "2016](https://arxiv.org/abs/1606.03498) smooth one side only."
        )
