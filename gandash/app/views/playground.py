"""Playground: GANs on a line and in the plane, recorded as they train and played in the browser."""

from __future__ import annotations

import streamlit as st

from gandash.app.parts import (
    choose,
    config_form,
    drawn_points,
    links,
    page,
    playground_training,
)
from gandash.app.parts.player import Shown, of_preset, player
from gandash.app.parts.playground_training import Wanted
from gandash.config import Config
from gandash.playground import PRESETS, STEPS
from gandash.theory.drawn import PREFIX
from gandash.theory.toy_data import STUDIES

NOTHING = "nothing"
DRAWN = "drawn"
FIRST = ("data.dataset", "loss.objective")
SETTINGS = (
    ("loss.alpha", "loss.beta"),
    ("optimizer.d_lr", "optimizer.g_lr"),
    ("balance.d_steps", "optimizer.adam_beta1"),
    ("regularizer.r1_gamma", "regularizer.r2_gamma"),
    ("regularizer.gradient_penalty", "regularizer.instance_noise"),
    ("collapse.pack", "collapse.unroll_steps"),
    ("network.d_width", "network.g_width"),
    ("network.latent_dim", "seed"),
)


def side(letter: str, label: str, options: list[str]) -> Config | None:
    """One run: a preset that fills in the settings, and the settings. None if nothing is chosen."""
    prefix = f"play.{letter}."
    key = f"play_{letter}"

    def fill_in() -> None:
        if (chosen := st.session_state[key]) in PRESETS:
            st.session_state.update(config_form.values_of(PRESETS[chosen].config, prefix))

    name = st.selectbox(label, options, key=key, bind=links.one_of(key, options), on_change=fill_in)
    if name == NOTHING:
        return None
    st.caption(PRESETS[name].says)
    defaults = config_form.values_of(PRESETS[name].config, prefix)
    values = {it: st.session_state.get(it, default) for it, default in defaults.items()}
    hidden = choose.place_in_url(key)
    dataset = config_form.key_of("data.dataset", prefix)

    def show(setting: str) -> None:
        widget = config_form.key_of(setting, prefix)
        named = {it: study.title for it, study in STUDIES.items()} | {DRAWN: "Drawn by you"}
        choices = named if setting == "data.dataset" else None
        values[widget] = config_form.field_widget(
            setting, defaults[widget], values, choices, prefix=prefix, hidden=hidden
        )

    with st.expander("Settings", icon=":material/tune:"):
        for setting in FIRST:
            show(setting)
            if setting == "data.dataset" and values[dataset] == DRAWN:
                values[dataset] = drawn_points.chosen(f"{key}_points")
        for pair in SETTINGS:
            for column, setting in zip(st.columns(2), pair, strict=True):
                with column:
                    show(setting)
    return config_form.collect(values, prefix)


def title_of(letter: str, config: Config) -> str:
    """A run's preset, and what is changed of it."""
    name = st.session_state[f"play_{letter}"]
    before = config_form.values_of(PRESETS[name].config, "")
    changed = [
        f"{config_form.FIELDS[setting].title} {_called(setting, value)}"
        for setting, value in config_form.values_of(config, "").items()
        if value != before[setting]
    ]
    return ", ".join([name, *changed])


def _called(setting: str, value: object) -> object:
    """A setting's value in a title: points that were drawn are not spelled out."""
    if isinstance(value, str) and value.startswith(PREFIX):
        return DRAWN
    return config_form.ABOUT[setting].called(value)


def films(wanted: list[Wanted]) -> None:
    """What there is of the runs in the player, and above it what is still to be trained."""
    places = {run.key: st.container() for run in wanted}
    sides: list[Shown] = []
    missing: list[Wanted] = []
    for run in wanted:
        with places[run.key], page.one_sentence():
            side, whole = playground_training.shown(run)
            sides.append(side)
            if not whole:
                missing.append(run)
    player(sides, key="play_player", parameter="play_")
    for run in missing:
        with places[run.key], page.one_sentence():
            playground_training.offer(run)


page.header("Playground")
names = list(PRESETS)
chosen: list[Wanted] = []
tray, middle = st.columns([1, 3.4], gap="medium")
with tray, st.container(key="play_tray"):
    for letter, label, options in (
        ("a", "Run", names),
        ("b", "Beside it", [NOTHING, *names]),
    ):
        with page.one_sentence():
            config = side(letter, label, options)
            if config is not None:
                preset = of_preset(st.session_state[f"play_{letter}"])
                chosen.append(Wanted(f"play_{letter}", title_of(letter, config), config, preset))
with middle:
    films(chosen)
with st.expander("What am I looking at?", icon=":material/school:"):
    st.markdown(
        "A whole GAN in two dimensions (or one): $G$ maps latent vectors $z$ to points, $D$ says "
        "of every place of the plane how real a point there would be. The strokes are minus the "
        "gradient of $G$'s loss by each sample: where they have no length, $G$ learns nothing.\n\n"
        f"- Every run is {STEPS:,} steps of the same loop that trains on images, seeded: the same "
        "settings give the same film. New settings are trained when you press **Train**, one run "
        "at a time; what was recorded when you press **Stop**, or something else, plays.\n"
        "- **D\\*** is the best answer that there is, "
        "$D^* = \\frac{(1-\\alpha)\\,p_{data} + \\beta\\,p_g}{p_{data} + p_g}$, from the known "
        "$p_{data}$ and 8,192 samples of $G$, in cells (32×32 in the plane, 160 on a line).\n"
        "- **JS and KL** are those of the cells' masses, $p_{data}$'s by closed form: the "
        "divergence of the densities is at least as large. As many samples of the data itself "
        "show what the dotted line says. KL is infinite where one of both has nothing.\n"
        "- A **mode** is met by a sample within 3 standard deviations of its center."
    )
