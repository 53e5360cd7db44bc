"""A run while it goes on and afterwards: status, curves, samples, and what can be done with it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial

import pandas as pd
import streamlit as st

from gandash import runs
from gandash.app import cached
from gandash.app.hosting import limits, visitors
from gandash.app.parts import links, page, words
from gandash.app.parts.findings import findings
from gandash.app.parts.quoted import in_markdown
from gandash.app.parts.refusals import REFUSALS, guarded, notice, sentence, shown
from gandash.app.parts.run_table import LONGEST_SECONDS, may_train, phase, run_table, time_left
from gandash.app.parts.save_picture import save_picture
from gandash.app.parts.timeline import timeline
from gandash.config import Config
from gandash.jobs import control, queue, slots
from gandash.losses.objectives import OBJECTIVES
from gandash.pictures.charts import COLORS, measured, thin, with_share
from gandash.runs import Advance, GoneError, Run, Status
from gandash.storage.paths import runs_root

PLACE = "run"
LIVE_POINTS, LIVE_HEIGHT = 400, 200
MORE, LONGEST = {"epochs": 5, "steps": 1000}, 1_000_000
LIVE = {
    "Loss": {"d_loss": "D", "g_loss": "G"},
    "D's output": {"d_real": "D(x)", "d_fake": "D(G(z))"},
    "Median score": {"real_q50": "real", "fake_q50": "generated"},
    "Share of updates": {"d_share": "D's updates"},
    "Accuracy": {"d_accuracy": "D's classes"},
    "D on real images": {"d_train": "trained on", "d_held_out": "held out"},
    "Augmentation": {"augment_p": "p"},
    "Side of images": {"size": "pixels"},
    "Singular values": {"g_sigma0": "G, largest", "d_sigma0": "D, largest"},
    "Distance of translations": {"distance": "mean difference"},
    "Width of z": {"z_std": "E(x), standard deviation"},
    "D on z": {"d_prior": "drawn", "d_code": "E(x)"},
    "Fréchet distance": {"frechet": "of 2,000 samples"},
    "Share of samples": {"precision": "precision", "recall": "recall"},
}
ADVANCES: tuple[tuple[str, Advance, str], ...] = (
    ("Next row", "row", ":material/skip_next:"),
    ("One step", "step", ":material/exposure_plus_1:"),
    ("D alone", "D", ":material/visibility:"),
    ("G alone", "G", ":material/brush:"),
)
PHASES = {
    "queued": (":material/hourglass_top:", "blue"), "running": (":material/play_arrow:", "green"),
    "pausing": (":material/pause_circle:", "gray"),
    "paused": (":material/pause_circle:", "orange"),
    "stopped": (":material/pause:", "orange"), "finished": (":material/check:", "violet"),
    "failed": (":material/error:", "red"),
}  # fmt: skip


def newest_first() -> list[tuple[Run, Status]]:
    """All runs with a readable status; of the others, why they have none, and a way out."""
    readable = []
    for run in visitors.seen():
        try:
            readable.append((run, run.status()))
        except GoneError:  # another visitor has just removed it
            continue
        except REFUSALS as error:
            st.error(sentence(error), icon=":material/error:")
            if not visitors.may_change(run):
                continue
            st.button(
                f"Give {run.name} a new status",
                icon=":material/healing:",
                on_click=guarded(control.renew, PLACE),
                args=(run,),
                key=f"train_renew_{run.name}",
            )
    return sorted(readable, key=lambda pair: pair[1].created, reverse=True)


def watch() -> None:
    """The chosen run, polled only while something is under way."""
    page.section("Runs")
    with page.one_sentence():
        control.look_after(runs_root())
    found = newest_first()
    under_way = {run.name: status.under_way for run, status in found}
    asked = st.session_state.get("train_run")
    if asked is not None and asked not in under_way:
        st.session_state["train_run"] = None  # deleted, the browser would keep the name
        st.info(
            f"No run is called {in_markdown(repr(asked))}: it has been removed.",
            icon=":material/info:",
        )
    chosen = st.selectbox(
        "Run",
        list(under_way),
        None,
        key="train_run",
        bind=links.one_of("train_run", under_way, optional=True),
        label_visibility="collapsed",
        placeholder=f"{of_itself(found).name} (at work, or the newest)" if found else "No run yet",
        disabled=not found,
    )
    if not found:
        notice(PLACE)
        if limits().training != "off":
            st.markdown("Choose a preset and start one.")
        return
    name = chosen or of_itself(found).name
    polling = "1s" if under_way[name] else None
    run_table(found)
    st.fragment(panel, run_every=polling)(Run(runs_root() / name), bool(polling))


def of_itself(found: list[tuple[Run, Status]]) -> Run:
    """The run that is shown while none is chosen: the one that trains, else the newest."""
    return next((run for run, status in found if status.phase == "running"), found[0][0])


def panel(run: Run, polled: bool) -> None:
    """Status, curves and samples of one run; polls while it is under way."""
    with page.one_sentence():
        control.look_after(runs_root())
    try:
        status = run.status()
    except REFUSALS:  # removed, or damaged just now: the list above says which
        st.rerun()
    if polled != status.under_way:  # it has ended, or was resumed: start or end the polling
        st.rerun()
    notice(PLACE)
    config = None
    with page.one_sentence():
        config = run.config()
    if config is not None:
        headline(run, status, config)
    buttons(run, status, config)
    if config is None:
        return
    if polled:
        live(run, config)
    else:
        ended(run, config)


def headline(run: Run, status: Status, config: Config) -> None:
    """Phase, progress, speed and time left."""
    now = phase(run, status)
    icon, color = PHASES[now]
    st.markdown(f":{color}-badge[{icon} {now}] &nbsp; {note_on(run, status)}")
    total = max(status.total, 1)
    before = "Preparing" if status.under_way else "Not begun"
    st.progress(
        min(status.step / total, 1.0),
        f"Step {status.step:,} of {status.total:,}" if status.total else before,
    )
    speed = status.images_per_second
    with st.container(horizontal=True):  # in a row on a phone, too
        st.metric(
            f"{config.data.kind.name.capitalize()}/s",
            f"{speed:,.0f}" if speed else "–",
            help="Over the last row of metrics.",
        )
        st.metric("Time left", time_left(status, config) or "–")
        trained = status.seconds < LONGEST_SECONDS
        st.metric("Trained for", words.duration(status.seconds) if trained else "–")


def note_on(run: Run, status: Status) -> str:
    """What else is to be said of a run's phase."""
    place = queue.position(runs_root(), run) if status.phase == "queued" else None
    if place is None:
        return shown(status.message)
    if control.cannot_start(runs_root()):
        return (
            f"place {place} in the queue; the process that trains could not start, which is "
            "tried again every minute"
        )
    return f"place {place} in the queue{held_up()}"


