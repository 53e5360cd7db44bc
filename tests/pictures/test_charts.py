"""Figures: what they show, that smoothing is TensorBoard's.

And that they never touch their input.
"""

from __future__ import annotations

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from gandash.pictures import charts
from gandash.runs.metrics_file import COLUMNS


@pytest.fixture
def metrics() -> pd.DataFrame:
    rng = np.random.default_rng(0)
    table = pd.DataFrame(rng.random((50, len(COLUMNS))), columns=COLUMNS)
    return table.assign(
        step=np.arange(50) * 10, epoch=np.arange(50) / 5, seconds=np.arange(50) * 2.0
    )


def test_smoothing_is_a_debiased_moving_average() -> None:
    values, weight = [3.0, 1.0, 4.0, 1.0, 5.0], 0.7
    expected, last = [], 0.0
    for number, value in enumerate(values, start=1):
        last = weight * last + (1 - weight) * value
        expected.append(last / (1 - weight**number))
    assert charts.smooth(values, weight) == pytest.approx(expected)
    assert charts.smooth(values, 0) == pytest.approx(values)
    assert charts.smooth([], 0.5).size == 0


def test_smoothing_passes_over_gaps() -> None:
    assert charts.smooth([2.0, float("nan"), 2.0], 0.9)[2] == pytest.approx(2.0)


def test_thinning_keeps_both_ends_and_the_bound(metrics: pd.DataFrame) -> None:
    assert charts.thin(metrics, 50) is metrics
    thinned = charts.thin(metrics, 7)
    assert len(thinned) == 7
    assert (thinned.step.iloc[0], thinned.step.iloc[-1]) == (0, 490)


@pytest.mark.parametrize("count", [1501, 2000, 4501, 30_000])
def test_thinning_keeps_the_extremes(count: int) -> None:
    """Of each named column, wherever they stand, also beside gaps."""
    rng = np.random.default_rng(count)
    table = pd.DataFrame({"a": rng.random(count), "b": rng.random(count), "step": range(count)})
    table.loc[rng.random(count) < 0.3, "b"] = np.nan
    for _ in range(20):
        spikes = {name: rng.integers(0, count, 2) for name in "ab"}
        spiked = table.copy()
        for name, (low, high) in spikes.items():
            spiked.loc[low, name], spiked.loc[high, name] = -5.0, 7.0
        thinned = charts.thin(spiked, keep=["a", "b"])
        assert len(thinned) <= charts.MAX_POINTS
        assert thinned.step.is_monotonic_increasing
        assert (thinned.step.iloc[0], thinned.step.iloc[-1]) == (0, count - 1)
        for name, rows in spikes.items():
            assert set(rows) <= set(thinned.step), name


def test_a_long_run_is_a_figure_of_bounded_size(metrics: pd.DataFrame) -> None:
    many = pd.concat([metrics] * 400, ignore_index=True)
    many = many.assign(step=np.arange(len(many)) * 10, frechet=many.d_loss + 1)
    many.loc[12_345, ["d_loss", "frechet"]] = 99.0
    many.loc[2_345, "frechet"] = 0.5
    curves = charts.curves({"a": many}, [charts.Curve("d_loss", "D")], "Loss", smoothing=0.9)
    assert max(len(trace.x) for trace in curves.data) <= charts.MAX_POINTS
    assert 99.0 in curves.data[0].y, "the raw line has the spike"
    dots = charts.measurements({"a": many}, [charts.Curve("precision", "P")], "Share").data[0]
    assert len(dots.x) <= charts.MAX_POINTS
    assert dots.customdata[list(dots.marker.symbol).index("star"), 0] == 23_450
    bands = charts.logit_bands(many)
    assert max(len(trace.x) for trace in bands.data) <= 2 * charts.MAX_POINTS


def test_a_step_has_one_place_among_steps_and_one_for_each_run_otherwise(
    metrics: pd.DataFrame,
) -> None:
    runs = {"a": metrics, "b": metrics.assign(seconds=metrics.seconds * 3), "empty": metrics[:0]}
    assert charts.places(runs, "step", 125) == [(125.0, "")]
    assert charts.places(runs, "step", 9999) == [(490.0, "")]
    assert charts.places({"empty": metrics[:0]}, "step", 0) == charts.places({}, "epoch", 0) == []
    assert charts.places(runs, "epoch", 125) == [
        (2.5, charts.color_of(0)),
        (2.5, charts.color_of(1)),
    ]
    assert charts.places(runs, "seconds", 125) == [
        (25.0, charts.color_of(0)),
        (75.0, charts.color_of(1)),
    ]
    assert [place for place, _ in charts.places(runs, "seconds", 9999)] == [
        98.0,
        294.0,
    ]  # at the end of what is over


