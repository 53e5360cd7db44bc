"""Figures over many runs, against counting by hand."""

from __future__ import annotations

import gzip
import json
import math
from itertools import combinations
from pathlib import Path
from statistics import mean, stdev

import pytest

from gandash.zoo import comparison
from gandash.zoo.comparison import Run

DISTANCES = [7.0, 3.0, 11.0, 5.0]


def run(
    arm: str, seed: int, frechet: tuple[float, ...], *, data: str = "mnist", broke: bool = False
) -> Run:
    steps = tuple(range(250, 250 * len(frechet) + 1, 250))
    shares = tuple(0.5 for _ in frechet)
    return Run(data, arm, seed, steps, frechet, shares, shares, 60.0, broke)


@pytest.mark.parametrize("n", range(1, 5))
def test_the_best_of_n_is_the_mean_over_all_choices(n: int) -> None:
    expected = mean(min(chosen) for chosen in combinations(DISTANCES, n))
    assert comparison.best_of(DISTANCES, n) == pytest.approx(expected)


def test_a_run_without_a_figure_makes_the_mean_infinite_and_the_best_not() -> None:
    assert comparison.best_of([3.0, math.inf], 1) == math.inf
    assert comparison.best_of([3.0, math.inf], 2) == 3.0


@pytest.mark.parametrize("n", [0, 5, -1])
def test_no_more_can_be_chosen_than_there_are(n: int) -> None:
    with pytest.raises(ValueError, match=f"between 1 and 4, the runs there are, not {n}"):
        comparison.best_of(DISTANCES, n)


def test_a_summary_counts_who_broke_off_as_failed_and_not_in_the_mean() -> None:
    runs = [
        run("hinge", 0, (40.0, 10.0)),
        run("hinge", 1, (30.0, 20.0)),
        run("hinge", 2, (50.0,), broke=True),
        run("minimax", 0, (60.0, 45.0)),
        run("minimax", 1, (9.0, 30.0), data="fashion-mnist"),
    ]
    hinge, minimax, other = comparison.summary(runs)
    assert (hinge.arm, hinge.runs, hinge.best) == ("hinge", 3, 10.0)
    assert hinge.mean == 15.0
    assert hinge.deviation == pytest.approx(stdev([10.0, 20.0]))
    assert hinge.failed == pytest.approx(1 / 3)
    assert minimax.failed == 1.0, "45 is more than four times 10"
    assert math.isnan(minimax.deviation)
    assert (other.data, other.failed, other.best) == ("fashion-mnist", 0.0, 9.0)


def test_what_is_stored_is_read_whole(tmp_path: Path) -> None:
    """Records are added one by one, each a gzip member of its own."""
    path = tmp_path / "stored.jsonl.gz"
    for seed in range(2):
        record = {
            "data": "mnist", "arm": "hinge", "seed": seed, "seconds": 1.5, "broke_off": False,
            "course": [[250, 9.0, 0.5, 0.25], [500, 8.0 - seed, 0.75, 0.5]], "config": {},
        }  # fmt: skip
        with gzip.open(path, "at") as file:
            file.write(json.dumps(record) + "\n")
    first, second = comparison.stored(path)
    assert first.steps == (250, 500)
    assert (first.last, second.last) == (8.0, 7.0)
    assert second.recall == (0.25, 0.5)


def test_what_ships_is_complete_and_of_one_protocol() -> None:
    """Six objectives on two datasets, with the same seeds, measured at the same steps."""
    runs = comparison.stored()
    kinds = {(run.data, run.arm) for run in runs}
    assert len({data for data, _ in kinds}) == 2
    assert len({arm for _, arm in kinds}) >= 6
    seeds = {kind: sorted(it.seed for it in runs if (it.data, it.arm) == kind) for kind in kinds}
    assert len({*map(tuple, seeds.values())}) == 1
    assert len(next(iter(seeds.values()))) >= 2
    assert len({run.steps for run in runs if not run.broke_off}) == 1
    assert all(0 <= share <= 1 for run in runs for share in (*run.precision, *run.recall))