def held_up() -> str:
    """Which run the queue waits for, if one pauses in every slot."""
    paused = [
        run
        for run, status in queue.statuses(runs_root())
        if status.place is not None and phase(run, status) == "paused"
    ]
    if len(paused) < slots.count():
        return ""
    name = in_markdown(paused[0].name) if paused[0] in visitors.seen() else "the run of another"
    return f", which waits for {name}: it is paused"


def buttons(run: Run, status: Status, config: Config | None) -> None:
    """What can be done with a run in its phase, by whose it is; without its config it can only be
    removed.
    """
    with st.container(horizontal=True, vertical_alignment="center"):
        if visitors.may_change(run):
            changes(run, status, config)
        if status.phase == "finished" and config is not None:
            checkpoint_link(run, config)
        if status.step:
            link("curves", "All its curves", ":material/show_chart:", curves_runs=run.name)


def checkpoint_link(run: Run, config: Config) -> None:
    """The way to what a finished run has learned; points have no page of their own."""
    kind = config.data.kind
    if not kind.latent:
        link("translate", "Translate with it", ":material/brush:", translate_checkpoint=run.name)
    elif kind.pixels:
        link("latent", "Open in Latent space", ":material/timeline:", latent_checkpoint=run.name)


def link(view: str, label: str, icon: str, **query: str) -> None:
    """A link to a page of the app."""
    target = st.Page(f"views/{view}.py", url_path=view)
    st.page_link(target, label=label, icon=icon, query_params=query)


def changes(run: Run, status: Status, config: Config | None) -> None:
    """The buttons that change a run."""
    if status.under_way:
        press("Stop", ":material/stop:", control.stop, run, key="train_stop")
    if status.phase == "running" and not limits().public:  # the queue would wait with it
        pausing(run)
        grids(run, status)
    if status.phase in ("stopped", "failed") and config is not None:
        press("Resume", ":material/play_arrow:", resume, run, key="train_resume")
    if status.phase == "finished" and config is not None:
        train_longer(run, config)
    if not status.under_way:
        # Its own for each run: after a removal nothing open is about the next one.
        with st.popover("Remove", icon=":material/delete:", key=f"train_removing_{run.name}"):
            st.markdown(
                f"Remove **{in_markdown(run.name)}** with its checkpoint, metrics and samples?"
            )
            press(
                "Yes, remove it",
                None,
                remove,
                run,
                key=f"train_remove_{run.name}",
                primary=True,
            )


def pausing(run: Run) -> None:
    """Let a run wait, go on by one row of metrics, or to its end."""
    if not run.pause_requested:
        press("Pause", ":material/pause:", control.pause, run, key="train_pause")
        return
    for label, by, icon in ADVANCES:
        press(label, icon, partial(control.advance, by=by), run, key=f"train_advance_{by}")
    press("Go on", ":material/play_arrow:", control.go_on, run, key="train_unpause")


def grids(run: Run, status: Status) -> None:
    """How often samples are kept while the run trains, beside what its settings say."""
    with st.popover("Sample grids", icon=":material/grid_view:", key=f"train_grids_{run.name}"):
        every = st.number_input(
            "One more every so many steps",
            0,
            max(status.total, 1),
            run.grids_every,
            key=f"train_grids_every_{run.name}",
            help="From the next row of metrics on, beside those that the settings keep; 0: none. "
            "It changes nothing of the training.",
        )
        press("Set", None, partial(control.grids, every=int(every)), run, key="train_grids_set")


