"""What a sheet makes is what plotly makes of the same parts, and passes plotly's own checks."""

from __future__ import annotations

import base64
import json
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import pytest

from gandash.pictures import charts
from gandash.pictures.sheet import Sheet, encoded

LINE = {"dash": "dot", "width": 1.5, "color": "gray"}


def test_it_is_the_figure_that_plotly_builds_of_the_same_parts() -> None:
    rows = pd.DataFrame({"x": [1.0, 2.0], "y": [3.0, 4.0]})
    sheet, figure = Sheet(), go.Figure()
    for side in (sheet, figure):
        side.add_scatter(x=rows["x"], y=rows["y"], customdata=rows[["x", "y"]], name="a", text=None)
        side.add_bar(x=[1, 2], y=[2, 3], name="b", showlegend=False)
        side.add_hline(np.float64(2.0), line=LINE)
        side.add_vline(1.5, line=LINE)
        side.add_annotation(x=1, y=2, text="note")
    assert sheet.names == ["a"]
    layout = {"height": 200, "xaxis": {"range": (0, 3), "title": {"text": "x"}}}
    figure.update_layout(layout)
    assert json.loads(sheet.figure(layout).to_json()) == json.loads(figure.to_json())


@pytest.mark.parametrize("members", [1, 3])
def test_charts_pass_plotlys_checks(members: int) -> None:
    steps = np.arange(1, 60)
    names = [f"{who}_q{q}" for who in ("real", "fake") for q in ("05", "25", "50", "75", "95")]
    table = pd.DataFrame({name: np.sin(steps) for name in ("d_loss", "frechet", *names)})
    table = table.assign(step=steps, images=steps, epoch=steps, seconds=steps)
    runs = {"a": charts.pooled([table] * members) if members > 1 else table}
    curve = charts.Curve("d_loss", "D", "dot")
    drawn = [
        charts.curves(runs, [curve], "Loss", smoothing=0.5, log_y=True, clip=True, lines={"b": 1}),
        charts.measurements({"a": table}, [charts.Curve("frechet", "F")], "D", log_y=True),
        charts.logit_bands(table, y_range=(-1, 1)),
        charts.lines(steps, {"a": steps}, "x", "y", at=3),
        charts.paths({"a": np.ones((3, 2))}, 2.0),
        charts.cloud({"a": np.ones((3, 2))}, 2.0),
    ]
    for figure in drawn:
        checked = go.Figure(figure.to_dict())
        assert json.loads(checked.to_json()) == json.loads(figure.to_json())


def test_what_is_sent_is_what_plotly_sends_in_single_precision() -> None:
    table = pd.DataFrame({"x": [1, 2, 3], "y": [0.1, np.nan, 1e6], "z": [1.5, 2.5, 3.5]})
    sheet = Sheet()
    sheet.add_scatter(x=table["x"], y=table["y"], customdata=table[["y", "z"]], text=["a", "b"])
    sheet.add_bar(x=table["z"], y=table["z"], error_y={"array": table["z"]})
    figure = sheet.figure({"height": 200})
    sent, whole = (json.loads(it.to_json()) for it in (encoded(figure), figure))
    assert sent["layout"] == whole["layout"]
    for one, other in zip(sent["data"], whole["data"], strict=True):
        assert one.keys() == other.keys()
        for name in ("x", "y", "customdata"):
            if name in one:
                np.testing.assert_array_equal(
                    values(one[name]), values(other[name]).astype(np.float32)
                )
    np.testing.assert_array_equal(values(sent["data"][1]["error_y"]["array"]), table["z"])
    assert sent["data"][0]["text"] == ["a", "b"]


def values(spec: dict[str, str]) -> np.ndarray[Any, np.dtype[Any]]:
    """An array as the browser decodes it."""
    plain = np.frombuffer(base64.b64decode(spec["bdata"]), dtype=spec["dtype"])
    return plain.reshape([int(it) for it in spec["shape"].split(",")]) if "shape" in spec else plain
