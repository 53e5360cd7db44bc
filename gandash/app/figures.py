"""Measured figures as tables, never mixed across protocols."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gandash.checkpoints import Card
from gandash.config import Config
from gandash.figures import Evaluation, Protocol

COLUMNS = {
    "frechet": "Fréchet", "kernel": "Kernel", "precision": "Precision", "recall": "Recall", "density": "Density",
    "coverage": "Coverage", "score": "Classifier score", "diversity": "Diversity", "missing": "Missing classes",
    "memorization": "Memorization", "memorization_pixels": "Memorization (pixels)",
}  # fmt: skip
OVER_SEEDS = ("frechet", "precision", "recall", "coverage", "memorization")
DIGITS = 3
TRAINING_IMAGES = "(training images)"


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


def table(cards: list[Card], reference: Evaluation | None = None) -> pd.DataFrame:
    """One row a card, figures in columns; all cards must be of one protocol.

    ``reference`` becomes the last row if it is of that protocol too: figures of training images in place of samples,
    among which copies of training images are no news.
    """
    protocols = {card.evaluation.protocol for card in cards if card.evaluation}
    if len(protocols) > 1:
        raise ValueError(
            f"Figures can be ranked within one protocol, and these are of {len(protocols)}: show them apart"
        )
    rows = [{"Checkpoint": card.name} | _rounded(card.evaluation) for card in cards if card.evaluation]
    if reference is not None and reference.protocol in protocols:
        unknown = dict.fromkeys((COLUMNS["memorization"], COLUMNS["memorization_pixels"]))
        rows.append({"Checkpoint": TRAINING_IMAGES} | _rounded(reference) | unknown)
    return pd.DataFrame(rows)


def over_seeds(cards: list[Card]) -> list[tuple[Protocol, pd.DataFrame]]:
    """Mean and standard deviation over seeds for arms of label smoothing, where there are several of both.

    Arms are compared if they were measured alike and their configs differ in alpha, beta and the seed alone. One row an
    arm: its targets, the number of seeds and ``mean ± standard deviation`` (of a sample, n - 1) of each figure.
    """
    groups: dict[tuple[Protocol, Config], dict[tuple[float, float], list[Evaluation]]] = {}
    for card in cards:
        if card.evaluation:
            loss = card.config.loss
            hard = card.config.model_copy(
                update={"seed": 0, "loss": loss.model_copy(update={"alpha": 0.0, "beta": 0.0})}
            )
            arms = groups.setdefault((card.evaluation.protocol, hard), {})
            arms.setdefault((loss.alpha, loss.beta), []).append(card.evaluation)
    found = []
    for (protocol, _), arms in groups.items():
        several = {smoothing: measured for smoothing, measured in sorted(arms.items()) if len(measured) > 1}
        if len(several) > 1:
            found.append((protocol, pd.DataFrame([_arm(*it) for it in several.items()])))
    return found


def _arm(smoothing: tuple[float, float], measured: list[Evaluation]) -> dict[str, Any]:
    alpha, beta = smoothing
    row: dict[str, Any] = {"Targets (real, fake)": f"{1 - alpha:g}, {beta:g}", "Seeds": len(measured)}
    for name in OVER_SEEDS:
        values = pd.Series([getattr(it, name) for it in measured])
        digits = 1 if name == "frechet" else DIGITS
        row[COLUMNS[name]] = f"{values.mean():.{digits}f} ± {values.std():.{digits}f}"
    return row


def _rounded(found: Evaluation) -> dict[str, Any]:
    return {title: round(getattr(found, name), DIGITS) for name, title in COLUMNS.items()}


def _frechet(card: Card) -> float:
    assert card.evaluation
    return card.evaluation.frechet
