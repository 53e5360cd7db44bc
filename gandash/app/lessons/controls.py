"""The lessons' figures, and widgets for them whose values are in the URL."""

from __future__ import annotations

import plotly.graph_objects as go
import streamlit as st

from gandash.app.parts import links, page

HEIGHT = 380


def slider(label: str, low: float, high: float, value: float, *, step: float, key: str) -> float:
    """A slider whose value is ``?{key}=`` in the URL."""
    return float(st.slider(label, low, high, value, step, key=key, bind=links.real(key, low, high)))


def some_of(label: str, options: list[str], chosen: list[str], key: str) -> list[str]:
    """Some of a few options, in their order; those ``chosen`` unless the URL says otherwise."""
    taken = st.pills(
        label,
        options,
        selection_mode="multi",
        default=chosen,
        key=key,
        bind=links.some_of(key, options),
    )
    return [option for option in options if option in taken]


def chart(figure: go.Figure, key: str) -> None:
    """A figure that a lesson is about: larger than charts that stand among others."""
    if figure.layout.height < HEIGHT:
        figure.update_layout(height=HEIGHT)
    page.chart(figure, key)
