"""How D's outputs are spread on real and on generated samples, from the quantiles of its logits."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

from gandash.pictures.charts import BOTTOM, COLORS, GRAY, LEFT, quoted

Floats = npt.NDArray[np.float64]
LEVELS = (0.05, 0.25, 0.5, 0.75, 0.95)
BINS = 40
TOP, ROW, TITLE = 64, 130, 34  # pixels: of the legend and first title, of an arm, between two
KINDS = (("real", "D(x), real", COLORS[2]), ("fake", "D(G(z)), generated", COLORS[1]))


@dataclass(frozen=True)
class Outputs:
    """An arm: the metrics of its runs (one a seed), and D* where p_g has all, half and none of
    the mass: beta, (1 - alpha + beta) / 2, 1 - alpha.
    """

    runs: Sequence[pd.DataFrame]
    optima: tuple[float, float, float]


def shares(quantiles: Floats, edges: Floats) -> Floats:
    """Which share of samples has sigmoid(logit) between neighboring ``edges`` in [0, 1], (B,).

    ``quantiles`` (N, 5) are those of D's logits at ``LEVELS``, N batches, which are averaged. What
    lies between two quantiles is taken as spread evenly over the logits between them; the 5 % at
    an end reach as far beyond as the next quarter does.
    """
    low = 2 * quantiles[:, :1] - quantiles[:, 1:2]
    high = 2 * quantiles[:, -1:] - quantiles[:, -2:-1]
    known = np.maximum.accumulate(np.concatenate([low, quantiles, high], axis=1), axis=1)
    with np.errstate(divide="ignore"):
        logits = np.log(edges) - np.log1p(-edges)
    below = np.stack([np.interp(logits, row, (0.0, *LEVELS, 1.0)) for row in known])
    below[:, edges <= 0], below[:, edges >= 1] = 0.0, 1.0
    return np.asarray(np.diff(below, axis=1).mean(0))


def of_runs(runs: Sequence[pd.DataFrame], who: str, edges: Floats) -> Floats:
    """Shares (seeds, B) of an arm's runs, each over the last tenth of its rows of metrics."""
    names = [f"{who}_q{round(100 * level):02d}" for level in LEVELS]
    tables = [table[names].dropna() for table in runs]
    last = [table.tail(max(len(table) // 10, 1)).to_numpy(np.float64) for table in tables]
    return np.stack([shares(rows, edges) for rows in last if len(rows)])


def histograms(arms: Mapping[str, Outputs]) -> go.Figure:
    """D's outputs on real and generated samples, an arm below the other, on common axes.

    Bars are means over seeds, their whiskers the standard deviation; upright lines are D*.
    """
    titles = [quoted(title) for title in arms]
    height = TOP + BOTTOM + ROW * len(arms)
    figure = make_subplots(
        len(arms), 1, subplot_titles=titles, shared_xaxes=True,
        vertical_spacing=TITLE / (height - TOP - BOTTOM),
    )  # fmt: skip
    edges = np.linspace(0, 1, BINS + 1)
    for row, arm in enumerate(arms.values(), start=1):
        for who, label, color in KINDS:
            _add_bars(figure, of_runs(arm.runs, who, edges), edges, label, color=color, row=row)
        for value in arm.optima:
            line = {"dash": "dot", "width": 1.5, "color": GRAY}
            figure.add_vline(value, line=line, row=row, col=1)
    figure.update_layout(
        height=height,
        barmode="overlay",
        bargap=0,
        margin={"l": LEFT, "r": 12, "t": TOP, "b": BOTTOM},
        legend={"orientation": "h", "y": 1, "yref": "container", "yanchor": "top", "x": 0},
    )
    figure.update_annotations(font_size=13)
    figure.update_xaxes(range=(-0.01, 1.01), tickformat=".1f", dtick=0.2)
    figure.update_xaxes(title_text="D's output", row=len(arms))
    highest = max(max(np.asarray(bars.y) + _whisker(bars)) for bars in figure.data)
    figure.update_yaxes(range=(0, 1.05 * highest), tickformat=".0%", nticks=4)
    figure.update_yaxes(title_text="Share of samples", row=(len(arms) + 1) // 2)
    return figure


def _whisker(bars: go.Bar) -> Floats:
    """How far the whiskers of bars reach above them."""
    return np.zeros(BINS) if bars.error_y.array is None else np.asarray(bars.error_y.array)


def _add_bars(
    figure: go.Figure, found: Floats, edges: Floats, label: str, *, color: str, row: int
) -> None:
    spread = found.std(0, ddof=1) if len(found) > 1 else None
    whiskers = {"array": spread, "color": color, "thickness": 1, "width": 0}
    figure.add_bar(
        x=(edges[1:] + edges[:-1]) / 2,
        y=found.mean(0),
        width=np.diff(edges),
        marker={"color": color, "line": {"width": 0}},
        opacity=0.6,
        error_y=whiskers if spread is not None else None,
        name=label,
        legendgroup=label,
        showlegend=row == 1,
        hovertemplate="%{y:.1%} at %{x:.2f}<extra>" + label + "</extra>",
        row=row,
        col=1,
    )


def in_words(arms: Mapping[str, Outputs]) -> str:
    """The figure for those who hear it: how much of each kind D puts above one half."""
    half = np.array([0.0, 0.5, 1.0])
    parts = []
    for title, arm in arms.items():
        real, fake = (of_runs(arm.runs, who, half)[:, 1].mean() for who, _, _ in KINDS)
        parts.append(
            f"{title}: D says more than one half to {real:.0%} of the real samples and to "
            f"{fake:.0%} of the generated ones."
        )
    return " ".join(parts)
