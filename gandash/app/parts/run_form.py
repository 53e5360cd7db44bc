"""The form of a new run: presets first, what matters most next, the rest folded."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any

import streamlit as st

from gandash import runs
from gandash.app import cached
from gandash.app.hosting import limits, visitors
from gandash.app.parts import arms, choose, config_form, links, own_images, page
from gandash.app.parts.refusals import REFUSALS, guarded, notice, sentence
from gandash.config import Config, advice, architectures, tricks, usual
from gandash.data import SOURCES, data_folder
from gandash.evaluation import while_training
from gandash.kinds import of_dataset
from gandash.losses.objectives import OBJECTIVES
from gandash.networks.footprint import check_memory, shape_of
from gandash.storage.paths import classifiers_root, pretrained_root, runs_root

ARMS = "run"  # the name under which arms are only tried
DATASET = "data.dataset"
ARCHITECTURE = "network.architecture"
OBJECTIVE = "loss.objective"
TRANSLATOR = "translation.translator"
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
    preset = own_images.preset_of(st.session_state.train_preset)
    st.session_state.update(config_form.values_of(preset.config))


def follow_data() -> None:
    """Take a pair along that takes what has no pixels, where that is chosen; pairs are translated,
    by other settings where the form's do not go with it, and nothing else is.
    """
    kind = of_dataset(shown(DATASET))
    if not kind.pixels:
        take({ARCHITECTURE: architectures.names(points=True)[0]})
    translates = shown(TRANSLATOR) != "none"
    if kind.latent and translates:
        take({TRANSLATOR: "none"})
    elif not kind.latent and not translates:
        take({TRANSLATOR: "pix2pix"})
        if not fits_together():
            take(own_images.for_pairs(shown(DATASET)))


def fits_together() -> bool:
    """Whether the settings of the form are those of a run."""
    try:
        config_form.collect({config_form.key_of(it): shown(it) for it in config_form.FIELDS})
    except ValueError:
        return False
    return True


def shown(name: str) -> Any:
    """The value that the widget of a setting shows."""
    return st.session_state[config_form.key_of(name)]


def form() -> None:
    """Presets first, the settings that matter most next, the rest folded.

    What is refused is said before the start.
    """
    own_images.take_kept()
    page.section("New run")
    names = own_images.names_of_presets()
    name = st.selectbox(
        "Preset",
        names,
        key="train_preset",
        bind=links.one_of("train_preset", names),
        on_change=apply_preset,
    )
    st.caption(own_images.preset_of(name).expect)
    # Above a long form: the button and what it starts are in sight, in a place kept from the first.
    beginning = st.container(key="train_beginning")
    with beginning:
        st.text_input(
            "Name",
            max_chars=63,
            placeholder="a name for the run",
            key="train_name",
            bind=links.text("train_name", 63),
        )
    settings(own_images.defaults_of(name))
    with beginning:
        arms.choose()
        config = described_or_refused()
        st.button(
            "Start training" if config is None else arms.label(config),
            type="primary",
            icon=":material/play_arrow:",
            width="stretch",
            on_click=guarded(start, "start"),
            disabled=config is None,
            key="train_start",
        )
        notice("start")
        if config is not None:
            expected_time(config)
            hint(config)


def settings(preset: Config) -> None:
    """A widget for every setting of the config, disabled where it has no effect.

    The preset's values are the defaults.
    """
    defaults = config_form.values_of(preset)
    values = {key: st.session_state.get(key, default) for key, default in defaults.items()}
    config = config_form.unchecked(values)
    chosen = tricks.of(config)
    hidden = choose.place_in_url("train")

    def show(name: str) -> None:
        key = config_form.key_of(name)
        if name == DATASET:
            choices = {it: source.title for it, source in SOURCES.items()}
            choices |= own_images.choices()
            values[key] = config_form.field_widget(
                name, defaults[key], values, choices, hidden=hidden, on_change=follow_data
            )
        else:
            values[key] = config_form.field_widget(name, defaults[key], values, hidden=hidden)
        if trick := chosen.get(name):
            st.caption(trick.sentence)

    essentials(show)
    own_images.hand_in()
    own = own_images.chosen()
    if own is not None:
        own_images.panel(own, show, config)
    st.caption("Further settings")
    folded(show, config, own_images.SHOWN if own is not None else ())


def essentials(show: Callable[[str], None]) -> None:
    """The settings that matter most, with what the objective is about."""
    for row in FIRST:
        for column, name in zip(st.columns(len(row)), row, strict=True):
            with column:
                show(name)
        if DATASET in row:
            to_download()
        if OBJECTIVE in row:
            objective = OBJECTIVES[shown(OBJECTIVE)]
            st.caption(f"{objective.summary} ({objective.paper})")


def to_download() -> None:
    """What the chosen dataset still has to bring, if it is one that is downloaded."""
    source = SOURCES.get(shown(DATASET))
    if source is None:
        return
    missing = [remote for remote in source.remotes if not remote.there(data_folder())]
    if missing:
        size = sum(remote.megabytes for remote in missing)
        st.caption(
            f":material/download: {source.title} is not on the server yet: {size:,} MB are "
            "downloaded when the run begins, and the run says how far that is."
        )


def folded(show: Callable[[str], None], config: Config, shown_before: Sequence[str]) -> None:
    """All other settings, a section each, titled with what it has beside the plain pair."""
    first = {name for row in FIRST for name in row} | set(shown_before)
    rest = [name for name in config_form.FIELDS if name not in first]
    for section, title in config_form.TITLES.items():
        named = tricks.titles(config, section) if section else []
        with st.expander(" · ".join([title, *named]), key=f"train_section_{section or 'run'}"):
            for name in rest:
                if name.rpartition(".")[0] == section:
                    show(name)


def expected_time(config: Config) -> None:
    """How long the run will take, where that can be said."""
    with suppress(*REFUSALS):
        own_images.time_needed(config)


def hint(config: Config) -> None:
    """What the chosen objective's paper sets otherwise, with a button that sets it."""
    if sentence := advice(config):
        st.caption(f":material/lightbulb: {config_form.in_words(sentence)}")
        st.button("Take these settings", on_click=take, args=(usual(config),), key="train_usual")


