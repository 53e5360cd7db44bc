"""A sweep on two Ray nodes of one core each, beside one; and with a node killed in the middle.

    pip install 'gandash[ray]'
    python benchmarks/on_ray.py                 # a few minutes on two cores
    python benchmarks/on_ray.py --steps 6000

Four runs on points, with a moving average and noise that decays. Said are the wall time of each
group, the time a run takes beside its training (from being handed over to its end, less what it
trained), and what differs between the runs of the group that a node was killed under and those of
the others: weights, averages and metrics but for their times.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from kills import config, differences

from gandash.config.sweeps import Member
from gandash.jobs import on_ray
from gandash.jobs.on_ray import Share
from gandash.runs import Run

SEEDS = range(4)
LOOK_SECONDS = 0.05


@contextmanager
def cluster(nodes: int) -> Iterator[Any]:
    """A cluster of nodes of one core each, on this machine."""
    from ray.cluster_utils import Cluster  # noqa: PLC0415 - an extra

    made = Cluster(initialize_head=True, head_node_args={"num_cpus": 1})
    for _ in range(nodes - 1):
        made.add_node(num_cpus=1)
    made.wait_for_nodes()
    try:
        yield made
    finally:
        made.shutdown()


def trained(root: Path, steps: int, nodes: int, *, kill: bool = False) -> tuple[list[Run], float]:
    """The runs of a group, and its wall time, without that of starting the cluster."""
    members = [
        Member(f"s{seed}", "only", config(steps).model_copy(update={"seed": seed}))
        for seed in SEEDS
    ]
    with cluster(nodes) as made, on_ray.connected(made.address, Share()) as ray:
        found = on_ray.submit(root, "heads", members)
        if kill:
            threading.Thread(target=kill_a_node, args=(made, found), daemon=True).start()
        began = time.perf_counter()
        for name, outcome in on_ray.train_all(ray, found, Share(), threading.Event()):
            passed, training = time.perf_counter() - began, Run(root / name).status().seconds
            print(f"  {passed:6.1f} s  {name} {outcome}, trained {training:.1f} s", flush=True)
        return found, time.perf_counter() - began


def kill_a_node(made: Any, found: list[Run]) -> None:
    """Kill the second node once two runs train and have a saved state."""
    wait_for(lambda: sum(run.status().phase == "running" for run in found) == 2)
    running = [run for run in found if run.status().phase == "running"]
    for run in running:
        run.request_pause()
    wait_for(lambda: all("Paused" in run.status().message for run in running))
    for run in running:
        run.end_pause()
    made.remove_node(made.worker_nodes.copy().pop(), allow_graceful=False)
    print("         a node was killed, with the run on it", flush=True)


def wait_for(happens: Any) -> None:
    while not happens():
        time.sleep(LOOK_SECONDS)


def main() -> int:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--steps", type=int, default=3_000)
    asked = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        root = Path(folder)
        print("One node:")
        one, seconds_of_one = trained(root / "one", asked.steps, 1)
        print("Two nodes:")
        two, seconds_of_two = trained(root / "two", asked.steps, 2)
        print("Two nodes, one of which is killed:")
        killed, seconds_of_killed = trained(root / "killed", asked.steps, 2, kill=True)
        trainings = [run.status().seconds for run in one]
        overhead = (seconds_of_one - sum(trainings)) / len(one)
        found = [
            f"{run.name}: {it}"
            for others in (two, killed)
            for run, other in zip(one, others, strict=True)
            for it in differences(run, other)
        ]
        print(
            f"one node {seconds_of_one:.0f} s, two {seconds_of_two:.0f} s "
            f"({seconds_of_one / seconds_of_two:.2f} times as fast), one killed "
            f"{seconds_of_killed:.0f} s; {overhead:.1f} s a run beside its training of "
            f"{sum(trainings) / len(one):.0f} s; differences: {found or 'none, bit for bit'}"
        )
    return bool(found)


if __name__ == "__main__":
    sys.exit(main())
