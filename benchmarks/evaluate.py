"""How long it takes to measure a checkpoint, three sets of 10,000 samples by part, and a run while
it trains, 2,000.

    python benchmarks/evaluate.py
    python benchmarks/evaluate.py --checkpoint mnist-dcgan-one-sided --rounds 3 --json

Protocol: ``gandash.evaluation.after_training.evaluate`` as the command line runs it, in one
process, without writing the card. The first round is cold: nothing is known of the real images, and
their features are computed, as on a machine where no checkpoint on the data was ever measured. The
later rounds find them on disk, as a new process does: of these the median is given for each part.
"While training" is one measurement as ``evaluate_every`` asks for it, of a run with the
checkpoint's config; that the real images are read once a run is not in it. Seconds are of the
wall clock, and beside them of the processor, all threads together: on a busy machine only the
latter compares.
"""

from __future__ import annotations

import argparse
import json
import os
import statistics
import tempfile
import time
from pathlib import Path
from typing import Any

import torch
from machine import machine

from gandash import checkpoints, data, training
from gandash.checkpoints import Checkpoint
from gandash.evaluation import after_training, real_images
from gandash.evaluation.draws import COUNT
from gandash.evaluation.progress import Progress
from gandash.evaluation.while_training import measure, read_real
from gandash.storage.paths import classifiers_root, pretrained_root, runs_root

WHILE = "While training"
Seconds = dict[str, dict[str, float]]  # wall and processor, by part


def main() -> None:
    options = _parser().parse_args()
    torch.set_num_threads(options.threads or torch.get_num_threads())
    ready, _ = checkpoints.find(pretrained_root(), runs_root())
    checkpoint = next(it for it in ready if it.name == options.checkpoint)
    facts = machine(torch.device("cpu")) | {
        "load": os.getloadavg()[0] if hasattr(os, "getloadavg") else "unknown"
    }
    with tempfile.TemporaryDirectory() as kept:
        os.environ["GANDASH_RUNS"] = kept
        rounds = [
            time_evaluation(checkpoint, classifiers_root()) for _ in range(1 + options.rounds)
        ]
    during = median(
        [time_measurement(checkpoint, classifiers_root()) for _ in range(1 + options.rounds)]
    )
    results = {"cold": rounds[0], "later": median(rounds[1:]), "during": during}
    if options.json:
        settings = {name: value for name, value in vars(options).items() if name != "json"}
        print(
            json.dumps(
                {
                    "machine": facts,
                    "settings": settings,
                    "samples": COUNT,
                    **results,
                },
                indent=2,
            )
        )
        return
    for part, cold in results["cold"].items():
        print(f"{part:48} {_shown(cold)}   later {_shown(results['later'][part])}")
    print(f"{WHILE:48} {_shown(during[WHILE])}")
    print(", ".join(f"{name}: {value}" for name, value in facts.items()))


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(description="Seconds that an evaluation takes, by part.")
    parser.add_argument("--checkpoint", default="mnist-dcgan", help="name (default: mnist-dcgan)")
    parser.add_argument(
        "--rounds", type=int, default=1, help="rounds after the cold one (default: 1)"
    )
    parser.add_argument("--threads", type=int, help="default: as torch chooses")
    parser.add_argument("--json", action="store_true", help="print all figures as one JSON object")
    return parser


def time_evaluation(checkpoint: Checkpoint, folder: Path) -> Seconds:
    """One evaluation: what passes between two of its notes is the time of the first one's part.

    Parts that come again with every set of samples are added up.
    """
    spent: Seconds = {}
    real_images.forget()
    part = ""
    wall = time.perf_counter()
    processor = time.process_time()
    for item in after_training.evaluate(checkpoint, folder):
        now = time.perf_counter()
        used = time.process_time()
        if part:
            before = spent.get(part, {"wall": 0.0, "processor": 0.0})
            spent[part] = {
                "wall": round(before["wall"] + now - wall, 2),
                "processor": round(before["processor"] + used - processor, 2),
            }
        part = item.doing if isinstance(item, Progress) else ""
        wall = now
        processor = used
    return spent | {
        "All": {
            kind: round(sum(it[kind] for it in spent.values()), 2) for kind in ("wall", "processor")
        }
    }


def time_measurement(checkpoint: Checkpoint, folder: Path) -> Seconds:
    """One measurement of a run's first step; that of any other step takes as long."""
    config = checkpoint.card.config
    state = training.new_state(config, data.load(config.data))
    real = read_real(config.data, folder)
    wall = time.perf_counter()
    processor = time.process_time()
    measure(state, real)
    spent = {
        "wall": round(time.perf_counter() - wall, 2),
        "processor": round(time.process_time() - processor, 2),
    }
    return {WHILE: spent}


def median(rounds: list[Seconds]) -> Seconds:
    """The median of each part."""
    return {
        part: {kind: round(statistics.median(it[part][kind] for it in rounds), 2) for kind in kinds}
        for part, kinds in rounds[0].items()
    }


def _shown(seconds: dict[str, Any]) -> str:
    return f"{seconds['wall']:6.1f} s ({seconds['processor']:5.1f} s of processors)"


if __name__ == "__main__":
    main()
