"""Gallery: every checkpoint as a card, and chosen ones side by side on the same z."""

from __future__ import annotations

import streamlit as st

from gandash.app import cached
from gandash.app.parts import browse, links, page, score_tables
from gandash.app.parts.cards import card
from gandash.app.parts.nearest import nearest
from gandash.app.parts.quoted import in_html, in_markdown
from gandash.app.parts.stories import stories
from gandash.checkpoints import Checkpoint
from gandash.jobs import task
from gandash.storage.paths import runs_root

CARDS_PER_ROW = 3
LARGEST_COUNT, MOST_COMPARED = 144, 4


def cards(groups: browse.Groups) -> None:
    """One page of cards, under the headings of their groups."""
    if not any(found for _, found in groups):
        st.info(
            "No checkpoint passes all filters: take one away.", icon=":material/filter_alt_off:"
        )
        return
    area, job = st.container(), task.current(runs_root())
    if any(heading for heading, _ in groups):
        area.caption(
            "Lowest Fréchet distance first, within one protocol: distances of different protocols "
            "cannot be compared."
        )
    for heading, found in browse.paged(groups):
        if heading:
            area.markdown(heading)
        for start in range(0, len(found), CARDS_PER_ROW):
            row = found[start : start + CARDS_PER_ROW]
            for column, checkpoint in zip(area.columns(CARDS_PER_ROW), row, strict=False):
                with column:
                    card(checkpoint, job)


@st.fragment
def compare(found: list[Checkpoint]) -> None:
    """Chosen checkpoints on the same latent vectors."""
    st.subheader("Side by side", anchor=False)
    st.markdown(
        "The same latent vectors go through every generator: tile *i* is the same *z* everywhere, "
        "so what differs is what the training made of it."
    )
    by_name = {checkpoint.name: checkpoint for checkpoint in found}
    left, middle, right = st.columns([4, 1.2, 2], vertical_alignment="bottom")
    chosen = left.multiselect(
        "Checkpoints",
        list(by_name),
        default=list(by_name)[:3],
        max_selections=MOST_COMPARED,
        key="gallery_checkpoints",
        bind=links.some_of("gallery_checkpoints", list(by_name), MOST_COMPARED),
    )
    seed = middle.number_input(
        "Seed",
        0,
        page.LARGEST_SEED,
        value=0,
        step=1,
        key="gallery_seed",
        bind=links.whole("gallery_seed", 0, page.LARGEST_SEED),
        help="Seed of the latent vectors; the same seed is the same picture on every machine.",
    )
    count = right.slider(
        "Images",
        4,
        LARGEST_COUNT,
        value=36,
        step=4,
        key="gallery_count",
        bind=links.whole("gallery_count", 4, LARGEST_COUNT),
    )
    if not chosen:
        st.info("Choose at least one checkpoint above.", icon=":material/arrow_upward:")
        return
    label = page.class_of([by_name[name] for name in chosen], "gallery_class")
    per_row = max(2, round(count**0.5))
    for column, name in zip(st.columns(max(len(chosen), 2)), chosen, strict=False):
        with column, page.one_sentence():
            told = by_name[name].card.config.labels.told  # the others make no class in particular
            content = cached.sample_grid(
                by_name[name], int(seed), int(count), per_row, label if told else None
            )
            amount = by_name[name].card.data.kind.caption(count)
            st.html(
                cached.image_html(
                    content,
                    f"{amount} of {name}, seed {seed}",
                    by_name[name].card.data.kind,
                )
            )
            st.html(f'<p class="gd-sub">{in_html(name)} · seed {seed}, {amount}</p>')


def leaderboard(found: list[Checkpoint]) -> None:
    """The figures of measured checkpoints, one table for each protocol.

    Across protocols nothing is ranked.
    """
    groups = score_tables.by_protocol([checkpoint.card for checkpoint in found])
    if not groups:
        return
    st.subheader("Figures", anchor=False)
    for protocol, cards in groups.items():
        gauges = cached.gauges(cards[0].config.data.dataset)
        st.markdown(score_tables.heading(cards[0], protocol))
        st.dataframe(score_tables.table(cards, gauges.real), hide_index=True)
        noises = {card.evaluation.about_noise for card in cards if card.evaluation}
        st.caption(in_markdown(" ".join([*sorted(noises), *gauges.beside(protocol)])))
    st.caption(
        "Best Fréchet distance first. Step: weights of the last step, or of the one with the least "
        "distance while it trained; one chosen on the test split was chosen to be near the very "
        "images it is measured against, and does not compare with a last one. "
        "Precision: share of samples near a real image; recall: share of real images near "
        "a sample; memorization: distance to the training set over that of unseen real images, 1 "
        "is best. "
        "Figures of different protocols cannot be compared."
    )


page.header(
    "Gallery",
    "Generators trained by this project, each with its samples and the facts that made it. "
    "All pictures are drawn live from the weights.",
)
everything = page.checkpoints_or_stop()
stories(checkpoint.name for checkpoint in everything)
shown, groups = (
    browse.chosen(everything) if len(everything) > 1 else (everything, [("", everything)])
)
cards(groups)
compare(everything)
nearest(everything)
leaderboard(shown)
