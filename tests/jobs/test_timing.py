"""How long a run will take: tried in a process, and refused there where it cannot be."""

from __future__ import annotations

import pytest

from gandash.config import Config, parse_config
from gandash.jobs import timing

SMALL = {
    "data": {"size": 16},
    "network": {"g_width": 4, "d_width": 4, "latent_dim": 4},
    "batch_size": 4,
    "precision": "fp32",
}


def config(**settings: object) -> Config:
    return parse_config({**SMALL, **settings})


def test_steps_are_tried_in_a_process_of_their_own() -> None:
    told = {"conditioning": "concat"}
    tried = timing.of_step(config(labels=told, balance={"d_steps": 2}), channels=3, classes=2)
    assert 0 < tried.low <= tried.seconds <= tried.high < 10
    assert 2 <= tried.steps <= timing.TRIED_STEPS


def test_what_cannot_be_begun_is_refused_in_a_sentence() -> None:
    with pytest.raises(ValueError, match=r"^conditioning needs images in classes"):
        timing.tried(config(labels={"conditioning": "concat"}), 1, 0)


def test_what_takes_too_long_or_dies_is_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(timing, "MOST_SECONDS", 0.01)
    with pytest.raises(ValueError, match=r"must end within .* choose a smaller batch_size"):
        timing.of_step(config(), 1)
    monkeypatch.setattr(timing, "MOST_SECONDS", 90)
    monkeypatch.setattr(timing.sys, "executable", "false")
    with pytest.raises(ValueError, match=r"^A run must fit into memory"):
        timing.of_step(config(), 1)
