"""Every entry of the config on the smallest data.

It trains, stays finite, resumes bit for bit, saves and samples.
"""

from __future__ import annotations

import math
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pytest
import torch

from gandash import checkpoints, data, latent, training
from gandash.checkpoints import Checkpoint, samples, weights
from gandash.config import Config
from gandash.data import Dataset
from gandash.losses.objectives import OBJECTIVES
from gandash.networks import Ensemble
from gandash.networks.layers import pack
from gandash.runs import create
from gandash.runs.execution import execute
from gandash.runs.saved_state import load_state
from gandash.training import Report
from tests.conftest import ConfigFactory

PLAIN_MLP = {"architecture": "mlp", "g_norm": "none", "d_norm": "none"}
ENTRIES: dict[str, dict[str, Any]] = {
    name: {"loss": {"objective": name}}
    for name, objective in OBJECTIVES.items()
    if not objective.critic
} | {
    "strict f-GAN": {"loss": {"objective": "f-gan", "g_form": "strict"}},
    "D of places, projection, deviation, two of them": {
        "network": {"d_places": True, "d_norm": "none"},
        "labels": {"conditioning": "projection"},
        "regularizer": {"instance_noise": 0.1},
        "collapse": {"minibatch": "stddev"},
        "balance": {"discriminators": 2},
    },
    "StyleGAN2, D of places, relativistic": {
        "network": {
            "architecture": "style",
            "g_norm": "none",
            "d_norm": "none",
            "d_places": True,
        },
        "loss": {"objective": "relativistic"},
        "regularizer": {"r1_gamma": 1, "r2_gamma": 1},
    },
    "realness, known classes, two updates of G": {
        "network": {"sync_batch_norm": True},
        "loss": {"objective": "realness", "outcomes": 9},
        "labels": {"conditioning": "d-only"},
        "balance": {"g_steps": 2},
    },
    "feature matching": {"loss": {"feature_matching": True}, "balance": {"g_steps": 2}},
    "feature matching, two discriminators": {
        "loss": {"feature_matching": True, "objective": "hinge"},
        "balance": {"discriminators": 2},
    },
    "WGAN, clipping": {
        "loss": {"objective": "wasserstein"},
        "regularizer": {"weight_clip": 0.01},
        "balance": {"d_steps": 2},
        "optimizer": {"method": "rmsprop", "g_lr": 5e-5, "d_lr": 5e-5},
    },
    "WGAN-GP": {
        "loss": {"objective": "wasserstein"},
        "network": {"d_norm": "layer"},
        "regularizer": {"gradient_penalty": 10},
        "balance": {"d_steps": 2},
    },
    "SN-GAN": {
        "loss": {"objective": "hinge"},
        "network": {"d_norm": "none", "d_spectral_norm": True},
    },
    "lazy R1": {
        "network": {"d_norm": "layer"},
        "regularizer": {"r1_gamma": 1, "r1_every": 4},
    },
    "instance noise": {"regularizer": {"instance_noise": 0.3}},
    "DiffAugment, WGAN-GP": {
        "loss": {"objective": "wasserstein"},
        "network": {"d_norm": "layer"},
        "regularizer": {"gradient_penalty": 10},
        "few": {"augment": "diffaugment"},
    },
    "ADA, R1, packs": {
        "few": {"augment": "ada", "ada_images": 1000},
        "network": {"d_norm": "layer"},
        "regularizer": {"r1_gamma": 1},
        "collapse": {"pack": 2},
    },
    "instance norm": {"network": {"g_norm": "instance", "d_norm": "instance"}},
    "no norm": {"network": {"g_norm": "none", "d_norm": "none"}},
    "virtual batch norm": {"network": {"g_norm": "virtual", "d_norm": "virtual"}},
    "moving average": {"ema": 0.9},
    "attention": {"network": {"attention": 8}},
    "attention, spectral norm": {
        "network": {"attention": 8, "d_norm": "none", "d_spectral_norm": True}
    },
    "minibatch discrimination": {
        "collapse": {"minibatch": "discrimination", "minibatch_kernels": 20}
    },
    "minibatch deviation": {"collapse": {"minibatch": "stddev"}},
    "PacGAN": {"collapse": {"pack": 2}},
    "PacGAN, virtual batch norm": {"collapse": {"pack": 2}, "network": {"d_norm": "virtual"}},
    "unrolled": {"collapse": {"unroll_steps": 3}},
    "unrolled by Adam": {"collapse": {"unroll_steps": 3, "unroll_method": "adam"}},
    "unrolled, spectral norm, labels": {
        "collapse": {"unroll_steps": 2},
        "network": {"d_spectral_norm": True},
        "labels": {"conditioning": "concat"},
    },
    "three updates of G": {"balance": {"g_steps": 3}},
    "loss rate": {"balance": {"rule": "loss-rate"}},
    "the worse player": {"balance": {"rule": "worse"}},
    "three discriminators": {"balance": {"discriminators": 3}},
    "two discriminators, WGAN-GP": {
        "loss": {"objective": "wasserstein"},
        "network": {"d_norm": "none"},
        "regularizer": {"gradient_penalty": 10},
        "balance": {"discriminators": 2},
    },
    "labels to D alone": {"labels": {"conditioning": "d-only"}},
    "labels to both": {"labels": {"conditioning": "concat"}},
    "projection": {"labels": {"conditioning": "projection", "g_labels": "batch-norm"}},
    "projection, spectral norm, R1": {
        "labels": {"conditioning": "projection"},
        "network": {"d_norm": "none", "d_spectral_norm": True},
        "regularizer": {"r1_gamma": 1},
    },
    "semi-supervised": {"labels": {"conditioning": "semi-supervised", "labelled": 10}},
    "R3GAN": {
        "network": {"architecture": "modern", "g_norm": "none", "d_norm": "none"},
        "loss": {"objective": "relativistic"},
        "regularizer": {"r1_gamma": 1, "r2_gamma": 1},
        "schedule": {"lr": "cosine", "lr_from": 0.0, "burn_in": 0.5, "gamma_to": 0.1},
        "ema_half_life": 100,
    },
    "R3GAN, projection, rates along a line": {
        "network": {"architecture": "modern", "g_norm": "none", "d_norm": "none"},
        "loss": {"objective": "relativistic"},
        "labels": {"conditioning": "projection"},
        "schedule": {"lr": "linear"},
    },
    "StyleGAN2": {
        "network": {"architecture": "style", "g_norm": "none", "d_norm": "none"},
        "regularizer": {"r1_gamma": 1, "r1_every": 4},
        "ema_half_life": 100,
    },
    "StyleGAN2, projection, gradient penalty": {
        "network": {"architecture": "style", "g_norm": "none", "d_norm": "none"},
        "loss": {"objective": "wasserstein"},
        "labels": {"conditioning": "projection"},
        "regularizer": {"gradient_penalty": 10},
    },
    "mlp": {"network": {"architecture": "mlp"}},
    "mlp, projection": {
        "network": {"architecture": "mlp"},
        "labels": {"conditioning": "projection"},
    },
    "mlp, virtual batch norm": {
        "network": {"architecture": "mlp", "g_norm": "virtual", "d_norm": "virtual"}
    },
    "resnet": {
        "data": {"size": 32},
        "network": {"architecture": "resnet", "d_norm": "none", "d_spectral_norm": True},
        "loss": {"objective": "hinge"},
    },
    "resnet, projection": {
        "data": {"size": 32},
        "network": {"architecture": "resnet", "d_norm": "none", "attention": 16},
        "labels": {"conditioning": "projection", "g_labels": "batch-norm"},
    },
    "progressive growing": {
        "network": {"architecture": "progressive", "g_norm": "none", "d_norm": "none"},
        "loss": {"objective": "wasserstein"},
        "regularizer": {"gradient_penalty": 10, "drift": 0.001},
        "collapse": {"minibatch": "stddev"},
        "ema": 0.9,
    },
    "BigGAN": {
        "data": {"size": 32},
        "network": {
            "architecture": "resnet",
            "d_norm": "none",
            "d_spectral_norm": True,
            "g_spectral_norm": True,
            "first_weights": "orthogonal",
        },
        "loss": {"objective": "hinge"},
        "labels": {"conditioning": "projection", "g_labels": "shared"},
        "regularizer": {"orthogonal": 1e-4},
        "ema": 0.9,
        "spectra": True,
    },
    "adversarial autoencoder": {
        "autoencoder": {"encoder": True, "variation": 0.1, "prior_share": 0.25},
        "labels": {"conditioning": "projection", "g_labels": "batch-norm"},
        "few": {"augment": "diffaugment"},
        "balance": {"d_steps": 2},
        "ema": 0.9,
    },
    "adversarial autoencoder, R3GAN": {
        "autoencoder": {"encoder": True, "reconstruction": 1.0, "z_weight": 0.1},
        "network": {"architecture": "modern", "g_norm": "none", "d_norm": "none"},
        "loss": {"objective": "relativistic"},
        "regularizer": {"r1_gamma": 1, "r2_gamma": 1},
        "labels": {"conditioning": "concat"},
    },
    "adversarial autoencoder without labels, WGAN-GP, mlp": {
        "autoencoder": {"encoder": True, "prior_share": 0.0},
        "network": {"architecture": "mlp", "d_norm": "none", "d_spectral_norm": False},
        "loss": {"objective": "wasserstein"},
        "regularizer": {"gradient_penalty": 10},
    },
    "adversarial autoencoder, BigGAN, matched features": {
        "autoencoder": {"encoder": True},
        "data": {"size": 32},
        "network": {
            "architecture": "resnet",
            "d_norm": "none",
            "d_spectral_norm": True,
            "g_spectral_norm": True,
            "attention": 16,
        },
        "loss": {"feature_matching": True},
        "labels": {"conditioning": "semi-supervised"},
    },
    "points": {"data": {"dataset": "ring", "limit": 64}, "network": PLAIN_MLP},
    "points on a line": {
        "data": {"dataset": "mixture-1d", "limit": 64},
        "network": {"architecture": "mlp"},
    },
    "packs of points, WGAN-GP": {
        "data": {"dataset": "grid", "limit": 64},
        "network": PLAIN_MLP,
        "collapse": {"pack": 2},
        "loss": {"objective": "wasserstein"},
        "regularizer": {"gradient_penalty": 10},
    },
    "unrolled points": {
        "data": {"dataset": "spiral", "limit": 64},
        "network": PLAIN_MLP,
        "collapse": {"unroll_steps": 5},
    },
    "points, virtual batch norm": {
        "data": {"dataset": "moons", "limit": 64},
        "network": {"architecture": "mlp", "g_norm": "virtual", "d_norm": "virtual"},
        "collapse": {"minibatch": "discrimination"},
    },
}


