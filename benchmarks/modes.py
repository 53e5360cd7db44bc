"""Which modes do GANs cover? Mixtures of Gaussians in the plane, and Stacked MNIST with its 1000
classes.

    python benchmarks/modes.py points                       # ring and grid, all methods, 5 seeds
    python benchmarks/modes.py stacked                      # Stacked MNIST
    python benchmarks/modes.py points --methods pac2 --seeds 2
    python benchmarks/modes.py table                        # what is stored so far

Every run is one line of benchmarks/results/modes.jsonl, with its seed and whole config; a run that
is there already is not made again, so the script may be ended and started at any time.

Protocol, points (Lin et al. 2018, section 4.1, but with smaller networks and fewer steps): 2,500
samples of the last step's G, or of its moving average where there is one, in eval mode; high
quality is within 3 standard deviations of a mode; a mode is covered by at least one such sample.
All methods share networks and Adam; what differs stands in
METHODS: unrolling gets a quarter of the steps and minibatch discrimination half, as a step of
theirs costs ten and five times as much; unrolled-adam imagines D's updates by its own Adam,
unrolled by plain SGD. D judges 128 real and 128 generated inputs a step: with packing 128 packs, as
in the paper's code.

gan-plane and pac2-plane have the latent plane of PacGAN's code in place of 16 dimensions, and a
moving average of G (0.999) in place of its smaller rate over forty times the steps.

The four relativistic ones have the paired objective of R3GAN (Huang et al. 2024), with neither, one
or both of its penalties, and Adam without first moment as there.

The last method, r1-ema, is this project's own choice of settings and no paper's: R1, a moving
average of G, Adam without first moment, a faster D, a latent plane in place of 16 dimensions, and
twice the steps.

Protocol, Stacked MNIST (Metz et al. 2017; Srivastava et al. 2017; Lin et al. 2018): 26,000 samples;
each channel is read by this project's MNIST classifier, which ships with it; modes are different
codes out of 1000, KL is that of the codes to the uniform distribution, in nats. A step of WGAN-GP
has five updates of D, and one of unrolling costs nine plain ones, so that these get 1,000 and 2,500
of the others' 5,000 steps; D's updates are imagined by Adam.
"""

from __future__ import annotations

import argparse
import math
import statistics
import time
from dataclasses import asdict
from pathlib import Path
from typing import Any

import numpy as np
import stored_runs
import torch

from gandash import data, latent, training
from gandash.config import Config, parse_config
from gandash.evaluation import classifiers
from gandash.latent import generate
from gandash.networks import Generator
from gandash.storage.paths import classifiers_root
from gandash.theory import toy_data
from gandash.theory.toy_data import STUDIES

RESULTS = Path(__file__).parent / "results" / "modes.jsonl"
SAMPLES = {"points": 2500, "stacked": 26_000}
SAMPLES_SEED = 2018

