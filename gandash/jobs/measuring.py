"""A checkpoint's figures, measured beside the web server and kept in its card.

:func:`start` is for the app; ``python -m gandash.jobs.measuring ROOT FOLDER`` is the process.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

from gandash import checkpoints
from gandash.checkpoints import Checkpoint
from gandash.checkpoints.scores import Figures
from gandash.evaluation import after_training
from gandash.evaluation.progress import Progress
from gandash.jobs import task
from gandash.jobs.queue import gate
from gandash.storage.paths import classifiers_root

MODULE: Final = "jobs.measuring"


def check(checkpoint: Checkpoint) -> None:
    """``ValueError`` if a checkpoint's samples cannot be measured.

    Whatever state its folder is in.
    """
    after_training.check(checkpoint, classifiers_root())


def start(root: Path, folder: Path) -> None:
    """Start to measure the checkpoint in ``folder``; ``root`` is the folder of runs.

    ``ValueError`` if it is gone, cannot be measured or written to, or another job is under way.
    """
    checkpoint = Checkpoint(folder, checkpoints.load_card(folder))
    check(checkpoint)
    if not os.access(folder, os.W_OK):
        raise ValueError(
            f"Figures are kept in a checkpoint's card, and {folder} is read-only: make it writable"
        )
    task.start(root, MODULE, folder, f"measuring {checkpoint.name!r}")


def measure(root: Path, folder: Path) -> Iterator[Progress]:
    """Measure a checkpoint and keep the figures in its card.

    Which must not have changed meanwhile.
    """
    checkpoint = Checkpoint(folder, checkpoints.load_card(folder))
    for item in after_training.evaluate(checkpoint, classifiers_root()):
        if isinstance(item, Progress):
            yield item
        else:
            _keep(root, checkpoint, item)


def _keep(root: Path, measured: Checkpoint, figures: Figures) -> None:
    """Within the gate, behind which runs are removed: no folder comes back with a card alone."""
    with gate(root, seconds=-1):
        if checkpoints.load_card(measured.folder) != measured.card:
            raise ValueError(
                f"A checkpoint must stay the same while it is measured, and {measured.name!r} has "
                "changed: "
                "measure it again"
            )
        checkpoints.attach(measured, figures)


def main(root: Path, folder: Path) -> None:
    """Measure one checkpoint as the job of ``root``."""
    task.run(root, measure(root, folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
