"""Metrics and arrays to plotly figures; pure functions without torch or streamlit."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from html import escape, unescape
from typing import Any, Literal

import numpy as np
import numpy.typing as npt
import pandas as pd
import plotly.graph_objects as go
from pandas.api.types import is_numeric_dtype
from plotly.subplots import make_subplots

from gandash.pictures.sheet import Sheet

XAxis = Literal["step", "images", "epoch", "seconds"]
X_TITLES: dict[str, str] = {
    "step": "Step", "images": "Images shown", "epoch": "Epoch", "seconds": "Training time (s)",
}  # fmt: skip
Floats = npt.NDArray[np.float64]
COLORS = ("#6f5ff0", "#e8703a", "#12a182", "#d09a00", "#2b8fe0", "#dc4a90", "#7f8c3a", "#9a6b4f")
MAX_POINTS = 1500  # of a line
ALL_POINTS, FEWEST_POINTS = 18_000, 400  # of a chart; and of a line, however many there are
LEFT, RIGHT, TOP, BOTTOM = 72, 12, 8, 44  # margins in pixels, alike in all charts of a column
HEIGHT, LEGEND_ROW, LEGEND_WIDTH = 230, 24, 600
MOST_TICKS = 7
MOST_TOLD = 12  # lines whose values are all told at the pointer; of more, the nearest one's
GRAY = "#74748a"
CLIPPED = (0.05, 0.95)  # quantiles of what is drawn, between which a clipped axis reaches
LABEL_SHARE = 0.06  # of a chart's height, which the label of a line takes
MARKS = "marks"  # the legend's group of what befell runs
# A curve's own dash tells columns apart; runs of another look have others in its place.
DASHES: tuple[Mapping[str, str], ...] = (
    {},
    {"solid": "longdash", "dash": "18px,4px,2px,4px", "dot": "longdashdot"},
    {"solid": "2px,2px", "dash": "2px,2px,8px,2px", "dot": "1px,5px"},
)
SYMBOLS = {
    "resumed": "triangle-right",
    "prolonged": "cross",
    "broke": "x",
    "updated D alone": "diamond",
    "updated G alone": "diamond-open",
    "grew": "triangle-up",
}


@dataclass(frozen=True)
class Curve:
    """One column of the metrics to draw: its name in the legend and its dash."""

    column: str
    label: str
    dash: str = "solid"


@dataclass(frozen=True)
class Look:
    """How a run's lines look: the number of their color, and which of :data:`DASHES` they take."""

    color: int
    dashes: int = 0


Looks = Mapping[str, Look]  # by the names of runs
ALIKE: Looks = {}


def look_of(looks: Looks, name: str, index: int) -> Look:
    """The look of the index-th run, which is a color of its own unless ``looks`` says otherwise."""
    return looks.get(name, Look(index))


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