def test_each_curve_is_drawn_smooth_over_its_raw_values(metrics: pd.DataFrame) -> None:
    before = metrics.copy()
    columns = [charts.Curve("d_loss", "D"), charts.Curve("g_loss", "G", "dot")]
    figure = charts.curves({"one": metrics, "two": metrics}, columns, "Loss", smoothing=0.5)
    assert len(figure.data) == 8
    raw, smoothed = figure.data[:2]
    assert np.array_equal(raw.y, metrics.d_loss)
    assert smoothed.y == pytest.approx(charts.smooth(metrics.d_loss, 0.5))
    assert smoothed.name == "one: D"
    assert figure.data[0].line.color != figure.data[4].line.color, "runs differ in color"
    pd.testing.assert_frame_equal(metrics, before)


def test_without_smoothing_there_is_one_line_a_curve(metrics: pd.DataFrame) -> None:
    assert len(charts.curves({"one": metrics}, [charts.Curve("d_loss", "D")], "Loss").data) == 1


@pytest.mark.parametrize(("x", "title"), charts.X_TITLES.items())
def test_x_axis(metrics: pd.DataFrame, x: charts.XAxis, title: str) -> None:
    figure = charts.curves({"one": metrics}, [charts.Curve("d_loss", "D")], "Loss", x=x, log_y=True)
    assert figure.layout.xaxis.title.text == title
    assert figure.layout.yaxis.type == "log"
    assert np.array_equal(figure.data[0].x, metrics[x])


def test_reference_lines_are_named_and_placed(metrics: pd.DataFrame) -> None:
    lines = {"equilibrium 0.30": 0.3, "equilibrium 0.50": 0.5}
    figure = charts.curves(
        {"one": metrics}, [charts.Curve("d_real", "D(x)")], "Probability", lines=lines
    )
    assert sorted(shape.y0 for shape in figure.layout.shapes) == [0.3, 0.5]
    assert {note.text: note.y for note in figure.layout.annotations} == lines
    assert len({note.yanchor for note in figure.layout.annotations}) == 2, (
        "labels of near lines must not overlap"
    )


@pytest.mark.parametrize("log_y", [False, True])
def test_lines_too_near_each_other_share_a_label(log_y: bool) -> None:
    """Losses between 0.1 and 3, and what hard, one-sided and other labels leave of them."""
    table = pd.DataFrame({"step": [1, 2], "d_loss": [0.1, 3.0]})
    lines = {
        "D only guesses: 1.38": 1.384,
        "D only guesses: 1.39": 1.386,
        "D only guesses: 0.50": 0.5,
    }
    columns = [charts.Curve("d_loss", "D")]
    figure = charts.curves({"one": table}, columns, "Loss", lines=lines, log_y=log_y)
    assert sorted(shape.y0 for shape in figure.layout.shapes) == [0.5, 1.384, 1.386]
    below, above = figure.layout.annotations
    assert (below.text, below.yanchor) == ("D only guesses: 0.50", "top")
    assert (above.text, above.yanchor) == ("D only guesses: 1.38, 1.39", "bottom")
    assert above.y == pytest.approx(np.log10(1.386) if log_y else 1.386)
    many = {f"at {value:.1f}": value for value in np.arange(0.1, 3, 0.1)}
    figure = charts.curves({"one": table}, columns, "Loss", lines=many)
    assert 10 < len(figure.layout.annotations) < 20, "they do not chain into one"


def test_rows_that_lack_a_value_do_not_break_its_line(metrics: pd.DataFrame) -> None:
    sparse = metrics.assign(d_accuracy=metrics.d_accuracy.where(metrics.step % 100 == 0))
    (line,) = charts.curves({"one": sparse}, [charts.Curve("d_accuracy", "D")], "Accuracy").data
    assert line.x.tolist() == [0, 100, 200, 300, 400]
    assert np.array_equal(line.y, metrics.d_accuracy[::10])


