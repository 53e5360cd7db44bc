"""Updates played back: the same as gone through, with nothing from the host but through a feed.

What records on a CPU goes through the recorded update again, with its batch and on its places:
whatever an update reads past its feed is stale then, as it is in a CUDA graph.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
import torch
from torch import Tensor
from torch.utils._python_dispatch import TorchDispatchMode

from gandash import data
from gandash.config import Config
from gandash.config.presets import PRESETS
from gandash.data import Dataset
from gandash.kinds import of_dataset
from gandash.training import Report, State, new_state, replay
from gandash.training.games import NoiseGame
from gandash.training.loop import play
from gandash.training.replay import Recording, Replays
from gandash.training.reports import Measured
from gandash.training.source import Batch
from tests.conftest import ConfigFactory
from tests.training.whole_runs import numbers, start, tensors

SETTINGS: dict[str, dict[str, Any]] = {
    "plain": {},
    "moving average": {"ema": 0.9},
    "gradient penalty, two updates of D": {
        "loss": {"objective": "wasserstein"},
        "network": {"latent_dim": 8, "g_width": 4, "d_width": 4, "d_norm": "none"},
        "regularizer": {"gradient_penalty": 10.0},
        "balance": {"d_steps": 2},
    },
    "clipped weights": {"loss": {"objective": "wasserstein"}, "regularizer": {"weight_clip": 0.1}},
    "lazy R1": {
        "network": {"latent_dim": 8, "g_width": 4, "d_width": 4, "d_norm": "none"},
        "regularizer": {"r1_gamma": 1.0, "r1_every": 3},
    },
    "two updates of G": {"balance": {"g_steps": 2}},
    "instance noise": {"regularizer": {"instance_noise": 0.3}, "balance": {"g_steps": 2}},
    "packs": {"collapse": {"pack": 2}},
    "virtual batch norm": {
        "network": {"latent_dim": 8, "g_width": 4, "d_width": 4, "d_norm": "virtual"}
    },
    "spectral norm": {
        "network": {
            "latent_dim": 8,
            "g_width": 4,
            "d_width": 4,
            "d_norm": "none",
            "d_spectral_norm": True,
        }
    },
    "relativistic, R1 and R2, schedules": {
        "loss": {"objective": "relativistic"},
        "network": {
            "architecture": "modern",
            "latent_dim": 8,
            "g_width": 4,
            "d_width": 4,
            "g_norm": "none",
            "d_norm": "none",
        },
        "regularizer": {"r1_gamma": 1.0, "r2_gamma": 1.0},
        "schedule": {"lr": "cosine", "burn_in": 0.5, "gamma_to": 0.1, "beta2_to": 0.999},
        "ema_half_life": 100,
    },
    "realness": {"loss": {"objective": "realness"}},
    "known classes": {"labels": {"conditioning": "semi-supervised"}},
}
STEPS = 24


def trained(game: NoiseGame, dataset: Dataset) -> tuple[State, list[Report]]:
    reports = [event for event in play(game, dataset) if isinstance(event, Report)]
    return game.state, reports


class NothingIsRead(TorchDispatchMode):
    """Refuses what makes the host wait for a GPU: a value read, a shape that depends on one."""

    WAITS = ("_local_scalar_dense", "nonzero", "is_nonzero", "masked_select", "_unique")

    def __torch_dispatch__(
        self, func: Any, types: Any, args: tuple[Any, ...] = (), kwargs: Any = None
    ) -> Any:
        name = str(func.name()).removeprefix("aten::").partition(".")[0]
        assert name not in self.WAITS, f"{name} waits for the device"
        return func(*args, **(kwargs or {}))


def again(work: Callable[[], None]) -> Callable[[], None]:
    """What stands for a CUDA graph on a CPU; as in one, nothing may be read from the device."""

    def play() -> None:
        with NothingIsRead():
            work()

    return play


@pytest.mark.parametrize("name", SETTINGS)
def test_a_run_played_back_is_the_run_gone_through(
    name: str, tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    config = tiny_config(steps=STEPS, report_every=8, **SETTINGS[name])
    state, reports = trained(NoiseGame(start(config, tiny_dataset)), tiny_dataset)
    game = NoiseGame(start(config, tiny_dataset))
    game.replays = Replays(game.state.device, again)
    state_played, reports_played = trained(game, tiny_dataset)
    assert any(recording.play for recording in game.replays.recordings.values())
    exact = state.ema is None
    for name_, value in tensors(state).items():
        there = tensors(state_played)[name_]
        if exact:
            assert torch.equal(value, there), name_
        elif "n_averaged" not in name_ and "num_batches" not in name_:
            torch.testing.assert_close(value, there, msg=name_)  # rounded otherwise
    for report, played in zip(reports, reports_played, strict=True):
        assert numbers(played) == pytest.approx(numbers(report), nan_ok=True, rel=1e-5, abs=1e-6)


def fed(number: int, device: torch.device) -> Batch:
    return Batch(torch.full((2,), float(number), device=device), number=number)


def test_a_recording_gives_the_numbers_of_each_batch() -> None:
    """What is measured is a copy: the next update does not write over it."""
    cpu = torch.device("cpu")
    replays = Replays(cpu, again)

    def update(batch: Batch, feed: replay.Feed) -> Measured:
        noise = feed.numbers(lambda batch: torch.tensor([10.0 * batch.number]), batch)
        value = feed.value(lambda batch: 100.0 * batch.number, batch)
        return Measured(batch.real.sum(), value + torch.zeros(()), noise + 0, noise + batch.real)

    told = [replays.update(fed(number, cpu), "one kind", update) for number in range(8)]
    for number, measured in enumerate(told):
        assert measured is not None
        assert measured.d_loss == 2 * number
        assert measured.g_loss == 100 * number
        assert measured.real_logits.tolist() == [10 * number]
        assert measured.fake_logits.tolist() == [11 * number] * 2
        assert measured.accuracy is None


def test_few_recordings_are_kept() -> None:
    cpu = torch.device("cpu")
    replays = Replays(cpu, again)

    def nothing(_batch: Batch, _feed: replay.Feed) -> None:
        return None

    for kind in range(replay.KEPT + 3):
        replays.update(fed(kind, cpu), kind, nothing)
    assert list(replays.recordings) == list(range(3, replay.KEPT + 3))
    assert all(isinstance(it, Recording) for it in replays.recordings.values())


def test_what_waits_would_be_seen() -> None:
    with NothingIsRead(), pytest.raises(AssertionError, match="waits for the device"):
        torch.ones(()).item()


def test_updates_that_wait_are_not_recorded(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    """A rule that looks at losses, unrolling, and optimizers whose steps are not kernels alone."""
    for changes in (
        {"balance": {"rule": "worse"}},
        {"collapse": {"unroll_steps": 1}},
        {"optimizer": {"method": "rmsprop"}},
    ):
        config = tiny_config(steps=STEPS, report_every=8, **changes)
        game = NoiseGame(start(config, tiny_dataset))
        game.replays = Replays(game.state.device, again)
        trained(game, tiny_dataset)
        assert not game.replays.recordings


# On a GPU


def near(one: dict[str, Tensor], other: dict[str, Tensor]) -> None:
    for name, value in one.items():
        if "num_batches" not in name and "n_averaged" not in name:
            torch.testing.assert_close(other[name], value, rtol=1e-3, atol=1e-4, msg=name)


@pytest.mark.gpu
@pytest.mark.parametrize("name", SETTINGS)
def test_a_cuda_graph_trains_as_the_updates_gone_through(
    name: str, tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    config = tiny_config(steps=STEPS, report_every=8, device="cuda", **SETTINGS[name])
    plain = NoiseGame(start(config, tiny_dataset))
    plain.replays = Replays(plain.state.device, None)
    state, reports = trained(plain, tiny_dataset)
    game = NoiseGame(start(config, tiny_dataset))
    state_played, reports_played = trained(game, tiny_dataset)
    assert any(recording.play for recording in game.replays.recordings.values())
    near(tensors(state), tensors(state_played))
    for report, played in zip(reports, reports_played, strict=True):
        assert numbers(played) == pytest.approx(numbers(report), nan_ok=True, rel=1e-2, abs=1e-3)


SAMPLES = 160


def samples_for(config: Config) -> Dataset:
    if of_dataset(config.data.dataset).light:
        return data.load(config.data)
    rng = torch.Generator().manual_seed(0)
    size = config.data.size
    images = torch.randint(0, 256, (SAMPLES, 1, size, size), dtype=torch.uint8, generator=rng)
    return Dataset(
        "noise", "Noise", "none", images, torch.arange(SAMPLES) % 10, tuple(map(str, range(10)))
    )


@pytest.mark.gpu
@pytest.mark.parametrize("title", PRESETS)
def test_every_preset_trains_on_cuda(title: str) -> None:
    preset = PRESETS[title].config
    widths = {"latent_dim": 8, "g_width": 8, "d_width": 8}
    network = preset.network.model_copy(update=widths)
    labels = preset.labels.model_copy(
        update={"labelled": 32 if preset.labels.labelled else preset.labels.labelled}
    )
    changes = {"steps": 20, "batch_size": 16, "report_every": 10, "snapshots": 2, "device": "cuda"}
    config = preset.model_copy(update=changes | {"network": network, "labels": labels})
    dataset = samples_for(config)
    state = new_state(config, dataset)
    assert state.device.type == "cuda"
    state, reports = trained(NoiseGame(state), dataset)
    assert [report.step for report in reports] == [10, 20]
    assert all(bool(value.isfinite().all()) for value in tensors(state).values())
