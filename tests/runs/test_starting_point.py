"""Runs that begin from the weights of a checkpoint: which they are, what stays, what is refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import torch

from gandash import runs
from gandash.checkpoints import Checkpoint, load_card
from gandash.checkpoints.weights import load_discriminator, load_generator
from gandash.data import Dataset
from gandash.runs import execution, starting_point
from gandash.training import Arithmetic, new_state
from tests.conftest import ConfigFactory
from tests.runs.test_execution import assert_same_run, finish, refusal, train_to

pytestmark = pytest.mark.usefixtures("plain_arithmetic")


@pytest.fixture
def source(runs_root: Path, tiny_config: ConfigFactory) -> Checkpoint:
    run = finish(runs.create(runs_root, tiny_config(ema=0.9), "source"))
    return Checkpoint(run.folder, load_card(run.folder))


def test_both_players_begin_with_the_weights_of_the_checkpoint(
    source: Checkpoint, tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    config = tiny_config(seed=5, ema=0.9, few={"start_from": "source", "freeze_d": 1})
    state = new_state(config, tiny_dataset, Arithmetic())
    starting_point.take(state, tiny_dataset)
    assert state.ema is not None
    for own, there in (
        (state.G, load_generator(source)),
        (state.ema.module, load_generator(source)),
        (state.D, load_discriminator(source)),
    ):
        for name, tensor in there.state_dict().items():
            assert torch.equal(own.state_dict()[name], tensor), name


def test_frozen_layers_stay_and_a_run_goes_on_bit_for_bit_without_its_source(
    source: Checkpoint, runs_root: Path, tiny_config: ConfigFactory
) -> None:
    config = tiny_config(seed=5, few={"start_from": "source", "freeze_d": 1})
    before = load_discriminator(source)
    whole = finish(runs.create(runs_root, config, "whole"))
    parts = runs.create(runs_root, config, "parts")
    assert parts.config().few.start_digest == starting_point.digest(source)
    train_to(parts, 2)
    shutil.rmtree(source.folder)
    assert_same_run(whole, finish(parts))
    after = load_discriminator(Checkpoint(whole.folder, load_card(whole.folder)))
    moved = {
        name: not torch.equal(tensor, after.state_dict()[name])
        for name, tensor in before.named_parameters()
    }
    first = next(iter(moved)).rsplit(".", 1)[0]
    assert [name for name, has in moved.items() if not has] == [
        name for name in moved if name.startswith(f"{first}.")
    ]


def test_what_does_not_fit_is_refused_in_a_sentence(
    source: Checkpoint, runs_root: Path, tiny_config: ConfigFactory
) -> None:
    wide = tiny_config(
        few={"start_from": "source"}, network={"latent_dim": 8, "g_width": 8, "d_width": 4}
    )
    assert "G of 'source' has" in refusal(lambda: execution.prepare(wide))
    assert "g_width 4, d_width 4, latent_dim 8" in refusal(lambda: execution.prepare(wide))
    nowhere = tiny_config(few={"start_from": "nowhere"})
    assert "'nowhere' is none: choose one of" in refusal(
        lambda: runs.create(runs_root, nowhere, "lost")
    )
    other = tiny_config(few={"start_from": "source", "start_digest": "0" * 64})
    assert "has other weights now" in refusal(lambda: execution.prepare(other))
