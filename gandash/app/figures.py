"""Measured figures as tables, never mixed across protocols."""

from __future__ import annotations

import pandas as pd

from gandash.checkpoints import Card
from gandash.figures import Evaluation

COLUMNS = {
    "frechet": "Fréchet", "kernel": "Kernel", "precision": "Precision", "recall": "Recall", "density": "Density",
    "coverage": "Coverage", "score": "Classifier score", "diversity": "Diversity", "missing": "Missing classes",
    "memorization": "Memorization", "memorization_pixels": "Memorization (pixels)",
}  # fmt: skip
DIGITS = 3


def line(found: Evaluation) -> str:
    """The three figures that say most, for a card."""
    return f"Fréchet **{found.frechet:.1f}** · precision **{found.precision:.2f}** · recall **{found.recall:.2f}**"


def by_protocol(cards: list[Card]) -> dict[str, list[Card]]:
    """Measured cards by the protocol of their figures, best Fréchet distance first."""
    groups: dict[str, list[Card]] = {}
    for card in cards:
        if card.evaluation:
            groups.setdefault(str(card.evaluation.protocol), []).append(card)
    return {protocol: sorted(found, key=_frechet) for protocol, found in groups.items()}


def table(cards: list[Card]) -> pd.DataFrame:
    """One row a card, figures in columns; all cards must be of one protocol."""
    protocols = {card.evaluation.protocol for card in cards if card.evaluation}
    if len(protocols) > 1:
        raise ValueError(
            f"Figures can be ranked within one protocol, and these are of {len(protocols)}: show them apart"
        )
    rows = [
        {"Checkpoint": card.name}
        | {title: round(getattr(card.evaluation, name), DIGITS) for name, title in COLUMNS.items()}
        for card in cards
    ]
    return pd.DataFrame(rows)


def _frechet(card: Card) -> float:
    assert card.evaluation
    return card.evaluation.frechet
