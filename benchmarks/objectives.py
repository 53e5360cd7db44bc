"""Which objective is the better one? Several runs of each, under one budget.

    python benchmarks/objectives.py                       # 42 runs, 2 to 3 hours of one core
    python benchmarks/objectives.py --arms hinge --seeds 1
    python benchmarks/objectives.py --summary             # what is stored so far

In the manner of Lucic et al. 2018 (arXiv:1711.10337), on a scale that a computer without a GPU
bears: MNIST and Fashion-MNIST at 32 pixels, DCGANs of a quarter of the paper's widths, 2,000
updates of each player on batches of 64, three seeds. All arms share networks, data order and
budget; an arm is what its paper sets together: its objective, what keeps D smooth, and Adam's
moments. Rates are those of this project's presets for the objective. They were not searched, as
Lucic et al. do: another rate may change the order.

Every 250 steps 2,000 samples of the moving average are measured against 10,000 training images on
the features of the classifier that ships: compare these distances with each other only. Runs are
added to ``gandash/zoo/comparison.jsonl.gz`` with their configs; those that are in it are not made
again, so that the script may be ended and started at any time.
"""

from __future__ import annotations

import argparse
import time
from typing import Any

import pandas as pd
import stored_runs
import torch
from machine import machine

from gandash import data, training
from gandash.config import Config, parse_config
from gandash.evaluation import while_training
from gandash.evaluation.real_images import RealImages
from gandash.report import Report
from gandash.storage.paths import classifiers_root
from gandash.zoo import comparison

DATA = ("mnist", "fashion-mnist")
SEEDS = 3
EVERY = 250
BASE: dict[str, Any] = {
    "network": {"g_width": 16, "d_width": 16, "latent_dim": 64},
    "steps": 2_000, "batch_size": 64, "ema_half_life": 5_000, "report_every": 50, "snapshots": 2,
    "precision": "fp32", "device": "cpu",
}  # fmt: skip
NO_NORM = {"d_norm": "none"}
ARMS: dict[str, dict[str, Any]] = {
    "non-saturating": {"optimizer": {"g_lr": 2e-3, "d_lr": 5e-4}},
    "minimax": {"loss": {"objective": "minimax"}, "optimizer": {"g_lr": 2e-3, "d_lr": 5e-4}},
    "least-squares": {
        "loss": {"objective": "least-squares"},
        "optimizer": {"g_lr": 2e-3, "d_lr": 5e-4},
    },
    "hinge, spectral norm": {
        "loss": {"objective": "hinge"},
        "network": NO_NORM | {"d_spectral_norm": True},
        "optimizer": {"g_lr": 1e-3, "d_lr": 1e-3, "adam_beta1": 0.0, "adam_beta2": 0.9},
    },
    "Wasserstein, gradient penalty": {
        "loss": {"objective": "wasserstein"},
        "network": NO_NORM,
        "regularizer": {"gradient_penalty": 10.0},
        "optimizer": {"g_lr": 1e-3, "d_lr": 1e-3, "adam_beta1": 0.0, "adam_beta2": 0.9},
    },
    "realness": {
        "loss": {"objective": "realness"},
        "optimizer": {"g_lr": 2e-3, "d_lr": 5e-4},
    },
    "relativistic, R1 and R2": {
        "loss": {"objective": "relativistic"},
        "network": NO_NORM,
        "regularizer": {"r1_gamma": 1.0, "r2_gamma": 1.0},
        "optimizer": {"g_lr": 1e-3, "d_lr": 1e-3, "adam_beta1": 0.0, "adam_beta2": 0.99},
    },
}


def config_of(dataset: str, arm: str, seed: int) -> Config:
    """The run of an arm."""
    changes = ARMS[arm]
    network = BASE["network"] | changes.get("network", {})
    own = {"network": network, "data": {"dataset": dataset}, "seed": seed}
    return parse_config(BASE | changes | own)


def result(config: Config, real: RealImages) -> dict[str, Any]:
    """Train a run; its figures at every so many steps, up to where it may have broken off."""
    dataset = data.load(config.data)
    state = training.new_state(config, dataset)
    course: list[tuple[float, ...]] = []
    broke_off = False
    began = time.process_time()
    measuring = 0.0
    try:
        for event in training.train(state, dataset):
            if isinstance(event, Report) and event.step % EVERY == 0:
                paused = time.process_time()
                quality = while_training.measure(state, real)
                figures = (quality.frechet, quality.precision, quality.recall)
                course.append((event.step, *(round(value, 4) for value in figures)))
                measuring += time.process_time() - paused
    except FloatingPointError:
        broke_off = True
    seconds = time.process_time() - began - measuring
    return {"course": course, "seconds": round(seconds, 1), "broke_off": broke_off}


def train_all(datasets: list[str], arms: list[str], seeds: int) -> None:
    """All runs that are not stored."""
    about = machine(torch.device("cpu"))
    for seed in range(seeds):
        for dataset in datasets:
            real = while_training.read_real(config_of(dataset, arms[0], 0).data, classifiers_root())
            for arm in arms:
                config = config_of(dataset, arm, seed)
                if stored_runs.has(comparison.STORED, config):
                    continue
                found = result(config, real)
                kept = {"config": config.model_dump(mode="json"), "machine": about}
                named = {"data": dataset, "arm": arm, "seed": seed}
                stored_runs.add(comparison.STORED, named | found | kept)


def table() -> str:
    """Means and deviations over seeds."""
    lines = pd.DataFrame(comparison.summary(comparison.stored()))
    return lines.round(2).to_string(index=False)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=list(ARMS))
    parser.add_argument("--datasets", nargs="+", choices=DATA, default=list(DATA))
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--summary", action="store_true", help="train nothing")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if not chosen.summary:
        train_all(chosen.datasets, chosen.arms, chosen.seeds)
    print(table())


if __name__ == "__main__":
    main()
