"""Train: a form over the config, a queue, and the runs while they go on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import pandas as pd
import streamlit as st
from streamlit.delta_generator import DeltaGenerator

from gandash.app import cached
from gandash.app.assets import publish
from gandash.app.parts import config_form, page
from gandash.app.parts.timeline import timeline
from gandash.config import Config, advice, tricks, usual
from gandash.config.presets import PRESETS
from gandash.data import SOURCES, uploads
from gandash.evaluation import while_training
from gandash.jobs import queue, worker
from gandash.losses.objectives import OBJECTIVES
from gandash.pictures.charts import COLORS, measured, thin, with_share
from gandash.runs import execution
from gandash.runs.execution import Run, Status
from gandash.storage.paths import classifiers_root, pretrained_root, runs_root
from gandash.theory.toy_data import STUDIES

DATASET, OBJECTIVE = ("data", "dataset"), ("loss", "objective")
FIRST = (
    (DATASET, ("network", "architecture")), (OBJECTIVE,), (("loss", "alpha"), ("loss", "beta")),
    (("epochs",), ("steps",), ("seed",)),
)  # fmt: skip
LIPSCHITZ: dict[str, dict[str, Any]] = {
    "Gradient penalty (WGAN-GP)": {"regularizer.gradient_penalty": 10.0, "network.d_norm": "layer"},
    "Weight clipping (WGAN)": {"regularizer.weight_clip": 0.01},
}
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


def apply_preset() -> None:
    """Fill the form from the chosen preset."""
    st.session_state.update(config_form.values_of(PRESETS[st.session_state.train_preset].config))


def follow_data() -> None:
    """Take the fully connected pair along with points, which no other takes."""
    if st.session_state.train_dataset in STUDIES:
        st.session_state.train_architecture = "mlp"


def form() -> None:
    """Presets first, the settings that matter most next, the rest folded; what is refused is said before the start."""
    st.subheader("New run", anchor=False)
    preset = st.selectbox("Preset", list(PRESETS), key="train_preset", bind="query-params", on_change=apply_preset)
    st.caption(PRESETS[preset].expect)
    with settings(PRESETS[preset].config):
        hint()
        st.text_input("Name", max_chars=63, placeholder="a name for the run", key="train_name", bind="query-params")
        refused = refusal()
        st.button(
            "Start training", type="primary", icon=":material/play_arrow:", width="stretch", on_click=start,
            disabled=refused, key="train_start",
        )  # fmt: skip
        if problem := st.session_state.pop("train_problem", None):
            st.error(problem, icon=":material/error:")


def settings(preset: Config) -> DeltaGenerator:
    """A widget for every setting of the config, greyed where it has no effect; the preset's values are the defaults.

    Returns the place between the settings that matter most and the folded ones.
    """
    defaults, fields = config_form.values_of(preset), dict(config_form.leaves())
    values = {key: st.session_state.get(key, default) for key, default in defaults.items()}
    config = config_form.unchecked(values)
    chosen = tricks.found(config)

    def show(path: config_form.Path) -> None:
        choices = [*SOURCES, *uploads.find(runs_root())] if path == DATASET else None
        options: dict[str, Any] = {"disabled": config_form.idle(path, values)}
        if path == DATASET:
            options["on_change"] = follow_data
        key = config_form.key_of(path)
        values[key] = config_form.field_widget(path, fields[path], defaults[key], choices, **options)
        if trick := chosen.get(".".join(path)):
            st.caption(trick.summary)

    essentials(show)
    upload()
    place = st.container()
    st.caption("Further settings")
    folded(show, config)
    return place


def essentials(show: Callable[[config_form.Path], None]) -> None:
    """The settings that matter most, with what the objective is about."""
    for row in FIRST:
        for column, path in zip(st.columns(len(row)), row, strict=True):
            with column:
                show(path)
        if OBJECTIVE in row:
            objective = OBJECTIVES[st.session_state[config_form.key_of(OBJECTIVE)]]
            st.caption(f"{objective.summary} ({objective.paper})")


def folded(show: Callable[[config_form.Path], None], config: Config) -> None:
    """All other settings, a section each, titled with what it has beside the plain pair."""
    first = {path for row in FIRST for path in row}
    rest = [path for path, _ in config_form.leaves() if path not in first]
    for section, title in config_form.TITLES.items():
        named = tricks.titles(config, section) if section else []
        with st.expander(" · ".join([title, *named]), key=f"train_section_{section or 'run'}"):
            for path in rest:
                if (path[0] if len(path) > 1 else "") == section:
                    show(path)


def hint() -> None:
    """What the chosen objective's paper sets otherwise, with a button that sets it; nothing while the form is wrong."""
    with suppress(ValueError):
        config = described()
        if sentence := advice(config):
            st.caption(f":material/lightbulb: {config_form.in_words(sentence)}")
            st.button("Take these settings", on_click=take, args=(usual(config),), key="train_usual")


