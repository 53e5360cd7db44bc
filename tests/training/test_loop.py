"""The training loop: its promises about reports, snapshots and resuming, for any game."""

from __future__ import annotations

import dataclasses
import math
from collections.abc import Callable
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from torch import Tensor, nn

from gandash import data, training
from gandash.config import Config, DataConfig, NetworkConfig
from gandash.data import Dataset
from gandash.training import (
    Course,
    Player,
    Progress,
    Report,
    Snapshot,
)
from gandash.training.source import Batch
from gandash.training.streams import Streams
from tests.conftest import ConfigFactory
from tests.training.whole_runs import (
    PLAIN,
    comparable,
    events,
    numbers,
    start,
    tensors,
)


def test_reporting_more_often_changes_nothing(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    often, _, _ = events(tiny_config(report_every=1, snapshots=7), tiny_dataset)
    rarely, _, _ = events(tiny_config(report_every=100, snapshots=2), tiny_dataset)
    assert all(
        torch.equal(tensor, tensors(rarely)[name]) for name, tensor in tensors(often).items()
    )


@pytest.mark.parametrize(
    ("steps", "every", "expected"),
    [(6, 2, [2, 4, 6]), (7, 3, [3, 6, 7]), (2, 10, [2]), (3, 1, [1, 2, 3])],
)
def test_reports_come_at_their_steps_and_at_the_end(
    tiny_config: ConfigFactory, tiny_dataset: Dataset, steps: int, every: int, expected: list[int]
) -> None:
    _, reports, _ = events(tiny_config(steps=steps, report_every=every), tiny_dataset)
    assert [r.step for r in reports] == expected
    assert [r.images for r in reports] == [8 * step for step in expected]
    assert [r.epoch for r in reports] == pytest.approx([step / 3 for step in expected])
    assert all(r.images_per_second > 0 for r in reports)
    assert [r.seconds for r in reports] == sorted(r.seconds for r in reports)


CODES = ("d_prior", "d_code", "z_std")
FEW = ("d_train", "d_held_out", "augment_p")  # of runs that hold images out or have ADA
SIGMAS = ("size", *(f"{who}_sigma{number}" for who in "gd" for number in range(3)))
LAST = (
    "step", "images", "epoch", "d_fake_before", "d_fake_after", "d_update", "g_update",
)  # fmt: skip


def test_sizes_of_updates_are_relative_to_the_weights_before_them(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    def weights(steps: int) -> dict[str, torch.Tensor]:
        state, _, _ = events(tiny_config(report_every=2, steps=steps), tiny_dataset)
        return {
            "d_update": torch.cat([it.detach().ravel() for it in state.D.parameters()]),
            "g_update": torch.cat([it.detach().ravel() for it in state.G.parameters()]),
        }

    _, reports, _ = events(tiny_config(report_every=2, steps=4), tiny_dataset)
    before, after = weights(3), weights(4)
    for name, old in before.items():
        expected = float((after[name] - old).norm() / old.norm())
        assert getattr(reports[-1], name) == pytest.approx(expected, rel=1e-4)
        assert 0 < expected < 1


def test_a_report_is_the_mean_of_its_window(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    _, singles, _ = events(tiny_config(report_every=1, steps=7), tiny_dataset)
    _, windows, _ = events(tiny_config(report_every=3, steps=7), tiny_dataset)
    for report, parts in zip(windows, (singles[:3], singles[3:6], singles[6:]), strict=True):
        for name, value in numbers(report).items():
            values = [getattr(part, name) for part in parts]
            if name.endswith("_min") or name.endswith("_max"):
                assert value == (min if name.endswith("_min") else max)(values)
            elif name in LAST:
                assert value == values[-1]
            elif name in ("d_updates", "g_updates"):
                assert value == sum(values) == len(parts)
            elif name in (
                "d_accuracy",
                "frechet",
                "precision",
                "recall",
                "distance",
                *FEW,
                *CODES,
                *SIGMAS,
            ):
                assert math.isnan(value), "nothing is classified here, and no samples are measured"
            else:
                assert value == pytest.approx(sum(values) / len(values), rel=1e-5, abs=1e-6), name


def test_epochs_decide_the_length_where_steps_do_not(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    _, reports, _ = events(tiny_config(steps=None, epochs=2), tiny_dataset)
    assert (reports[-1].step, reports[-1].epoch) == (6, 2.0)


def test_a_run_left_at_a_report_has_the_snapshots_up_to_there(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    seen: list[int] = []
    for event in training.train(start(tiny_config(snapshots=7), tiny_dataset), tiny_dataset):
        if isinstance(event, Snapshot):
            seen.append(event.step)
        elif event.step == 6:
            break
    assert seen[-1] == 6


def test_a_state_left_at_a_report_goes_on_as_if_it_never_stopped(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    config = tiny_config(ema=0.9)
    whole, reports, _ = events(config, tiny_dataset)
    state = start(config, tiny_dataset)
    kept = []
    for _ in range(3):
        report = next(e for e in training.train(state, tiny_dataset) if isinstance(e, Report))
        kept.append(comparable(report))
    assert kept == list(map(comparable, reports))
    assert all(torch.equal(tensor, tensors(state)[name]) for name, tensor in tensors(whole).items())


def moments(images: Tensor) -> Tensor:
    """Mean and deviation of every pixel over the images."""
    x = images.double() / 255
    return torch.stack([x.mean(0), x.std(0)])


def test_it_learns_mnist(mnist: Path) -> None:
    config = Config(
        data=DataConfig(dataset="mnist", size=16, limit=2048),
        network=NetworkConfig(latent_dim=16, g_width=16, d_width=16),
        steps=240,
        batch_size=64,
        report_every=20,
        snapshots=4,
        precision="fp32",
        device="cpu",
    )
    dataset = data.load(config.data)
    _, reports, snapshots = events(config, dataset)
    last = reports[-1]
    assert last.d_loss < 2 * math.log(2) - 0.3
    assert last.d_real > last.d_fake + 0.2
    assert last.real_q50 > 0.5
    assert last.fake_q50 < -0.2
    assert min(last.g_grad_norm, last.d_grad_norm) > 0
    truth = moments(dataset.images)
    distance = [
        float((moments(s.images) - truth).square().mean().sqrt())
        for s in (snapshots[0], snapshots[-1])
    ]
    assert distance[1] < 0.6 * distance[0]
    assert float(moments(snapshots[-1].images)[1].mean()) > 0.4 * float(truth[1].mean()), (
        "samples must differ"
    )


# Any game


class Follower(nn.Module):
    """A point that follows the mean of what it sees."""

    def __init__(self) -> None:
        super().__init__()
        self.place = nn.Parameter(torch.zeros(2))


class Following:
    """A game of one player, without noise and without a critic."""

    def __init__(self, course: Course) -> None:
        self.course = course
        network = Follower()
        self.players = {"F": Player(network, torch.optim.SGD(network.parameters(), lr=0.1))}
        self.place = network.place
        self.rows = 0
        self.seen: list[Batch] = []
        self.losses: list[float] = []

    def begin(self, dataset: Dataset) -> None:
        """Nothing is kept of the data."""

    def agree(self) -> None:
        """It plays alone."""

    def update(self, batch: Batch) -> None:
        self.seen.append(batch)
        loss = (batch.real - self.place).square().sum(1).mean()
        optimizer = self.players["F"].optimizer
        optimizer.zero_grad()
        loss.backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        self.losses.append(float(loss.detach()))

    def sample(self, z: Tensor) -> Tensor:
        return self.place.detach() + z

    def snapshot(self) -> Tensor:
        return self.sample(torch.zeros(5, 2))

    def report(self, progress: Progress) -> Report:
        known = {field.name for field in dataclasses.fields(Progress)}
        others = [field.name for field in dataclasses.fields(Report) if field.name not in known]
        values: dict[str, Any] = dict.fromkeys(others, math.nan)
        values["g_loss"] = float(np.mean(self.losses))
        return Report(**asdict(progress), **values)

    def begin_row(self) -> None:
        self.rows += 1
        self.losses.clear()


@pytest.fixture
def following(tiny_config: ConfigFactory) -> Callable[[], Following]:
    """New games of 7 steps of 2 batches, a row every 3."""
    network = {"architecture": "mlp", "g_norm": "none", "d_norm": "none"}
    ring = {"dataset": "ring", "limit": 64}
    config = tiny_config(
        data=ring, network=network, balance={"d_steps": 2}, steps=7, report_every=3
    )
    cpu = torch.device("cpu")
    return lambda: Following(Course(config=config, device=cpu, arithmetic=PLAIN))


@pytest.fixture
def aside(tiny_config: ConfigFactory) -> Dataset:
    """64 points around (3, -1)."""
    ring = data.load(DataConfig(dataset="ring", limit=64))
    return dataclasses.replace(ring, images=ring.images + torch.tensor([3.0, -1.0]))


def test_the_loop_plays_any_game(following: Callable[[], Following], aside: Dataset) -> None:
    """It deals out batches, counts steps and keeps the time, and asks for rows and snapshots."""
    game = following()
    config = game.course.config
    everything = list(training.play(game, aside))
    reports = [e for e in everything if isinstance(e, Report)]
    snapshots = [e for e in everything if isinstance(e, Snapshot)]
    assert [(r.step, r.images) for r in reports] == [(3, 48), (6, 96), (7, 112)]
    assert game.rows == 2, "the run ends within a row"
    assert [seen.number for seen in game.seen] == list(range(14))
    assert [seen.number for seen in game.seen if seen.reported] == [5, 11, 13]
    progress = [seen.progress for seen in game.seen]
    assert progress == pytest.approx([number // 2 / 7 for number in range(14)])
    per_epoch = 2 * config.steps_per_epoch(64)
    for seen, (_, index) in zip(
        game.seen, Streams(0).batches(64, 8, per_epoch, 0, 14), strict=True
    ):
        assert torch.equal(seen.real, aside.images[index])
    assert [s.step for s in snapshots] == list(config.snapshot_steps(64))
    assert not snapshots[0].images.any()
    assert torch.equal(snapshots[-1].images, game.place.detach().expand(5, 2))
    assert (game.place.detach() - torch.tensor([3.0, -1.0])).norm() < 0.5
    assert game.course.step == 7


def test_any_game_goes_on_where_it_was_left(
    following: Callable[[], Following], aside: Dataset
) -> None:
    whole = following()
    parted = following()
    reports = [e for e in training.play(whole, aside) if isinstance(e, Report)]
    again = [
        next(e for e in training.play(parted, aside) if isinstance(e, Report)) for _ in range(3)
    ]
    assert [report.g_loss for report in again] == [report.g_loss for report in reports]
    assert torch.equal(whole.place, parted.place)


def test_every_game_of_gandash_is_one(tiny_config: ConfigFactory, tiny_dataset: Dataset) -> None:
    """What the loop asks for is there, by the names of the protocol."""
    game = training.game_of(start(tiny_config(), tiny_dataset))
    names = {name for name in vars(training.Game) if not name.startswith("_")}
    assert names == {name for name in names if hasattr(game, name)}
    assert set(game.players) == {"G", "D"}
