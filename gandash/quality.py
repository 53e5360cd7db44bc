"""The held-out images of a dataset as its classifier sees them: what samples are measured against."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gandash import classifiers, data, metrics
from gandash.classifiers import Classifier, Facts
from gandash.config import DataConfig
from gandash.data import Dataset


@dataclass(frozen=True)
class HeldOut:
    """The test split of a dataset, with all that a measurement of samples needs to know of it.

    ``features`` are (N, 128); ``radii`` (N, 2) those of :func:`gandash.metrics.radii`.
    """

    images: Dataset
    classifier: Classifier
    facts: Facts
    features: Tensor
    radii: Tensor


def read_held_out(config: DataConfig, folder: Path) -> HeldOut:
    """Read the held-out images of the data that ``config`` names with its classifier in ``folder``.

    ``ValueError`` if there are none, or no such classifier.
    """
    classifier, facts = classifiers.load(folder, data.check_held_out(config.dataset))
    classifier.to(memory_format=torch.channels_last)  # reads more than twice as fast
    images = data.load(config.model_copy(update={"limit": None}), "test")
    features, _ = classifiers.read(classifier, images.images)
    return HeldOut(images, classifier, facts, features, metrics.radii(features))
