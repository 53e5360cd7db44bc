"""Kill the worker and the server at random moments: the run ends bit for bit as one left alone.

    python -m benchmarks.kills                      # 30 kills, about 6 minutes on two cores
    python -m benchmarks.kills --kills 5 --seed 3

The run is one on points, saved every half second; a process of its own stands for the server,
which looks after the queue as pages do. Compared are both networks, the moving average and the
metrics but for their times.
"""

from __future__ import annotations

import argparse
import random
import subprocess
import sys
import tempfile
import time
from collections import Counter
from pathlib import Path

import pandas as pd
import torch
from safetensors.torch import load_file

from gandash import runs
from gandash.config import Config, parse_config
from gandash.jobs import control, worker
from gandash.jobs.queue import worker_of
from gandash.runs import Run, execution
from gandash.runs.folder import STATE

SAVE_SECONDS = 0.5
TIMES = ["seconds", "images_per_second"]
MODULE = "benchmarks.kills"
PATIENCE = 120.0


def config(steps: int) -> Config:
    """A run with what is easily lost: a moving average, noise that decays, packs."""
    plain = {"architecture": "mlp", "latent_dim": 2, "g_width": 64, "d_width": 64}
    return parse_config(
        {
            "data": {"dataset": "ring"},
            "network": {**plain, "g_norm": "none", "d_norm": "none"},
            "regularizer": {"instance_noise": 0.1},
            "collapse": {"pack": 2},
            "ema": 0.999, "steps": steps, "batch_size": 64, "report_every": 50, "snapshots": 4,
            "precision": "fp32", "device": "cpu",
        }
    )  # fmt: skip


def serve_as_worker(root: Path, slot: int) -> None:
    """What the queue launches: a worker that saves more often than each minute."""
    execution.SAVE_EVERY_SECONDS = SAVE_SECONDS
    worker.main(root, slot)


def serve_as_server(root: Path) -> None:
    """Look after the queue, again and again, as the pages of a server do."""
    control.WORKER_MODULE = MODULE
    while True:
        control.look_after(root)
        time.sleep(0.2)


class Server:
    """A process that looks after the queue, and is started again when it was killed."""

    def __init__(self, root: Path) -> None:
        self.command = [sys.executable, "-m", MODULE, "--server", str(root)]
        self.process = subprocess.Popen(self.command)

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process = subprocess.Popen(self.command)

    def end(self) -> None:
        self.process.kill()
        self.process.wait()


def killed(root: Path, steps: int, kills: int, chance: random.Random) -> tuple[Run, Counter[str]]:
    """A run that was brought to its end through so many kills, and what was killed how often."""
    server = Server(root)
    control.WORKER_MODULE = MODULE
    run = control.submit(root, config(steps), "killed")
    done: Counter[str] = Counter()
    while done.total() < kills and run.status().phase != "finished":
        wait_for_progress(run)
        time.sleep(chance.uniform(0, 2.5))
        whom = chance.choice(("worker", "worker", "server"))
        if whom == "server":
            server.kill()
        elif not kill_worker(root):
            continue
        done[whom] += 1
        print(f"{done.total():2} {whom} at step {run.status().step:,}", flush=True)
    wait_for(run, lambda: run.status().phase not in ("queued", "running"), 10 * PATIENCE)
    server.end()
    return run, done


def kill_worker(root: Path) -> bool:
    """Kill who trains, as a system does that is short of memory; False if nobody was there."""
    found = subprocess.run(
        ["pkill", "-KILL", "-f", "--", f"-m {MODULE} {root.resolve()}"], check=False
    )
    return found.returncode == 0


def wait_for_progress(run: Run) -> None:
    """Until the state is saved once more, so that every kill costs something and not everything."""
    path = run.folder / STATE
    before = path.stat().st_mtime_ns if path.exists() else 0
    wait_for(
        run,
        lambda: (
            (path.exists() and path.stat().st_mtime_ns != before)
            or run.status().phase == "finished"
        ),
    )


def wait_for(run: Run, happens: object, seconds: float = PATIENCE) -> None:
    """Until something happens; ``TimeoutError`` with the run's status if it does not."""
    assert callable(happens)
    deadline = time.monotonic() + seconds
    while not happens():
        if time.monotonic() > deadline:
            log = worker_of(run.folder.parent).log
            raise TimeoutError(f"{run.status()}\n{log.read_text()[-2000:]}")
        time.sleep(0.05)


def differences(run: Run, other: Run) -> list[str]:
    """In what two runs differ; empty if in nothing."""
    found = [
        f"{path.name}: {name}"
        for path in sorted(run.folder.glob("*.safetensors"))
        for name, tensor in load_file(path).items()
        if not torch.equal(tensor, load_file(other.folder / path.name)[name])
    ]
    one, two = (it.metrics().drop(columns=TIMES) for it in (run, other))
    try:
        pd.testing.assert_frame_equal(one, two, check_exact=True)
    except AssertionError as error:
        found.append(f"metrics: {error}")
    return found


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--kills", type=int, default=30)
    parser.add_argument("--steps", type=int, default=60_000)
    parser.add_argument("--seed", type=int, default=0)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        alone = runs.create(Path(folder) / "alone", config(asked.steps), "alone")
        torch.set_num_threads(1)
        began = time.perf_counter()
        for _ in execution.execute(alone):
            pass
        seconds = time.perf_counter() - began
        root = Path(folder) / "killed"
        began = time.perf_counter()
        run, done = killed(root, asked.steps, asked.kills, random.Random(asked.seed))
        phase, found = run.status().phase, differences(run, alone)
        print(
            f"{phase} after {done['worker']} kills of the worker and "
            f"{done['server']} of the server; {time.perf_counter() - began:.0f} s, alone "
            f"{seconds:.0f} s; differences: {found or 'none, bit for bit'}"
        )
    return bool(found) or phase != "finished"


if __name__ == "__main__":
    if len(sys.argv) == 3 and Path(sys.argv[1]).is_dir():
        serve_as_worker(Path(sys.argv[1]), int(sys.argv[2]))
    elif sys.argv[1:2] == ["--server"]:
        serve_as_server(Path(sys.argv[2]))
    else:
        sys.exit(main())
