"""Arms of label smoothing times seeds as one group of the queue, with the time that it takes."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import streamlit as st

from gandash.app.hosting import limits, visitors
from gandash.app.parts import arms, links, page, words
from gandash.app.parts.quoted import in_markdown
from gandash.app.parts.refusals import REFUSALS, guarded, notice, sentence
from gandash.app.parts.smoothing_arms import Arm, without_seed
from gandash.checkpoints import Card
from gandash.config import Config, LossConfig, sweeps
from gandash.config.sweeps import Member
from gandash.evaluation import while_training
from gandash.jobs import groups, slots, timing
from gandash.jobs.timing import Timing
from gandash.networks.footprint import check_memory
from gandash.storage.paths import classifiers_root, runs_root

PLACE = "smoothing_queue"
TARGETS, SEEDS, LENGTH = "smoothing_targets", "smoothing_seeds", "smoothing_length"
THREE = "0 0, 0.1 0, 0.1 0.1"
MOST_SEEDS = 10
LONGEST = 1_000_000
WANTED, TIMED = "smoothing_wanted", "smoothing_timed"


@dataclass(frozen=True)
class Group:
    """What the form asks for: a name that is free, and its runs."""

    name: str
    members: list[Member]


def targets_in(text: str) -> list[tuple[float, float]]:
    """Pairs of α and β with commas between; ``ValueError`` says what is wrong."""
    pairs = []
    for part in filter(None, (part.strip() for part in text.split(","))):
        try:
            alpha, beta = (float(number) for number in part.split())
        except ValueError as error:
            raise ValueError(
                f"An arm is two numbers, α and β, as in 0.1 0, and not {part!r}: correct it"
            ) from error
        LossConfig(alpha=alpha, beta=beta)  # which says their limits
        pairs.append((alpha, beta))
    if not pairs:
        raise ValueError("There must be at least one arm, α and β, as in 0.1 0: write one")
    if len(set(pairs)) < len(pairs):
        raise ValueError("Arms must differ, and one is there twice: leave it out")
    return pairs


def members(
    name: str, base: Config, targets: Sequence[tuple[float, float]], seeds: Sequence[int]
) -> list[Member]:
    """The runs of a group: every arm once a seed, all else as ``base``."""
    settings: dict[str, Any] = {"seed": list(seeds)}
    return [
        member
        for alpha, beta in targets
        for member in sweeps.members(name, {**settings, "alpha": [alpha], "beta": [beta]}, base)
    ]


def fresh_seeds(base: Config, found: Sequence[Config], count: int) -> list[int]:
    """The first seeds that no run of any arm of ``base`` has had."""
    family = without_seed(base).without_smoothing()
    taken = {it.seed for it in found if without_seed(it).without_smoothing() == family}
    first = max(taken) + 1 if taken else 0
    return list(range(first, first + count))


def form(arms: Sequence[Arm], found: Sequence[Config]) -> None:
    """Choose arms and seeds, hear how long they take, and queue them; of the first arm's data,
    networks and settings.
    """
    if limits().public:
        if limits().training != "off":
            st.caption("On this server runs are started one at a time, on the Train page.")
        return
    card = arms[0].members[0].card
    with st.expander("Run these arms", icon=":material/account_tree:", key="smoothing_running"):
        st.caption(
            f"Everything but the targets is as in **{in_markdown(card.title)}**. Seeds begin where "
            "those that there are end, so that new runs join their arms."
        )
        length, unit = _choices(card)
        try:
            planned = described(card, length, unit, found)
        except REFUSALS as error:
            st.error(sentence(error), icon=":material/block:")
            return
        _queueing(card, planned)
        notice(PLACE)


def _choices(card: Card) -> tuple[int, str]:
    """The form's fields; how long a run is, and in which unit."""
    unit = "steps" if card.config.steps else "epochs"
    left, middle, right = st.columns([2, 1, 1])
    left.text_input(
        "Arms: α β, with commas between",
        THREE,
        max_chars=200,
        key=TARGETS,
        bind=links.parsed(TARGETS, targets_in),
        help="D's targets are 1 − α on real and β on generated samples.",
    )
    middle.number_input(
        "Seeds of each", 1, MOST_SEEDS, 3, key=SEEDS, bind=links.whole(SEEDS, 1, MOST_SEEDS)
    )
    length = right.number_input(
        unit.capitalize(),
        1,
        LONGEST,
        card.config.steps or card.config.epochs,
        key=LENGTH,
        bind=links.whole(LENGTH, 1, LONGEST),
    )
    return int(length), unit


def described(card: Card, length: int, unit: str, found: Sequence[Config]) -> Group:
    """The runs that the form asks for; ``ValueError`` in one sentence if one cannot be trained."""
    base = sweeps.with_values(card.config, {unit: length, "device": "auto"})
    targets = targets_in(st.session_state.get(TARGETS) or "")
    seeds = fresh_seeds(base, found, int(st.session_state.get(SEEDS) or 1))
    name = _free_name()
    planned = Group(name, members(name, base, targets, seeds))
    for member in planned.members:
        while_training.check(member.config, classifiers_root())
        limits().check(member.config, visitors.waiting())
    check_memory(base, card.data.shape, len(card.data.classes))
    return planned


def _free_name() -> str:
    """A name that no group has."""
    taken = set(groups.names(runs_root()))
    number = 1
    while (name := "arms" if number == 1 else f"arms-{number}") in taken:
        number += 1
    return name


def _queueing(card: Card, planned: Group) -> None:
    """First how long it takes, then the button that queues."""
    config = without_seed(planned.members[0].config)
    timed = st.session_state.get(TIMED, {}).get(config)
    if timed is None and st.session_state.pop(WANTED, False):
        with page.one_sentence(), st.spinner("Trying a few steps to say how long it will take"):
            timed = timing.of_step(config, card.data.shape[0], len(card.data.classes))
            st.session_state[TIMED] = {config: timed}
    count = len(planned.members)
    if timed is None:
        st.button(
            f"{count} runs: how long will they take?",
            icon=":material/timer:",
            on_click=_want_time,
            key="smoothing_time",
            help="Tries a few steps on this machine, which takes about ten seconds.",
        )
        return
    st.markdown(f":material/timer: {in_words(config, card.data.images, timed, count)}")
    st.button(
        f"Queue {count} runs",
        type="primary",
        icon=":material/play_arrow:",
        on_click=guarded(start, PLACE),
        args=(planned,),
        key="smoothing_start",
    )


def _want_time() -> None:
    st.session_state[WANTED] = True


def in_words(config: Config, images: int, timed: Timing, count: int) -> str:
    """How long so many runs take in the slots of this machine, and how that was measured."""
    steps = config.total_steps(min(images, config.data.limit or images))
    together = slots.count()
    turns = math.ceil(count / together)
    low, middle, high = (turns * steps * it for it in (timed.low, timed.seconds, timed.high))
    order = "one after the other" if together == 1 else f"{together} at a time"
    return (
        f"About **{words.duration(middle)}** on this machine ({words.duration(low)} to "
        f"{words.duration(high)}): {count} runs of {steps:,} steps, {order}, "
        f"{timed.seconds * 1000:.0f} ms a step when {timed.steps} were tried beside all else "
        "that it does; figures of samples come on top."
    )


def start(planned: Group) -> None:
    """Queue the runs as one group."""
    arms.submit(planned.name, planned.members)
    count = f"{len(planned.members)} runs are in the queue"
    st.toast(f"**{planned.name}**: {count}; see the Train page.", icon=":material/hourglass_top:")
