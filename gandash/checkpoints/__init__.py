"""Checkpoints: a card that says what rebuilds the weights beside it. The face needs no torch."""

from gandash.checkpoints.card import (
    CARD,
    Broken,
    Card,
    Checkpoint,
    DataFacts,
    attach,
    find,
    load_card,
    package_versions,
)

__all__ = [
    "CARD",
    "Broken",
    "Card",
    "Checkpoint",
    "DataFacts",
    "attach",
    "find",
    "load_card",
    "package_versions",
]
