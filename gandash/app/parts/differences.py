"""What differs between runs: their settings, and where their curves end."""

from __future__ import annotations

from collections.abc import Mapping

import pandas as pd
import streamlit as st

from gandash.app.parts import config_form, page
from gandash.config import Config


def differences(chosen: Mapping[str, Config], frames: Mapping[str, pd.DataFrame]) -> None:
    """Only what differs between the runs: their settings, and the best, last and least values."""
    if len(chosen) < 2:
        return
    settings = {title: config_form.values_of(config, "") for title, config in chosen.items()}
    differing = [
        name
        for name in config_form.FIELDS
        if len({str(values[name]) for values in settings.values()}) > 1
    ]
    rows = []
    for title, values in settings.items():
        row = {"Run": title}
        row |= {str(config_form.FIELDS[name].title): str(values[name]) for name in differing}
        rows.append(row | _ends(frames[title]))
    page.section("What differs")
    st.dataframe(pd.DataFrame(rows), hide_index=True, key="curves_differences")
    st.caption(
        "Settings that are alike in all chosen runs are left out. Losses: means over the last "
        "tenth of the rows; distance: the least that was measured while training, and the last."
    )


def _ends(table: pd.DataFrame) -> dict[str, str]:
    """Where a run's curves end, in words; what was not measured is empty."""
    last = table.tail(max(len(table) // 10, 1))
    said = {
        "Steps": f"{int(table.step.max()):,}" if len(table) else "",
        "D's loss": f"{last.d_loss.mean():.3f}",
        "G's loss": f"{last.g_loss.mean():.3f}",
    }
    measured = table.dropna(subset=["frechet"]) if "frechet" in table else table.iloc[:0]
    if len(measured):
        best = measured.iloc[int(measured.frechet.to_numpy().argmin())]
        said["Best distance"] = f"{best.frechet:.1f} at step {int(best.step):,}"
        said["Last distance"] = f"{measured.frechet.iloc[-1]:.1f}"
    return said
