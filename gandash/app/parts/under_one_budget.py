"""Objectives under one budget: curves, what one may expect of n runs, and a table."""

from __future__ import annotations

import math
from functools import cache

import numpy as np
import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from gandash.app.parts import choose, page
from gandash.pictures import charts
from gandash.zoo import comparison
from gandash.zoo.comparison import Run, Summary

HEIGHT = 380  # on a phone the legend takes half of it
TITLES = {"mnist": "MNIST", "fashion-mnist": "Fashion-MNIST"}
PROTOCOL = (
    "Distances of 2,000 samples of G's moving average to 10,000 training images, on the features "
    "of the data's classifier: compare them with each other only. DCGANs of a quarter of the "
    "paper's widths, 2,000 updates of each player on batches of 64; rates are those of this "
    "project's presets, and no search for better ones was made: another rate may change the order."
)


@cache
def _stored() -> tuple[Run, ...]:
    return tuple(comparison.stored())


def shown() -> None:
    """The comparison that ships, for one dataset; ``?compare_data=`` in the URL."""
    runs = _stored()
    names = [TITLES[name] for name in dict.fromkeys(run.data for run in runs)]
    title = choose.at_once("Data", names, "compare_data")
    of_data = [run for run in runs if TITLES[run.data] == title]
    left, right = st.columns(2)
    with left:
        page.section("Against the budget")
        page.chart(against_budget(of_data), "budget_curves")
        st.caption("Means of the runs, with their standard deviation as a band.")
    with right:
        page.section("What n runs may give")
        page.chart(expected(of_data), "budget_expected")
        st.caption("The least distance of n runs, on average over all choices of n of them.")
    page.section("At the end of the budget")
    summaries = sorted(comparison.summary(of_data), key=lambda it: (math.isnan(it.mean), it.mean))
    st.markdown(in_words(summaries))
    st.dataframe(table(summaries), hide_index=True)
    limit = comparison.bound(of_data, of_data[0].data)
    st.caption(
        f"{PROTOCOL} ± is the standard deviation over the runs' seeds. A run counts as failed if "
        f"it broke off or ended above {limit:.0f}, {comparison.FAILED:g} times the least distance "
        "of all. Made by `python benchmarks/objectives.py`, in the manner of Lucic et al. 2018."
    )


def against_budget(runs: list[Run]) -> go.Figure:
    """Distance over steps, a line and a band for each arm."""
    frames = {arm: charts.pooled([_frame(run) for run in members]) for arm, members in _arms(runs)}
    frechet = [charts.Curve("frechet", "Fréchet")]
    figure = charts.curves(frames, frechet, "Fréchet distance", x="step")
    return figure.update_layout(height=HEIGHT)


def expected(runs: list[Run]) -> go.Figure:
    """The least distance that one may expect of 1, 2, … runs of each arm."""
    least = {arm: [run.least for run in members] for arm, members in _arms(runs)}
    most = min(map(len, least.values()))
    named = {
        arm: np.array([comparison.best_of(values, n) for n in range(1, most + 1)])
        for arm, values in least.items()
    }
    n = np.arange(1.0, most + 1)
    figure = charts.lines(n, named, "Runs", "Least distance")
    return figure.update_xaxes(dtick=1).update_layout(height=HEIGHT)


def table(summaries: list[Summary]) -> pd.DataFrame:
    """A row for each arm."""
    return pd.DataFrame(
        {
            "Objective": it.arm,
            "Runs": str(it.runs),
            "Fréchet": f"{it.mean:.1f} ± {it.deviation:.1f}",
            "Best": f"{it.best:.1f}",
            "Failed": f"{it.failed:.0%}",
            "Precision": f"{it.precision:.2f}",
            "Recall": f"{it.recall:.2f}",
            "Processor time": f"{it.seconds:.0f} s",
        }
        for it in summaries
    )


def in_words(summaries: list[Summary]) -> str:
    """What the means say, best first: whether the first two are told apart by their deviations."""
    first, second, *_ = summaries
    apart = second.mean - first.mean
    noise = math.hypot(first.deviation, second.deviation)
    beginning = f"Least on average: **{first.arm}** ({first.mean:.1f} ± {first.deviation:.1f})"
    if apart > 2 * noise:
        return (
            f"{beginning}, ahead of {second.arm} ({second.mean:.1f} ± {second.deviation:.1f}) by "
            "more than twice their deviation."
        )
    return (
        f"{beginning}; {second.arm} ({second.mean:.1f} ± {second.deviation:.1f}) lies within twice "
        "their deviation of it: these runs do not tell them apart."
    )


def _arms(runs: list[Run]) -> list[tuple[str, list[Run]]]:
    names = list(dict.fromkeys(run.arm for run in runs))
    return [(name, [run for run in runs if run.arm == name]) for name in names]


def _frame(run: Run) -> pd.DataFrame:
    return pd.DataFrame({"step": run.steps, "frechet": run.frechet})
