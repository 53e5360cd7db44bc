"""ADA's p: up while D is sure of the training images, down while it is not; saved, resumed."""

from __future__ import annotations

import copy
from dataclasses import replace
from pathlib import Path

import pytest
import torch
from torch import Tensor

from gandash import runs, training
from gandash.config import Config
from gandash.data import Dataset
from gandash.training import Report
from gandash.training.adaptive import INTERVAL, Adaptive, is_due
from gandash.training.games import NoiseGame
from gandash.training.replay import Replays
from tests.conftest import ConfigFactory
from tests.runs.test_execution import assert_same_run, finish, train_to
from tests.training.whole_runs import comparable, events, start, tensors

FAST = {"augment": "ada", "ada_images": 1_000}


def steered(logits: Tensor, updates: int = 20, step: float = 0.125) -> Adaptive:
    ada = Adaptive.at_rest(torch.device("cpu"))
    for number in range(updates):
        ada.heed(logits, is_due(number), 0.6, step)
    return ada


def test_p_rises_while_d_is_sure_of_real_images_and_falls_while_it_is_not() -> None:
    sure = torch.tensor([3.0, 2.0, 1.0, 4.0, 0.1, 2.0, 1.0, -1.0, 2.0, 3.0])  # r = 0.8
    ada = steered(sure)
    assert float(ada.p) == 5 * 0.125
    for number in range(INTERVAL * 2):
        ada.heed(torch.tensor([1.0, -1.0]), is_due(number), 0.6, 0.125)  # r = 0
    assert float(ada.p) == 3 * 0.125


def test_p_stays_within_0_and_1() -> None:
    assert float(steered(torch.ones(4), 100).p) == 1
    assert float(steered(-torch.ones(4), 100).p) == 0


def test_it_is_the_mean_of_four_updates_that_counts() -> None:
    ada = Adaptive.at_rest(torch.device("cpu"))
    for number, r in enumerate((1.0, 1.0, 1.0, -0.5)):  # mean 0.625: above, though the last is not
        assert float(ada.p) == 0
        part = round((r + 1) * 4)
        logits = torch.cat([torch.ones(part), -torch.ones(8 - part)])
        ada.heed(logits, is_due(number), 0.6, 0.1)
    assert float(ada.p) == pytest.approx(0.1)
    assert float(ada.signs) == 0


def test_p_rises_in_a_run_whose_d_wins_and_is_told(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    """D learns ten times as fast as G, on 24 images."""
    optimizer = {"g_lr": 1e-4, "d_lr": 1e-2}
    config = tiny_config(few=FAST, optimizer=optimizer, steps=24, report_every=4)
    state, reports, _ = events(config, tiny_dataset)
    told = [report.augment_p for report in reports]
    step = INTERVAL * config.batch_size / 1_000
    assert told[-1] == float(state.ada.p) > 2 * step  # type: ignore[union-attr]
    assert all(abs(p / step - round(p / step)) < 1e-3 for p in told)


def test_without_augmentation_nothing_is_told_of_it(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    state, reports, _ = events(tiny_config(steps=2, report_every=2), tiny_dataset)
    assert state.ada is None
    assert comparable(reports[-1])["augment_p"] is None
    assert comparable(reports[-1])["d_held_out"] is None


@pytest.mark.usefixtures("plain_arithmetic")
def test_a_run_with_ada_that_was_left_goes_on_bit_for_bit(
    runs_root: Path, tiny_config: ConfigFactory
) -> None:
    config = tiny_config(
        few=FAST, data={"held_out": 0.25, "limit": 40}, steps=9, report_every=3,
        optimizer={"g_lr": 1e-4, "d_lr": 1e-2},
    )  # fmt: skip
    whole = finish(runs.create(runs_root, config, "whole"))
    parts = train_to(runs.create(runs_root, config, "parts"), 6)  # within an interval of 4
    assert_same_run(whole, finish(parts))


def played(config: Config, dataset: Dataset, *, recorded: bool) -> tuple[dict[str, Tensor], float]:
    """Weights and p after a run, its updates played back or not."""
    state = start(config, dataset)
    game = NoiseGame(state)
    if recorded:
        game.replays = Replays(state.device, lambda work: work)
    list(training.play(game, dataset))
    assert state.ada is not None
    return tensors(state), float(state.ada.p)


def test_p_goes_on_within_updates_that_are_played_back(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    """What a recording reads on the host stays as it was: p must not be of that."""
    config = tiny_config(
        few=FAST, steps=14, report_every=14, optimizer={"g_lr": 1e-4, "d_lr": 1e-2}
    )
    weights, p = played(config, tiny_dataset, recorded=False)
    again, p_again = played(config, tiny_dataset, recorded=True)
    assert p == p_again > 0
    assert all(torch.equal(weights[name], again[name]) for name in weights)


def test_d_is_tried_on_training_and_held_out_images_before_it_learns(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    config = tiny_config(
        steps=1, report_every=1, batch_size=12, few={"augment": "diffaugment"},
        network={"latent_dim": 8, "g_width": 4, "d_width": 4, "d_norm": "none"},
    )  # fmt: skip
    own, other = (tiny_dataset.part(torch.arange(12) + first) for first in (0, 12))
    dataset = replace(own, held_out=other)
    state = start(config, dataset)
    D = copy.deepcopy(state.D)
    (report,) = (e for e in training.train(state, dataset) if isinstance(e, Report))
    with torch.no_grad():
        expected = [
            float(D(part.kind.prepare(part.images), None).sigmoid().mean()) for part in (own, other)
        ]
    assert [report.d_train, report.d_held_out] == pytest.approx(expected, abs=1e-7)
    assert abs(expected[0] - expected[1]) > 1e-5
