"""The features of a training set, computed once by a process beside the server and kept in a file.

:func:`start` is for the app, ``python -m gandash.jobs.nearest_images ROOT FOLDER`` is the process.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import torch
from torch import Tensor

from gandash import checkpoints
from gandash.checkpoints import Checkpoint
from gandash.evaluation import after_training, neighbors
from gandash.evaluation.classifiers import READ_BATCH
from gandash.evaluation.progress import Progress
from gandash.evaluation.real_images import FEATURES
from gandash.jobs import task
from gandash.storage import tensor_cache
from gandash.storage.paths import classifiers_root

MODULE: Final = "jobs.nearest_images"
PARTS = 12


def start(root: Path, folder: Path) -> None:
    """Start to compute the features of what the checkpoint in ``folder`` was trained on; ``root``
    is that of runs.

    ``ValueError`` if it is gone, there is no classifier for its data, or another job is under way.
    """
    checkpoint = Checkpoint(folder, checkpoints.load_card(folder))
    after_training.check(checkpoint, classifiers_root())
    task.start(root, MODULE, folder, f"reading the training images of {checkpoint.name!r}")


def build(root: Path, folder: Path) -> Iterator[Progress]:
    """Compute the features of a training set, and keep them in a file."""
    checkpoint = Checkpoint(folder, checkpoints.load_card(folder))
    yield Progress("Loading training images", 1, PARTS + 1)
    dataset = neighbors.training_images(checkpoint)
    extractor = neighbors.extractor(checkpoint)
    features = []
    parts = _parts(dataset.images)
    for number, part in enumerate(parts, start=2):
        yield Progress("Reading training images", number, len(parts) + 1)
        features.append(extractor.read(part)[0])
    path = neighbors.file(root, extractor, dataset)
    tensor_cache.write(path, {FEATURES: torch.cat(features)}, {})


def _parts(images: Tensor) -> list[Tensor]:
    """About as many images each, in whole batches, so that every feature is what reading them all
    at once would give.
    """
    batches = -(-len(images) // READ_BATCH)
    return list(torch.split(images, READ_BATCH * -(-batches // PARTS)))


def main(root: Path, folder: Path) -> None:
    """Read one training set as the job of ``root``."""
    task.run(root, build(root, folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
