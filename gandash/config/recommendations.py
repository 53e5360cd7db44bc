"""What the paper of the chosen objective sets otherwise."""

from __future__ import annotations

from typing import Any

from gandash.config.run import Config
from gandash.config.settings import value_of
from gandash.losses.objectives import OBJECTIVES


def usual(config: Config) -> dict[str, Any]:
    """Settings that go with the chosen objective in its paper, by dotted name.

    As far as ``config`` differs.
    """
    wanted: dict[str, Any] = dict(OBJECTIVES[config.loss.objective].usual)
    if config.loss.objective == "wasserstein" and not config.regularizer.weight_clip:
        wanted = {
            "balance.d_steps": 5,
            "optimizer.method": "adam",
            "optimizer.g_lr": 1e-4,
            "optimizer.d_lr": 1e-4,
            "optimizer.adam_beta2": 0.9,
        }
        wanted |= {"network.d_norm": "layer"} if config.network.d_norm == "batch" else {}
    if config.balance.rule != "fixed":
        wanted.pop("balance.d_steps", None)
    return {name: value for name, value in wanted.items() if value_of(config, name) != value}


def advice(config: Config) -> str:
    """What the objective's paper sets otherwise, in one sentence; empty if nothing."""
    missing = usual(config)
    if not missing:
        return ""
    named = ", ".join(f"{name.split('.')[-1]} {_shown(value)}" for name, value in missing.items())
    return f"Usual with {config.loss.objective}: {named}."


def _shown(value: Any) -> str:
    if value is True:
        return "on"
    return f"{value:g}" if isinstance(value, float) else str(value)
