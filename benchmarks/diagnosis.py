"""How often the diagnosis of curves errs: short runs made to fail in known ways, and healthy ones.

    python benchmarks/diagnosis.py                  # about 3 minutes on one core
    python benchmarks/diagnosis.py --write tests/theory/short_runs.csv.gz
    python benchmarks/diagnosis.py --stopping       # about 4 minutes
    python benchmarks/diagnosis.py --copying        # about 3 minutes

Runs on points, three seeds each; ``--first-seed 10`` takes others than those that the bounds were
set on. A failure that is not named and a healthy run that is called sick
are counted; ``--write`` keeps the rows for the test that holds the diagnosis to it.

``--stopping`` asks of runs that measure a distance when the rule for stopping first says so, had
they been watched, and what going on would still have brought: that was wrong where the least
distance fell by more than a tenth afterwards. Its bounds were set on the runs that ship.

``--copying`` asks which runs on digits, as many held out as learned from or a tenth, are called
learned by heart. Its bounds were set on seed 0.
"""

from __future__ import annotations

import argparse
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any

import pandas as pd
import torch

from gandash import data, latent, training
from gandash.config import parse_config
from gandash.report import Report
from gandash.theory.densities import Cells, jensen_shannon
from gandash.theory.diagnosis import diagnose
from gandash.theory.toy_data import STUDIES

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


BY_HEART = "D knows its images by heart"
DIGITS: dict[str, Any] = {
    "network": {"g_width": 8, "d_width": 32, "latent_dim": 16, "d_norm": "none"},
    "optimizer": {"g_lr": 1e-3, "d_lr": 1e-3},
    "steps": 1_500, "batch_size": 32, "report_every": 15, "snapshots": 2, "precision": "fp32",
    "device": "cpu",
}  # fmt: skip
FEW: dict[str, Any] = {"dataset": "mnist", "size": 16, "limit": 64, "held_out": 0.5}
COPYING = {
    "32 digits": {"data": FEW},
    "32 digits, DiffAugment": {"data": FEW, "few": {"augment": "diffaugment"}},
    "54,000 digits": {"data": {"dataset": "mnist", "size": 16, "held_out": 0.1}},
}
LEARNED = ("32 digits",)  # by heart, within those steps


def copying(first_seed: int) -> pd.DataFrame:
    """Print which runs on digits are called learned by heart; returns their rows."""
    tables = []
    for name, changes in COPYING.items():
        for seed in range(first_seed, first_seed + SEEDS):
            config = parse_config({**DIGITS, **changes, "seed": seed})
            dataset = data.load(config.data)
            events = training.train(training.new_state(config, dataset), dataset)
            table = pd.DataFrame([asdict(event) for event in events if isinstance(event, Report)])
            found = [it for it in diagnose(table) if it.title == BY_HEART]
            words = f"from step {found[0].first:,} on" if found else "never"
            print(f"{name}, seed {seed}: {words}", flush=True)
            kept = table[[*COLUMNS, "d_train", "d_held_out"]]
            tables.append(kept.assign(case=name, seed=seed))
    return pd.concat(tables)


LONGER, EVERY, SAMPLED = 4_000, 100, 4_096
MISSED = 0.1  # of the least distance: going on would have been worth that
STOPPING: dict[str, dict[str, Any]] = {
    "plain": {},
    "half the rates": {"optimizer": {"g_lr": 5e-4, "d_lr": 5e-4}},
    "rates that fall": {"schedule": {"lr": "linear"}},
    "two moons": {"data": {"dataset": "moons"}},
    "two-sided smoothing": {"loss": {"alpha": 0.1, "beta": 0.1}},
    "D learns 1,000 times as fast": {"optimizer": STRONG},
    "D hardly learns": {"optimizer": {"g_lr": 1e-3, "d_lr": 1e-5}},
}
STALLED = ("D learns 1,000 times as fast", "D hardly learns")  # the others still gain at their end


def distances(changes: dict[str, Any], seed: int) -> pd.DataFrame:
    """Rows of a run on points in which the Jensen-Shannon divergence of 32x32 cells stands for
    the distance of samples.
    """
    config = parse_config({**BASE, **changes, "seed": seed, "steps": LONGER, "report_every": EVERY})
    dataset = data.load(config.data)
    state = training.new_state(config, dataset)
    study = STUDIES[config.data.dataset]
    cells = Cells(study.dim, 1.5 * float(abs(study.centers()).max()), 32)
    p_data = cells.of_gaussians(study.centers(), study.std)
    z = latent.draw(seed, SAMPLED, config.network.latent_dim)
    rows = []
    for event in training.train(state, dataset):
        if isinstance(event, Report):
            with torch.no_grad():
                points = state.G(z).double().numpy()
            distance = jensen_shannon(p_data, cells.of_points(points))
            rows.append({**asdict(event), "frechet": distance})
    return pd.DataFrame(rows)


def watched(table: pd.DataFrame) -> tuple[int, float] | None:
    """The row after which the rule first says to stop, and the share by which the least distance
    falls afterwards; None if it never says so.
    """
    for row in range(1, len(table) + 1):
        found = diagnose(table.iloc[:row])
        if any(finding.title.startswith("No more progress") for finding in found):
            after = table.frechet.iloc[row:]
            best = float(table.frechet.iloc[:row].min())
            return row, max(0.0, 1 - float(after.min()) / best) if len(after) else 0.0
    return None


def stopping(first_seed: int) -> pd.DataFrame:
    """Print when it says to stop, and what going on would have brought; returns the distances."""
    tables = []
    for name, changes in STOPPING.items():
        for seed in range(first_seed, first_seed + SEEDS):
            table = distances(changes, seed)
            said = watched(table)
            words = (
                f"after {said[0] * EVERY:,} of {LONGER:,} steps; going on lowers the least "
                f"distance by {said[1]:.0%}{', WRONG' if said[1] > MISSED else ''}"
                if said
                else "never"
            )
            print(f"{name}, seed {seed}: {words}", flush=True)
            kept = table[[*COLUMNS, "frechet"]]
            tables.append(kept.assign(case=name, seed=seed))
    return pd.concat(tables)


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--first-seed", type=int, default=0)
    parser.add_argument("--write", type=Path, help="keep the rows in this file")
    parser.add_argument("--stopping", action="store_true", help="the rule for stopping alone")
    parser.add_argument("--copying", action="store_true", help="the rule for memory alone")
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    if chosen.stopping or chosen.copying:
        rows = (stopping if chosen.stopping else copying)(chosen.first_seed)
        if chosen.write:
            rows.round(4).to_csv(chosen.write, index=False)
        return
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