def take(settings: dict[str, Any]) -> None:
    """Put settings by their dotted names into the form."""
    for name, value in settings.items():
        st.session_state[config_form.key_of(tuple(name.split(".")))] = value


def refusal() -> bool:
    """Whether the form describes no run; says why in one sentence, and helps where a first step is known."""
    try:
        described()
    except ValueError as error:
        st.error(f"This cannot be trained: {config_form.in_words(str(error))}", icon=":material/block:")
        if OBJECTIVES[st.session_state.train_objective].critic and unbound():
            with st.container(horizontal=True):
                for number, (label, chosen) in enumerate(LIPSCHITZ.items()):
                    st.button(label, on_click=take, args=(chosen,), key=f"train_lipschitz_{number}")
        return True
    return False


def unbound() -> bool:
    """Whether nothing in the form keeps D Lipschitz."""
    names = ("gradient_penalty", "weight_clip", "d_spectral_norm")
    return not any(st.session_state[f"train_{name}"] for name in names)


def described() -> Config:
    """The config that the form describes; ``ValueError`` if it is not valid, or cannot be measured as it asks."""
    values = {config_form.key_of(path): st.session_state[config_form.key_of(path)] for path, _ in config_form.leaves()}
    key = config_form.key_of(DATASET)
    values[key] = str(uploads.find(runs_root()).get(values[key], values[key]))
    config = config_form.collect(values)
    while_training.check(config, classifiers_root())
    return config


def upload() -> None:
    """Hand in a zip of images of one's own."""
    with st.expander("Use my own images"):
        st.file_uploader(
            "A zip of images, in class folders if you like", "zip", key="train_upload", on_change=keep_upload,
            help="Images are cropped to squares and resized. Everyone who can open this page can train on them.",
        )  # fmt: skip
        if problem := st.session_state.pop("train_upload_problem", None):
            st.error(problem, icon=":material/error:")


def keep_upload() -> None:
    """Check and keep the uploaded zip, and choose it as the dataset."""
    file = st.session_state.train_upload
    if file is None:
        return
    try:
        st.session_state.train_dataset = uploads.keep(runs_root(), file.name, file.getvalue())
    except (ValueError, OSError) as error:
        st.session_state.train_upload_problem = str(error)


def start() -> None:
    """Queue the run that the form describes, and show it."""
    wish = st.session_state.train_name or st.session_state.train_preset
    try:
        name = worker.fresh_name(runs_root(), pretrained_root(), wish)
        st.session_state.train_run = worker.submit(runs_root(), described(), name).name
        st.toast(f"**{name}** is in line and starts in a moment", icon=":material/hourglass_top:")
    except (ValueError, OSError) as error:
        st.session_state.train_problem = str(error)


def newest_first() -> list[tuple[Run, Status]]:
    """All runs with a readable status."""
    found = []
    for run in execution.find(runs_root()):
        with page.one_sentence():
            found.append((run, run.status()))
    return sorted(found, key=lambda pair: pair[1].created, reverse=True)


