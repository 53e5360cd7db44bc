"""Objectives under one budget: what many small runs of `benchmarks/objectives.py` came to.

In the manner of Lucic et al. 2018 (arXiv:1711.10337): no single run says which objective is the
better one, so there are several of each, and what is compared are means, deviations, the share
that failed, and the least distance that one may expect of n runs.
"""

from __future__ import annotations

import gzip
import json
import math
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

STORED = Path(__file__).parent / "comparison.jsonl.gz"
FAILED = 4.0  # times the least distance of all runs on the data


@dataclass(frozen=True)
class Run:
    """One run: Fréchet distance, precision and recall of its samples at some steps.

    ``seconds`` are the processor's for training, without the figures. A run that broke off ends
    with the last step that was measured.
    """

    data: str
    arm: str
    seed: int
    steps: tuple[int, ...]
    frechet: tuple[float, ...]
    precision: tuple[float, ...]
    recall: tuple[float, ...]
    seconds: float
    broke_off: bool

    @property
    def least(self) -> float:
        """The least distance at any step; infinite if none was measured."""
        return min(self.frechet, default=math.inf)

    @property
    def last(self) -> float:
        """The distance at the end; infinite if the run broke off."""
        return math.inf if self.broke_off else self.frechet[-1]


@dataclass(frozen=True)
class Summary:
    """What the runs of one arm on one dataset came to, at the end of the budget.

    ``mean`` and ``deviation`` (with n - 1; NaN of one run) are of the last distances of the runs
    that did not break off.
    """

    data: str
    arm: str
    runs: int
    mean: float
    deviation: float
    best: float
    failed: float
    precision: float
    recall: float
    seconds: float


def stored(path: Path = STORED) -> list[Run]:
    """The runs that ship."""
    with gzip.open(path, "rt") as file:
        return [_run(json.loads(line)) for line in file]


def _run(record: dict[str, Any]) -> Run:
    columns = list(zip(*record["course"], strict=True)) or [()] * 4
    return Run(
        data=record["data"],
        arm=record["arm"],
        seed=record["seed"],
        steps=columns[0],
        frechet=columns[1],
        precision=columns[2],
        recall=columns[3],
        seconds=record["seconds"],
        broke_off=record["broke_off"],
    )


def summary(runs: Sequence[Run]) -> list[Summary]:
    """A line for each dataset and arm, in the order in which they first come."""
    groups: dict[tuple[str, str], list[Run]] = {}
    for run in runs:
        groups.setdefault((run.data, run.arm), []).append(run)
    return [_summary(group, bound(runs, data)) for (data, _), group in groups.items()]


def bound(runs: Sequence[Run], data: str) -> float:
    """The last distance above which a run on ``data`` counts as failed."""
    return FAILED * min(run.least for run in runs if run.data == data)


def _summary(group: Sequence[Run], limit: float) -> Summary:
    ended = [run for run in group if not run.broke_off]
    last = [run.last for run in ended]
    mean = _mean(last)
    squares = sum((value - mean) ** 2 for value in last)
    return Summary(
        data=group[0].data,
        arm=group[0].arm,
        runs=len(group),
        mean=mean,
        deviation=math.sqrt(squares / (len(last) - 1)) if len(last) > 1 else math.nan,
        best=min(run.least for run in group),
        failed=sum(run.last > limit for run in group) / len(group),
        precision=_mean([run.precision[-1] for run in ended]),
        recall=_mean([run.recall[-1] for run in ended]),
        seconds=_mean([run.seconds for run in ended]),
    )


def _mean(values: Sequence[float]) -> float:
    return sum(values) / len(values) if values else math.nan


def best_of(distances: Sequence[float], n: int) -> float:
    """The mean of the least of ``n`` (1 to their number) of the distances, over all choices of n.

    The i-th smallest of N is the least of C(N - i, n - 1) of the C(N, n) choices, i from 1 on.
    ``ValueError`` for another n.
    """
    if not 1 <= n <= len(distances):
        raise ValueError(f"n must lie between 1 and {len(distances)}, the runs there are, not {n}")
    ordered = sorted(distances)
    choices = [math.comb(len(ordered) - i, n - 1) for i in range(1, len(ordered) + 1)]
    weighed = [value * count for value, count in zip(ordered, choices, strict=True) if count > 0]
    return sum(weighed) / math.comb(len(ordered), n)
