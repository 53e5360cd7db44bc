"""What augmentation is worth with few images: runs with and without it, on equal steps.

    python benchmarks/few_images.py crawl-tiles.zip              # 12 runs, about 25 minutes
    python benchmarks/few_images.py cifar10 --images cifar10     # a tenth of CIFAR-10 in its place
    python benchmarks/few_images.py crawl-tiles.zip --summary    # means and deviations

Each run trains on a zip or folder of images less a fifth, which is held out. Rows are added to
``benchmarks/results/few-images.csv`` as runs end; those that are in it are not done again. Figures
are those of 2,000 samples of the moving average after the last step, on the features of the shipped
CIFAR-10 classifier, which has never seen these images: compare them with each other only.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict
from pathlib import Path
from typing import Any

import pandas as pd
import torch
from torch import Tensor

from gandash import data, latent, training
from gandash.config import Config, parse_config
from gandash.evaluation import classifiers, metrics
from gandash.evaluation.distances import nearest
from gandash.evaluation.extractor import Extractor
from gandash.report import Report
from gandash.storage.paths import classifiers_root

RESULTS = Path(__file__).parent / "results" / "few-images.csv"
SEEDS = range(3)
SAMPLES = 2000
LAST = 50  # rows of metrics at the end that D's gap is the mean of
SIZES = {"all": None, "300": 300, "cifar10": 5000}  # images, before a fifth is held out
OF_SOURCE = ["all", "300"]  # sizes that mean the source that is named
ARMS: dict[str, dict[str, Any]] = {
    "plain": {},
    "diffaugment": {"augment": "diffaugment"},
    "ada": {"augment": "ada", "ada_images": 50_000, "augment_policy": "flip+translation+color"},
}
BASE: dict[str, Any] = {
    "network": {
        "g_width": 16, "d_width": 16, "latent_dim": 64, "d_norm": "none", "d_spectral_norm": True,
    },
    "loss": {"objective": "hinge"},
    "optimizer": {"g_lr": 5e-4, "d_lr": 1e-3, "adam_beta1": 0.0, "adam_beta2": 0.9},
    "steps": 3_000, "batch_size": 32, "ema_half_life": 5_000, "report_every": 10, "snapshots": 2,
    "precision": "fp32", "device": "cpu",
}  # fmt: skip


def config_of(source: str, limit: int | None, arm: str, seed: int) -> Config:
    """The run of an arm."""
    held_out = {"dataset": source, "size": 32, "color": "rgb", "limit": limit, "held_out": 0.2}
    return parse_config({**BASE, "data": held_out, "few": ARMS[arm], "seed": seed})


def figures(config: Config, extractor: Extractor) -> dict[str, float]:
    """Train a run; how good its samples are, how near to the training images, and D's gap."""
    dataset = data.load(config.data)
    assert dataset.held_out is not None
    state = training.new_state(config, dataset)
    events = training.train(state, dataset)
    rows = pd.DataFrame([asdict(event) for event in events if isinstance(event, Report)])
    z = latent.draw(2017, SAMPLES, config.network.latent_dim)
    made = torch.cat([training.sample(state, part) for part in torch.split(z, 250)])
    fake, real, unseen = (
        extractor.read(images)[0] for images in (made, dataset.images, dataset.held_out.images)
    )
    near = metrics.neighborhoods(fake, unseen)
    last = rows.tail(LAST)
    return {
        "frechet": metrics.frechet_distance(fake, torch.cat([real, unseen])),
        "kernel": metrics.kernel_distance(fake, unseen).distance,
        "precision": near.precision,
        "coverage": near.coverage,
        "copying": nearer_to_training(fake, real, unseen),
        "d_train": float(last.d_train.mean()),
        "d_held_out": float(last.d_held_out.mean()),
        "d_fake": float(last.d_fake.mean()),
        "augment_p": float(last.augment_p.mean()),
    }


def nearer_to_training(fake: Tensor, real: Tensor, unseen: Tensor) -> float:
    """Share of samples that are nearer to a training image than to a held-out one, of as many
    each: a half where nothing is copied.
    """
    drawn = real[metrics.drawn(len(real), len(unseen))]
    to_training, to_unseen = (nearest(fake, images, 1)[0][:, 0] for images in (drawn, unseen))
    return float((to_training < to_unseen).float().mean())


def train_all(source: str, arms: list[str], sizes: list[str]) -> None:
    """All runs that are not in the results."""
    extractor = classifiers.extractor(classifiers_root(), "cifar10")
    for size in sizes:
        for seed in SEEDS:
            for arm in arms:
                if not is_done(size, arm, seed):
                    images = source if size in OF_SOURCE else size
                    found = figures(config_of(images, SIZES[size], arm, seed), extractor)
                    keep({"images": size, "arm": arm, "seed": seed} | found)


def results() -> pd.DataFrame:
    """What is done; empty if nothing is."""
    if not RESULTS.exists():
        return pd.DataFrame(columns=["images", "arm", "seed"])
    return pd.read_csv(RESULTS, dtype={"images": str})


def is_done(size: str, arm: str, seed: int) -> bool:
    done = results()
    return bool(((done.images == size) & (done.arm == arm) & (done.seed == seed)).any())


def keep(row: dict[str, Any]) -> None:
    """Add a row to the results."""
    pd.concat([results(), pd.DataFrame([row])]).round(4).to_csv(RESULTS, index=False)
    print(row, flush=True)


def summary() -> pd.DataFrame:
    """Means and deviations over seeds."""
    table = results().drop(columns="seed")
    return table.groupby(["images", "arm"]).agg(["mean", "std"]).round(3)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("source", help="a folder or zip of images")
    parser.add_argument("--arms", nargs="+", choices=ARMS, default=["plain", "diffaugment"])
    parser.add_argument("--images", nargs="+", choices=SIZES, default=OF_SOURCE)
    parser.add_argument("--summary", action="store_true", help="train nothing")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if not chosen.summary:
        train_all(chosen.source, chosen.arms, chosen.images)
    print(summary().to_string())


if __name__ == "__main__":
    main()
