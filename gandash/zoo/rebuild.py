"""Train, export and measure the shipped checkpoints, going on where it was left."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

from gandash import checkpoints, data, runs
from gandash.checkpoints import Checkpoint
from gandash.evaluation import after_training, translations
from gandash.evaluation.progress import Progress
from gandash.runs import Run, as_checkpoint, execution
from gandash.training import Report
from gandash.zoo import entries


def train(
    names: list[str], runs_root: Path, pretrained: Path
) -> Iterator[tuple[str, Report | Progress]]:
    """Train the named entries (all if none), export each and measure it; goes on where it was left.

    The entries of a group advance in turn, one epoch each, and are exported after every turn, so
    that at any time their checkpoints stand at the same epoch and can be compared. One on its own
    goes straight to its end.
    """
    for group in entries.groups(names):
        epochs = max(entries.ZOO[name].config.epochs for name in group)
        for epoch in range(1, epochs + 1) if len(group) > 1 else (epochs,):
            for name in group:
                for report in _advance(_run(runs_root, name), epoch):
                    yield name, report
            for name in group:
                _export(_run(runs_root, name), pretrained / name)
        for name in group:
            for step in _measure(pretrained / name):
                yield name, step


def _export(run: Run, folder: Path) -> None:
    """Put a run's latest state among the shipped checkpoints, if it is not there already."""
    entry = entries.ZOO[run.name]
    if (folder / checkpoints.CARD).exists():
        card = checkpoints.load_card(folder)
        told = card.title, card.note, card.config, card.last_step or card.step
        other_weights = entry.weights == "last" and card.last_step is not None
        if told == (entry.title, entry.note, entry.config, run.status().step) and not other_weights:
            return
    as_checkpoint.export(run, folder, entry.title, entry.note, entry.weights)


def _measure(folder: Path) -> Iterator[Progress]:
    """Put figures into the card of a checkpoint that has none.

    If there are held-out images to measure it on.
    """
    checkpoint = Checkpoint(folder, checkpoints.load_card(folder))
    card = checkpoint.card
    named = card.config.data.dataset in data.SOURCES
    if not named or card.measured is not None or card.translation is not None:
        return
    evaluate = after_training.evaluate if card.data.kind.latent else translations.evaluate
    for item in evaluate(checkpoint, folder.parent / "classifiers"):
        if isinstance(item, Progress):
            yield item
        else:
            checkpoints.attach(checkpoint, item)


def _run(root: Path, name: str) -> Run:
    run = Run(root / name)
    config = entries.ZOO[name].config
    if not (run.folder / runs.STATUS).exists():
        return runs.create(root, config, name)
    more = config.epochs - run.config().epochs
    if more > 0 and run.config().model_copy(update={"epochs": config.epochs}) == config:
        runs.extend(run, more)
    if run.config() != config:
        raise ValueError(
            f"The run {name!r} must have the zoo's config, and it has another: remove {run.folder}"
        )
    return run


def _advance(run: Run, epoch: int) -> Iterator[Report]:
    """Train a run to the end of ``epoch``; nothing to do if it is there already."""
    config = run.config()
    images = len(data.load(config.data))
    ends = epoch >= config.epochs  # steps, where a config counts these, may be more than epochs
    target = config.total_steps(images) if ends else epoch * config.steps_per_epoch(images)
    status = run.status()
    if status.phase == "finished" or (status.step >= target and run.resumable):
        return
    enough = threading.Event()
    for report in execution.execute(run, enough):
        yield report
        if report.step + config.report_every >= target:
            enough.set()
