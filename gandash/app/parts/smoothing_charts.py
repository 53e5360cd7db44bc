"""The charts of arms of label smoothing, drawn once for all who look at the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from gandash import runs
from gandash.app import cached
from gandash.app.parts.smoothing_arms import Arm, pooled
from gandash.pictures import charts, outputs
from gandash.theory import smoothing

EXCESS, SCORES, LOGITS, QUALITY = CURVES = (
    "smoothing_excess", "smoothing_scores", "smoothing_logits", "smoothing_quality",
)  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """Figures by their keys (none of the quality where it was not measured), D's outputs with what
    they say, and the metrics that the figures are of. Shared: nothing of it may be changed.
    """

    frames: Mapping[str, pd.DataFrame]
    curves: Mapping[str, go.Figure]
    outputs: go.Figure
    says: str


def drawn(arms: Sequence[Arm], weight: float) -> Drawn:
    """All charts of the arms, smoothed by ``weight``, anew where a run's metrics have changed."""
    return _drawn(tuple(arms), weight)


def _stamp(arm: Arm) -> tuple[str, list[tuple[str, int]]]:
    files = (member.folder / runs.METRICS for member in arm.members)
    return arm.title, [(str(file), file.stat().st_mtime_ns) for file in files]


@st.cache_resource(max_entries=32, show_spinner=False, hash_funcs={Arm: _stamp})
def _drawn(arms: tuple[Arm, ...], weight: float) -> Drawn:
    frames = {title_of(arm): pooled(arm) for arm in arms}
    found = {arm.title: _outputs(arm) for arm in arms}
    return Drawn(
        frames, _curves(arms, frames, weight), outputs.histograms(found), outputs.in_words(found)
    )


def _curves(
    arms: Sequence[Arm], frames: Mapping[str, pd.DataFrame], weight: float
) -> dict[str, go.Figure]:
    draw = partial(charts.curves, frames, x="step")
    lines = {
        f"equilibrium {value:.2f}": value
        for value in sorted({smoothing.equilibrium(it.loss.alpha, it.loss.beta) for it in arms})
    }
    excess = [charts.Curve("d_excess", "D")]
    scores = [charts.Curve("d_real", "D(x)"), charts.Curve("d_fake", "D(G(z))", "dot")]
    logits = [charts.Curve("real_q50", "real"), charts.Curve("fake_q50", "generated", "dot")]
    figures = {
        EXCESS: draw(excess, "Nats above the floor", smoothing=weight),
        SCORES: draw(scores, "Probability", smoothing=weight, lines=lines),
        LOGITS: draw(logits, "Median logit", smoothing=weight),
    }
    if any(charts.measured(table, "frechet") for table in frames.values()):
        figures[QUALITY] = draw([charts.Curve("frechet", "Fréchet")], "Distance", log_y=True)
    return figures


def _outputs(arm: Arm) -> outputs.Outputs:
    alpha, beta = arm.loss.alpha, arm.loss.beta
    optima = (beta, smoothing.equilibrium(alpha, beta), 1 - alpha)
    return outputs.Outputs([cached.metrics(member.folder) for member in arm.members], optima)


def title_of(arm: Arm) -> str:
    """What the legends call an arm."""
    count = len(arm.members)
    return f"{arm.title} (mean of {count} seeds)" if count > 1 else arm.title
