"""Measuring beside the server: the real process on small data.

And what may happen to the checkpoint meanwhile.
"""

from __future__ import annotations

import os
import shutil
from collections.abc import Iterator
from pathlib import Path

import pytest

from gandash import checkpoints, records
from gandash.checkpoints import Checkpoint
from gandash.checkpoints.card import write_card
from gandash.checkpoints.scores import Evaluation, Protocol
from gandash.evaluation import after_training
from gandash.evaluation.progress import Progress
from gandash.jobs import measuring, task
from tests.waiting import wait_for


def end_of_job(root: Path) -> str:
    """The problem that the job ends with; empty if it goes well."""

    def has_ended() -> bool:
        job = task.current(root)
        return job is None or bool(job.problem)

    wait_for(has_ended, task.process_of(root))
    job = task.current(root)
    return "" if job is None else job.problem


def test_the_process_puts_figures_into_the_card(checkpoint: Checkpoint, runs_root: Path) -> None:
    measuring.start(runs_root, checkpoint.folder)
    with pytest.raises(ValueError, match="it is measuring 'tiny': try again"):
        measuring.start(runs_root, checkpoint.folder)
    assert end_of_job(runs_root) == "", task.process_of(runs_root).log.read_text()
    card = checkpoints.load_card(checkpoint.folder)
    assert card.evaluation is not None
    assert (card.evaluation.protocol.fake, card.evaluation.protocol.real) == (10_000, 400)
    assert card.model_copy(update={"evaluation": None}) == checkpoint.card


def test_a_killed_process_leaves_the_card_as_it_was(
    checkpoint: Checkpoint, runs_root: Path
) -> None:
    measuring.start(runs_root, checkpoint.folder)
    child = task.process_of(runs_root).child
    assert child is not None
    child.kill()
    child.wait()
    assert end_of_job(runs_root).startswith("The process for measuring 'tiny' was cut off")
    assert checkpoints.load_card(checkpoint.folder) == checkpoint.card


def test_data_that_is_not_there_is_one_sentence(
    checkpoint: Checkpoint, runs_root: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    file = tmp_path / "a-file"
    file.touch()
    monkeypatch.setenv("GANDASH_DATA", str(file))  # nothing can be downloaded into a file
    measuring.start(runs_root, checkpoint.folder)
    assert end_of_job(runs_root).startswith("MNIST is not in")


@pytest.fixture
def quick(monkeypatch: pytest.MonkeyPatch) -> None:
    """An evaluation that takes no time."""

    def evaluate(_checkpoint: Checkpoint, _folder: Path) -> Iterator[Progress | Evaluation]:
        yield Progress("Drawing samples", 1, 1)
        protocol = Protocol(features="features of a test", real=100, fake=1000, seed=0)
        figures = dict.fromkeys(set(Evaluation.model_fields) - {"label_accuracy"}, 0.5) | {
            "protocol": protocol,
            "spread": {},
            "step": 2,
            "missing": 0,
            "class_shares": (0.5, 0.5),
            "created": records.now(),
        }
        yield Evaluation.model_validate(figures)

    monkeypatch.setattr(after_training, "evaluate", evaluate)


@pytest.mark.usefixtures("quick")
def test_a_checkpoint_removed_meanwhile_does_not_come_back(
    checkpoint: Checkpoint, runs_root: Path
) -> None:
    steps = measuring.measure(runs_root, checkpoint.folder)
    next(steps)
    shutil.rmtree(checkpoint.folder)
    with pytest.raises(ValueError, match="cannot be read"):
        list(steps)
    assert not checkpoint.folder.exists()


@pytest.mark.usefixtures("quick")
def test_figures_of_other_weights_are_not_kept(checkpoint: Checkpoint, runs_root: Path) -> None:
    steps = measuring.measure(runs_root, checkpoint.folder)
    next(steps)
    list(steps)
    assert checkpoints.load_card(checkpoint.folder).evaluation is not None
    steps = measuring.measure(runs_root, checkpoint.folder)
    next(steps)
    changed = checkpoint.card.model_copy(update={"step": 3})
    write_card(checkpoint.folder, changed)
    with pytest.raises(ValueError, match="'tiny' has changed: measure it again"):
        list(steps)
    assert checkpoints.load_card(checkpoint.folder) == changed


def test_what_cannot_be_kept_or_measured_starts_nothing(
    checkpoint: Checkpoint, runs_root: Path, pretrained_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with pytest.raises(ValueError, match="cannot be read"):
        measuring.start(runs_root, runs_root / "gone")
    with monkeypatch.context() as patch:
        patch.setattr(os, "access", lambda *_: False)
        with pytest.raises(ValueError, match="tiny is read-only: make it writable"):
            measuring.start(runs_root, checkpoint.folder)
    shutil.rmtree(pretrained_root / "classifiers")
    with pytest.raises(ValueError, match="that for cifar10, which reads such images, is not there"):
        measuring.start(runs_root, checkpoint.folder)
    assert task.current(runs_root) is None
