"""Label smoothing: arms over their seeds, and what theory says of alpha and beta."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

import pandas as pd
import streamlit as st

from gandash.app import cached
from gandash.app.parts import choose, links, page, smoothing_runs
from gandash.app.parts.quoted import in_html, in_markdown
from gandash.app.parts.save_picture import save_picture
from gandash.app.parts.smoothing_arms import (
    TITLES,
    Arm,
    arms_of,
    comparable,
    figures,
    options,
    smoothed,
    spread,
    table_of,
    verdicts,
)
from gandash.app.parts.smoothing_charts import (
    CURVES,
    EXCESS,
    LOGITS,
    QUALITY,
    SCORES,
    Drawn,
    drawn,
)
from gandash.app.parts.smoothing_lab import lab
from gandash.app.parts.timeline import timeline
from gandash.checkpoints import Checkpoint
from gandash.checkpoints.scores import DIGITS, SHARE_DIGITS
from gandash.pictures import charts

MOST_ARMS = 6
SAMPLES, PER_ROW = 36, 6
FORMULAS = ("Floor of D's loss", "D* at equilibrium")
SAID = (
    (EXCESS, "D's loss above its floor",
     "Raw losses of arms with different targets do not compare; above floors they do."),
    (SCORES, "D's outputs", "Mean of sigmoid(logit) over training batches, before D's update."),
    (LOGITS, "Size of D's logits", "Targets of 0.9 and 0.1 are met at ±2.2, not at infinity."),
    (QUALITY, "Fréchet distance while training",
     "Not smoothed; of few samples, by the protocol that each run keeps."),
)  # fmt: skip
SHARED_SEED = "smoothing_run_seed"


def with_metrics(arms: list[Arm]) -> list[Arm]:
    """Those arms of which all runs can be drawn; of others it is said why not."""
    readable = []
    for arm in arms:
        with page.one_sentence():
            for member in arm.members:
                if cached.metrics(member.folder).empty:
                    raise ValueError(
                        f"The metrics of {member.name!r} hold no row: choose another arm"
                    )
            readable.append(arm)
    return readable


def controls(found: Mapping[str, Checkpoint]) -> tuple[list[str], float]:
    """Which arms, and how much their curves are smoothed."""
    asked = [
        *st.query_params.get_all("smoothing_arms"),
        *st.session_state.get("smoothing_arms", ()),
    ]
    left, right = st.columns([3, 1], gap="medium", vertical_alignment="bottom")
    with left:
        names = choose.many(
            "Arms: runs that differ in the targets of D alone, with all their seeds",
            options(found, asked),
            "smoothing_arms",
            default=comparable(found),
            most=MOST_ARMS,
        )
    weight = right.slider(
        "Smoothing of the curves",
        0.0,
        0.99,
        0.9,
        0.01,
        key="smoothing_curves",
        bind=links.real("smoothing_curves", 0, 0.99),
    )
    return names, weight


def seed_of_runs(arms: Sequence[Arm]) -> list[Checkpoint]:
    """One run of each arm: of a seed that all have, which is asked for where there are several.

    Runs of one seed began with the same weights and noise.
    """
    shared = sorted(set.intersection(*(set(arm.seeds) for arm in arms)))
    if len(shared) < 2:
        return [arm.of_seed(shared[0]) if shared else arm.members[0] for arm in arms]
    names = [str(seed) for seed in shared]
    chosen = choose.at_once("Seed of the training", names, SHARED_SEED)
    return [arm.of_seed(int(chosen)) for arm in arms]


@st.fragment
def samples(arms: Sequence[Arm], shown: Sequence[Checkpoint]) -> None:
    """The same latent vectors through every arm's generator."""
    page.section("Samples of the same z")
    count = max(len(arms), 3) + 1
    with st.container(key="smoothing_pictures"):
        *columns, beside = st.columns(count)
    with beside:
        seed = st.number_input(
            "Seed",
            0,
            page.LARGEST_SEED,
            0,
            1,
            key="smoothing_seed",
            bind=links.whole("smoothing_seed", 0, page.LARGEST_SEED),
        )
        st.caption(
            "What happens if D is taught 0.9 instead of 1 for real images, and 0.1 instead of 0 "
            "for generated ones? Arms that differ in nothing else, from the same latent vectors; "
            "the theory stands at the end of the page."
        )
    pictures = []
    for column, arm, checkpoint in zip(columns, arms, shown, strict=False):
        with column, page.one_sentence():
            content = cached.sample_grid(checkpoint, int(seed), SAMPLES, PER_ROW)
            pictures.append(content)
            card = checkpoint.card
            alt = f"{card.data.kind.caption(SAMPLES)} of {arm.title}, seed {seed}"
            picture = cached.image_html(content, alt, card.data.kind)
            name = in_html(arm.title)
            st.html(f'<div class="gd-square">{picture}</div><p class="gd-sub">{name}</p>')
    with beside:
        save_picture(pictures, f"smoothing-seed-{seed}", "smoothing_save")


