"""A figure while it is drawn: plain dicts.

plotly looks at every property of every part as it is added, and again as others are: 30 ms for a
chart of two lines. A sheet takes parts as they are and makes one figure of them at the end; the
tests hold what is drawn to plotly's own checks.
"""

from __future__ import annotations

import base64
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd
import plotly.graph_objects as go


class Sheet:
    """Traces, upright and level lines and notes, in the order in which they are added."""

    def __init__(self) -> None:
        self.traces: list[dict[str, Any]] = []
        self._shapes: list[dict[str, Any]] = []
        self._notes: list[dict[str, Any]] = []

    @property
    def names(self) -> list[str]:
        """Names of the traces that the legend tells of."""
        return [
            str(trace.get("name") or "")
            for trace in self.traces
            if trace.get("showlegend") is not False
        ]

    def add_scatter(self, **properties: Any) -> None:
        """A line or points; arrays, columns and tables of pandas are taken as arrays."""
        self.traces.append({"type": "scatter", **_plain(properties)})

    def add_bar(self, **properties: Any) -> None:
        """Bars, likewise."""
        self.traces.append({"type": "bar", **_plain(properties)})

    def add_hline(self, y: float, line: Mapping[str, Any]) -> None:
        """A level line over the whole width."""
        ends = {"x0": 0, "x1": 1, "xref": "x domain", "y0": y, "y1": y, "yref": "y"}
        self._shapes.append({"type": "line", "line": dict(line), **ends})

    def add_vline(
        self, x: float, line: Mapping[str, Any], x_axis: str = "x", y_axis: str = "y"
    ) -> None:
        """An upright line over the whole height of a plot."""
        ends = {"x0": x, "x1": x, "xref": x_axis, "y0": 0, "y1": 1, "yref": f"{y_axis} domain"}
        self._shapes.append({"type": "line", "line": dict(line), **ends})

    def add_annotation(self, **properties: Any) -> None:
        """A note."""
        self._notes.append(_plain(properties))

    def figure(self, layout: Mapping[str, Any]) -> go.Figure:
        """All of it as a figure, which may be changed further as any other."""
        whole = dict(layout)
        if self._shapes:
            whole["shapes"] = self._shapes
        if self._notes:
            whole["annotations"] = self._notes
        return go.Figure({"data": self.traces, "layout": _plain(whole)}, _validate=False)


def encoded(figure: go.Figure) -> go.Figure:
    """The figure with its arrays as the browser reads them (base64), values in single precision.

    plotly encodes a figure anew for each who looks at it, and asks of each array which library
    it may be of; this is done once, and fast. It is to be shown, not to be read.
    """
    traces = [_sent("", trace.to_plotly_json()) for trace in figure.data]
    layout = figure.layout.to_plotly_json()
    return go.Figure({"data": traces, "layout": layout}, _validate=False)


def _sent(name: str, value: Any) -> Any:
    if isinstance(value, dict):
        return {inner: _sent(inner, it) for inner, it in value.items()}
    if (
        not isinstance(value, np.ndarray)
        or value.dtype.kind not in "fiu"
        or value.ndim not in (1, 2)
    ):
        return value
    if value.dtype.kind == "f":
        value = value.astype("<f8" if name == "x" else "<f4")
    else:
        value = value.astype("<i4") if np.abs(value).max(initial=0) < 2**31 else value.astype("<f8")
    content = base64.b64encode(np.ascontiguousarray(value).tobytes()).decode()
    shape = {"shape": ", ".join(map(str, value.shape))} if value.ndim > 1 else {}
    return {"dtype": value.dtype.str[1:], "bdata": content, **shape}


def _plain(properties: Mapping[str, Any]) -> dict[str, Any]:
    """Without what is not set; what pandas holds as arrays."""
    return {name: _value(value) for name, value in properties.items() if value is not None}


def _value(value: Any) -> Any:
    if isinstance(value, pd.Series | pd.DataFrame):
        return value.to_numpy()
    if isinstance(value, np.generic):
        return value.item()
    if isinstance(value, tuple):
        return list(value)
    return _plain(value) if isinstance(value, Mapping) else value
