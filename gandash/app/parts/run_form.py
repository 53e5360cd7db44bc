"""The form of a new run: presets first, what matters most next, the rest folded."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from typing import Any

import streamlit as st

from gandash import runs
from gandash.app.hosting import limits, visitors
from gandash.app.parts import config_form, links, page
from gandash.app.parts.refusals import REFUSALS, guarded, notice, sentence
from gandash.config import Config, advice, architectures, tricks, usual
from gandash.config.presets import PRESETS
from gandash.data import SOURCES, uploads
from gandash.data.files import KINDS
from gandash.evaluation import while_training
from gandash.jobs import control
from gandash.kinds import of_dataset
from gandash.losses.objectives import OBJECTIVES
from gandash.storage.paths import classifiers_root, pretrained_root, runs_root

DATASET = "data.dataset"
MINE = "train_my_uploads"
ARCHITECTURE = "network.architecture"
OBJECTIVE = "loss.objective"
FIRST = (
    (DATASET, ARCHITECTURE),
    (OBJECTIVE,),
    ("loss.alpha", "loss.beta"),
    ("epochs", "steps", "seed"),
)
LIPSCHITZ: dict[str, dict[str, Any]] = {
    "Gradient penalty (WGAN-GP)": {"regularizer.gradient_penalty": 10.0, "network.d_norm": "layer"},
    "Weight clipping (WGAN)": {"regularizer.weight_clip": 0.01},
}


def apply_preset() -> None:
    """Fill the form from the chosen preset."""
    st.session_state.update(config_form.values_of(PRESETS[st.session_state.train_preset].config))


def follow_data() -> None:
    """Take a pair along that takes what has no pixels, where that is chosen."""
    if not of_dataset(shown(DATASET)).pixels:
        take({ARCHITECTURE: architectures.names(points=True)[0]})


def shown(name: str) -> Any:
    """The value that the widget of a setting shows."""
    return st.session_state[config_form.key_of(name)]


def form() -> None:
    """Presets first, the settings that matter most next, the rest folded.

    What is refused is said before the start.
    """
    page.section("New run")
    preset = st.selectbox(
        "Preset",
        list(PRESETS),
        key="train_preset",
        bind=links.one_of("train_preset", PRESETS),
        on_change=apply_preset,
    )
    st.caption(PRESETS[preset].expect)
    beginning = st.container()  # above a long form: the button and what it starts are in sight
    settings(PRESETS[preset].config)
    with beginning:
        st.text_input(
            "Name",
            max_chars=63,
            placeholder="a name for the run",
            key="train_name",
            bind=links.text("train_name", 63),
        )
        refused = refusal()
        st.button(
            "Start training",
            type="primary",
            icon=":material/play_arrow:",
            width="stretch",
            on_click=guarded(start, "start"),
            disabled=refused,
            key="train_start",
        )
        notice("start")
        hint()


def settings(preset: Config) -> None:
    """A widget for every setting of the config, disabled where it has no effect.

    The preset's values are the defaults.
    """
    defaults = config_form.values_of(preset)
    values = {key: st.session_state.get(key, default) for key, default in defaults.items()}
    config = config_form.unchecked(values)
    chosen = tricks.of(config)

    def show(name: str) -> None:
        key = config_form.key_of(name)
        if name == DATASET:
            choices = [*SOURCES, *shown_uploads()]
            values[key] = config_form.field_widget(
                name, defaults[key], values, choices, on_change=follow_data
            )
        else:
            values[key] = config_form.field_widget(name, defaults[key], values)
        if trick := chosen.get(name):
            st.caption(trick.sentence)

    essentials(show)
    upload()
    st.caption("Further settings")
    folded(show, config)


def essentials(show: Callable[[str], None]) -> None:
    """The settings that matter most, with what the objective is about."""
    for row in FIRST:
        for column, name in zip(st.columns(len(row)), row, strict=True):
            with column:
                show(name)
        if OBJECTIVE in row:
            objective = OBJECTIVES[shown(OBJECTIVE)]
            st.caption(f"{objective.summary} ({objective.paper})")


def folded(show: Callable[[str], None], config: Config) -> None:
    """All other settings, a section each, titled with what it has beside the plain pair."""
    first = {name for row in FIRST for name in row}
    rest = [name for name in config_form.FIELDS if name not in first]
    for section, title in config_form.TITLES.items():
        named = tricks.titles(config, section) if section else []
        with st.expander(" · ".join([title, *named]), key=f"train_section_{section or 'run'}"):
            for name in rest:
                if name.rpartition(".")[0] == section:
                    show(name)


def hint() -> None:
    """What the chosen objective's paper sets otherwise, with a button that sets it.

    Nothing while the form is wrong.
    """
    with suppress(*REFUSALS):
        config = described()
        if sentence := advice(config):
            st.caption(f":material/lightbulb: {config_form.in_words(sentence)}")
            st.button(
                "Take these settings", on_click=take, args=(usual(config),), key="train_usual"
            )


def take(settings: dict[str, Any]) -> None:
    """Put settings by their dotted names into the form."""
    for name, value in settings.items():
        st.session_state[config_form.key_of(name)] = value


def refusal() -> bool:
    """Whether the form describes no run.

    Says why in one sentence, and helps where a first step is known.
    """
    try:
        described()
    except REFUSALS as error:
        words = config_form.in_words(sentence(error))
        st.error(f"This cannot be trained: {words}", icon=":material/block:")
        if OBJECTIVES[shown(OBJECTIVE)].critic and unbound():
            with st.container(horizontal=True):
                for number, (label, chosen) in enumerate(LIPSCHITZ.items()):
                    st.button(label, on_click=take, args=(chosen,), key=f"train_lipschitz_{number}")
        return True
    return False


def unbound() -> bool:
    """Whether nothing in the form keeps D Lipschitz."""
    bounds = ("regularizer.gradient_penalty", "regularizer.weight_clip", "network.d_spectral_norm")
    return not any(shown(name) for name in bounds)


def described() -> Config:
    """The config that the form describes.

    ``ValueError`` if it is not valid, or cannot be measured as it asks.
    """
    values = {config_form.key_of(name): shown(name) for name in config_form.FIELDS}
    key = config_form.key_of(DATASET)
    values[key] = str(uploads.find(runs_root()).get(values[key], values[key]))
    config = config_form.collect(values)
    while_training.check(config, classifiers_root())
    limits().check(config, visitors.under_way() if limits().public else 0)
    return config


def shown_uploads() -> list[str]:
    """The names of kept uploads that the visitor may train on."""
    kept = list(uploads.find(runs_root()))
    if limits().uploads == "open":
        return kept
    mine = st.session_state.get(MINE, []) if limits().uploads == "private" else []
    return [name for name in kept if name in mine]


def upload() -> None:
    """Hand in a zip of images of one's own, where that is allowed."""
    if limits().uploads == "off":
        return
    reach = (
        "They are yours alone, as long as this tab is open."
        if limits().uploads == "private"
        else "Everyone who can open this page can train on them."
    )
    with st.expander("Use my own images"):
        st.file_uploader(
            "A zip of images, in class folders if you like",
            "zip",
            key="train_upload",
            on_change=guarded(keep_upload, "upload"),
            help=f"{KINDS}. Images are cropped to squares and resized. {reach}",
            max_upload_size=limits().upload_mb,
        )
        notice("upload")
        if said := st.session_state.get("train_upload_note"):
            st.info(said, icon=":material/rule:")


def keep_upload() -> None:
    """Check and keep the uploaded zip, and choose it as the dataset."""
    st.session_state.train_upload_note = ""
    file = st.session_state.train_upload
    if file is not None:
        kept = uploads.keep(runs_root(), file.name, file.getvalue())
        st.session_state[MINE] = [*st.session_state.get(MINE, []), kept.name]
        st.session_state.train_upload_note = kept.note
        take({DATASET: kept.name})


def start() -> None:
    """Queue the run that the form describes, and show it."""
    wish = st.session_state.train_name or st.session_state.train_preset
    name = runs.fresh_name(runs_root(), pretrained_root(), wish)
    config = described()
    visitors.make_room()
    run = control.submit(runs_root(), config, name)
    visitors.own(run)
    st.session_state.train_run = name
    st.toast(f"**{name}** is in the queue and starts in a moment", icon=":material/hourglass_top:")