def what_the_data_says(arms: tuple[Arm, ...]) -> None:
    """Quality and diversity with their spread over seeds, and whether that is a difference."""
    page.section("Do the arms differ, or only the seeds?")
    protocol, found = figures(arms)
    st.markdown("\n".join(f"- {in_markdown(words)}" for words in verdicts(arms)))
    if not found:
        st.caption("These arms were not all measured by one protocol: measure them in the Gallery.")
        return
    rows = [
        {"Arm": arm.title, "Seeds": len(arm.members)}
        | {
            TITLES[name]: spread(values[arm.title], DIGITS.get(name, SHARE_DIGITS))
            for name, values in found.items()
        }
        for arm in arms
    ]
    st.dataframe(pd.DataFrame(rows), hide_index=True, width="stretch", key="smoothing_measured")
    st.caption(
        "Mean ± standard deviation over seeds of the training, which change weights, data order "
        "and noise alike for all arms. Fréchet and precision tell of quality, recall and coverage "
        "of diversity. Chance: Welch's interval of 95 % for all pairs of arms together. "
        f"{in_markdown(protocol)}"
    )


def where_d_ended(arms: tuple[Arm, ...]) -> None:
    """Targets, floors and what was measured of D, an arm a row."""
    page.section("Targets, floors and where D ended")
    with st.container(key="smoothing_figures"):
        st.dataframe(
            table_of(arms),
            hide_index=True,
            width="stretch",
            key="smoothing_table",
            column_config={name: st.column_config.NumberColumn(format="%.3f") for name in FORMULAS},
        )
    st.caption(
        "Floor and D* from the formulas below; the others are means over the last tenth of a run's "
        "metrics, ± the standard deviation over seeds. Size of logits: |median| of a batch."
    )


def curves(figures: Mapping[str, page.Prepared]) -> None:
    """D's loss above its floor, its outputs and logits and the quality, of all arms over each
    other, with their seeds.
    """
    left, right = st.columns(2)
    for column, (key, heading, says) in zip([left, right] * 2, SAID, strict=True):
        if key in figures:
            with column:
                page.section(heading)
                page.chart(figures[key], key)
                st.caption(says)


def histograms(shown: Drawn) -> None:
    """What D answers at the end of the runs, beside what the best D could."""
    page.section("What D answers at the end, and D*")
    left, right = st.columns([2, 1], gap="medium")
    with left:
        page.chart(shown.outputs, "smoothing_outputs")
    right.caption(
        "Dotted: D\\* where a place has only generated samples (β), as many of both, and only real "
        "ones (1 − α); no best D answers beyond the outer two. Drawn from the five quantiles of "
        "D's logits that a run keeps of its batches (5, 25, 50, 75 and 95 %), over the last tenth "
        "of its rows: between two of them the shares are interpolated. Whiskers: ± a standard "
        "deviation over seeds."
    )


def compare(arms: tuple[Arm, ...], weight: float) -> None:
    """Samples, figures, curves and the whole training of the chosen arms."""
    of_seed = seed_of_runs(arms)
    samples(arms, of_seed)
    what_the_data_says(arms)
    where_d_ended(arms)
    with page.one_sentence():
        shown = drawn(arms, weight)
        curves(shown.curves)
        histograms(shown)
        page.section("The same noise over training")
        timeline(
            {arm.title: checkpoint.folder for arm, checkpoint in zip(arms, of_seed, strict=True)},
            [checkpoint.card.config for checkpoint in of_seed],
            key="smoothing_snapshot",
            charts=CURVES,
            places_of=lambda step: charts.places(shown.frames, "step", step),
        )


page.header("Label smoothing")
found = smoothed(page.checkpoints_or_stop())
if not found:
    page.nothing_yet(
        "No checkpoint with a cross-entropy objective has metrics yet. Train one with and one "
        "without smoothing."
    )
names, weight = controls(found)
selected = tuple(with_metrics(arms_of(names, found)))
if selected:
    compare(selected, weight)
    smoothing_runs.form(selected, [checkpoint.card.config for checkpoint in found.values()])
elif not names:
    st.info("Choose at least one arm above.", icon=":material/arrow_upward:")
lab()
