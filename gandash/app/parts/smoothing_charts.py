"""The charts of arms of label smoothing, drawn once for all who look at the same."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import partial

import pandas as pd

from gandash.app import cached
from gandash.app.parts.page import Prepared, prepared
from gandash.app.parts.smoothing_arms import Arm, pooled, shared
from gandash.pictures import charts, outputs
from gandash.theory import smoothing

EXCESS, SCORES, LOGITS, QUALITY = CURVES = (
    "smoothing_excess", "smoothing_scores", "smoothing_logits", "smoothing_quality",
)  # fmt: skip


@dataclass(frozen=True)
class Drawn:
    """Charts by their keys (none of the quality where it was not measured), D's outputs, and the
    metrics that the charts are of. Shared: nothing of it may be changed.
    """

    frames: Mapping[str, pd.DataFrame]
    curves: Mapping[str, Prepared]
    outputs: Prepared


def drawn(arms: Sequence[Arm], weight: float) -> Drawn:
    """All charts of the arms, smoothed by ``weight``, anew where a run's metrics have changed."""
    return Drawn(_frames(tuple(arms)), _curves(tuple(arms), weight), _histograms(tuple(arms)))


@shared
def _frames(arms: tuple[Arm, ...]) -> dict[str, pd.DataFrame]:
    return {title_of(arm): pooled(arm) for arm in arms}


@shared
def _histograms(arms: tuple[Arm, ...]) -> Prepared:
    found = {arm.title: _outputs(arm) for arm in arms}
    return prepared(outputs.histograms(found), outputs.in_words(found))


@shared
def _quality(arms: tuple[Arm, ...]) -> dict[str, Prepared]:
    frames = _frames(arms)
    if not any(charts.measured(table, "frechet") for table in frames.values()):
        return {}
    frechet = [charts.Curve("frechet", "Fréchet")]
    return {QUALITY: prepared(charts.curves(frames, frechet, "Distance", x="step", log_y=True))}


@shared
def _curves(arms: tuple[Arm, ...], weight: float) -> dict[str, Prepared]:
    draw = partial(charts.curves, _frames(arms), x="step", smoothing=weight)
    lines = {
        f"equilibrium {value:.2f}": value
        for value in sorted({smoothing.equilibrium(it.loss.alpha, it.loss.beta) for it in arms})
    }
    excess = [charts.Curve("d_excess", "D")]
    scores = [charts.Curve("d_real", "D(x)"), charts.Curve("d_fake", "D(G(z))", "dot")]
    logits = [charts.Curve("real_q50", "real"), charts.Curve("fake_q50", "generated", "dot")]
    return {
        EXCESS: prepared(draw(excess, "Nats above the floor")),
        SCORES: prepared(draw(scores, "Probability", lines=lines)),
        LOGITS: prepared(draw(logits, "Median logit")),
        **_quality(arms),
    }


def _outputs(arm: Arm) -> outputs.Outputs:
    alpha, beta = arm.loss.alpha, arm.loss.beta
    optima = (beta, smoothing.equilibrium(alpha, beta), 1 - alpha)
    return outputs.Outputs([cached.metrics(member.folder) for member in arm.members], optima)


def title_of(arm: Arm) -> str:
    """What the legends call an arm."""
    count = len(arm.members)
    return f"{arm.title} (mean of {count} seeds)" if count > 1 else arm.title