POINTS: dict[str, Any] = {
    "network": {
        "architecture": "mlp",
        "g_norm": "none",
        "d_norm": "none",
        "latent_dim": 16,
        "g_width": 128,
        "d_width": 128,
        "depth": 3,
    },
    "optimizer": {"g_lr": 1e-3, "d_lr": 1e-3, "adam_beta1": 0.5},
    "batch_size": 128,
    "steps": 10_000,
    "report_every": 500,
    "snapshots": 2,
    "device": "cpu",
}
STACKED: dict[str, Any] = {
    "data": {"dataset": "stacked-mnist"},
    "network": {"g_width": 16, "d_width": 8},
    "optimizer": {"g_lr": 1e-3},
    "batch_size": 64,
    "steps": 5000,
    "report_every": 100,
    "snapshots": 2,
    "precision": "fp32",
    "device": "cpu",
}
RELATIVISTIC: dict[str, Any] = {
    "loss": {"objective": "relativistic"},
    "optimizer": {"adam_beta1": 0.0, "adam_beta2": 0.99},
}
PLANE: dict[str, Any] = {"network": {"latent_dim": 2}, "ema": 0.999}
METHODS: dict[str, dict[str, Any]] = {
    "gan": {},
    "minibatch": {
        "collapse": {"minibatch": "discrimination", "minibatch_kernels": 8},
        "steps": 5000,
    },
    "unrolled": {"collapse": {"unroll_steps": 5}, "optimizer": {"d_lr": 1e-4}, "steps": 2500},
    "unrolled-adam": {
        "collapse": {"unroll_steps": 5, "unroll_method": "adam"},
        "optimizer": {"d_lr": 1e-4},
        "steps": 2500,
    },
    "pac2": {"collapse": {"pack": 2}, "batch_size": 256},
    "wgan-gp": {
        "loss": {"objective": "wasserstein"},
        "regularizer": {"gradient_penalty": 0.1},
        "balance": {"d_steps": 2},
        "optimizer": {"g_lr": 3e-4, "adam_beta2": 0.9},
    },
    "sn-hinge": {
        "loss": {"objective": "hinge"},
        "network": {"d_spectral_norm": True},
        "optimizer": {"g_lr": 3e-4, "adam_beta1": 0.0, "adam_beta2": 0.9},
    },
    "gan-plane": PLANE,
    "pac2-plane": PLANE | {"collapse": {"pack": 2}, "batch_size": 256},
    "relativistic": RELATIVISTIC,
    "relativistic-r1": RELATIVISTIC | {"regularizer": {"r1_gamma": 0.1}},
    "relativistic-r2": RELATIVISTIC | {"regularizer": {"r2_gamma": 0.1}},
    "relativistic-r1-r2": RELATIVISTIC | {"regularizer": {"r1_gamma": 0.1, "r2_gamma": 0.1}},
    "r1-ema": {
        "regularizer": {"r1_gamma": 0.1},
        "ema": 0.998,
        "network": {"latent_dim": 2},
        "steps": 20_000,
        "optimizer": {"d_lr": 3e-3, "adam_beta1": 0.0, "adam_beta2": 0.99},
    },
}
STACKED_METHODS: dict[str, dict[str, Any]] = {
    "gan": {},
    "unrolled": {
        "collapse": {"unroll_steps": 5, "unroll_method": "adam"},
        "optimizer": {"d_lr": 1e-4},
        "steps": 2500,
    },
    "pac2": {"collapse": {"pack": 2}, "batch_size": 2 * STACKED["batch_size"]},
    "wgan-gp": {
        "loss": {"objective": "wasserstein"},
        "regularizer": {"gradient_penalty": 10},
        "network": {"d_norm": "none"},
        "optimizer": {"g_lr": 5e-4, "d_lr": 5e-4, "adam_beta1": 0.0, "adam_beta2": 0.9},
        "balance": {"d_steps": 5},
        "steps": 1000,
    },
}
PAPERS = {
    ("ring", "gan"): "1 / 99.3 (VEEGAN), 6.3 / 98.2 (PacGAN)",
    ("grid", "gan"): "3.3 / 0.5 (VEEGAN), 17.3 / 94.8 (PacGAN)",
    ("ring", "unrolled"): "7.6 / 35.6 (VEEGAN)",
    ("grid", "unrolled"): "23.6 / 16 (VEEGAN)",
    ("ring", "pac2"): "7.9 / 95.6 (PacGAN)",
    ("grid", "pac2"): "23.8 / 91.3 (PacGAN)",
    ("ring", "gan-plane"): "6.3 / 98.2 (PacGAN)",
    ("grid", "gan-plane"): "17.3 / 94.8 (PacGAN)",
    ("ring", "pac2-plane"): "7.9 / 95.6 (PacGAN)",
    ("grid", "pac2-plane"): "23.8 / 91.3 (PacGAN)",
    ("stacked-mnist", "gan"): "99.0, 3.40 (VEEGAN); 78.9, 4.50 (PacGAN)",
    ("stacked-mnist", "unrolled"): "48.7, 4.32 (VEEGAN)",
    ("stacked-mnist", "pac2"): "1000, 0.06 (PacGAN)",
}


def main(arguments: list[str] | None = None) -> None:
    options = _parser().parse_args(arguments)
    torch.set_num_threads(options.threads)
    if options.what == "points":
        for dataset in options.datasets:
            for seed in range(options.seeds):
                for method in options.methods or METHODS:
                    _run_once(points_config(dataset, method, seed), method, _judge_points)
    elif options.what == "stacked":
        judge = StackedJudge()
        for seed in range(options.seeds):
            for method in options.methods or STACKED_METHODS:
                _run_once(stacked_config(method, seed), method, judge)
    print(table(list(stored_runs.read(RESULTS))))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(
        description="Modes covered by GANs, on mixtures of Gaussians and Stacked MNIST."
    )
    parser.add_argument("what", choices=("points", "stacked", "table"))
    parser.add_argument("--datasets", nargs="+", default=["ring", "grid"], choices=("ring", "grid"))
    parser.add_argument(
        "--methods", nargs="+", choices=tuple(METHODS), help="default: all of the table"
    )
    parser.add_argument("--seeds", type=int, default=5, help="seeds 0, 1, ... (default: 5)")
    parser.add_argument("--threads", type=int, default=1, help="threads of one run (default: 1)")
    return parser


