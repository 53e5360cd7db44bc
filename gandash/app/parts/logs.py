"""Curves of other programs on Loss curves: handed in, listed, drawn beside gandash's own."""

from __future__ import annotations

import shutil
from collections.abc import Container
from pathlib import Path

import pandas as pd
import streamlit as st

from gandash import runs
from gandash.app import cached
from gandash.app.hosting import limits
from gandash.app.parts.curve_charts import Logged
from gandash.app.parts.refusals import guarded, notice
from gandash.config import Config
from gandash.exchange import logs
from gandash.pictures import charts
from gandash.storage.paths import pretrained_root, runs_root

PLACE = "foreign curves"
UPLOAD, CHOSEN = "curves_foreign_file", "curves_runs"
MOST_MB = logs.MOST_BYTES // 1_000_000


def found(others: Container[str]) -> dict[str, Logged]:
    """What other programs logged, by name."""
    return {
        log.folder.name: Logged(log.facts.title, log.folder, Config(), foreign=True)
        for log in logs.find(runs_root())
        if log.folder.name not in others
    }


def curves_of(item: Logged, axis: charts.XAxis = "step") -> pd.DataFrame:
    """The curves of a run, or of another program; no rows of one that does not count ``axis``."""
    if not item.foreign:
        return cached.metrics(item.folder)
    table = _read(str(item.folder), (item.folder / logs.TABLE).stat().st_mtime_ns)
    if table[axis].isna().any():
        st.caption(f"{item.title} does not say its {axis}: choose Step to see it.")
        return table.iloc[:0]
    return table


@st.cache_data(max_entries=24, show_spinner=False)
def _read(folder: str, stamp: int) -> pd.DataFrame:  # noqa: ARG001 - the cache's key
    place = Path(folder)
    return next(log for log in logs.find(place.parent) if log.folder == place).read()


def hand_in() -> None:
    """Hand in a log, or remove one; not on a server that strangers reach."""
    if limits().public or limits().uploads == "off":
        return
    with st.popover("Curves of another program", icon=":material/add_chart:", width="stretch"):
        st.file_uploader(
            "TensorBoard's events, or a CSV with a column of steps",
            key=UPLOAD,
            on_change=guarded(_keep, PLACE),
            max_upload_size=MOST_MB,
            help="Losses, D's outputs and distances are known by many names and drawn with "
            "gandash's; every other curve gets a chart of its own.",
        )
        notice(PLACE)
        for log in logs.find(runs_root()):
            st.button(
                f"Remove {log.facts.title}",
                key=f"curves_foreign_remove_{log.folder.name}",
                icon=":material/delete:",
                type="tertiary",
                on_click=guarded(_remove, PLACE),
                args=(log.folder.name,),
            )


def _keep() -> None:
    file = st.session_state.get(UPLOAD)
    if file is None:
        return
    name = runs.fresh_name(runs_root(), pretrained_root(), Path(file.name).stem)
    logs.keep(runs_root() / name, file.name, file.getvalue())
    st.session_state[CHOSEN] = [*st.session_state.get(CHOSEN, []), name]


def _remove(name: str) -> None:
    log = next((it for it in logs.find(runs_root()) if it.folder.name == name), None)
    if log is not None:
        shutil.rmtree(log.folder)
    st.session_state[CHOSEN] = [it for it in st.session_state.get(CHOSEN, []) if it != name]