def take(settings: dict[str, Any]) -> None:
    """Put settings by their dotted names into the form."""
    for name, value in settings.items():
        st.session_state[config_form.key_of(name)] = value


def described_or_refused() -> Config | None:
    """What the form describes; None if that is no run.

    Says why in one sentence then, and helps where a first step is known.
    """
    try:
        config = described()
        arms.members(config, ARMS)
        return config
    except REFUSALS as error:
        words = config_form.in_words(sentence(error))
        st.error(f"This cannot be trained: {words}", icon=":material/block:")
        own_images.offer_batch(shown("batch_size"))
        offer_what_fits()
        if OBJECTIVES[shown(OBJECTIVE)].critic and unbound():
            with st.container(horizontal=True):
                for number, (label, chosen) in enumerate(LIPSCHITZ.items()):
                    st.button(label, on_click=take, args=(chosen,), key=f"train_lipschitz_{number}")
    return None


def offer_what_fits() -> None:
    """Where the server bounds training: a button that brings the form within its bounds."""
    with suppress(*REFUSALS):
        values = {config_form.key_of(name): shown(name) for name in config_form.FIELDS}
        if fitting := limits().fitting(config_form.unchecked(values)):
            st.button(
                "Fit it to this server", on_click=take, args=(fitting,), key="train_fit_server"
            )


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
    values[key] = own_images.place_of(values[key])
    config = config_form.collect(values)
    while_training.check(config, classifiers_root())
    limits().check(config, visitors.waiting())
    check_memory(config, shape_of(config, 1))
    own_images.check(config)
    visitors.check_start(config, (it.name for it in cached.find_checkpoints()[0]))
    return config


def start() -> None:
    """Queue what the form describes, a run or a group of them, and show it."""
    wish = st.session_state.train_name or st.session_state.train_preset
    name = runs.fresh_name(runs_root(), pretrained_root(), wish)
    config = described()
    members = arms.members(config, name)
    started = arms.submit(name, members)
    st.session_state.train_run = started[0].name
    what = "is in the queue and starts" if len(members) == 1 else "are in the queue and start"
    count = "" if len(members) == 1 else f": {len(members)} runs"
    st.toast(f"**{name}**{count} {what} in a moment", icon=":material/hourglass_top:")