def test_measurements_are_dots_and_the_least_distance_a_star(metrics: pd.DataFrame) -> None:
    frechet = pd.Series([np.nan] * 50)
    frechet[[10, 20, 30]] = [9.0, 5.0, 7.0]
    table = metrics.assign(frechet=frechet, precision=metrics.precision.where(frechet.notna()))
    old = metrics.drop(columns=["frechet", "precision", "recall"])
    columns = [charts.Curve("frechet", "Fréchet"), charts.Curve("precision", "precision", "dot")]
    figure = charts.measurements(
        {"old": old, "new": table}, columns, "Distance", x="epoch", log_y=True
    )
    assert [trace.name for trace in figure.data] == ["new: Fréchet", "new: precision"]
    for trace, values in zip(
        figure.data, ([9.0, 5.0, 7.0], metrics.precision[[10, 20, 30]]), strict=True
    ):
        assert np.array_equal(trace.y, values)
        assert trace.x.tolist() == [2.0, 4.0, 6.0]
        assert trace.customdata[:, 0].tolist() == [100, 200, 300]
        assert trace.marker.symbol.tolist() == ["circle", "star", "circle"]
        assert trace.line.color == charts.color_of(1), "the run's color in every chart"
    assert figure.layout.yaxis.type == "log"


def test_logit_bands_are_two_bands_around_each_median_on_a_common_axis(
    metrics: pd.DataFrame,
) -> None:
    span = charts.logit_range([metrics, metrics + 1])
    assert span == (metrics.fake_q05.min(), metrics.real_q95.max() + 1)
    figure = charts.logit_bands(metrics, y_range=span)
    assert len(figure.data) == 2 * 3
    assert [trace.name for trace in figure.data if trace.showlegend is not False] == [
        "Real",
        "Generated",
    ]
    assert np.array_equal(figure.data[2].y, metrics.real_q50)
    outer = figure.data[0]
    assert np.array_equal(outer.y, [*metrics.real_q95, *metrics.real_q05[::-1]])
    assert figure.layout.yaxis.range == span


def test_densities_show_each_d_star_on_its_own_axis() -> None:
    x = np.linspace(-1, 1, 5)
    figure = charts.densities(x, x**2, 1 - x**2, {"hard": x * 0 + 0.5, "soft": x * 0 + 0.4})
    assert [trace.name for trace in figure.data] == ["p_data", "p_g", "hard", "soft"]
    assert [trace.yaxis or "y" for trace in figure.data] == ["y", "y", "y2", "y2"]


def test_an_empty_run_is_an_empty_figure() -> None:
    empty = pd.DataFrame(columns=COLUMNS, dtype=float)
    figure = charts.curves({"none": empty}, [charts.Curve("d_loss", "D")], "Loss", smoothing=0.9)
    assert all(len(trace.y) == 0 for trace in figure.data)


def test_a_log_scale_drops_no_value_that_is_zero_or_negative(metrics: pd.DataFrame) -> None:
    values = np.linspace(-30, 5, 50)
    values[7] = 0.0
    table = metrics.assign(d_loss=values)
    figure = charts.curves(
        {"critic": table}, [charts.Curve("d_loss", "D")], "Loss", log_y=True, lines={"at": -1.0}
    )
    (line,) = figure.data
    assert np.isfinite(line.y).all()
    assert np.array_equal(np.sign(line.y), np.sign(values)), "the order and the signs are kept"
    assert (np.diff(line.y[8:]) > 0).all()
    assert figure.layout.yaxis.type != "log"
    assert "linear within ±" in figure.layout.yaxis.title.text, "it is said"
    assert np.array_equal(line.customdata[:, 1], values), "what is read off are the values"
    ticks = dict(zip(figure.layout.yaxis.ticktext, figure.layout.yaxis.tickvals, strict=True))
    assert ticks["0"] == 0
    assert ticks["−10"] == pytest.approx(-ticks["10"]) if "10" in ticks else ticks["−10"] < 0
    (shape,) = figure.layout.shapes
    (note,) = figure.layout.annotations
    assert shape.y0 == note.y < 0


@pytest.mark.parametrize("values", [np.zeros(50), np.full(50, np.nan)])
def test_a_log_scale_of_nothing_but_zeros_is_a_linear_one(
    metrics: pd.DataFrame, values: charts.Floats
) -> None:
    figure = charts.curves(
        {"flat": metrics.assign(d_loss=values)},
        [charts.Curve("d_loss", "D")],
        "Loss",
        log_y=True,
    )
    assert figure.layout.yaxis.type == "linear"