def press(
    label: str,
    icon: str | None,
    action: Callable[[Run], None],
    run: Run,
    *,
    key: str,
    primary: bool = False,
) -> None:
    """A button that does something with a run, or says at the top of its panel why it cannot."""
    st.button(
        label,
        icon=icon,
        on_click=guarded(allowed(action), PLACE),
        args=(run,),
        key=key,
        type="primary" if primary else "secondary",
    )


def train_longer(run: Run, config: Config) -> None:
    """Let a finished run go on."""
    unit = "steps" if config.steps else "epochs"
    with st.popover("Train longer", icon=":material/more_time:"):
        more = st.number_input(f"More {unit}", 1, LONGEST, value=MORE[unit], key="train_more")
        st.button(
            "Go on",
            on_click=guarded(go_on, PLACE),
            args=(run, int(more)),
            key="train_go_on",
            type="primary",
        )


def go_on(run: Run, more: int) -> None:
    """Let a finished run train longer, by who may."""
    visitors.check(run)
    limits().check(runs.longer(run, more), visitors.waiting())
    control.train_longer(run, more)


def resume(run: Run) -> None:
    """Let a run go on, where it may be trained at all."""
    may_train(run)
    control.resume(run)


def allowed(action: Callable[[Run], None]) -> Callable[[Run], None]:
    """``action``, which is refused where the run is another visitor's."""

    def act(run: Run) -> None:
        visitors.check(run)
        action(run)

    return act


def remove(run: Run) -> None:
    """Remove a run, and choose none in its place."""
    st.session_state["train_run"] = None
    control.remove(run)


def live(run: Run, config: Config) -> None:
    """Charts that grow without a blank frame, beside the latest samples over the ones before."""
    curves, samples = st.columns([1.7, 1])
    with curves, page.one_sentence():
        metrics = with_share(cached.metrics(run.folder))
        if metrics.empty:
            st.info("The first numbers come after a few steps.", icon=":material/hourglass_top:")
        else:
            live_charts(metrics, config)
            findings(run.name, metrics, config, "train_finding")
    with samples, page.one_sentence():
        latest_samples(run, config)


def latest_samples(run: Run, config: Config) -> None:
    """The last sample grid over the one before, so that there is no blank while it loads."""
    snapshots = list(run.snapshots().items())[-2:]
    if not snapshots:
        return
    for _, path in snapshots:
        cached.snapshot_size(path)
    urls = [cached.published(path) for _, path in snapshots]
    step = snapshots[-1][0]
    st.html(
        f'<div class="gd-live" style="background-image:url({urls[0]})">'
        f'<img class="gd-{config.data.kind.name}" src="{urls[-1]}" '
        f'alt="Samples at step {step}"></div>'
        f'<p class="gd-sub">Samples of the fixed noise at step {step:,}</p>'
    )
    save_picture([snapshots[-1][1].read_bytes()], f"{run.name}-step-{step}", "train_save")


def live_charts(metrics: pd.DataFrame, config: Config) -> None:
    """What was measured, two charts a row: of D's output what it is, a probability or a score."""
    hidden = "Median score" if OBJECTIVES[config.loss.objective].cross_entropy else "D's output"
    shown = {
        label: names
        for label, names in LIVE.items()
        if label != hidden and all(measured(metrics, name) for name in names)
    }
    columns = st.columns(2)
    for number, (label, names) in enumerate(shown.items()):
        known = metrics.dropna(subset=list(names))
        table = thin(known, LIVE_POINTS, list(names)).rename(columns=names)
        with columns[number % 2]:
            page.heard(in_words(label, known, names), f"train_live_{number}")
            st.line_chart(
                table[["step", *names.values()]],
                x="step",
                y=list(names.values()),
                y_label=label,
                color=list(COLORS[: len(names)]),
                height=LIVE_HEIGHT,
            )


def in_words(label: str, known: pd.DataFrame, names: Mapping[str, str]) -> str:
    """A live chart for those who hear it: its last values, and those of a tenth of the rows
    before.
    """
    if known.empty:
        return f"Chart of {label}: nothing yet."
    last, before = known.iloc[-1], known.iloc[-1 - len(known) // 10]
    values = ", ".join(
        f"{title} {last[name]:.3g} (at step {int(before.step):,} {before[name]:.3g})"
        for name, title in names.items()
    )
    return f"Chart of {label} over steps. At step {int(last.step):,}: {values}."


def ended(run: Run, config: Config) -> None:
    """The same charts as while it went on, beside the samples over the whole run."""
    metrics = with_share(cached.metrics(run.folder))
    if metrics.empty:
        return
    curves, samples = st.columns([1.7, 1])
    with curves:
        live_charts(metrics, config)
        findings(run.name, metrics, config, "train_finding")
    with samples:
        timeline({run.name: run.folder}, [config], key="train_snapshot")
