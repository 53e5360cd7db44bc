"""Arms of an experiment over several seeds: what differs by more than chance."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from itertools import combinations
from math import sqrt
from statistics import fmean, variance
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


CONFIDENCE = 0.95  # of all differences between the arms of a figure together


def verdict(figure: str, arms: Mapping[str, Sequence[float]], digits: int = 1) -> str:
    """What the values of a figure say of the arms, in words; empty for fewer than two arms.

    ``arms``: one value a seed of the training, by the arm's title. Two arms differ where the
    difference of their means exceeds :func:`chance`, shared out among all pairs (Bonferroni).
    """
    if len(arms) < 2:
        return ""
    if alone := [title for title, values in arms.items() if len(values) < 2]:
        return (
            f"{figure}: of {', '.join(alone)} there is one seed, and nobody knows how much another "
            "would differ. Train at least two seeds of each arm."
        )
    pairs = list(combinations(arms, 2))
    means = {title: fmean(values) for title, values in arms.items()}
    bounds = {(a, b): chance(arms[a], arms[b], len(pairs)) for a, b in pairs}
    apart = [(a, b) for a, b in pairs if abs(means[a] - means[b]) > bounds[a, b]]
    if not apart:
        a, b = max(pairs, key=lambda pair: abs(means[pair[0]] - means[pair[1]]))
        return (
            f"{figure}: no difference shown. The means are at most "
            f"{abs(means[a] - means[b]):.{digits}f} apart ({a} {means[a]:.{digits}f}, {b} "
            f"{means[b]:.{digits}f}), and with {_seeds(arms)} up to {bounds[a, b]:.{digits}f} may "
            "be chance."
        )
    return f"{figure}: " + " ".join(
        f"{a} ({means[a]:.{digits}f}) is {'above' if means[a] > means[b] else 'below'} {b} "
        f"({means[b]:.{digits}f}) by {abs(means[a] - means[b]):.{digits}f}, where with "
        f"{_seeds(arms)} up to {bounds[a, b]:.{digits}f} may be chance."
        for a, b in apart
    )


def chance(a: Sequence[float], b: Sequence[float], pairs: int = 1) -> float:
    """How far the means of two arms may be apart by the chance of their seeds alone: half of
    Welch's interval for a difference of means, of 95 % for all ``pairs`` together.
    """
    from scipy.special import stdtrit  # noqa: PLC0415 - slow to import

    parts = [variance(values) / len(values) for values in (a, b)]
    if not sum(parts):
        return 0.0
    freedom = sum(parts) ** 2 / sum(
        part**2 / (len(values) - 1) for part, values in zip(parts, (a, b), strict=True)
    )
    level = 1 - (1 - CONFIDENCE) / (2 * pairs)
    return float(stdtrit(freedom, level)) * sqrt(sum(parts))


def _seeds(arms: Mapping[str, Sequence[float]]) -> str:
    counts = {len(values) for values in arms.values()}
    if len(counts) == 1:
        return f"{counts.pop()} seeds each"
    return f"{min(counts)} to {max(counts)} seeds"
