"""Measured figures as tables, never mixed across protocols."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gandash.checkpoints import Card
from gandash.checkpoints.scores import Evaluation, Figures, Protocol

COLUMNS = {
    "frechet": "Fréchet", "kernel": "Kernel", "precision": "Precision", "recall": "Recall",
    "density": "Density",
    "coverage": "Coverage", "score": "Classifier score", "diversity": "Diversity",
    "missing": "Missing classes",
    "memorization": "Memorization", "memorization_pixels": "Memorization (pixels)",
}  # fmt: skip
DIGITS = 3
TRAINING_IMAGES = "(training images)"


def line(found: Figures) -> str:
    """The three figures that say most, for a card."""
    return (
        f"Fréchet **{found.frechet:.1f}** · precision **{found.precision:.2f}** · "
        f"recall **{found.recall:.2f}**"
    )


def by_protocol(cards: list[Card]) -> dict[Protocol, list[Card]]:
    """Measured cards by the protocol of their figures, best Fréchet distance first."""
    groups: dict[Protocol, list[Card]] = {}
    for card in cards:
        if card.evaluation:
            groups.setdefault(card.evaluation.protocol, []).append(card)
    return {protocol: sorted(found, key=_frechet) for protocol, found in groups.items()}


def table(cards: list[Card], reference: Evaluation | None = None) -> pd.DataFrame:
    """One row a card, figures in columns; all cards must be of one protocol.

    ``reference`` becomes the last row if it is of that protocol too: figures of training images in
    place of samples, among which copies of training images are no news.
    """
    protocols = {card.evaluation.protocol for card in cards if card.evaluation}
    if len(protocols) > 1:
        raise ValueError(
            f"Figures can be ranked within one protocol, and these are of {len(protocols)}: show "
            "them apart"
        )
    rows = [
        {"Checkpoint": card.name} | _rounded(card.evaluation) for card in cards if card.evaluation
    ]
    if reference is not None and reference.protocol in protocols:
        unknown = dict.fromkeys((COLUMNS["memorization"], COLUMNS["memorization_pixels"]))
        rows.append({"Checkpoint": TRAINING_IMAGES} | _rounded(reference) | unknown)
    return pd.DataFrame(rows)


def _rounded(found: Evaluation) -> dict[str, Any]:
    return {title: round(getattr(found, name), DIGITS) for name, title in COLUMNS.items()}


def _frechet(card: Card) -> float:
    assert card.evaluation
    return card.evaluation.frechet
