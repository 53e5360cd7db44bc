"""Arms of an experiment over several seeds: what differs by more than chance."""

from __future__ import annotations

from typing import Any

import pandas as pd

from gandash.checkpoints import Card
from gandash.checkpoints.scores import Evaluation, Protocol
from gandash.config import Config

FIGURES = {
    "frechet": "Fréchet", "precision": "Precision", "recall": "Recall", "coverage": "Coverage",
    "memorization": "Memorization",
}  # fmt: skip


def over_seeds(cards: list[Card]) -> list[tuple[str, Protocol, pd.DataFrame]]:
    """Mean and standard deviation over seeds for arms of label smoothing, where there are several
    of both.

    Arms are compared if they were measured alike, their steps were chosen alike, and their configs
    differ in alpha, beta and the seed alone. Each table comes with how its runs were trained and
    measured; one row an arm: its targets, the number of seeds and ``mean ± standard deviation``
    (of a sample, n - 1) of each figure.
    """
    groups: dict[tuple[Protocol, str, Config], dict[tuple[float, float], list[Evaluation]]] = {}
    for card in cards:
        if card.evaluation:
            shared = card.config.without_smoothing().model_copy(update={"seed": 0})
            arms = groups.setdefault((card.evaluation.protocol, card.choice, shared), {})
            arms.setdefault((card.config.loss.alpha, card.config.loss.beta), []).append(
                card.evaluation
            )
    tables = []
    for (protocol, choice, shared), arms in groups.items():
        several = {
            smoothing: measured for smoothing, measured in sorted(arms.items()) if len(measured) > 1
        }
        if len(several) > 1:
            table = pd.DataFrame([_arm(*it) for it in several.items()])
            tables.append((_training(shared, choice), protocol, table))
    return tables


def _training(config: Config, choice: str) -> str:
    length = f"{config.steps:,} steps" if config.steps else f"{config.epochs} epochs"
    widths = f"{config.network.g_width} base filters in G, {config.network.d_width} in D"
    weights = "" if choice == "last" else f", step: {choice}"
    return f"{length} in batches of {config.batch_size}, {widths}{weights}"


def _arm(smoothing: tuple[float, float], measured: list[Evaluation]) -> dict[str, Any]:
    alpha, beta = smoothing
    row: dict[str, Any] = {
        "Targets (real, fake)": f"{1 - alpha:g}, {beta:g}",
        "Seeds": len(measured),
    }
    for name, title in FIGURES.items():
        values = pd.Series([getattr(it, name) for it in measured])
        digits = 1 if name == "frechet" else 3
        row[title] = f"{values.mean():.{digits}f} ± {values.std():.{digits}f}"
    return row
