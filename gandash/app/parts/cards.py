"""Checkpoints as small cards, and the whole of one, with the button that measures it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from functools import cache
from pathlib import Path
from typing import Any

import streamlit as st

from gandash import runs
from gandash.app import cached
from gandash.app.assets import publish
from gandash.app.hosting import limits
from gandash.app.parts import jobs, links, offline_page, page, score_tables, words
from gandash.app.parts.quoted import in_html, in_markdown
from gandash.app.parts.refusals import shown, without_folders
from gandash.app.parts.save_picture import save_picture
from gandash.checkpoints import Card, Checkpoint
from gandash.jobs import measuring
from gandash.jobs.task import Job

COMPONENTS = Path(__file__).parents[1] / "components"
SAMPLES, COLUMNS = 25, 5
OPENED_SAMPLES, OPENED_COLUMNS = 64, 8
MOST_IN_A_ROW = 8  # cards, at the widest
MOST_ROWS = 5  # that fill a screen
OPENED = "gallery_open"  # the checkpoint that is open, in the URL
LOST = 0.05  # a generator whose samples reach fewer of the real images than this has failed


@cache
def _source(suffix: str) -> str:
    return (COMPONENTS / f"cards.{suffix}").read_text()


def cards(found: Sequence[Checkpoint], titles: Mapping[str, str], key: str, label: str) -> None:
    """Small square cards side by side; one that is pressed is opened."""
    component = st.components.v2.component(
        "gandash_cards", html=_source("html"), css=_source("css"), js=_source("js")
    )
    data = {"label": label, "cards": [on_card(it, titles[it.name]) for it in found]}

    def told() -> None:
        name = st.session_state[key].open
        if name in titles:
            st.query_params[OPENED] = name

    rows = -(-len(found) // MOST_IN_A_ROW)
    with st.container(key=f"rows_{min(rows, MOST_ROWS)}_{key}"):  # style.css keeps their place
        component(key=key, data=data, on_open_change=told)


def on_card(checkpoint: Checkpoint, title: str) -> dict[str, Any]:
    """What a card shows: samples of seed 0, the title, and how far they are from real images."""
    about = checkpoint.card
    try:
        image = publish(cached.sample_grid(checkpoint, 0, SAMPLES, COLUMNS))
        figure = score_tables.in_short(about.measured or about.inception)
    except (ValueError, OSError) as error:
        image, figure = "", shown(str(error))
    return {
        "name": checkpoint.name,
        "title": title,
        "image": image,
        "alt": f"{about.data.kind.caption(SAMPLES)} of {title}, seed 0",
        "crisp": about.data.kind.pixels,
        "figure": figure,
        "failed": failed(about),
    }


def failed(card: Card) -> bool:
    """Whether a measured generator misses nearly all real images: it has collapsed, or is lost."""
    return card.measured is not None and card.measured.recall < LOST


def opened(found: Sequence[Checkpoint], titles: Mapping[str, str], job: Job | None) -> str:
    """The whole of the checkpoint that the URL names, over the page; returns its name, or none."""
    name = str(st.query_params.get(OPENED, ""))
    checkpoint = next((it for it in found if it.name == name), None)
    if checkpoint is None:
        if name:
            links.refuse(OPENED, name)
        return ""
    st.dialog(in_markdown(titles[name]), width="large", on_dismiss=close)(whole)(checkpoint, job)
    return name


def close() -> None:
    st.query_params.pop(OPENED, None)


def whole(checkpoint: Checkpoint, job: Job | None) -> None:
    """Samples of seed 0 with what the checkpoint is, how it was made and where it leads.

    ``job`` is what goes on beside the server.
    """
    about = checkpoint.card
    picture, words_beside = st.columns([1.2, 1], gap="medium")
    with picture, page.one_sentence():
        content = cached.sample_grid(checkpoint, 0, OPENED_SAMPLES, OPENED_COLUMNS)
        alt = f"{about.data.kind.caption(OPENED_SAMPLES)} of {about.name}, seed 0"
        st.html(f'<div class="gd-square">{cached.image_html(content, alt, about.data.kind)}</div>')
        save_picture([content], about.name, "gallery_open_save")
    with words_beside:
        facts = about.data
        st.html(
            f'<p class="gd-facts">{in_html(facts.title)}, {words.kind_of(about)} · '
            f"{words.epochs_of(about)}<br>"
            f"{in_html(words.recipe(about))}<br>"
            f"{in_html(words.origin(about))}</p>"
        )
        if figures := about.measured or about.inception:
            st.markdown(score_tables.line(figures), help=score_tables.about(figures))
        if about.note:
            st.markdown(in_markdown(about.note))
        leads(checkpoint)
        offline_page.offer([checkpoint], "gallery_open_offline")
        measure(checkpoint, job)
    with st.expander("All facts", icon=":material/info:"):
        show_facts(checkpoint)


def leads(checkpoint: Checkpoint) -> None:
    """Where a checkpoint can be explored further."""
    with st.container(horizontal=True):
        st.page_link(
            st.Page("views/latent.py", url_path="latent"),
            label="Walk its latent space",
            icon=":material/timeline:",
            query_params={"latent_checkpoint": checkpoint.name},
        )
        if (checkpoint.folder / runs.METRICS).is_file():
            st.page_link(
                st.Page("views/curves.py", url_path="curves"),
                label="Its curves",
                icon=":material/show_chart:",
                query_params={"curves_runs": checkpoint.name},
            )


def measure(checkpoint: Checkpoint, job: Job | None) -> None:
    """The button that measures a checkpoint, or how far that is; or why it cannot be measured."""
    if not limits().measuring:
        return
    about, refused = checkpoint.card, cached.not_measurable(checkpoint)
    concerned = job is not None and job.concerns(measuring.MODULE, checkpoint.folder)
    mine = job if concerned else None
    underway = mine is not None and not mine.problem
    if refused and not about.measured:
        st.caption(f"Not measured: {shown(refused)}.")
    elif not underway:
        measure_button("Measure again" if about.measured else "Measure", checkpoint)
    jobs.show(mine, about.name)


def show_facts(checkpoint: Checkpoint) -> None:
    """The whole card, as it is stored beside the weights."""
    about = checkpoint.card
    ema = about.config.ema_limit
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
    elif about.general:
        st.dataframe(score_tables.table([about]), hide_index=True)
        st.caption(score_tables.about(about.general))
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
        help="Draws 10,000 samples three times and compares them with held-out images, or with "
        "those of your own that it has learned, on a classifier's features. It takes minutes, goes "
        "on when this tab is closed, and the figures are kept in the card for everyone.",
    )
