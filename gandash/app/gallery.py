"""Gallery: every checkpoint as a card, and chosen ones side by side on the same z."""

from __future__ import annotations

import streamlit as st

from gandash.app import figures, layout, models, tricks
from gandash.checkpoints import Checkpoint

CARD_SAMPLES, CARD_COLUMNS, CARDS_PER_ROW = 32, 8, 3
LARGEST_COUNT, MOST_COMPARED = 144, 4


def show_card(checkpoint: Checkpoint) -> None:
    """Samples of seed 0 with what the checkpoint is and how it was made."""
    card = checkpoint.card
    with st.container(border=True):
        with layout.one_sentence():
            content = models.sample_grid(checkpoint, 0, CARD_SAMPLES, CARD_COLUMNS)
            alt = f"{layout.amount_of(card, CARD_SAMPLES)} of {card.name}, seed 0"
            st.html(f'<div class="gd-card">{models.image_html(content, alt, points=card.data.points)}</div>')
        st.markdown(f"**{card.title}**")
        facts = card.data
        st.html(
            f'<p class="gd-facts">{facts.title}, {layout.kind_of(card)} · {layout.epochs_of(card)}<br>'
            f"{tricks.summary(card.config)}<br>"
            f"Trained in {layout.duration(card.seconds)} on {card.device}</p>"
        )
        if card.evaluation:
            st.markdown(figures.line(card.evaluation), help=f"Measured on {card.evaluation.protocol}.")
        with st.popover("All facts", icon=":material/info:"):
            show_facts(checkpoint)


def show_facts(checkpoint: Checkpoint) -> None:
    """The whole card, as it is stored beside the weights."""
    card = checkpoint.card
    if card.note:
        st.markdown(card.note)
    ema = card.config.ema
    sampler = f"moving average of G, decay {ema:g}" if ema else "G as trained"
    st.markdown(
        f"`{card.name}` · step {card.step:,} · seed {card.config.seed} · {card.arithmetic} · weights {card.weights}  \n"
        f"Data: {card.data.title}, {card.data.licence}  \n"
        f"Samples: {sampler}, in eval mode, fp32"
    )
    if card.evaluation:
        st.dataframe(figures.table([card]), hide_index=True)
        st.caption(f"Measured on {card.evaluation.protocol}.")
    st.json(card.config.model_dump(), expanded=1)
    st.caption(", ".join(f"{name} {version}" for name, version in card.versions.items()))


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
        "Checkpoints", list(by_name), default=list(by_name)[:3], max_selections=MOST_COMPARED,
        key="gallery_checkpoints", bind="query-params",
    )  # fmt: skip
    seed = middle.number_input(
        "Seed", 0, layout.LARGEST_SEED, value=0, step=1, key="gallery_seed", bind="query-params",
        help="Seed of the latent vectors; the same seed is the same picture on every machine.",
    )  # fmt: skip
    count = right.slider("Images", 4, LARGEST_COUNT, value=36, step=4, key="gallery_count", bind="query-params")
    if not chosen:
        st.info("Choose at least one checkpoint above.", icon=":material/arrow_upward:")
        return
    label = layout.class_of([by_name[name] for name in chosen], "gallery_class")
    per_row = max(2, round(count**0.5))
    for column, name in zip(st.columns(max(len(chosen), 2)), chosen, strict=False):
        with column, layout.one_sentence():
            content = models.sample_grid(by_name[name], int(seed), int(count), per_row, label)
            amount = layout.amount_of(by_name[name].card, count)
            st.html(
                models.image_html(content, f"{amount} of {name}, seed {seed}", points=by_name[name].card.data.points)
            )
            st.html(f'<p class="gd-sub">{name} · seed {seed}, {amount}</p>')


def leaderboard(found: list[Checkpoint]) -> None:
    """The figures of measured checkpoints, one table for each protocol: across protocols nothing is ranked."""
    groups = figures.by_protocol([checkpoint.card for checkpoint in found])
    if not groups:
        return
    st.subheader("Figures", anchor=False)
    for protocol, cards in groups.items():
        st.markdown(f"**{cards[0].data.title}**, {protocol}.")
        st.dataframe(figures.table(cards), hide_index=True)
    st.caption(
        "Best Fréchet distance first. Precision: share of samples near a real image; recall: share of real images near "
        "a sample; memorization: distance to the training set over that of unseen real images, 1 is best. "
        "Figures of different protocols cannot be compared."
    )


layout.header(
    "Gallery",
    "Generators trained by this project, each with its samples and the facts that made it. "
    "All pictures are drawn live from the weights.",
)
checkpoints = layout.checkpoints_or_stop()
for start in range(0, len(checkpoints), CARDS_PER_ROW):
    for column, checkpoint in zip(st.columns(CARDS_PER_ROW), checkpoints[start : start + CARDS_PER_ROW], strict=False):
        with column:
            show_card(checkpoint)
compare(checkpoints)
leaderboard(checkpoints)
