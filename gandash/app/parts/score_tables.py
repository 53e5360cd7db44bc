"""Measured figures as tables, never mixed across protocols."""

from __future__ import annotations

import pandas as pd

from gandash.app.parts.quoted import in_markdown
from gandash.checkpoints import Card
from gandash.checkpoints.scores import Evaluation, Figures, GeneralFigures, Protocol, Translated

COLUMNS = {
    "frechet": "Fréchet", "kernel": "Kernel", "precision": "Precision", "recall": "Recall",
    "density": "Density", "coverage": "Coverage", "score": "Score",
    "diversity": "Diversity", "missing": "Missing",
    "memorization": "Memorization", "memorization_pixels": "Memorization (pixels)",
}  # fmt: skip
OF_ANY_DATA = ("frechet", "kernel", "precision", "recall", "density", "coverage")
WEIGHTS = "Step"
COPIED = "(the source, copied)"
TRAINING_IMAGES = "(training images)"


def line(figures: Figures) -> str:
    """The three figures that say most, for a card."""
    return (
        f"Fréchet **{figures.shown('frechet')}** · precision **{figures.shown('precision')}** · "
        f"recall **{figures.shown('recall')}**"
    )


def in_short(figures: Figures | None) -> str:
    """The distance with its noise, for a small card."""
    if figures is None:
        return "not measured"
    return f"Fréchet {figures.shown('frechet')}"


def about(figures: Figures) -> str:
    """How figures were measured, and what stands behind their ±, in Markdown."""
    return f"Measured on {in_markdown(str(figures.protocol))}. {in_markdown(figures.about_noise)}"


def heading(card: Card, protocol: Protocol) -> str:
    """What a table of one protocol is of, in Markdown."""
    return f"**{in_markdown(card.data.title)}**, {in_markdown(str(protocol))}."


def by_protocol(cards: list[Card]) -> dict[Protocol, list[Card]]:
    """Measured cards by the protocol of their figures, best Fréchet distance first."""
    groups: dict[Protocol, list[Card]] = {}
    for card in cards:
        if card.measured:
            groups.setdefault(card.measured.protocol, []).append(card)
    return {protocol: sorted(measured, key=_frechet) for protocol, measured in groups.items()}


def table(cards: list[Card], reference: Evaluation | None = None) -> pd.DataFrame:
    """One row a card, ``value ± noise`` in columns; all cards must be of one protocol.

    ``reference`` becomes the last row if it is of that protocol too: figures of training images in
    place of samples, among which copies of training images are no news.
    """
    protocols = {card.measured.protocol for card in cards if card.measured}
    if len(protocols) > 1:
        raise ValueError(
            f"Figures can be ranked within one protocol, and these are of {len(protocols)}: show "
            "them apart"
        )
    rows = [
        {"Checkpoint": card.title, WEIGHTS: card.choice} | _shown(card.measured)
        for card in cards
        if card.measured
    ]
    if reference is not None and reference.protocol in protocols:
        unknown = dict.fromkeys((COLUMNS["memorization"], COLUMNS["memorization_pixels"]), "")
        rows.append({"Checkpoint": TRAINING_IMAGES, WEIGHTS: ""} | _shown(reference) | unknown)
    return _aligned(pd.DataFrame(rows))


def translations(cards: list[Card]) -> dict[str, pd.DataFrame]:
    """Measured translators by the title of their data, a row each, sources copied as the last."""
    tables: dict[str, pd.DataFrame] = {}
    for card in cards:
        figures = card.translation
        assert figures is not None
        task = f"{card.data.title}, {figures.pairs:,} pairs of the {figures.split} split"
        rows = [{"Translator": card.title} | _of_translations(figures.there)]
        if figures.back is not None:
            rows.append({"Translator": f"{card.title}, back"} | _of_translations(figures.back))
        copied = pd.DataFrame([{"Translator": COPIED} | _of_translations(figures.copied)])
        before = tables.get(task, copied)
        tables[task] = pd.concat([pd.DataFrame(rows), before], ignore_index=True)
    return tables


def _of_translations(figures: Translated) -> dict[str, str]:
    kept = figures.label_kept
    return {
        "L1 (of 255)": f"{figures.l1:.2f} ± {figures.l1_error:.2f}",
        "PSNR (dB)": f"{figures.psnr:.2f} ± {figures.psnr_error:.2f}",
        "Label kept": "" if kept is None else f"{kept:.1%}",
        "Fréchet": "" if figures.frechet is None else f"{figures.frechet:.1f}",
    }


def _shown(figures: Evaluation | GeneralFigures) -> dict[str, str]:
    names = COLUMNS if isinstance(figures, Evaluation) else OF_ANY_DATA
    return {COLUMNS[name]: figures.shown(name) for name in names}


def _aligned(rows: pd.DataFrame) -> pd.DataFrame:
    """Figures of a column as wide as one another, so that it sorts as numbers do."""
    titles = [title for title in COLUMNS.values() if title in rows]
    widths = {title: int(rows[title].str.len().max()) for title in titles}
    return rows.assign(**{title: rows[title].str.rjust(widths[title]) for title in titles})


def _frechet(card: Card) -> float:
    assert card.measured
    return card.measured.frechet
