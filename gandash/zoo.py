"""The checkpoints that ship with the project, and the one way to rebuild them."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from gandash import data, runs
from gandash.config import Config, LossConfig
from gandash.reports import Report
from gandash.runs import Run


@dataclass(frozen=True)
class Entry:
    """A shipped checkpoint: how it is titled and trained, and what it is there to show."""

    title: str
    config: Config
    note: str


def _mnist(alpha: float, beta: float) -> Config:
    """The three arms differ in nothing but alpha and beta: same seed, weights, data order, noise, arithmetic."""
    return Config(loss=LossConfig(alpha=alpha, beta=beta), epochs=15, ema=0.999, precision="fp32")


ZOO: dict[str, Entry] = {
    "mnist-dcgan": Entry("MNIST, no smoothing", _mnist(0.0, 0.0), "The plain DCGAN: hard labels 1 and 0."),
    "mnist-dcgan-one-sided": Entry(
        "MNIST, one-sided smoothing", _mnist(0.1, 0.0), "D's target on real images is 0.9, on generated ones 0."
    ),
    "mnist-dcgan-two-sided": Entry(
        "MNIST, two-sided smoothing", _mnist(0.1, 0.1), "D's target on real images is 0.9, on generated ones 0.1."
    ),
}


def train(names: list[str], runs_root: Path, pretrained: Path) -> Iterator[tuple[str, Report]]:
    """Train the named entries (all if none) and export each; goes on where it was left.

    The entries advance in turn, one epoch each, and are exported after every turn, so that at
    any time their checkpoints stand at the same epoch and can be compared.
    """
    unknown = sorted(set(names) - set(ZOO))
    if unknown:
        raise ValueError(f"A zoo entry must be one of {', '.join(ZOO)}, not {unknown[0]!r}: check the spelling")
    chosen = names or list(ZOO)
    for epoch in range(1, max(ZOO[name].config.epochs for name in chosen) + 1):
        for name in chosen:
            for report in _advance(_run(runs_root, name), epoch):
                yield name, report
        for name in chosen:
            runs.export(_run(runs_root, name), pretrained / name, ZOO[name].title, ZOO[name].note)


def _run(root: Path, name: str) -> Run:
    run = Run(root / name)
    if not (run.folder / runs.STATUS).exists():
        return runs.create(root, ZOO[name].config, name)
    if run.config() != ZOO[name].config:
        raise ValueError(f"The run {name!r} must have the zoo's config, and it has another: remove {run.folder}")
    return run


def _advance(run: Run, epoch: int) -> Iterator[Report]:
    """Train a run to the end of ``epoch``; nothing to do if it is there already."""
    config = run.config()
    target = epoch * config.steps_per_epoch(len(data.load(config.data)))
    status = run.status()
    if status.phase == "finished" or (status.step >= target and run.resumable):
        return
    enough = threading.Event()
    for report in runs.execute(run, enough):
        yield report
        if report.step + config.report_every >= target:
            enough.set()