@dataclass(frozen=True)
class Scale:
    """The y axis of a chart: linear, logarithmic, or both where values are zero or negative.

    ``threshold`` is set for the last kind, the symmetric logarithm: values up to it, of either
    sign, are drawn about linearly, larger ones by their logarithm, so that none is dropped.
    """

    kind: Literal["linear", "log"] = "linear"
    threshold: float | None = None

    def of(self, values: npt.ArrayLike) -> Floats:
        """Where the values stand on the axis, as plotly is to be given them."""
        raw = np.asarray(values, dtype=np.float64)
        if self.threshold is None:
            return raw
        return np.asarray(np.sign(raw) * np.log10(1 + np.abs(raw) / self.threshold))

    def note_at(self, value: float) -> float:
        """Where a note stands: plotly takes logarithms of a log axis there."""
        return math.log10(value) if self.kind == "log" else float(self.of(value))

    def axis(self, values: Floats) -> dict[str, object]:
        """Plotly's settings of the y axis over these values."""
        if self.threshold is None:
            return {"type": self.kind, "exponentformat": "power"}
        powers = self._powers(float(values.min()), float(values.max()))
        ticks = [0.0, *(sign * 10.0**power for sign, power in powers)]
        names = ["0", *(_power_in_words(sign, power) for sign, power in powers)]
        return {"tickvals": self.of(ticks), "ticktext": names}

    def _powers(self, low: float, high: float) -> list[tuple[int, int]]:
        """Signs and exponents of the ticks beside zero, few enough to be read, largest first."""
        assert self.threshold is not None
        first = round(math.log10(self.threshold)) + 1  # the threshold itself is too near to zero
        sides = {1: _exponents(first, high), -1: _exponents(first, -low)}
        every = max(1, -(-sum(map(len, sides.values())) // MOST_TICKS))
        return [(sign, power) for sign, powers in sides.items() for power in powers[::every]]


def _exponents(first: int, largest: float) -> list[int]:
    """Exponents of the powers of ten from the largest value's down to the first."""
    if largest < 10.0**first:
        return []
    return list(range(math.floor(math.log10(largest)), first - 1, -1))


def _power_in_words(sign: int, power: int) -> str:
    minus = "−" if sign < 0 else ""
    return minus + (f"{10.0**power:g}" if -4 < power < 4 else f"10<sup>{power}</sup>")


def scale_of(values: Floats, log_y: bool) -> Scale:
    """A logarithmic scale where all values are positive, a symmetric one where some are not."""
    known = values[np.isfinite(values)]
    if not log_y or not len(known):
        return Scale()
    if (known > 0).all():
        return Scale("log")
    sizes = np.abs(known[known != 0])
    if not len(sizes):
        return Scale()
    return Scale(threshold=10.0 ** math.floor(math.log10(np.quantile(sizes, 0.05))))


def pooled(members: Sequence[pd.DataFrame]) -> pd.DataFrame:
    """The metrics of runs that differ in their seed alone, as one: means at the steps that all of
    them have.

    For each column that all have measured there are ``{column}:low`` and ``{column}:high``, a
    standard deviation (n - 1) below and above, and the members' own, ``{column}:0`` and on;
    :func:`curves` draws them as a band with faint lines.
    """
    steps = sorted(set.intersection(*(set(table.step) for table in members)))
    aligned = [
        table.drop_duplicates("step", keep="last").set_index("step").loc[steps].reset_index()
        for table in members
    ]
    columns: dict[str, pd.Series] = {}
    for name in [name for name in aligned[0].columns if all(name in it for it in aligned)]:
        values = pd.concat([table[name] for table in aligned], axis="columns")
        if not all(is_numeric_dtype(kind) for kind in values.dtypes):
            continue
        mean, spread = values.mean(axis="columns", skipna=False), values.std(axis="columns")
        columns |= {name: mean, f"{name}:low": mean - spread, f"{name}:high": mean + spread}
        columns |= {f"{name}:{place}": table[name] for place, table in enumerate(aligned)}
    return pd.DataFrame(columns)


def minus(runs: Mapping[str, pd.DataFrame], baseline: str, x: XAxis) -> dict[str, pd.DataFrame]:
    """The metrics of each run less those of the ``baseline`` at the same place on the x axis, drawn
    between its rows; the baseline itself has no rows, so that every run keeps its color.

    Bands move with their means: they are spreads of a run's own seeds. Where the baseline has not
    measured (before its first row, behind its last) the difference is NaN.
    """
    base = runs[baseline]
    return {
        name: base.iloc[:0] if name == baseline else _less(table, base, x)
        for name, table in runs.items()
    }


def _less(table: pd.DataFrame, base: pd.DataFrame, x: XAxis) -> pd.DataFrame:
    columns: dict[str, pd.Series] = {}
    alike = np.array_equal(table[x], base[x])  # nothing is between two rows
    for name in map(str, table):
        if name in X_TITLES:
            columns[name] = table[name]
            continue
        mean = name.partition(":")[0]
        if mean not in base:
            continue
        if alike:
            columns[name] = table[name] - base[mean].to_numpy()
            continue
        known = base.dropna(subset=[mean])
        if len(known):
            at = np.interp(table[x], known[x], known[mean], left=np.nan, right=np.nan)
            columns[name] = table[name] - at
    return pd.DataFrame(columns)


def clipped(values: Floats, scale: Scale) -> tuple[float, float] | None:
    """The ends of a y axis that leaves out the least and the greatest 5 % of what is drawn, with a
    margin, as plotly is to be given them; None where there is nothing to leave out.
    """
    if not len(values):
        return None
    low, high = np.quantile(values, CLIPPED)
    ends = np.array([scale.note_at(float(low)), scale.note_at(float(high))])
    margin = 0.05 * float(ends[1] - ends[0])
    return (float(ends[0]) - margin, float(ends[1]) + margin) if margin else None


@dataclass(frozen=True)
class Mark:
    """Something that befell a run at a place of the x axis: resumed, prolonged, broke or grew."""

    run: str
    what: str
    at: float
    step: int
    color: str


def marked(figure: go.Figure, marks: Sequence[Mark]) -> go.Figure:
    """The figure with a sign for each mark, at the foot of the plot."""
    if not marks:
        return figure
    words = [f"{quoted(it.run)} {it.what} at step {it.step:,}" for it in marks]
    figure.add_scatter(
        x=[it.at for it in marks],
        y=[0.03] * len(marks),
        yaxis="y2",
        mode="markers",
        marker={
            "symbol": [SYMBOLS[it.what] for it in marks],
            "color": [it.color for it in marks],
            "size": 11,
        },
        text=words,
        legendgroup=MARKS,
        hovertemplate="%{text}<extra></extra>",
        showlegend=False,
    )
    figure.update_layout(
        yaxis2={"overlaying": "y", "range": [0, 1], "visible": False, "fixedrange": True}
    )
    return figure


def x_range(runs: Iterable[pd.DataFrame], x: XAxis) -> tuple[float, float] | None:
    """From the first to the last row of all runs, so that charts of a column share an axis."""
    tables = [table[x] for table in runs if len(table)]
    if not tables:
        return None
    low = min(float(table.min()) for table in tables)
    high = max(float(table.max()) for table in tables)
    margin = 0.01 * (high - low) or 0.5
    return low - margin, high + margin


def places(
    runs: Mapping[str, pd.DataFrame], x: XAxis, step: int, looks: Looks = ALIKE
) -> list[tuple[float, str]]:
    """Where a training step lies on the x axis, with a color: for each run, from its first row of
    metrics to its last.

    Of steps there is but one place, in no color.
    """
    tables = {
        name: (look_of(looks, name, index), table)
        for index, (name, table) in enumerate(runs.items())
        if len(table)
    }
    if x == "step":
        ends = [table.step.iloc[end] for _, table in tables.values() for end in (0, -1)]
        return [(float(np.clip(step, min(ends), max(ends))), "")] if ends else []
    return [
        (float(np.interp(step, table.step, table[x])), color_of(look.color))
        for look, table in tables.values()
    ]


def curves(
    runs: Mapping[str, pd.DataFrame],
    columns: Sequence[Curve],
    y_title: str,
    *,
    x: XAxis = "step",
    smoothing: float = 0.0,
    log_y: bool = False,
    clip: bool = False,
    lines: Mapping[str, float] | None = None,
    span: tuple[float, float] | None = None,
    looks: Looks = ALIKE,
) -> go.Figure:
    """One line per run and column that it has measured: smoothed on top, the raw values faint below
    it.

    ``lines`` are named horizontal references, ``span`` the ends of the x axis; with ``clip`` the
    y axis leaves out the least and the greatest 5 % of what is drawn.
    """
    count = sum(1 + _members(table, it.column) for table in runs.values() for it in columns)
    points = int(np.clip(ALL_POINTS // max(count, 1), FEWEST_POINTS, MAX_POINTS))
    drawn = [
        (
            look_of(looks, name, index),
            name,
            curve,
            _smoothed(metrics, curve.column, smoothing, points),
        )
        for index, (name, metrics) in enumerate(runs.items())
        for curve in columns
        if measured(metrics, curve.column)
    ]
    lines = lines or {}
    drawn_values = _all_values(
        rows[name].to_numpy() for *_, rows in drawn for name in ("_raw", "_smooth")
    )
    values = np.concatenate([drawn_values, [*lines.values()]])
    scale = scale_of(values, log_y)
    sheet = Sheet()
    for look, name, curve, rows in drawn:
        _add_curve(sheet, rows, curve, name, look=look, x=x, scale=scale)
    for value in lines.values():
        sheet.add_hline(float(scale.of(value)), line={"dash": "dot", "width": 1.5, "color": GRAY})
    for label, low, high in _labels(lines, values, scale):
        _add_label(sheet, label, scale, low, high, is_highest=high == max(lines.values()))
    axis = scale.axis(values)
    if clip and (ends := clipped(drawn_values, scale)):
        axis |= {"range": ends}
        y_title = f"{y_title}, 5–95 %"
    return _styled(sheet, X_TITLES[x], y_title, span=span, y_axis=axis, scale=scale)


def _members(metrics: pd.DataFrame, column: str) -> int:
    """How many runs a column is the mean of, each of which has a line of its own; 0 of a run."""
    return sum(f"{column}:{place}" in metrics for place in range(len(metrics.columns)))


def _all_values(columns: Iterable[npt.ArrayLike]) -> Floats:
    """All values of a chart in one row."""
    parts = [np.asarray(column, dtype=np.float64) for column in columns]
    values = np.concatenate([np.empty(0), *parts])
    return np.asarray(values[np.isfinite(values)])


def _labels(
    lines: Mapping[str, float], values: Floats, scale: Scale
) -> list[tuple[str, float, float]]:
    """Labels of horizontal lines, each with the least and the greatest value that it stands for:
    one for lines too near each other for labels of their own.
    """
    groups: list[list[tuple[float, str]]] = []
    for value, label in sorted((value, label) for label, value in lines.items()):
        height, top, bottom = map(scale.note_at, (value, values.max(), values.min()))
        near = LABEL_SHARE * (top - bottom)
        if groups and height - scale.note_at(groups[-1][0][0]) < near:
            groups[-1].append((value, label))
        else:
            groups.append([(value, label)])
    return [(_joined([label for _, label in it]), it[0][0], it[-1][0]) for it in groups]


def _joined(labels: Sequence[str]) -> str:
    """Labels in one, their name said once: "equilibrium 0.45, 0.50"."""
    first, *others = labels
    name = first.rpartition(" ")[0]
    return ", ".join([first, *(label.removeprefix(f"{name} ") for label in others)])


def _add_label(
    sheet: Sheet, label: str, scale: Scale, low: float, high: float, *, is_highest: bool
) -> None:
    sheet.add_annotation(
        x=1,
        xref="paper",
        xanchor="right",
        xshift=-8,  # beside the cursor of the last step
        y=scale.note_at(high if is_highest else low),
        yanchor="bottom" if is_highest else "top",
        text=label,
        showarrow=False,
        font={"size": 11, "color": GRAY},
    )


def _smoothed(metrics: pd.DataFrame, column: str, weight: float, points: int) -> pd.DataFrame:
    """A column as it is drawn, where it was measured, with the x axes and what belongs to it."""
    parts = [name for name in map(str, metrics) if name.startswith(f"{column}:")]
    axes = [name for name in X_TITLES if name in metrics]
    values = metrics[column].to_numpy(dtype=np.float64)
    known = ~np.isnan(values)  # not every row measures all
    raw = values[known]
    columns = {name: metrics[name].to_numpy()[known] for name in axes}
    columns |= {column: raw, "_raw": raw, "_smooth": smooth(raw, weight)}
    columns |= {name: smooth(metrics[name].to_numpy()[known], weight) for name in parts}
    return thin(pd.DataFrame(columns), points, keep=["_raw"])


def _add_curve(
    sheet: Sheet,
    rows: pd.DataFrame,
    curve: Curve,
    run: str,
    *,
    look: Look,
    x: XAxis,
    scale: Scale,
) -> None:
    label = f"{quoted(run)}: {curve.label}"
    color = color_of(look.color)
    line = {"color": color, "dash": _dash(curve, look)}
    if f"{curve.column}:low" in rows:
        _add_spread(sheet, rows, curve.column, label, color=color, x=x, scale=scale)
    elif not np.array_equal(rows._raw, rows._smooth, equal_nan=True):
        sheet.add_scatter(
            x=rows[x],
            y=scale.of(rows._raw),
            mode="lines",
            line={**line, "width": 1},
            opacity=0.25,
            name=label,
            legendgroup=label,
            showlegend=False,
            hoverinfo="skip",
        )
    sheet.add_scatter(
        x=rows[x],
        y=scale.of(rows._smooth),
        mode="lines",
        line={**line, "width": 2},
        name=label,
        legendgroup=label,
        customdata=rows[["_smooth", "_raw"]],
        meta=_in_short(rows._smooth),
        hovertemplate="%{customdata[0]:.4g} (raw %{customdata[1]:.4g})<extra>" + label + "</extra>",
    )


def _dash(curve: Curve, look: Look) -> str:
    return DASHES[look.dashes % len(DASHES)].get(curve.dash, curve.dash)


def _add_spread(
    sheet: Sheet,
    rows: pd.DataFrame,
    column: str,
    label: str,
    *,
    color: str,
    x: XAxis,
    scale: Scale,
) -> None:
    """The band of a standard deviation around a mean over seeds, and the seeds' own faint lines."""
    quiet = {"legendgroup": label, "showlegend": False, "hoverinfo": "skip", "mode": "lines"}
    low, high = (np.asarray(scale.of(rows[f"{column}:{end}"])) for end in ("low", "high"))
    sheet.add_scatter(
        x=np.concatenate([rows[x], rows[x][::-1]]), y=np.concatenate([high, low[::-1]]),
        line={"width": 0}, name=label, fill="toself", fillcolor=color, opacity=0.18, **quiet,
    )  # fmt: skip
    place = 0
    while f"{column}:{place}" in rows:
        own = scale.of(rows[f"{column}:{place}"])
        sheet.add_scatter(
            x=rows[x], y=own, line={"color": color, "width": 1}, opacity=0.25, name=label, **quiet
        )
        place += 1


def measurements(
    runs: Mapping[str, pd.DataFrame],
    columns: Sequence[Curve],
    y_title: str,
    *,
    x: XAxis = "step",
    log_y: bool = False,
    star: bool = True,
    span: tuple[float, float] | None = None,
    looks: Looks = ALIKE,
) -> go.Figure:
    """One line with a dot per measurement for each run and column that it has measured; nothing is
    smoothed.

    The step with the least Fréchet distance, whose weights are kept, is a ``star``. ``span`` are
    the ends of the x axis.
    """
    names = [curve.column for curve in columns]
    values = _all_values(
        table[name].to_numpy() for table in runs.values() for name in names if name in table
    )
    scale = scale_of(values, log_y)
    sheet = Sheet()
    for index, (name, metrics) in enumerate(runs.items()):
        look = look_of(looks, name, index)
        for curve in (it for it in columns if measured(metrics, it.column)):
            rows = metrics.dropna(subset=[curve.column])
            rows = thin(rows, keep=[curve.column, "frechet"])
            best = (np.arange(len(rows)) == rows.frechet.to_numpy().argmin()) & star
            label = f"{quoted(name)}: {curve.label}"
            sheet.add_scatter(
                x=rows[x],
                y=scale.of(rows[curve.column]),
                mode="lines+markers",
                name=label,
                customdata=rows[["step", curve.column]],
                meta=_in_short(rows[curve.column]),
                line={"color": color_of(look.color), "dash": _dash(curve, look), "width": 2},
                marker={"symbol": np.where(best, "star", "circle"), "size": np.where(best, 13, 6)},
                hovertemplate="%{customdata[1]:.4g} at step %{customdata[0]:,}<extra>"
                + label
                + "</extra>",
            )
    return _styled(sheet, X_TITLES[x], y_title, span=span, y_axis=scale.axis(values), scale=scale)


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
    sheet = Sheet()
    for who, title, color in (("real", "Real", COLORS[2]), ("fake", "Generated", COLORS[1])):
        rows = _smoothed_quantiles(metrics, who, smoothing)
        for low, high in (("05", "95"), ("25", "75")):
            _add_band(sheet, rows, x, low=f"{who}_q{low}", high=f"{who}_q{high}", color=color)
        sheet.add_scatter(
            x=rows[x],
            y=rows[f"{who}_q50"],
            mode="lines",
            line={"color": color, "width": 2},
            name=title,
            legendgroup=who,
            hovertemplate="median %{y:.2f}<extra>" + title + "</extra>",
        )
    sheet.add_hline(0, line={"dash": "dot", "width": 1.5, "color": GRAY})
    return _styled(sheet, X_TITLES[x], "D's logit", y_axis={"range": y_range})


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
    sheet: Sheet, rows: pd.DataFrame, x: XAxis, *, low: str, high: str, color: str
) -> None:
    xs = np.concatenate([rows[x], rows[x][::-1]])
    ys = np.concatenate([rows[high], rows[low][::-1]])
    sheet.add_scatter(
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
    names = [trace.name for trace in figure.data]
    figure.update_layout(_layout(names, "x", None))
    figure.update_layout(margin={"r": LEFT})
    figure.update_yaxes(automargin=False)
    figure.update_yaxes(title="Density", rangemode="tozero", secondary_y=False, showgrid=False)
    figure.update_yaxes(
        title="D*(x)", range=[-0.02, 1.02], dtick=0.25, tickformat=".2f", secondary_y=True
    )
    return figure


def lines(
    x: Floats,
    named: Mapping[str, Floats],
    x_title: str,
    y_title: str,
    *,
    at: float | None = None,
    y_range: tuple[float, float] | None = None,
) -> go.Figure:
    """Named lines over common x, each in its color; an upright ``at`` a place."""
    sheet = Sheet()
    for number, (label, values) in enumerate(named.items()):
        sheet.add_scatter(
            x=x,
            y=values,
            mode="lines",
            line={"color": color_of(number), "width": 2.5},
            name=label,
            hovertemplate="%{y:.3f}",
        )
    if at is not None:
        sheet.add_vline(at, line={"dash": "dot", "width": 1.5, "color": GRAY})
    return _styled(sheet, x_title, y_title, y_axis={"range": y_range} if y_range else None)


def paths(named: Mapping[str, Floats], reach: float) -> go.Figure:
    """Ways (N, 2) in a plane that reaches so far from the origin, which is marked."""
    sheet = Sheet()
    for number, (label, way) in enumerate(named.items()):
        sheet.add_scatter(
            x=way[:, 0],
            y=way[:, 1],
            mode="lines+markers",
            line={"color": color_of(number), "width": 1.5},
            marker={"size": 4},
            name=label,
            hovertemplate="x %{x:.2f}, y %{y:.2f}",
        )
    sheet.add_scatter(
        x=[0], y=[0], mode="markers", name="equilibrium",
        marker={"symbol": "star", "size": 14, "color": COLORS[2]},
    )  # fmt: skip
    figure = _styled(sheet, "x", "y", y_axis={"range": (-reach, reach), "scaleanchor": "x"})
    figure.update_xaxes(range=(-reach, reach))
    figure.update_layout(height=2 * HEIGHT, hovermode="closest")
    return figure


def cloud(groups: Mapping[str, Floats], reach: float) -> go.Figure:
    """Groups of points (N, 2) of the plane, each in its color."""
    sheet = Sheet()
    for number, (label, points) in enumerate(groups.items()):
        sheet.add_scatter(
            x=points[:, 0],
            y=points[:, 1],
            mode="markers",
            marker={"color": color_of(number), "size": 9},
            name=label,
            hovertemplate="%{x:.2f}, %{y:.2f}",
        )
    figure = _styled(sheet, "x", "y", y_axis={"range": (-reach, reach), "scaleanchor": "x"})
    figure.update_xaxes(range=(-reach, reach))
    figure.update_layout(height=2 * HEIGHT, hovermode="closest")
    return figure


def description(figure: go.Figure) -> str:
    """What a figure shows, in words: its axes, and for each named line where it starts and ends."""
    layout = figure.layout
    titles = [layout.yaxis.title.text, layout.xaxis.title.text]
    about = " over ".join(title for title in titles if title)
    lines = [_line_in_words(trace) for trace in figure.data if trace.showlegend is not False]
    marks = [words for trace in figure.data if trace.legendgroup == MARKS for words in trace.text]
    lines += [f"{words}." for words in marks]
    return unescape(f"Chart of {about}. " + " ".join(line for line in lines if line))


def _in_short(values: pd.Series) -> list[float]:
    """First, least, greatest and last value, which a description needs where y is transformed."""
    return [float(values.iloc[0]), float(values.min()), float(values.max()), float(values.iloc[-1])]


def _line_in_words(trace: go.Scatter) -> str:
    """A line's name with its first, last, least and greatest value."""
    values = np.asarray(trace.y if trace.meta is None else trace.meta, dtype=np.float64)
    values = values[np.isfinite(values)]
    if not len(values):
        return f"{trace.name}: nothing."
    return (
        f"{trace.name}: from {values[0]:.3g} to {values[-1]:.3g}, "
        f"between {values.min():.3g} and {values.max():.3g}."
    )


def _legend_columns(names: Sequence[str]) -> int:
    """About how many entries of a legend stand side by side, as wide as the longest name needs."""
    longest = max(map(len, names), default=0)
    return max(3, int(LEGEND_WIDTH // (46 + 5.2 * longest)))


def _styled(sheet: Sheet, x_title: str, y_title: str, **options: Any) -> go.Figure:
    """The figure of a sheet, as all charts look; see :func:`_layout`."""
    return sheet.figure(_layout(sheet.names, x_title, y_title, **options))


def _layout(
    names: Sequence[str],
    x_title: str,
    y_title: str | None,
    *,
    span: tuple[float, float] | None = None,
    y_axis: Mapping[str, object] | None = None,
    scale: Scale | None = None,
) -> dict[str, Any]:
    """Axes, legend and margins; the plot itself lies at the same place in every chart.

    ``names`` are those in the legend.
    """
    rows = -(-len(names) // _legend_columns(names))
    upright: dict[str, Any] = {"automargin": False}
    if y_title:
        threshold = scale.threshold if scale else None
        note = f", linear within ±{threshold:g}" if threshold else ""
        upright |= {"title": {"text": y_title + note, "standoff": 12}, **(y_axis or {})}
    return {
        "height": HEIGHT + LEGEND_ROW * rows,
        "margin": {"l": LEFT, "r": RIGHT, "t": TOP + LEGEND_ROW * rows, "b": BOTTOM},
        "legend": {"orientation": "h", "y": 1.02, "x": 0, "yanchor": "bottom"},
        "hovermode": "x unified" if len(names) <= MOST_TOLD else "closest",
        "xaxis": {"title": {"text": x_title, "standoff": 8}, "range": span, "automargin": False},
        "yaxis": upright,
    }