def test_charts_of_a_column_lie_at_the_same_place_over_the_same_axis(metrics: pd.DataFrame) -> None:
    late = metrics.assign(frechet=metrics.frechet.where(metrics.step > 200))
    runs = {"one": metrics, "two": late}
    span = charts.x_range(runs.values(), "step")
    assert span == (-4.9, 494.9)
    figures = [
        charts.curves(runs, [charts.Curve("d_loss", "D")], "Loss", span=span),
        charts.curves(runs, [charts.Curve("g_loss", "G")], "Loss", span=span, log_y=True),
        charts.measurements(runs, [charts.Curve("frechet", "Fréchet")], "Distance", span=span),
    ]
    for figure in figures:
        assert tuple(figure.layout.xaxis.range) == span
        assert (figure.layout.margin.l, figure.layout.margin.r) == (charts.LEFT, charts.RIGHT)
        assert not figure.layout.yaxis.automargin, "labels of any length leave the plot where it is"
    assert charts.x_range([], "step") is None


def test_a_figure_says_in_words_what_it_shows(metrics: pd.DataFrame) -> None:
    table = metrics.assign(d_loss=np.linspace(-2, 3, 50))
    for log_y in (False, True):
        figure = charts.curves(
            {"one": table}, [charts.Curve("d_loss", "D")], "Loss", log_y=log_y, smoothing=0.0
        )
        said = charts.description(figure)
        assert said.startswith("Chart of Loss")
        assert "over Step" in said
        assert "one: D: from -2 to 3, between -2 and 3." in said
    x = np.linspace(-1, 1, 5)
    said = charts.description(charts.lines(x, {"hard labels": x - 1}, "x", "y", at=0.0))
    assert "hard labels: from -2 to 0, between -2 and 0." in said


def test_seeds_are_pooled_to_their_mean_and_deviation_where_all_were_measured() -> None:
    steps = np.arange(1, 7) * 10
    members = [
        pd.DataFrame({"step": steps[:5], "epoch": steps[:5] / 10, "d_loss": steps[:5] + shift})
        for shift in (0.0, 1.0, 5.0)
    ]
    members[1] = members[1].iloc[1:]  # begins later
    members[2]["frechet"] = 1.0  # of one alone
    pooled = charts.pooled(members)
    assert pooled.step.tolist() == [20, 30, 40, 50]
    np.testing.assert_allclose(pooled.d_loss, steps[1:5] + 2.0)
    spread = np.std([0, 1, 5], ddof=1)
    np.testing.assert_allclose(pooled["d_loss:high"], steps[1:5] + 2.0 + spread)
    np.testing.assert_allclose(pooled["d_loss:low"], steps[1:5] + 2.0 - spread)
    np.testing.assert_allclose(pooled["d_loss:2"], steps[1:5] + 5.0)
    assert "frechet" not in pooled
    assert members[0].step.tolist() == steps[:5].tolist()


def test_pooled_seeds_are_a_line_in_a_band_with_faint_members(metrics: pd.DataFrame) -> None:
    members = [metrics, metrics.assign(d_loss=metrics.d_loss + 1)]
    pooled = charts.pooled(members)
    figure = charts.curves({"both": pooled}, [charts.Curve("d_loss", "D")], "Loss")
    band, *faint, line = figure.data
    assert band.fill == "toself"
    assert len(faint) == 2
    assert [trace.showlegend for trace in figure.data] == [False, False, False, None]
    np.testing.assert_allclose(line.y, metrics.d_loss + 0.5)
    np.testing.assert_allclose(faint[1].y, metrics.d_loss + 1)
    half = len(band.y) // 2
    middle = (np.asarray(band.y[:half]) + np.asarray(band.y[half:][::-1])) / 2
    np.testing.assert_allclose(middle, line.y)


def ramp(slope: float, rows: int = 11, every: int = 10, **more: float) -> pd.DataFrame:
    """A run whose D loss rises by ``slope`` a step."""
    steps = np.arange(rows) * every
    columns = {"step": steps, "images": 8 * steps, "epoch": steps / 10, "seconds": steps / 2.0}
    return pd.DataFrame({**columns, "d_loss": slope * steps, **more})


def test_a_difference_is_to_the_baseline_at_the_same_place() -> None:
    """Between its rows too, and nowhere where it has none."""
    runs = {"base": ramp(1.0, rows=6), "other": ramp(3.0, every=5, rows=31)}
    found = charts.minus(runs, "base", "step")
    assert list(found) == ["base", "other"]
    assert found["base"].empty
    known = found["other"].dropna()
    assert known.step.max() == 50
    assert known.d_loss.to_numpy() == pytest.approx(2.0 * known.step.to_numpy())
    assert found["other"].d_loss.isna().sum() == 20
    by_time = charts.minus(runs, "base", "seconds")["other"].dropna()
    assert by_time.d_loss.to_numpy() == pytest.approx(2.0 * by_time.step.to_numpy())


