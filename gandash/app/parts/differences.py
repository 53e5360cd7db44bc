"""What differs between runs: their settings, and where their curves end."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

import pandas as pd
import streamlit as st

from gandash.app.parts import config_form, page
from gandash.config import Config


def differences(
    chosen: Mapping[str, Config], frames: Mapping[str, pd.DataFrame], baseline: str | None = None
) -> None:
    """Only what differs between the runs: their settings, and the best, last and least values,
    with the differences to those of a ``baseline``, a run's title.
    """
    if len(chosen) < 2:
        return
    settings = {title: config_form.values_of(config, "") for title, config in chosen.items()}
    differing = settings_of(chosen.values())
    rows = []
    base = _ends(frames[baseline]) if baseline else {}
    for title, values in settings.items():
        row = {"Run": title}
        row |= {
            str(config_form.FIELDS[name].title): config_form.ABOUT[name].called(values[name])
            for name in differing
        }
        rows.append(row | _in_words(_ends(frames[title]), base if title != baseline else {}))
    page.section("What differs")
    st.dataframe(pd.DataFrame(rows), hide_index=True, key="curves_differences")
    st.caption(
        "Settings that are alike in all chosen runs are left out. Losses: means over the last "
        "tenth of the rows; distance: the least that was measured while training, and the last. "
        "In brackets: the difference to the baseline, where one is pinned."
    )


def settings_of(configs: Iterable[Config]) -> list[str]:
    """Dotted names of the settings that are not the same in all configs."""
    values = [config_form.values_of(config, "") for config in configs]
    return [name for name in config_form.FIELDS if len({str(it[name]) for it in values}) > 1]


@dataclass(frozen=True)
class _End:
    """A number at the end of a run's curves: how it is written, and what is added to it."""

    value: float
    shown: str
    more: str = ""


def _ends(table: pd.DataFrame) -> dict[str, _End]:
    """Where a run's curves end; what was not measured is missing."""
    if table.empty:
        return {}
    last = table.tail(max(len(table) // 10, 1))
    found = {
        "Steps": _End(float(table.step.max()), ",.0f"),
        "D's loss": _End(float(last.d_loss.mean()), ".3f"),
        "G's loss": _End(float(last.g_loss.mean()), ".3f"),
    }
    measured = table.dropna(subset=["frechet"]) if "frechet" in table else table.iloc[:0]
    if len(measured):
        best = measured.iloc[int(measured.frechet.to_numpy().argmin())]
        found["Best distance"] = _End(float(best.frechet), ".1f", f" at step {int(best.step):,}")
        found["Last distance"] = _End(float(measured.frechet.iloc[-1]), ".1f")
    return found


def _in_words(ends: Mapping[str, _End], base: Mapping[str, _End]) -> dict[str, str]:
    """The numbers as they are written, each with its difference to the baseline's."""
    said = {}
    for name, end in ends.items():
        difference = f" ({end.value - base[name].value:+{end.shown}})" if name in base else ""
        said[name] = f"{end.value:{end.shown}}{difference}{end.more}"
    return said
