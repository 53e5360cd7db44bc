"""What a step takes of memory, against what it was measured to take."""

from __future__ import annotations

import json
import subprocess
import sys

import pytest
import torch

from gandash.config import AutoencoderConfig, parse_config
from gandash.networks import build_pair, footprint

SHAPE = (3, 32, 32)
MEASURE = """
import json, sys
from pathlib import Path
import torch
from gandash.config import parse_config
from gandash.data import Dataset
from gandash.training.games import game_of
from gandash.training.source import Source
from gandash.training.start import new_state

def told(line):
    lines = Path("/proc/self/status").read_text().splitlines()
    return 1024 * next(int(each.split()[1]) for each in lines if each.startswith(line))

config = parse_config(json.load(sys.stdin))
torch.set_num_threads(1)
layer = torch.nn.Linear(2, 2)
torch.optim.Adam(layer.parameters()).step()  # loads what only the first one loads
images = torch.randint(0, 256, (config.batch_size, 3, 32, 32), dtype=torch.uint8)
dataset = Dataset("random", "random images", "", images)
before = told("VmRSS")
state = new_state(config, dataset)
game, source = game_of(state), Source(config, dataset, state.device, state.arithmetic)
for _ in range(2):
    game.update(source.batch(torch.arange(config.batch_size), 0))
print(told("VmHWM") - before)
"""
LINUX = pytest.mark.skipif(sys.platform != "linux", reason="the system tells no peak of memory")


@LINUX
@pytest.mark.parametrize(
    "settings",
    [
        {"batch_size": 512},
        {"batch_size": 64, "network": {"architecture": "resnet"}},
    ],
    ids=["dcgan", "resnet"],
)
def test_a_step_takes_about_what_is_foretold(settings: dict[str, object]) -> None:
    asked = {"data": {"dataset": "cifar10", "size": 32}, "precision": "fp32", **settings}
    done = subprocess.run(
        [sys.executable, "-c", MEASURE],
        input=json.dumps(asked),
        capture_output=True,
        text=True,
        check=True,
    )
    measured = int(done.stdout)
    config = parse_config(asked)
    assert footprint.least_bytes(config, SHAPE) < measured
    assert 0.5 < footprint.usual_bytes(config, SHAPE) / measured < 2


def test_the_largest_batch_is_the_last_that_fits() -> None:
    config = parse_config({"data": {"dataset": "cifar10", "size": 32}})
    room = 10**9
    most = footprint.largest_batch(config, SHAPE, 0, room)
    for batch, fits in ((most, True), (2 * most, False)):
        changed = config.model_copy(update={"batch_size": batch})
        assert (footprint.usual_bytes(changed, SHAPE) <= room) == fits
    assert footprint.largest_batch(config, SHAPE, 0, 10**6) == 0


def test_what_keeps_more_of_a_step_counts_more() -> None:
    base: dict[str, object] = {"data": {"dataset": "cifar10", "size": 32}, "batch_size": 512}
    plain = footprint.least_bytes(parse_config(base), SHAPE)
    for more in (
        {"collapse": {"unroll_steps": 3}},
        {"balance": {"discriminators": 3}},
        {"regularizer": {"r1_gamma": 1.0}, "network": {"d_norm": "layer"}},
    ):
        assert footprint.least_bytes(parse_config(base | more), SHAPE) > 1.2 * plain, more


def test_of_data_that_are_not_read_yet_the_classes_are_not_known() -> None:
    told = {"data": {"dataset": "mnist", "size": 32}, "labels": {"conditioning": "semi-supervised"}}
    assert footprint.least_bytes(parse_config(told), (1, 32, 32)) > 0


def test_what_does_not_change_the_players_is_not_counted_again() -> None:
    config = parse_config({"data": {"dataset": "cifar10", "size": 32}})
    footprint.least_bytes(config, SHAPE)
    before = footprint.count_of_players.cache_info().misses
    for change in ({"steps": 7}, {"seed": 3}, {"batch_size": 32}):
        footprint.least_bytes(config.model_copy(update=change), SHAPE)
    assert footprint.count_of_players.cache_info().misses == before


def test_what_cannot_fit_is_refused_with_what_would(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(footprint, "free_bytes", lambda: 10**9)
    config = parse_config({"data": {"dataset": "cifar10", "size": 32}, "batch_size": 8192})
    with pytest.raises(ValueError, match=r"GB of 1\.0 GB that are free: set batch_size to \d+ "):
        footprint.check_memory(config, SHAPE, device=torch.device("cpu"))
    footprint.check_memory(config.model_copy(update={"batch_size": 64}), SHAPE)
    with pytest.raises(ValueError, match="choose fewer filters"):
        footprint.check_memory(
            parse_config(
                {
                    "data": {"dataset": "cifar10", "size": 128},
                    "network": {"g_width": 1024, "d_width": 1024},
                    "batch_size": 2,
                }
            ),
            (3, 128, 128),
        )


def test_an_encoder_is_counted_with_g() -> None:
    config = parse_config({"data": {"dataset": "mnist", "size": 32}})
    with_encoder = config.model_copy(update={"autoencoder": AutoencoderConfig(encoder=True)})
    shape = (1, 32, 32)
    G, D = build_pair(config, shape)
    E, of_z = build_pair(with_encoder, shape)
    more = sum(p.numel() for p in (*E.parameters(), *of_z.parameters()))
    more -= sum(p.numel() for p in (*G.parameters(), *D.parameters()))
    of_sample, weights = footprint.count_of_players(config, shape, 0)
    of_more, more_weights = footprint.count_of_players(with_encoder, shape, 0)
    assert more_weights - weights == footprint.PARAMETER_BYTES * more
    assert of_more > 1.2 * of_sample, "what it keeps for its gradient"