def test_bands_move_with_their_means_and_what_the_baseline_lacks_is_left_out() -> None:
    pooled = charts.pooled([ramp(1.0, frechet=4.0), ramp(3.0, frechet=6.0)])
    found = charts.minus({"base": ramp(1.0), "seeds": pooled}, "base", "step")["seeds"]
    assert "frechet" not in found
    spread = np.std([1, 3], ddof=1) * found.step
    assert found["d_loss:high"].to_numpy() == pytest.approx((found.step + spread).to_numpy())


def test_a_clipped_axis_leaves_out_the_outermost_and_says_so() -> None:
    losses = np.r_[np.linspace(0, 1, 98), 1000, -1000]
    table = pd.DataFrame({"step": np.arange(100), "d_loss": losses})
    figure = charts.curves({"one": table}, [charts.Curve("d_loss", "D")], "Loss", clip=True)
    low, high = figure.layout.yaxis.range
    expected = np.quantile(losses, [0.05, 0.95])
    assert -0.2 < low < expected[0] < expected[1] < high < 1.2
    assert figure.layout.yaxis.title.text == "Loss, 5–95 %"
    assert max(figure.data[-1].y) == 1000, "nothing is taken out of the lines"
    flat = table.assign(d_loss=1.0)
    figure = charts.curves({"one": flat}, [charts.Curve("d_loss", "D")], "Loss", clip=True)
    assert figure.layout.yaxis.range is None
    positive = table.assign(d_loss=np.geomspace(1e-6, 1e6, 100))
    figure = charts.curves(
        {"one": positive}, [charts.Curve("d_loss", "D")], "Loss", clip=True, log_y=True
    )
    assert figure.layout.yaxis.type == "log"
    assert -6 < figure.layout.yaxis.range[0] < -5 < 5 < figure.layout.yaxis.range[1] < 6


def test_what_befell_a_run_is_marked_and_said() -> None:
    figure = charts.curves({"<b>": ramp(1.0)}, [charts.Curve("d_loss", "D")], "Loss")
    marks = [charts.Mark("<b>", "resumed", 30.0, 30, "#123456")]
    lines = len(figure.data)
    charts.marked(figure, marks)
    (sign,) = figure.data[lines:]
    assert (sign.x, sign.marker.color, sign.yaxis) == ((30.0,), ("#123456",), "y2")
    assert charts.description(figure).endswith("<b> resumed at step 30.")
    assert "yaxis2" not in charts.marked(go.Figure(), []).to_dict()["layout"]


def test_twenty_long_runs_keep_their_extremes_and_become_small() -> None:
    """20 runs of 50,000 rows: a spike of one row, wherever it is, is among the points drawn."""
    rng = np.random.default_rng(0)
    runs = {}
    for number in range(20):
        losses = rng.normal(1, 0.1, 50_000)
        losses[1234 * (number + 1)] = 9.0 + number
        losses[777 * (number + 1)] = -9.0 - number
        runs[f"run {number}"] = pd.DataFrame({"step": np.arange(50_000), "d_loss": losses})
    figure = charts.curves(runs, [charts.Curve("d_loss", "D")], "Loss", smoothing=0.9)
    raw = [trace for trace in figure.data if not trace.showlegend and trace.opacity]
    assert len(raw) == 20
    for number, trace in enumerate(raw):
        assert (max(trace.y), min(trace.y)) == (9.0 + number, -9.0 - number)
        assert len(trace.y) <= charts.MAX_POINTS
        assert (trace.x[0], trace.x[-1]) == (0, 49_999)


def test_a_look_is_a_color_and_dashes_that_keep_columns_apart() -> None:
    table = pd.DataFrame({"step": [1, 2], "d_loss": [1.0, 2.0], "g_loss": [2.0, 1.0]})
    runs = {"a": table, "b": table}
    columns = [charts.Curve("d_loss", "D"), charts.Curve("g_loss", "G", "dot")]
    looks = {"a": charts.Look(1), "b": charts.Look(1, 1)}
    lines = [it.line for it in charts.curves(runs, columns, "Loss", looks=looks).data]
    assert {it.color for it in lines} == {charts.color_of(1)}
    assert [it.dash for it in lines] == ["solid", "dot", "longdash", "longdashdot"]
    plain = [it.line for it in charts.curves(runs, columns, "Loss").data]
    assert [it.color for it in plain] == [charts.color_of(n) for n in (0, 0, 1, 1)]
