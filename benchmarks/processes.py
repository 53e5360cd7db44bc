"""One run on several processes: how much faster is it than on one, each with a core of its own?

    python benchmarks/processes.py                        # 1 and 2 processes, turn about
    python benchmarks/processes.py --rounds 5 --sync-batch-norm

A DCGAN on MNIST in batches of 128, in fp32, one thread a process. Images a second are those between
two rows of metrics, after the start; the ratio of a round compares its two runs with each other.
On a machine that does other work the second core is not there: look at the range.
"""

from __future__ import annotations

import argparse
import os
import statistics
import subprocess
import sys
import tempfile
from pathlib import Path

import torch
from machine import machine

from gandash.runs import Run

BATCH = 128
FIRST = 20  # steps until all is warm
SETTINGS = [
    "--dataset", "mnist", "--batch-size", str(BATCH), "--report-every", str(FIRST),
    "--snapshots", "2", "--precision", "fp32", "--device", "cpu",
]  # fmt: skip


def images_per_second(root: Path, processes: int, steps: int, width: int, *, sync: bool) -> float:
    """Of a run from its first row of metrics to its last."""
    name = f"of-{processes}"
    launch = ["torch.distributed.run", "--standalone", "--nproc-per-node", str(processes)]
    command = [sys.executable, "-m", *launch, "-m", "gandash", "train", *SETTINGS]
    command += ["--g-width", str(width), "--d-width", str(width), "--steps", str(steps)]
    command += ["--sync-batch-norm", str(sync), "--name", name]
    environment = os.environ | {"OMP_NUM_THREADS": "1", "GANDASH_RUNS": str(root)}
    subprocess.run(command, env=environment, check=True, capture_output=True)
    rows = Run(root / name).metrics()
    first, last = rows.iloc[0], rows.iloc[-1]
    return float(BATCH * (last.step - first.step) / (last.seconds - first.seconds))


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--processes", type=int, default=2)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--steps", type=int, default=120)
    parser.add_argument("--width", type=int, default=32)
    parser.add_argument("--sync-batch-norm", action="store_true")
    chosen = parser.parse_args()
    print(machine(torch.device("cpu")))
    ratios = []
    for number in range(1, chosen.rounds + 1):
        speeds = []
        for processes in (1, chosen.processes):
            with tempfile.TemporaryDirectory() as folder:
                speeds.append(
                    images_per_second(
                        Path(folder),
                        processes,
                        chosen.steps,
                        chosen.width,
                        sync=chosen.sync_batch_norm,
                    )
                )
        ratios.append(speeds[1] / speeds[0])
        told = " and ".join(f"{speed:.0f}" for speed in speeds)
        print(f"round {number}: {told} images/s, ratio {ratios[-1]:.2f}", flush=True)
    low, high = min(ratios), max(ratios)
    print(f"median ratio {statistics.median(ratios):.2f} ({low:.2f} to {high:.2f})")


if __name__ == "__main__":
    main()
