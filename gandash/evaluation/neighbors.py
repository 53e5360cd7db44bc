"""The training images nearest to a sample: in pixels, and on the features that samples are measured
on.

Features of a whole training set take a minute to compute: :mod:`gandash.jobs.nearest_images` does
that once, or :mod:`gandash.evaluation.after_training`, who share their file.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from torch import Tensor

from gandash import data
from gandash.checkpoints import Checkpoint
from gandash.data import Dataset
from gandash.evaluation import metrics
from gandash.evaluation.distances import nearest
from gandash.evaluation.extractor import Extractor
from gandash.evaluation.features import extractor as extractor_for
from gandash.evaluation.real_images import FEATURES, features_name, file_of
from gandash.storage import tensor_cache
from gandash.storage.paths import classifiers_root

PROBES = 500
MAX_BYTES = 256_000_000


@dataclass(frozen=True)
class Gauge:
    """What a distance is held against.

    The median distance of so many other real images to their nearest one.
    """

    typical: float
    probes: int
    held_out: bool

    def __str__(self) -> str:
        kind = "held-out images" if self.held_out else "training images, themselves left out"
        return (
            f"the median distance of {self.probes:,} {kind} to their nearest training image is "
            f"{self.typical:.2f}"
        )


@dataclass(frozen=True)
class Space:
    """Training images as uint8 pixels (N, C, H, W) or as features (N, d).

    And what is typical among them.
    """

    references: Tensor
    gauge: Gauge


def training_images(checkpoint: Checkpoint) -> Dataset:
    """What a checkpoint was trained on.

    ``ValueError`` if that is no images, not there, or too much to look through.
    """
    facts = checkpoint.card.data
    size = facts.images * math.prod(facts.shape)
    if not facts.kind.pixels:
        raise ValueError(
            f"Nearest images are those of a generator of images, and {checkpoint.name!r} makes "
            f"{facts.kind.name}"
        )
    if size > MAX_BYTES:
        raise ValueError(
            f"Nearest images are looked for in at most {MAX_BYTES // 10**6} MB of training images, "
            "and those of "
            f"{checkpoint.name!r} take {size // 10**6:,} MB: choose a checkpoint of fewer or "
            "smaller images"
        )
    return data.load(checkpoint.card.config.data)


def pixels(checkpoint: Checkpoint, dataset: Dataset) -> Space:
    """The space of pixels."""
    probes, held_out = probe_images(checkpoint, dataset)
    return Space(dataset.images, gauge_of(probes, dataset.images, held_out))


def probe_images(checkpoint: Checkpoint, dataset: Dataset) -> tuple[Tensor, bool]:
    """Images to take the measure of a space with, drawn by a fixed seed.

    Held-out ones where the data has some.
    """
    config = checkpoint.card.config.data
    named = config.dataset in data.SOURCES
    if named:
        dataset = data.load(config.model_copy(update={"limit": None}), "test")
    held_out = named or dataset.held_out is not None
    if dataset.held_out is not None:
        dataset = dataset.held_out
    return dataset.images[metrics.drawn(len(dataset), PROBES)], held_out


def gauge_of(probes: Tensor, references: Tensor, held_out: bool) -> Gauge:
    """The nearest training image of a training image is the second nearest.

    The nearest is itself.
    """
    distances, _ = nearest(probes, references, 1 if held_out else 2)
    return Gauge(float(distances[:, -1].median()), len(probes), held_out)


def extractor(checkpoint: Checkpoint) -> Extractor:
    """The classifier for a checkpoint's data, or general features where there is none."""
    facts, dataset = checkpoint.card.data, checkpoint.card.config.data.dataset
    return extractor_for(classifiers_root(), dataset, facts.shape, facts.title)


def file(root: Path, extractor: Extractor, dataset: Dataset) -> Path:
    """Where the features of training images are kept, also when they were read to measure."""
    return file_of(root, features_name(extractor.digest, dataset))


def features(
    root: Path, checkpoint: Checkpoint, extractor: Extractor, dataset: Dataset
) -> Space | None:
    """The space of features of the training images of a checkpoint.

    None if they were not read yet, or their file is damaged: it has to be made (anew).
    """
    kept = tensor_cache.read(file(root, extractor, dataset), (FEATURES,))
    if kept is None:
        return None
    tensors, _ = kept
    references = tensors[FEATURES]
    probes, held_out = probe_images(checkpoint, dataset)
    return Space(references, gauge_of(extractor.read(probes)[0], references, held_out))
