"""All runs in one table: what each is, how it stands, and what can be done with those ticked."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pandas as pd
import streamlit as st

from gandash import runs
from gandash.app import cached
from gandash.app.hosting import limits, visitors
from gandash.app.parts import config_form, own_images, words
from gandash.app.parts.quoted import in_markdown
from gandash.app.parts.refusals import REFUSALS, guarded, notice
from gandash.config import Config, tricks
from gandash.jobs import control, groups
from gandash.runs import Run, Status
from gandash.storage.paths import runs_root

PLACE = "table"
LONGEST_SECONDS = 1e9  # 30 years: a speed so low, or a time so long, was not measured
COLUMNS = {
    "Run": st.column_config.TextColumn(pinned=True),
    "Phase": st.column_config.TextColumn(width="small"),
    "Group": st.column_config.TextColumn(width="small"),
    "Data": st.column_config.TextColumn(width="small"),
    "Trains with": st.column_config.TextColumn(width="medium"),
    "Done": st.column_config.ProgressColumn(width="small", format="percent"),
    "Best Fréchet distance": st.column_config.NumberColumn(
        format="%.1f", help="The least of 2,000 samples while it trained, where it was measured."
    ),
    "Time left": st.column_config.TextColumn(width="small"),
    "Started": st.column_config.DatetimeColumn(format="D MMM, HH:mm"),
}
ARM_COLUMNS = {
    "Best Fréchet distance": st.column_config.NumberColumn(
        format="%.1f", help="The mean over seeds of each run's least, of 2,000 samples."
    ),
    "± over seeds": st.column_config.NumberColumn(
        format="%.1f", help="The standard deviation over seeds; of one seed there is none."
    ),
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
        st.caption("Tick one to show, copy, rename or remove it; several to compare their curves.")
    elif len(chosen) == 1:
        one(*chosen[0])
    else:
        several(chosen)
    for name in sorted({status.group for _, status in chosen if status.group}):
        group(name, [(run, status) for run, status in found if status.group == name])


def row(run: Run, status: Status) -> dict[str, Any]:
    """What the table says of a run; what cannot be read is left empty."""
    config, best = None, None
    with suppress(*REFUSALS):  # its panel says why
        config = run.config()
        best = groups.least_distance(cached.metrics(run.folder))
    return {
        "Run": run.name,
        "Phase": phase(run, status),
        "Group": status.group,
        "Data": config.data.dataset.rpartition("/")[2] if config else "",
        "Trains with": tricks.summary(config) if config else "",
        "Done": min(status.step / status.total, 1.0) if status.total else 0.0,
        "Best Fréchet distance": best,
        "Time left": time_left(status, config) if config and status.phase == "running" else "",
        "Started": status.created,
    }


def phase(run: Run, status: Status) -> str:
    """Of a run, in a word: one that was asked to pause does so soon, and does not run then."""
    if status.phase != "running" or not run.pause_requested:
        return status.phase
    return "paused" if status.paused else "pausing"


def time_left(status: Status, config: Config) -> str:
    """Until the last step at the speed of the last row, in words; empty while it is not known."""
    images = (status.total - status.step) * config.batch_size * config.batches_per_step
    speed = status.images_per_second
    known = speed > 0 and images / speed < LONGEST_SECONDS
    return words.duration(max(images, 0) / speed) if known else ""


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
        removal([(run, status)])


def several(ticked: list[tuple[Run, Status]]) -> None:
    """What can be done with several ticked runs."""
    names = [run.name for run, _ in ticked]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.page_link(
            st.Page("views/curves.py", url_path="curves"),
            label=f"Compare the curves of {len(names)} runs",
            icon=":material/show_chart:",
            query_params={"curves_runs": names},
        )
        removal(ticked)
    st.caption(in_markdown(", ".join(names)))


def removal(ticked: list[tuple[Run, Status]]) -> None:
    """Remove the ticked runs, once it is said again, where all of them have ended."""
    if any(status.under_way or not visitors.may_change(run) for run, status in ticked):
        return
    what = in_markdown(ticked[0][0].name) if len(ticked) == 1 else f"{len(ticked)} runs"
    with st.popover("Remove", icon=":material/delete:", key="train_removing_ticked"):
        st.markdown(f"Remove **{what}** with checkpoints, metrics and samples?")
        st.button(
            "Yes, remove",
            type="primary",
            on_click=guarded(remove, PLACE),
            args=([run for run, _ in ticked],),
            key="train_remove_ticked",
        )


def group(name: str, its: list[tuple[Run, Status]]) -> None:
    """A group's arms over their seeds, and what can be done with all its runs."""
    finished = sum(status.phase == "finished" for _, status in its)
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(f"Group **{in_markdown(name)}**: {finished} of {len(its)} runs finished")
        if all(visitors.may_change(run) for run, _ in its):
            if any(status.under_way for _, status in its):
                of_all("Stop all", ":material/stop:", groups.stop, name, visitors.check)
            if any(status.phase in groups.IDLE for _, status in its):
                of_all("Resume all", ":material/play_arrow:", groups.resume, name, may_train)
        st.page_link(
            st.Page("views/curves.py", url_path="curves"),
            label="Curves of all",
            icon=":material/show_chart:",
            query_params={"curves_runs": [run.name for run, _ in its]},
        )
    with suppress(*REFUSALS):  # a damaged run's own panel says why
        st.dataframe(
            pd.DataFrame([arm_row(arm) for arm in groups.arms(its)]).dropna(
                axis="columns", how="all"
            ),
            hide_index=True,
            column_config=ARM_COLUMNS,
            key=f"train_arms_{name}",
        )


def arm_row(arm: groups.Arm) -> dict[str, Any]:
    """What the table of a group says of an arm."""
    return {
        "Arm": arm.title,
        "Finished": f"{arm.finished} of {arm.runs}",
        "Best Fréchet distance": arm.mean,
        "± over seeds": arm.deviation,
        "Seeds measured": len(arm.distances),
    }


def may_train(run: Run) -> None:
    """``ValueError`` if the visitor may not have a run trained further."""
    limits().check(run.config(), visitors.waiting())
    visitors.check(run)


def of_all(
    label: str,
    icon: str,
    action: Callable[[Path, str], int],
    name: str,
    check: Callable[[Run], None],
) -> None:
    """A button that does something with all runs of a group, if each of them passes ``check``."""

    def act() -> None:
        for run, _ in groups.of(runs_root(), name):
            check(run)
        action(runs_root(), name)

    st.button(
        label,
        icon=icon,
        on_click=guarded(act, PLACE),
        key=f"train_{action.__name__}_{name}",
    )


def remove(ticked: list[Run]) -> None:
    """Remove runs, by who may; what was shown of them is shown no longer."""
    for run in ticked:
        visitors.check(run)
        control.remove(run)
        if st.session_state.get("train_run") == run.name:
            st.session_state["train_run"] = None


def show(run: Run) -> None:
    """Show a run in the panel above."""
    st.session_state["train_run"] = run.name


def copy(run: Run) -> None:
    """Fill the form with a run's settings; an upload goes by its name."""
    values = config_form.values_of(run.config())
    key = config_form.key_of("data.dataset")
    values[key] = own_images.name_of(values[key])
    st.session_state.update(values)


def rename(run: Run, wish: str) -> None:
    """Give a run another name, by who may."""
    visitors.check(run)
    renamed = control.rename(run, runs.check_name(wish))
    st.session_state["train_run"] = renamed.name
