"""The features of a training set, computed once by a process beside the server and kept in a file.

:func:`start` is for the app, ``python -m gandash.jobs.nearest_images ROOT FOLDER`` is the process.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import torch

from gandash import checkpoints
from gandash.checkpoints import Checkpoint
from gandash.evaluation import classifiers
from gandash.evaluation.neighbors import classifier, file, gauge_of, probe_images, training_images
from gandash.evaluation.progress import Progress
from gandash.jobs import measuring, task
from gandash.storage import tensor_cache

MODULE: Final = "jobs.nearest_images"
PARTS = 12


def start(root: Path, folder: Path) -> None:
    """Start to compute the features of what the checkpoint in ``folder`` was trained on; ``root``
    is that of runs.

    ``ValueError`` if it is gone, there is no classifier for its data, or another job is under way.
    """
    checkpoint = Checkpoint(folder, checkpoints.load_card(folder))
    measuring.check(checkpoint)
    task.start(root, MODULE, folder, f"reading the training images of {checkpoint.name!r}")


def build(root: Path, folder: Path) -> Iterator[Progress]:
    """Compute the features of a training set and keep them, with their gauge.

    In a file of half-precision numbers.
    """
    checkpoint = Checkpoint(folder, checkpoints.load_card(folder))
    yield Progress("Loading training images", 1, PARTS + 2)
    dataset, network, found = training_images(checkpoint), classifier(checkpoint), []
    for number, part in enumerate(dataset.images.chunk(PARTS), start=2):
        yield Progress("Reading training images", number, PARTS + 2)
        found.append(classifiers.read(network, part)[0].half())
    yield Progress("Reading held-out images", PARTS + 2, PARTS + 2)
    features = torch.cat(found)
    probes, held_out = probe_images(checkpoint, dataset)
    gauge = gauge_of(classifiers.read(network, probes)[0].half(), features, held_out)
    facts = {
        "typical": repr(gauge.typical),
        "probes": str(gauge.probes),
        "held_out": str(gauge.held_out),
    }
    tensor_cache.write(file(root, checkpoint), {"features": features}, facts)


def main(root: Path, folder: Path) -> None:
    """Read one training set as the job of ``root``."""
    task.run(root, build(root, folder))


if __name__ == "__main__":
    main(Path(sys.argv[1]), Path(sys.argv[2]))