def watch() -> None:
    """The chosen run, polled only while something is under way."""
    st.subheader("Runs", anchor=False)
    found = newest_first()
    phases = {run.name: status.phase for run, status in found}
    chosen = st.selectbox(
        "Run", list(phases), None, key="train_run", bind="query-params", label_visibility="collapsed",
        placeholder=f"{found[0][0].name} (newest)" if found else "No run yet", disabled=not found,
    )  # fmt: skip
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
    st.progress(min(status.step / total, 1.0), f"Step {status.step:,} of {status.total:,}" if status.total else before)
    images = (status.total - status.step) * config.batch_size * config.balance.d_steps
    with st.container(horizontal=True):  # in a row on a phone, too
        st.metric(
            "Points/s" if config.data.dataset in STUDIES else "Images/s",
            f"{status.images_per_second:,.0f}" if status.step else "–",
            help="Over the last row of metrics.",
        )
        st.metric("Time left", page.duration(images / status.images_per_second) if status.images_per_second else "–")
        st.metric("Trained for", page.duration(status.seconds))


def buttons(run: Run, status: Status) -> None:
    """What can be done with a run in its phase."""
    with st.container(horizontal=True, vertical_alignment="center"):
        if status.phase in ACTIVE:
            st.button("Stop", icon=":material/stop:", on_click=worker.stop, args=(run,), key="train_stop")
        if status.phase in ("stopped", "failed"):
            st.button("Resume", icon=":material/play_arrow:", on_click=worker.resume, args=(run,), key="train_resume")
        if status.phase == "finished":
            train_longer(run)
        if status.phase not in ACTIVE:
            with st.popover("Remove", icon=":material/delete:"):
                st.markdown(f"Remove **{run.name}** with its checkpoint, metrics and samples?")
                st.button("Yes, remove it", on_click=remove, args=(run,), key="train_remove", type="primary")
        if status.step:
            st.page_link(
                st.Page("views/loss_curves.py", url_path="curves"), label="All its curves", icon=":material/show_chart:",
                query_params={"curves_runs": run.name},
            )  # fmt: skip


def train_longer(run: Run) -> None:
    """Let a finished run go on."""
    unit = "steps" if run.config().steps else "epochs"
    with st.popover("Train longer", icon=":material/more_time:"):
        more = st.number_input(f"More {unit}", 1, LONGEST, value=MORE[unit], key="train_more")
        st.button("Go on", on_click=go_on, args=(run, int(more)), key="train_go_on", type="primary")


def go_on(run: Run, more: int) -> None:
    try:
        worker.train_longer(run, more)
    except ValueError as error:
        st.error(str(error), icon=":material/error:")


def remove(run: Run) -> None:
    worker.remove(run)
    st.session_state.pop("train_run", None)


def live(run: Run) -> None:
    """Charts that grow without a blank frame, and the latest samples over the ones before."""
    metrics = with_share(run.metrics())
    if metrics.empty:
        st.info("The first numbers come after a few steps.", icon=":material/hourglass_top:")
    else:
        live_charts(metrics, run.config())
    kind = "gd-points" if run.config().data.dataset in STUDIES else "gd-pixels"
    snapshots = list(run.snapshots().items())[-2:]
    if snapshots:
        urls = [publish(path.read_bytes()) for _, path in snapshots]
        st.html(
            f'<div class="gd-live" style="background-image:url({urls[0]})">'
            f'<img class="{kind}" src="{urls[-1]}" alt="Samples at step {snapshots[-1][0]}"></div>'
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
            table, x="step", y=list(names.values()), y_label=label, color=list(COLORS[: len(names)]), height=240
        )


def ended(run: Run) -> None:
    """The samples over the whole run."""
    if cached.metrics(run.folder).empty:
        return
    timeline({run.name: run.folder}, [run.config()], key="train_snapshot")


page.header(
    "Train",
    "Train a GAN here and watch it learn. A run has a process of its own: it goes on when you close this tab, "
    "and turns up on the other pages when it is finished. One runs at a time; further ones wait in line.",
)
with st.container(key="train_halves"):  # on a phone a run comes before the form
    left, right = st.columns([1, 1.5], gap="large")
from_link = config_form.key_of(DATASET) not in st.session_state
with left:
    form()
with right:
    watch()
if from_link:  # its values were known only once their widgets were there: what is greyed and the titles follow
    st.rerun()
