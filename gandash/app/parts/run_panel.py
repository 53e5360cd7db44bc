"""A run while it goes on and afterwards: status, curves, samples, and what can be done with it."""

from __future__ import annotations

import pandas as pd
import streamlit as st

from gandash import runs
from gandash.app import cached
from gandash.app.assets import publish
from gandash.app.parts import page, words
from gandash.app.parts.timeline import timeline
from gandash.config import Config
from gandash.jobs import control, queue
from gandash.losses.objectives import OBJECTIVES
from gandash.pictures.charts import COLORS, measured, thin, with_share
from gandash.runs import Run, Status
from gandash.storage.paths import runs_root

ACTIVE = ("queued", "running")
LIVE_POINTS = 400
MORE, LONGEST = {"epochs": 5, "steps": 1000}, 1_000_000
LIVE = {
    "Loss": {"d_loss": "D", "g_loss": "G"},
    "D's output": {"d_real": "D(x)", "d_fake": "D(G(z))"},
    "D's score": {"real_q50": "real, median", "fake_q50": "generated, median"},
    "Share of updates": {"d_share": "D's updates"},
    "Accuracy": {"d_accuracy": "D's classes"},
    "Fréchet distance": {"frechet": "of 2,000 samples"},
    "Share of samples": {"precision": "precision", "recall": "recall"},
}
PHASES = {
    "queued": (":material/hourglass_top:", "blue"), "running": (":material/play_arrow:", "green"),
    "stopped": (":material/pause:", "orange"), "finished": (":material/check:", "violet"),
    "failed": (":material/error:", "red"),
}  # fmt: skip


def newest_first() -> list[tuple[Run, Status]]:
    """All runs with a readable status."""
    found = []
    for run in runs.find(runs_root()):
        with page.one_sentence():
            found.append((run, run.status()))
    return sorted(found, key=lambda pair: pair[1].created, reverse=True)


def watch() -> None:
    """The chosen run, polled only while something is under way."""
    st.subheader("Runs", anchor=False)
    found = newest_first()
    phases = {run.name: status.phase for run, status in found}
    chosen = st.selectbox(
        "Run",
        list(phases),
        None,
        key="train_run",
        bind="query-params",
        label_visibility="collapsed",
        placeholder=f"{found[0][0].name} (newest)" if found else "No run yet",
        disabled=not found,
    )
    if not found:
        st.markdown("Choose a preset and start one.")
        return
    name = chosen or found[0][0].name
    polling = "1s" if phases[name] in ACTIVE else None
    st.fragment(panel, run_every=polling)(Run(runs_root() / name), bool(polling))


def panel(run: Run, polled: bool) -> None:
    """Status, curves and samples of one run; polls while it is under way."""
    try:
        status, config = run.status(), run.config()
    except ValueError as error:
        st.error(str(error), icon=":material/error:")
        return
    if polled != (status.phase in ACTIVE):  # it has ended, or was resumed: start or end the polling
        st.rerun()
    headline(run, status, config)
    buttons(run, status)
    if polled:
        live(run)
    else:
        ended(run)


def headline(run: Run, status: Status, config: Config) -> None:
    """Phase, progress, speed and time left."""
    icon, color = PHASES[status.phase]
    place = queue.position(runs_root(), run) if status.phase == "queued" else None
    note = f"place {place} in line" if place else status.message
    st.markdown(f":{color}-badge[{icon} {status.phase}] &nbsp; {note}")
    total, before = max(status.total, 1), "Preparing" if status.phase in ACTIVE else "Not begun"
    st.progress(
        min(status.step / total, 1.0),
        f"Step {status.step:,} of {status.total:,}" if status.total else before,
    )
    images = (status.total - status.step) * config.batch_size * config.balance.d_steps
    with st.container(horizontal=True):  # in a row on a phone, too
        st.metric(
            f"{config.data.kind.name.capitalize()}/s",
            f"{status.images_per_second:,.0f}" if status.step else "–",
            help="Over the last row of metrics.",
        )
        st.metric(
            "Time left",
            words.duration(images / status.images_per_second) if status.images_per_second else "–",
        )
        st.metric("Trained for", words.duration(status.seconds))


def buttons(run: Run, status: Status) -> None:
    """What can be done with a run in its phase."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if status.phase in ACTIVE:
            st.button(
                "Stop", icon=":material/stop:", on_click=control.stop, args=(run,), key="train_stop"
            )
        if status.phase in ("stopped", "failed"):
            st.button(
                "Resume",
                icon=":material/play_arrow:",
                on_click=control.resume,
                args=(run,),
                key="train_resume",
            )
        if status.phase == "finished":
            train_longer(run)
        if status.phase not in ACTIVE:
            with st.popover("Remove", icon=":material/delete:"):
                st.markdown(f"Remove **{run.name}** with its checkpoint, metrics and samples?")
                st.button(
                    "Yes, remove it",
                    on_click=remove,
                    args=(run,),
                    key="train_remove",
                    type="primary",
                )
        if status.step:
            st.page_link(
                st.Page("views/loss_curves.py", url_path="curves"),
                label="All its curves",
                icon=":material/show_chart:",
                query_params={"curves_runs": run.name},
            )


def train_longer(run: Run) -> None:
    """Let a finished run go on."""
    unit = "steps" if run.config().steps else "epochs"
    with st.popover("Train longer", icon=":material/more_time:"):
        more = st.number_input(f"More {unit}", 1, LONGEST, value=MORE[unit], key="train_more")
        st.button("Go on", on_click=go_on, args=(run, int(more)), key="train_go_on", type="primary")


def go_on(run: Run, more: int) -> None:
    try:
        control.train_longer(run, more)
    except ValueError as error:
        st.error(str(error), icon=":material/error:")


def remove(run: Run) -> None:
    control.remove(run)
    st.session_state.pop("train_run", None)


def live(run: Run) -> None:
    """Charts that grow without a blank frame, and the latest samples over the ones before."""
    metrics = with_share(run.metrics())
    if metrics.empty:
        st.info("The first numbers come after a few steps.", icon=":material/hourglass_top:")
    else:
        live_charts(metrics, run.config())
    kind = run.config().data.kind
    snapshots = list(run.snapshots().items())[-2:]
    if snapshots:
        urls = [publish(path.read_bytes()) for _, path in snapshots]
        st.html(
            f'<div class="gd-live" style="background-image:url({urls[0]})">'
            f'<img class="gd-{kind.name}" src="{urls[-1]}" '
            f'alt="Samples at step {snapshots[-1][0]}"></div>'
            f'<p class="gd-sub">Samples of the fixed noise at step {snapshots[-1][0]:,}</p>'
        )


def live_charts(metrics: pd.DataFrame, config: Config) -> None:
    """What was measured, two charts a row: of D's output what it is, a probability or a score."""
    hidden = "D's score" if OBJECTIVES[config.loss.objective].cross_entropy else "D's output"
    shown = {
        label: names
        for label, names in LIVE.items()
        if label != hidden and all(measured(metrics, name) for name in names)
    }
    columns = st.columns(2)
    for number, (label, names) in enumerate(shown.items()):
        table = thin(metrics.dropna(subset=list(names)), LIVE_POINTS).rename(columns=names)
        columns[number % 2].line_chart(
            table,
            x="step",
            y=list(names.values()),
            y_label=label,
            color=list(COLORS[: len(names)]),
            height=240,
        )


def ended(run: Run) -> None:
    """The samples over the whole run."""
    if cached.metrics(run.folder).empty:
        return
    timeline({run.name: run.folder}, [run.config()], key="train_snapshot")
