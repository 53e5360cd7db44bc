"""All runs in one table: what each is, how it stands, and what can be done with those ticked."""

from __future__ import annotations

from typing import Any

import pandas as pd
import streamlit as st

from gandash import runs
from gandash.app import cached
from gandash.app.hosting import limits, visitors
from gandash.app.parts import config_form, words
from gandash.app.parts.quoted import in_markdown
from gandash.app.parts.refusals import REFUSALS, guarded, notice
from gandash.config import Config, tricks
from gandash.data import uploads
from gandash.jobs import control
from gandash.runs import Run, Status
from gandash.storage.paths import runs_root

PLACE = "table"
COLUMNS = {
    "Run": st.column_config.TextColumn(pinned=True),
    "Phase": st.column_config.TextColumn(width="small"),
    "Data": st.column_config.TextColumn(width="small"),
    "Trains with": st.column_config.TextColumn(width="large"),
    "Done": st.column_config.ProgressColumn(width="small", format="percent"),
    "Best Fréchet distance": st.column_config.NumberColumn(
        format="%.1f", help="The least of 2,000 samples while it trained, where it was measured."
    ),
    "Time left": st.column_config.TextColumn(width="small"),
    "Started": st.column_config.DatetimeColumn(format="D MMM, HH:mm"),
}


def run_table(found: list[tuple[Run, Status]]) -> None:
    """A row a run, newest first, where there are several; a press on a heading sorts."""
    if len(found) < 2:
        return
    with st.expander(f"All {len(found)} runs", icon=":material/table_rows:", key="train_all_runs"):
        table(found)


def table(found: list[tuple[Run, Status]]) -> None:
    """The table itself, and the buttons of the rows that are ticked."""
    rows = [row(run, status) for run, status in found]
    ticked = st.dataframe(
        pd.DataFrame(rows).replace("", None).dropna(axis="columns", how="all"),
        hide_index=True,
        column_config=COLUMNS,
        on_select="rerun",
        selection_mode="multi-row",
        key="train_table",
    )
    chosen = [found[place] for place in ticked["selection"]["rows"] if place < len(found)]
    notice(PLACE)
    if not chosen:
        st.caption("Tick one to show, copy or rename it; several to compare their curves.")
    elif len(chosen) == 1:
        one(*chosen[0])
    else:
        several([run for run, _ in chosen])


def row(run: Run, status: Status) -> dict[str, Any]:
    """What the table says of a run; what cannot be read is left empty."""
    config, best = None, None
    try:
        config = run.config()
        metrics = cached.metrics(run.folder)
        best = metrics.frechet.min() if "frechet" in metrics else None
    except REFUSALS:
        pass  # its panel says why
    return {
        "Run": run.name,
        "Phase": status.phase,
        "Data": config.data.dataset.rpartition("/")[2] if config else "",
        "Trains with": tricks.summary(config) if config else "",
        "Done": min(status.step / status.total, 1.0) if status.total else 0.0,
        "Best Fréchet distance": None if best is None or pd.isna(best) else float(best),
        "Time left": time_left(status, config),
        "Started": status.created,
    }


def time_left(status: Status, config: Config | None) -> str:
    """In words, while it is known; empty for a run that does not train."""
    if status.phase != "running" or config is None or not status.images_per_second:
        return ""
    images = (status.total - status.step) * config.batch_size * config.balance.d_steps
    return words.duration(max(images, 0) / status.images_per_second)


def one(run: Run, status: Status) -> None:
    """What can be done with a single ticked run."""
    with st.container(horizontal=True, vertical_alignment="bottom"):
        st.button(
            "Show", icon=":material/visibility:", on_click=show, args=(run,), key="train_show"
        )
        if limits().training != "off":
            again = "Edit and start again" if status.phase == "failed" else "Copy its settings"
            st.button(
                again,
                icon=":material/content_copy:",
                on_click=guarded(copy, PLACE),
                args=(run,),
                key="train_copy",
                help="Fills the form with what this run was started with.",
            )
        if visitors.may_change(run):
            with st.popover("Rename", icon=":material/edit:"):
                wish = st.text_input("New name", run.name, max_chars=63, key="train_new_name")
                st.button(
                    "Rename it",
                    type="primary",
                    on_click=guarded(rename, PLACE),
                    args=(run, wish),
                    key="train_rename",
                )


def several(ticked: list[Run]) -> None:
    """What can be done with several ticked runs."""
    names = [run.name for run in ticked]
    st.page_link(
        st.Page("views/loss_curves.py", url_path="curves"),
        label=f"Compare the curves of {len(names)} runs",
        icon=":material/show_chart:",
        query_params={"curves_runs": names},
    )
    st.caption(in_markdown(", ".join(names)))


def show(run: Run) -> None:
    """Show a run in the panel above."""
    st.session_state["train_run"] = run.name


def copy(run: Run) -> None:
    """Fill the form with a run's settings; an upload goes by its name."""
    values = config_form.values_of(run.config())
    key = config_form.key_of("data.dataset")
    kept = {str(path): name for name, path in uploads.find(runs_root()).items()}
    values[key] = kept.get(values[key], values[key])
    st.session_state.update(values)


def rename(run: Run, wish: str) -> None:
    """Give a run another name, by who may."""
    visitors.check(run)
    renamed = control.rename(run, runs.check_name(wish))
    st.session_state["train_run"] = renamed.name
