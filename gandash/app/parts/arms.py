"""Several runs from one form: a setting with several values, and seeds."""

from __future__ import annotations

import streamlit as st

from gandash.app.hosting import limits, visitors
from gandash.app.parts import config_form, links
from gandash.config import Config, sweeps
from gandash.config.sweeps import Member
from gandash.jobs import control, groups
from gandash.runs import Run
from gandash.storage.paths import runs_root

SETTING, VALUES, SEEDS = "train_vary", "train_values", "train_seeds"
MOST_SEEDS = 10
TITLES = {
    str(field.title): name for name, field in config_form.FIELDS.items() if name != sweeps.SEED
}


def choose() -> None:
    """The setting that varies, its values, and how many seeds; folded, as most start one run."""
    if limits().public:
        return
    several = _axis() or _seeds() > 1
    with st.expander(
        "Several runs at once", icon=":material/account_tree:", expanded=bool(several)
    ):
        st.selectbox(
            "Vary a setting",
            list(TITLES),
            None,
            key=SETTING,
            bind=links.one_of(SETTING, TITLES, optional=True),
            placeholder="none",
            help="Each of its values is an arm, trained with all that the form says otherwise.",
        )
        st.text_input(
            "Its values",
            key=VALUES,
            bind=links.text(VALUES, 200),
            placeholder="0, 0.1, 0.2",
            disabled=st.session_state[SETTING] is None,
            help="With commas between: numbers, true, false, or a choice's name.",
        )
        st.number_input(
            "Seeds",
            1,
            MOST_SEEDS,
            1,
            key=SEEDS,
            bind=links.whole(SEEDS, 1, MOST_SEEDS),
            help="Each arm is trained so often, from the form's seed upwards: how much two arms "
            "differ says little before it is known how much two seeds do.",
        )


def members(config: Config, name: str) -> list[Member]:
    """The runs that the form describes, one where nothing varies; ``ValueError`` if one cannot be.

    ``name`` is the group's. On a public server it is one, whatever a link asks for.
    """
    settings = {**_axis(), sweeps.SEED: [config.seed + number for number in range(_seeds())]}
    return sweeps.members(name, settings, config)


def submit(name: str, members: list[Member]) -> list[Run]:
    """Queue the runs of a group, or one alone; ``ValueError`` before any is, if the visitor may not
    train one of them.
    """
    waiting = visitors.waiting()
    for number, member in enumerate(members):
        limits().check(member.config, waiting + number)
    visitors.make_room()
    if len(members) == 1:
        started = [control.submit(runs_root(), members[0].config, name)]
    else:
        started = groups.submit(runs_root(), name, members)
    for run in started:
        visitors.own(run)
    return started


def label(config: Config) -> str:
    """What the start button says."""
    count = len(members(config, "run"))
    return "Start training" if count == 1 else f"Start {count} runs"


def _axis() -> dict[str, list[object]]:
    """The setting that varies with its values; empty while either is missing."""
    if limits().public:
        return {}
    setting = TITLES.get(st.session_state.get(SETTING) or "")
    values = sweeps.values_in(st.session_state.get(VALUES) or "")
    return {setting: values} if setting and values else {}


def _seeds() -> int:
    return 1 if limits().public else int(st.session_state.get(SEEDS) or 1)
