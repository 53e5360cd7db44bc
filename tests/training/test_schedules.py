"""What changes over a run, against values by hand, and that the optimizers follow it."""

from __future__ import annotations

import math
from typing import Any

import pytest
import torch

from gandash.config import Config, ScheduleConfig
from gandash.data import Dataset
from gandash.training import Report, schedules, train
from tests.conftest import ConfigFactory
from tests.training.whole_runs import start


def test_without_a_schedule_nothing_changes() -> None:
    schedule = ScheduleConfig()
    for progress in (0.0, 0.3, 1.0):
        assert schedules.lr_share(schedule, progress) == 1
        assert schedules.gamma_share(schedule, progress) == 1
        assert schedules.beta2(schedule, 0.9, progress) == 0.9
    assert not schedule.changes


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"lr": "linear"}, {0.0: 1, 0.5: 1, 0.75: 0.5, 1.0: 0}),
        ({"lr": "linear", "lr_from": 0.0, "lr_to": 0.2}, {0.0: 1, 0.5: 0.6, 1.0: 0.2}),
        (
            {"lr": "cosine", "lr_from": 0.0},
            {0.0: 1, 0.25: (1 + math.sqrt(0.5)) / 2, 0.5: 0.5, 1: 0},
        ),
        ({"lr": "cosine", "lr_to": 0.5}, {0.5: 1, 0.75: 0.75, 1.0: 0.5}),
    ],
)
def test_rates_fall(values: dict[str, Any], expected: dict[float, float]) -> None:
    schedule = ScheduleConfig(**values)
    assert schedule.changes
    for progress, share in expected.items():
        assert schedules.lr_share(schedule, progress) == pytest.approx(share)


def test_the_burn_in_goes_from_start_to_end() -> None:
    schedule = ScheduleConfig(burn_in=0.5, gamma_to=0.1, beta2_to=0.99)
    gammas = [schedules.gamma_share(schedule, progress) for progress in (0, 0.25, 0.5, 1)]
    assert gammas == pytest.approx([1, 0.55, 0.1, 0.1])
    betas = [schedules.beta2(schedule, 0.9, progress) for progress in (0, 0.25, 0.5, 1)]
    assert betas == [0.9, 0.945, 0.99, 0.99]


def test_a_half_life_is_a_decay() -> None:
    """After so many images a step's weight in the average is a half."""
    config = Config(ema_half_life=6400, batch_size=64)
    assert config.ema_limit**100 == pytest.approx(0.5)
    two = Config(ema_half_life=6400, batch_size=64, balance={"d_steps": 2})
    assert two.ema_limit**50 == pytest.approx(0.5)
    assert Config(ema=0.9).ema_limit == 0.9


def test_both_optimizers_follow(tiny_config: ConfigFactory, tiny_dataset: Dataset) -> None:
    schedule = {"lr": "linear", "burn_in": 1.0, "beta2_to": 0.9}
    config = tiny_config(steps=8, report_every=1, schedule=schedule)
    state = start(config, tiny_dataset)
    told = []
    for event in train(state, tiny_dataset):
        if isinstance(event, Report):
            groups = [o.param_groups[0] for o in (state.g_optimizer, state.d_optimizer)]
            assert groups[0]["lr"] == groups[1]["lr"]
            assert groups[0]["betas"] == groups[1]["betas"]
            told.append((groups[0]["lr"] / 2e-4, groups[0]["betas"][1]))
    assert [share for share, _ in told] == pytest.approx([1, 1, 1, 1, 1, 0.75, 0.5, 0.25])
    assert told[0][1] == 0.999
    assert told[4][1] == pytest.approx(0.95, abs=6e-4)


def test_a_rate_of_zero_moves_nothing(tiny_config: ConfigFactory, tiny_dataset: Dataset) -> None:
    """The share of the last step of a falling rate is small and not 0: the end itself is never
    trained at.
    """
    config = tiny_config(steps=1000, schedule={"lr": "cosine"})
    assert schedules.lr_share(config.schedule, 999 / 1000) > 0
    assert torch.tensor(schedules.lr_share(config.schedule, 1.0)) == 0
