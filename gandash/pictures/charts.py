"""Metrics and arrays to plotly figures; pure functions without torch or streamlit."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape
from typing import Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
from plotly.subplots import make_subplots

XAxis = Literal["step", "epoch", "seconds"]
X_TITLES: dict[str, str] = {"step": "Step", "epoch": "Epoch", "seconds": "Training time (s)"}
Floats = npt.NDArray[np.float64]
COLORS = ("#6f5ff0", "#e8703a", "#12a182", "#d09a00", "#2b8fe0", "#dc4a90", "#7f8c3a", "#9a6b4f")
MAX_POINTS = 1500
GRAY = "#8a8a99"


@dataclass(frozen=True)
class Curve:
    """One column of the metrics to draw: its name in the legend and its dash."""

    column: str
    label: str
    dash: str = "solid"


def color_of(index: int) -> str:
    """The color of the index-th run, the same in every chart of a page."""
    return COLORS[index % len(COLORS)]


def quoted(name: str) -> str:
    """A name as plotly shows it: neither its tags (links among them) nor its places for values."""
    return escape(name).replace("%{", "%&#123;")


def smooth(values: npt.ArrayLike, weight: float) -> Floats:
    """Exponential moving average with the bias of its start divided out, as TensorBoard draws it.

    ``weight`` in [0, 1): 0 leaves the values as they are. NaNs are passed over.
    """
    result = pd.Series(values, dtype=float)
    if weight > 0 and len(result):
        result = result.ewm(alpha=1 - weight, adjust=True, ignore_na=True).mean()
    return np.asarray(result, dtype=np.float64)


def thin(metrics: pd.DataFrame, points: int = MAX_POINTS, keep: Sequence[str] = ()) -> pd.DataFrame:
    """At most ``points`` rows, spread evenly, the first and the last among them.

    With columns to ``keep`` the extremes of, the rows with the least and the greatest value of each
    between any two that are evenly spaced: a spike of one row is still seen.
    """
    count = len(metrics)
    if count <= points:
        return metrics
    if not keep:
        return metrics.iloc[np.unique(np.linspace(0, count - 1, points).round().astype(int))]
    size = -(-count // max((points - 2) // (2 * len(keep)), 1))
    rows = [0, count - 1]
    for name in keep:
        values = metrics[name].to_numpy(dtype=float)
        for extreme, unknown in ((np.argmin, np.inf), (np.argmax, -np.inf)):
            padded = np.full(-(-count // size) * size, unknown)
            padded[:count] = np.where(np.isnan(values), unknown, values)
            blocks = padded.reshape(-1, size)
            rows += (extreme(blocks, axis=1) + np.arange(len(blocks)) * size).tolist()
    return metrics.iloc[np.unique(np.minimum(rows, count - 1))]


def measured(metrics: pd.DataFrame, column: str) -> bool:
    """Whether a run has measured a column at all.

    Older metrics lack some, and some need labels or a rule.
    """
    return column in metrics and bool(metrics[column].notna().any())


def with_share(metrics: pd.DataFrame) -> pd.DataFrame:
    """The metrics with ``d_share``, D's share of all updates of a row.

    Unless it is the same throughout.
    """
    if not measured(metrics, "d_updates"):
        return metrics
    share = metrics.d_updates / (metrics.d_updates + metrics.g_updates)
    return metrics.assign(d_share=share) if share.round(6).nunique() > 1 else metrics


def places(runs: Mapping[str, pd.DataFrame], x: XAxis, step: int) -> list[tuple[float, str]]:
    """Where a training step lies on the x axis, with a color: for each run, from its first row of
    metrics to its last.

    Of steps there is but one place, in no color.
    """
    tables = [(index, table) for index, table in enumerate(runs.values()) if len(table)]
    if x == "step":
        ends = [table.step.iloc[end] for _, table in tables for end in (0, -1)]
        return [(float(np.clip(step, min(ends), max(ends))), "")] if ends else []
    return [
        (float(np.interp(step, table.step, table[x])), color_of(index)) for index, table in tables
    ]


def curves(
    runs: Mapping[str, pd.DataFrame],
    columns: Sequence[Curve],
    y_title: str,
    *,
    x: XAxis = "step",
    smoothing: float = 0.0,
    log_y: bool = False,
    lines: Mapping[str, float] | None = None,
) -> go.Figure:
    """One line per run and column that it has measured: smoothed on top, the raw values faint below
    it.

    ``lines`` are named horizontal references.
    """
    figure = go.Figure()
    for index, (name, metrics) in enumerate(runs.items()):
        for curve in (it for it in columns if measured(metrics, it.column)):
            known = metrics.dropna(subset=[curve.column])  # not every row measures everything
            rows = thin(_smoothed(known, curve.column, smoothing), keep=["_raw"])
            _add_curve(figure, rows, curve, name, color=color_of(index), x=x)
    highest = max((lines or {}).values(), default=0.0)
    for label, value in (lines or {}).items():
        figure.add_hline(value, line={"dash": "dot", "width": 1.5, "color": GRAY})
        figure.add_annotation(
            x=1,
            xref="paper",
            xanchor="right",
            y=np.log10(value) if log_y else value,
            yanchor="bottom" if value == highest else "top",
            text=label,
            showarrow=False,
            font={"size": 11, "color": GRAY},
        )
    return _styled(figure, X_TITLES[x], y_title, log_y)


def _smoothed(metrics: pd.DataFrame, column: str, weight: float) -> pd.DataFrame:
    return metrics.assign(_raw=metrics[column], _smooth=smooth(metrics[column], weight))


def _add_curve(
    figure: go.Figure, rows: pd.DataFrame, curve: Curve, run: str, *, color: str, x: XAxis
) -> None:
    label = f"{quoted(run)}: {curve.label}"
    line = {"color": color, "dash": curve.dash}
    if not np.array_equal(rows._raw, rows._smooth, equal_nan=True):
        figure.add_scatter(
            x=rows[x],
            y=rows._raw,
            mode="lines",
            line={**line, "width": 1},
            opacity=0.25,
            name=label,
            legendgroup=label,
            showlegend=False,
            hoverinfo="skip",
        )
    figure.add_scatter(
        x=rows[x],
        y=rows._smooth,
        mode="lines",
        line={**line, "width": 2},
        name=label,
        legendgroup=label,
        customdata=rows._raw,
        hovertemplate="%{y:.4g} (raw %{customdata:.4g})<extra>" + label + "</extra>",
    )


def measurements(
    runs: Mapping[str, pd.DataFrame],
    columns: Sequence[Curve],
    y_title: str,
    *,
    x: XAxis = "step",
    log_y: bool = False,
) -> go.Figure:
    """One line with a dot per measurement for each run and column that it has measured; nothing is
    smoothed.

    The step with the least Fréchet distance, whose weights are kept, is a star.
    """
    figure = go.Figure()
    for index, (name, metrics) in enumerate(runs.items()):
        for curve in (it for it in columns if measured(metrics, it.column)):
            rows = metrics.dropna(subset=[curve.column])
            rows = thin(rows, keep=[curve.column, "frechet"])
            best = np.arange(len(rows)) == rows.frechet.to_numpy().argmin()
            label = f"{quoted(name)}: {curve.label}"
            figure.add_scatter(
                x=rows[x],
                y=rows[curve.column],
                mode="lines+markers",
                name=label,
                customdata=rows.step,
                line={"color": color_of(index), "dash": curve.dash, "width": 2},
                marker={"symbol": np.where(best, "star", "circle"), "size": np.where(best, 13, 6)},
                hovertemplate="%{y:.4g} at step %{customdata:,}<extra>" + label + "</extra>",
            )
    return _styled(figure, X_TITLES[x], y_title, log_y)


def logit_bands(
    metrics: pd.DataFrame,
    *,
    x: XAxis = "step",
    smoothing: float = 0.0,
    y_range: tuple[float, float] | None = None,
) -> go.Figure:
    """D's logits of one run on real and generated images.

    Median, quartiles and 5 to 95 % of a batch.
    """
    figure = go.Figure()
    for who, title, color in (("real", "Real", COLORS[2]), ("fake", "Generated", COLORS[1])):
        rows = _smoothed_quantiles(metrics, who, smoothing)
        for low, high in (("05", "95"), ("25", "75")):
            _add_band(figure, rows, x, low=f"{who}_q{low}", high=f"{who}_q{high}", color=color)
        figure.add_scatter(
            x=rows[x],
            y=rows[f"{who}_q50"],
            mode="lines",
            line={"color": color, "width": 2},
            name=title,
            legendgroup=who,
            hovertemplate="median %{y:.2f}<extra>" + title + "</extra>",
        )
    figure.add_hline(0, line={"dash": "dot", "width": 1.5, "color": GRAY})
    figure.update_yaxes(range=y_range)
    return _styled(figure, X_TITLES[x], "D's logit", False)


def logit_range(runs: Iterable[pd.DataFrame]) -> tuple[float, float]:
    """Least 5 % and greatest 95 % quantile of all runs, so that their bands can share an axis."""
    tables = list(runs)
    return min(float(t.fake_q05.min()) for t in tables), max(
        float(t.real_q95.max()) for t in tables
    )


def _smoothed_quantiles(metrics: pd.DataFrame, who: str, weight: float) -> pd.DataFrame:
    names = [f"{who}_q{q}" for q in ("05", "25", "50", "75", "95")]
    smoothed = metrics.assign(**{name: smooth(metrics[name], weight) for name in names})
    return thin(smoothed, keep=[names[0], names[-1]])


def _add_band(
    figure: go.Figure, rows: pd.DataFrame, x: XAxis, *, low: str, high: str, color: str
) -> None:
    xs = np.concatenate([rows[x], rows[x][::-1]])
    ys = np.concatenate([rows[high], rows[low][::-1]])
    figure.add_scatter(
        x=xs,
        y=ys,
        fill="toself",
        fillcolor=color,
        opacity=0.18,
        line={"width": 0},
        mode="lines",
        hoverinfo="skip",
        showlegend=False,
        legendgroup=low[:4],
    )


def densities(
    x: Floats,
    p_data: npt.NDArray[np.float64],
    p_g: npt.NDArray[np.float64],
    d_stars: Mapping[str, Floats],
) -> go.Figure:
    """Two one-dimensional densities (filled, left axis) under optimal discriminators (lines.

    Right axis, 0 to 1).
    """
    figure = make_subplots(specs=[[{"secondary_y": True}]])
    for label, values, color in (("p_data", p_data, COLORS[2]), ("p_g", p_g, COLORS[1])):
        figure.add_scatter(
            x=x,
            y=values,
            fill="tozeroy",
            mode="lines",
            line={"color": color, "width": 1},
            opacity=0.5,
            name=label,
            hovertemplate="%{y:.3f}",
        )
    for (label, values), dash in zip(d_stars.items(), ("dot", "solid", "dash"), strict=False):
        figure.add_scatter(
            x=x,
            y=values,
            mode="lines",
            line={"color": COLORS[0], "width": 2.5, "dash": dash},
            name=label,
            hovertemplate="%{y:.3f}",
            secondary_y=True,
        )
    figure = _styled(figure, "x", None, False)
    figure.update_yaxes(title="Density", rangemode="tozero", secondary_y=False, showgrid=False)
    figure.update_yaxes(
        title="D*(x)", range=[-0.02, 1.02], dtick=0.25, tickformat=".2f", secondary_y=True
    )
    return figure


def _styled(figure: go.Figure, x_title: str | None, y_title: str | None, log_y: bool) -> go.Figure:
    rows = -(
        -sum(trace.showlegend is not False for trace in figure.data) // 3
    )  # of the legend, about
    figure.update_layout(
        height=310 + 26 * rows,
        margin={"l": 8, "r": 8, "t": 8, "b": 8},
        legend={"orientation": "h", "y": 1.02, "x": 0, "yanchor": "bottom", "title": None},
        hovermode="x unified",
    )
    if x_title:
        figure.update_xaxes(title=x_title)
    if y_title:
        figure.update_yaxes(title=y_title, type="log" if log_y else "linear")
    return figure