def points_config(dataset: str, method: str, seed: int) -> Config:
    return parse_config(
        merge(merge(POINTS, METHODS[method]), {"data": {"dataset": dataset}, "seed": seed})
    )


def stacked_config(method: str, seed: int) -> Config:
    return parse_config(merge(merge(STACKED, STACKED_METHODS[method]), {"seed": seed}))


def merge(base: dict[str, Any], changes: dict[str, Any]) -> dict[str, Any]:
    """``base`` with the leaves of ``changes`` in place of its own."""
    both = {
        key: merge(base[key], value)
        for key, value in changes.items()
        if isinstance(value, dict) and key in base
    }
    return {**base, **changes, **both}


def _run_once(config: Config, method: str, judge: Any) -> None:
    """Train, measure and store, unless that has been done with this very config."""
    if stored_runs.has(RESULTS, config):
        return
    start = time.perf_counter()
    dataset = data.load(config.data)
    state = training.new_state(config, dataset)
    for _ in training.train(state, dataset):
        pass
    record = {
        "dataset": config.data.dataset,
        "method": method,
        "seed": config.seed,
        **judge(state),
        "steps": state.step,
        "seconds": round(time.perf_counter() - start, 1),
        "torch": torch.__version__,
        "config": config.model_dump(mode="json"),
    }
    stored_runs.add(RESULTS, record)


def _judge_points(state: training.State) -> dict[str, Any]:
    truth = STUDIES[state.config.data.dataset]
    assert truth.modes is not None
    points = generate(
        _sampler(state),
        latent.draw(SAMPLES_SEED, SAMPLES["points"], state.config.network.latent_dim),
    )
    return asdict(toy_data.coverage(points.numpy(), truth.modes, truth.std))


def _latents(state: training.State, kind: str) -> torch.Tensor:
    return latent.draw(SAMPLES_SEED, SAMPLES[kind], state.config.network.latent_dim)


def _sampler(state: training.State) -> Generator:
    network = state.sampler.eval()
    assert isinstance(network, Generator)
    return network


class StackedJudge:
    """Counts codes of three digits with the MNIST classifier.

    Whose test accuracy goes into every record.
    """

    def __init__(self) -> None:
        self.classifier, self.facts = classifiers.load(classifiers_root(), "mnist")

    def __call__(self, state: training.State) -> dict[str, Any]:
        images = generate(
            _sampler(state),
            latent.draw(SAMPLES_SEED, SAMPLES["stacked"], state.config.network.latent_dim),
        )
        digits = classifiers.classify(self.classifier, images.flatten(0, 1)[:, None]).view(-1, 3)
        counts = np.bincount((digits * torch.tensor([100, 10, 1])).sum(1).numpy(), minlength=1000)
        return {
            "modes": int((counts > 0).sum()),
            "of": 1000,
            "kl": toy_data.kl_to_uniform(counts),
            "classifier_accuracy": round(self.facts.accuracy, 4),
        }


def table(records: list[dict[str, Any]]) -> str:
    """Mean and standard deviation over the seeds, beside the papers' numbers."""
    lines = [
        "| data | method | seeds | modes | high quality, % | KL | papers: modes / high quality, or "
        "modes, KL |"
    ]
    lines.append("| --- | --- | --- | --- | --- | --- | --- |")
    for dataset in ("ring", "grid", "stacked-mnist"):
        for method in METHODS:
            found = [r for r in records if (r["dataset"], r["method"]) == (dataset, method)]
            if found:
                quality = (
                    _spread([100 * r["high_quality"] for r in found])
                    if "high_quality" in found[0]
                    else ""
                )
                modes, kl = (
                    _spread([r["modes"] for r in found]),
                    _spread([r["kl"] for r in found], 2),
                )
                paper = PAPERS.get((dataset, method), "")
                cells = (
                    dataset,
                    method,
                    len(found),
                    f"{modes} of {found[0]['of']}",
                    quality,
                    kl,
                    paper,
                )
                lines.append(f"| {' | '.join(map(str, cells))} |")
    return "\n".join(lines)


def _spread(values: list[float], digits: int = 1) -> str:
    if not all(map(math.isfinite, values)):
        return "∞"  # a run without any sample near a mode
    deviation = statistics.stdev(values) if len(values) > 1 else 0.0
    return f"{statistics.mean(values):.{digits}f} ± {deviation:.{digits}f}"


if __name__ == "__main__":
    main()
