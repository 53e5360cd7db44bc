"""How often the diagnosis of curves errs: short runs made to fail in known ways, and healthy ones.

    python benchmarks/diagnosis.py                  # about 3 minutes on one core
    python benchmarks/diagnosis.py --write tests/theory/short_runs.csv.gz

Runs on points, three seeds each; ``--first-seed 10`` takes others than those that the bounds were
set on. A failure that is not named and a healthy run that is called sick
are counted; ``--write`` keeps the rows for the test that holds the diagnosis to it.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from gandash import data, training
from gandash.config import parse_config
from gandash.report import Report
from gandash.theory.diagnosis import diagnose

SEEDS = 3
COLUMNS = ("step", "d_loss", "g_loss", "d_real", "d_fake", "g_grad_norm", "real_q05", "fake_q95")
BASE: dict[str, Any] = {
    "data": {"dataset": "ring"},
    "network": {
        "architecture": "mlp", "latent_dim": 2, "g_width": 64, "d_width": 64,
        "g_norm": "none", "d_norm": "none",
    },
    "optimizer": {"g_lr": 1e-3, "d_lr": 1e-3},
    "steps": 2_000, "batch_size": 128, "report_every": 20, "snapshots": 2, "precision": "fp32",
    "device": "cpu",
}  # fmt: skip
SURE, WEAK = "D is sure of everything", "D is weaker than a guess"
CHASE, GONE = "The players chase each other", "G's gradient has vanished"


@dataclass(frozen=True)
class Case:
    """What is changed of the plain run, and which titles name what follows; none: it is healthy."""

    changes: dict[str, Any] = field(default_factory=dict)
    named: tuple[str, ...] = ()


STRONG, FAST = {"g_lr": 1e-5, "d_lr": 1e-2}, {"g_lr": 2e-3, "d_lr": 2e-4, "adam_beta1": 0.9}
CASES = {
    "D learns 1,000 times as fast, minimax": Case(
        {"optimizer": STRONG, "loss": {"objective": "minimax"}}, (SURE, GONE)
    ),
    "D learns 1,000 times as fast": Case({"optimizer": STRONG}, (SURE,)),
    "G learns 10 times as fast, with momentum": Case({"optimizer": FAST}, (WEAK, CHASE)),
    "D hardly learns": Case({"optimizer": {"g_lr": 1e-3, "d_lr": 1e-5}}, (WEAK,)),
    "plain": Case(),
    "one-sided smoothing": Case({"loss": {"alpha": 0.1}}),
    "two-sided smoothing": Case({"loss": {"alpha": 0.1, "beta": 0.1}}),
    "two moons": Case({"data": {"dataset": "moons"}}),
}


def rows_of(case: Case, seed: int) -> pd.DataFrame:
    """The metrics of a run of 2,000 steps."""
    config = parse_config({**BASE, **case.changes, "seed": seed})
    dataset = data.load(config.data)
    state = training.new_state(config, dataset)
    events = training.train(state, dataset)
    table = pd.DataFrame([asdict(event) for event in events if isinstance(event, Report)])
    return table[list(COLUMNS)].assign(alpha=config.loss.alpha, beta=config.loss.beta, seed=seed)


def is_right(case: Case, table: pd.DataFrame) -> bool:
    """Whether a failure is named, or a healthy run is not called sick."""
    found = diagnose(table, float(table.alpha.iloc[0]), float(table.beta.iloc[0]))
    sick = {finding.title for finding in found if finding.changes}
    return bool(sick & set(case.named)) if case.named else not sick


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--write", type=Path, help="keep the rows in this file")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    tables = []
    for name, case in CASES.items():
        first = chosen.first_seed
        runs = [rows_of(case, seed) for seed in range(first, first + SEEDS)]
        right = sum(is_right(case, table) for table in runs)
        print(
            f"{name}: {right} of {SEEDS} {'named' if case.named else 'left in peace'}", flush=True
        )
        tables += [table.assign(case=name) for table in runs]
    if chosen.write:
        pd.concat(tables).round(4).to_csv(chosen.write, index=False)


if __name__ == "__main__":
    main()
