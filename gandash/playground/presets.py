"""Runs that show one thing each, recorded beforehand so that they open at once."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

from gandash.config import Config, parse_config
from gandash.playground.recording import STEPS

RECORDINGS = Path(__file__).parent / "recordings"
PLAIN: Mapping[str, Mapping[str, Any]] = {
    "data": {"dataset": "ring"},
    "network": {
        "architecture": "mlp", "latent_dim": 2, "g_width": 64, "d_width": 64,
        "g_norm": "none", "d_norm": "none",
    },
    "optimizer": {"g_lr": 1e-3, "d_lr": 1e-3},
}  # fmt: skip


@dataclass(frozen=True)
class Preset:
    """What is to be seen in a run, in one sentence, and its config."""

    says: str
    config: Config


def _preset(says: str, **sections: Mapping[str, Any]) -> Preset:
    values: dict[str, Any] = {name: {**it} for name, it in PLAIN.items()}
    for name, section in sections.items():
        values[name] = {**values.get(name, {}), **section}
    return Preset(says, parse_config({**values, "steps": STEPS, "batch_size": 128}))


_FAST_G = {"optimizer": {"g_lr": 2e-3, "d_lr": 5e-4, "adam_beta1": 0.9}}
_STRONG_D = {"optimizer": {"g_lr": 2e-4, "d_lr": 1e-2}}
_LINE: dict[str, dict[str, Any]] = {
    "data": {"dataset": "gaussian-1d"},
    "network": {"latent_dim": 1, "g_width": 16, "d_width": 32},
    "optimizer": {"d_lr": 2e-3},
}  # fmt: skip
PRESETS: dict[str, Preset] = {
    "Ring of eight": _preset(
        "The plain GAN: D pulls the samples from mode to mode until all eight are found."
    ),
    "On a line, as in 2014": _preset(
        "Figure 1 of the 2014 paper, trained: p_g moves onto p_data, where D falls to ½.",
        **_LINE,
    ),
    "Three Gaussians on a line": _preset(
        "G must tear its interval of z apart to leave the gaps empty: see the grid of z.",
        **{**_LINE, "data": {"dataset": "mixture-1d"}, "network": {"latent_dim": 1}},
    ),
    "Collapse": _preset(
        "G learns four times as fast as D: all its samples run to where D was weak a moment ago.",
        **_FAST_G,
    ),
    "Collapse, packed": _preset(
        "The same rates, but D judges four samples at once: they spread, and still do not settle.",
        **_FAST_G,
        collapse={"pack": 4},
    ),
    "Collapse, unrolled": _preset(
        "The same rates, but G learns against the D of five updates later: nothing runs together.",
        **_FAST_G,
        collapse={"unroll_steps": 5, "unroll_lr": 0.1},
    ),
    "D too strong, minimax": _preset(
        "D learns 50 times as fast. log(1 − D(G(z))) is flat where D is sure: the pulls vanish.",
        **_STRONG_D,
        loss={"objective": "minimax"},
    ),
    "D too strong, non-saturating": _preset(
        "The same D, the other loss: −log D(G(z)) pulls hardest where D is sure, and G gets on.",
        **_STRONG_D,
    ),
    "Smoothing, one-sided": _preset(
        "D's target on real points is 0.9: it is never sure, and D* keeps its zeros.",
        loss={"alpha": 0.1},
    ),
    "Smoothing, two-sided": _preset(
        "Generated points have the target 0.1 too: D* stays above it, and far samples feel less.",
        loss={"alpha": 0.1, "beta": 0.1},
    ),
    "Relativistic with R1 and R2": _preset(
        "D says which of two points is the real one, with both gradient penalties.",
        loss={"objective": "relativistic"},
        regularizer={"r1_gamma": 0.02, "r2_gamma": 0.02},
        optimizer={"g_lr": 2e-3, "d_lr": 2e-3, "adam_beta1": 0.0, "adam_beta2": 0.99},
    ),
    "Two moons": _preset(
        "A distribution that is no mixture: the grid of z is torn and folded onto both arcs.",
        data={"dataset": "moons"},
    ),
}


@lru_cache(maxsize=16)
def stored(config: Config) -> bytes | None:
    """The recording of a config that ships with the package, if there is one."""
    for name, preset in PRESETS.items():
        if preset.config == config:
            return (RECORDINGS / f"{slug(name)}.safetensors.gz").read_bytes()
    return None


def slug(name: str) -> str:
    """A preset's name as the name of a file."""
    return "".join(sign if sign.isalnum() else "-" for sign in name.lower())
