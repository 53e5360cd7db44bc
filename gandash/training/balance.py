"""Who is updated: rules that look at both losses and choose one player a step."""

from __future__ import annotations

from typing import Literal

Player = Literal["D", "G"]


def player(
    rule: Literal["loss-rate", "worse"],
    losses: tuple[float, float],
    previous: tuple[float, float] | None,
    ratio: float,
) -> Player:
    """The player to update, from (d_loss, g_loss) of this step and of the one before.

    loss-rate: D if its loss has changed by a larger share than ``ratio`` times that of G's, else G
    (Ouyang and Chen 2020, arXiv:2008.12463); D at the first step. worse: D if its loss per image,
    half of d_loss, is above ``ratio`` times G's.
    """
    d_loss, g_loss = losses
    if rule == "worse":
        return "D" if d_loss / 2 > ratio * g_loss else "G"
    if previous is None:
        return "D"
    d_rate = _relative_change(d_loss, previous[0])
    g_rate = _relative_change(g_loss, previous[1])
    return "D" if d_rate > ratio * g_rate else "G"


def _relative_change(now: float, before: float) -> float:
    return abs(now - before) / max(abs(before), 1e-12)
