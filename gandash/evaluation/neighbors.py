"""The training images nearest to a sample: in pixels, and on the features of the classifier for the
data.

Features of a whole training set take a minute to compute; :mod:`gandash.jobs.nearest_images` does
that once.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gandash import data
from gandash.checkpoints import Checkpoint
from gandash.data import Dataset, to_unit
from gandash.evaluation import classifiers
from gandash.evaluation.classifiers import Classifier
from gandash.storage import tensor_cache
from gandash.storage.paths import classifiers_root

PROBES = 500
MAX_BYTES = 256_000_000
CHUNK = 2048


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


def nearest(queries: Tensor, references: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """Distances (Q, count) to the nearest references, nearest first, and which those are (Q,
    count).

    Images are compared as pixels in [-1, 1], features as they are; Euclidean distance. Of
    ``references`` only a part at a time is turned into floats. The distances of those found are
    taken anew, so that a copy is at 0.
    """
    rows, count = _rows(queries), min(count, len(references))
    found = []
    for start in range(0, len(references), CHUNK):
        part = torch.cdist(rows, _rows(references[start : start + CHUNK]))
        closest = part.topk(min(count, part.shape[1]), largest=False)
        found.append((closest.values, closest.indices + start))
    distances, indices = (torch.cat(parts, 1) for parts in zip(*found, strict=True))
    places = indices.gather(1, distances.topk(count, largest=False).indices)
    exact = torch.stack(
        [(rows - _rows(references[at])).norm(dim=1) for at in places.T], dim=1
    ).sort(dim=1)
    return exact.values, places.gather(1, exact.indices)


def _rows(items: Tensor) -> Tensor:
    return to_unit(items).flatten(1) if items.dtype == torch.uint8 else items.float()


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
    """Evenly spaced images to take the measure of a space with.

    Held-out ones where the data has some.
    """
    config = checkpoint.card.config.data
    held_out = config.dataset in data.SOURCES
    images = (
        data.load(config.model_copy(update={"limit": None}), "test").images
        if held_out
        else dataset.images
    )
    return images[:: max(1, len(images) // PROBES)][:PROBES], held_out


def gauge_of(probes: Tensor, references: Tensor, held_out: bool) -> Gauge:
    """The nearest training image of a training image is the second nearest.

    The nearest is itself.
    """
    distances, _ = nearest(probes, references, 1 if held_out else 2)
    return Gauge(float(distances[:, -1].median()), len(probes), held_out)


def classifier(checkpoint: Checkpoint) -> Classifier:
    """The classifier for a checkpoint's data."""
    return classifiers.load(classifiers_root(), _dataset(checkpoint))[0]


def _dataset(checkpoint: Checkpoint) -> str:
    """The named dataset that a checkpoint was trained on; a file of that name is none."""
    return data.check_held_out(checkpoint.card.config.data.dataset)


def file(root: Path, checkpoint: Checkpoint) -> Path:
    """Where the features are kept: named for the data and for the classifier's weights."""
    weights = (classifiers_root() / f"{_dataset(checkpoint)}.safetensors").read_bytes()
    return tensor_cache.path(
        root, b"neighbors", checkpoint.card.config.data.model_dump_json().encode(), weights
    )


def read(path: Path) -> Space | None:
    """The space of features that a file keeps.

    None if it is not there or damaged, and has to be made (anew).
    """
    if (found := tensor_cache.read(path, ["features"])) is None:
        return None
    tensors, facts = found
    try:
        gauge = Gauge(float(facts["typical"]), int(facts["probes"]), facts["held_out"] == "True")
    except (KeyError, ValueError):
        return None
    return Space(tensors["features"], gauge)