def entry(tiny_config: ConfigFactory, name: str) -> Config:
    """The tiny config with the entry's sections laid over it; 20 steps."""
    plain = tiny_config().model_dump()
    changes = {
        key: {**plain[key], **value} if isinstance(value, dict) else value
        for key, value in ENTRIES[name].items()
    }
    return tiny_config(steps=20, report_every=5, **changes)


def report_values(report: Report) -> dict[str, float]:
    """What every run measures, whatever its config."""
    some = {
        "d_accuracy",
        "frechet",
        "precision",
        "recall",
        "d_train",
        "d_held_out",
        "augment_p",
        "distance",
        "d_prior",
        "d_code",
        "z_std",
    }
    of_turns = ("grad_norm", "_update")  # a player that a rule passes over has none
    return {
        k: v
        for k, v in asdict(report).items()
        if not k.endswith(of_turns) and "sigma" not in k and k != "size" and k not in some
    }


def check_samples(checkpoint: Checkpoint, dataset: Dataset) -> None:
    """Both networks come back from their files, and D takes what G makes."""
    G, D = weights.load_generator(checkpoint), weights.load_discriminator(checkpoint)
    made = latent.generate(G, torch.zeros(4, 8))
    assert made.shape == (4, *dataset.shape)
    assert made.dtype == (torch.float32 if made.dim() == 2 else torch.uint8)
    inputs = made if made.dim() == 2 else data.to_unit(made)
    labels = torch.arange(4) % max(len(dataset.classes), 1)
    logits = D(pack(inputs, checkpoint.card.config.collapse.pack), labels)
    assert logits.shape == (4 // checkpoint.card.config.collapse.pack,)
    assert torch.isfinite(logits).all()
    picture = samples.picture(checkpoint, G, 0, 4, 2)
    assert picture.ndim in (2, 3)
    assert picture.std() > 0


@pytest.mark.parametrize("name", ENTRIES)
def test_every_entry_trains_saves_resumes_and_samples(
    name: str, tiny_config: ConfigFactory, tmp_path: Path
) -> None:
    config = entry(tiny_config, name)
    dataset = data.load(config.data)
    straight = training.new_state(config, dataset)
    before = {k: v.clone() for k, v in straight.G.state_dict().items()}
    reports = [event for event in training.train(straight, dataset) if isinstance(event, Report)]
    assert [report.step for report in reports] == [5, 10, 15, 20]
    assert all(
        math.isfinite(value) for report in reports for value in report_values(report).values()
    )
    if config.balance.rule == "fixed":
        assert any(not torch.equal(before[k], v) for k, v in straight.G.state_dict().items())
    run = create(tmp_path, config, "entry")
    for report in (execution := execute(run)):
        if report.step == 5:
            run.request_stop()
    del execution
    assert run.status().phase == "stopped"
    again = list(execute(run))
    assert run.status().phase == "finished"
    assert [report.step for report in again] == [15, 20]
    untimed = [
        {k: v for k, v in report_values(r).items() if k not in ("seconds", "images_per_second")}
        for r in (*reports[2:], *again)
    ]
    assert untimed[:2] == untimed[2:]
    resumed = load_state(run, config, dataset)
    for ours, theirs in ((resumed.G, straight.G), (resumed.D, straight.D)):
        for key, value in theirs.state_dict().items():
            assert torch.equal(ours.state_dict()[key], value), key
    assert isinstance(resumed.D, Ensemble) == (config.balance.discriminators > 1)
    check_samples(Checkpoint(run.folder, checkpoints.load_card(run.folder)), dataset)


def test_every_field_of_the_tricks_is_in_some_entry() -> None:
    """A setting that no entry uses is a setting that nothing here has trained with."""
    used = {
        f"{section}.{field}"
        for it in ENTRIES.values()
        for section, v in it.items()
        if isinstance(v, dict)
        for field in v
    }
    sections = {
        "regularizer",
        "collapse",
        "labels",
        "balance",
        "network",
        "loss",
        "autoencoder",
    }
    known = {f"{s}.{f}" for s in sections for f in Config.model_fields[s].default.model_dump()}
    sizes = {"network.latent_dim", "network.g_width", "network.d_width", "network.depth"}
    tuned = {"collapse.unroll_lr", "balance.ratio", "loss.alpha", "loss.beta"}
    assert known - used == sizes | tuned


def test_stacked_digits_train_as_images_of_three_channels(
    mnist: Path, tiny_config: ConfigFactory
) -> None:
    config = tiny_config(
        data={"dataset": "stacked-mnist", "size": 16, "limit": 32}, steps=3, report_every=1
    )
    dataset = data.load(config.data)
    assert dataset.shape == (3, 16, 16)
    assert len(dataset.classes) == 1000
    state = training.new_state(config, dataset)
    assert len([e for e in training.train(state, dataset) if isinstance(e, Report)]) == 3
    assert state.G(torch.zeros(2, 8)).shape == (2, 3, 16, 16)


def test_d_steps_give_d_more_updates_on_fresh_images(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    config = entry(tiny_config, "WGAN, clipping")
    state = training.new_state(config, tiny_dataset)
    reports = [event for event in training.train(state, tiny_dataset) if isinstance(event, Report)]
    counts = [int(float(state_["step"])) for state_ in state.d_optimizer.state.values()]
    assert set(counts) == {40}
    assert {int(float(state_["step"])) for state_ in state.g_optimizer.state.values()} == {20}
    assert [(r.d_updates, r.g_updates) for r in reports] == [(10, 5)] * 4
    assert reports[-1].images == 20 * 2 * config.batch_size
    assert all(parameter.abs().max() <= 0.01 for parameter in state.D.parameters())
