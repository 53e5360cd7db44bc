"""A checkpoint as a card: samples, facts, figures, and the button that measures them."""

from __future__ import annotations

import streamlit as st

from gandash.app import cached
from gandash.app.parts import jobs, page, score_tables, words
from gandash.app.parts.quoted import in_html, in_markdown
from gandash.app.parts.refusals import shown, without_folders
from gandash.checkpoints import Checkpoint
from gandash.config import tricks
from gandash.jobs import measuring
from gandash.jobs.task import Job

SAMPLES, COLUMNS = 32, 8


def card(checkpoint: Checkpoint, job: Job | None) -> None:
    """Samples of seed 0 with what the checkpoint is and how it was made.

    ``job`` is what goes on beside the server.
    """
    about = checkpoint.card
    with st.container(border=True, height="stretch"):  # cards of one row are equally tall
        with page.one_sentence():
            content = cached.sample_grid(checkpoint, 0, SAMPLES, COLUMNS)
            alt = f"{about.data.kind.caption(SAMPLES)} of {about.name}, seed 0"
            picture = cached.image_html(content, alt, about.data.kind)
            st.html(f'<div class="gd-card">{picture}</div>')
        st.markdown(f"**{in_markdown(about.title)}**")
        facts = about.data
        st.html(
            f'<p class="gd-facts">{in_html(facts.title)}, {words.kind_of(about)} · '
            f"{words.epochs_of(about)}<br>"
            f"{in_html(tricks.summary(about.config))}<br>"
            f"Trained in {words.duration(about.seconds)} on {in_html(about.device)}</p>"
        )
        if figures := about.evaluation or about.inception:
            st.markdown(score_tables.line(figures), help=score_tables.about(figures))
        st.space("stretch")
        refused = cached.not_measurable(checkpoint)
        mine = (
            job if job is not None and job.concerns(measuring.MODULE, checkpoint.folder) else None
        )
        underway = mine is not None and not mine.problem
        with st.container(horizontal=True):
            with st.popover("All facts", icon=":material/info:"):
                show_facts(checkpoint, refused)
                if about.evaluation and not underway:
                    measure_button("Measure again", checkpoint)
            if not (about.evaluation or refused or underway):
                measure_button("Measure", checkpoint)
        jobs.show(mine, about.name)


def show_facts(checkpoint: Checkpoint, refused: str) -> None:
    """The whole card, as it is stored beside the weights.

    ``refused`` says why it cannot be measured, if so.
    """
    about = checkpoint.card
    if about.note:
        st.markdown(in_markdown(about.note))
    ema = about.config.ema
    sampler = f"moving average of G, decay {ema:g}" if ema else "G as trained"
    st.markdown(
        f"{in_markdown(about.name)} · {about.stand} · seed {about.config.seed} · "
        f"{in_markdown(about.arithmetic)} · "
        f"weights {about.weights}  \n"
        f"Data: {in_markdown(about.data.title)}, {in_markdown(about.data.licence)}  \n"
        f"Samples: {sampler}, in eval mode, fp32"
    )
    if about.evaluation:
        st.dataframe(score_tables.table([about]), hide_index=True)
        gauges = cached.gauges(about.config.data.dataset)
        beside = in_markdown(" ".join(gauges.beside(about.evaluation.protocol)))
        st.caption(f"{score_tables.about(about.evaluation)} {beside}")
    elif refused:
        st.caption(f"Not measured: {shown(refused)}.")
    if about.inception:
        st.markdown(
            f"{score_tables.line(about.inception)} · inception score "
            f"**{about.inception.shown('score')}**"
        )
        st.caption(score_tables.about(about.inception))
    config = about.config.model_dump()
    config["data"]["dataset"] = without_folders(about.config.data.dataset)
    st.json(config, expanded=1)
    versions = ", ".join(f"{name} {version}" for name, version in about.versions.items())
    st.caption(in_markdown(versions))


def measure_button(label: str, checkpoint: Checkpoint) -> None:
    """Starts to measure a checkpoint."""
    st.button(
        label,
        icon=":material/straighten:",
        key=f"gallery_measure_{checkpoint.name}",
        on_click=jobs.attempt,
        args=(measuring.start, checkpoint.folder, checkpoint.name),
        help="Draws 10,000 samples three times and compares them with held-out images, on a "
        "classifier's features. It takes minutes, goes on when this tab is closed, and the "
        "figures are kept in the card for everyone.",
    )
