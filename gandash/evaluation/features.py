"""Which features samples are measured on: those of the classifier for their data, or general ones.

Where no classifier has learned the data, as with images of one's own, that for CIFAR-10 reads them:
reduced or enlarged to 32x32 pixels, gray ones as three equal channels. Its features tell shapes and
colors apart, and were not made for such images: figures on them can be compared with each other on
the same data, and with nothing else.
"""

from __future__ import annotations

from pathlib import Path

from torch import Tensor

from gandash import data
from gandash.checkpoints.scores import GeneralFigures
from gandash.data import Dataset
from gandash.data.pixels import recolor
from gandash.evaluation import classifiers
from gandash.evaluation.extractor import Extractor, digest_of

GENERAL = "cifar10"
FEWEST = 50  # real images: of fewer, a distance says nothing


def knows(folder: Path, dataset: str, shape: tuple[int, ...]) -> bool:
    """Whether there is a classifier in ``folder`` for a named dataset, at the shape (C, H, W) of
    its samples; ``ValueError`` if its file is damaged.
    """
    if dataset not in data.SOURCES or not classifiers.path_of(folder, dataset).is_file():
        return False
    return classifiers.facts(folder, dataset).shape == shape


def extractor(folder: Path, dataset: str, shape: tuple[int, ...], title: str) -> Extractor:
    """What samples of a dataset are measured with; ``title`` is what people call it.

    ``ValueError`` if the classifiers' files are gone or damaged.
    """
    if knows(folder, dataset, shape):
        return classifiers.extractor(folder, dataset)
    check_general(folder, title)
    network, facts = classifiers.load(folder, GENERAL)

    def read(images: Tensor) -> tuple[Tensor, Tensor]:
        return classifiers.read(network, data.fit(recolor(images, "rgb"), facts.size))

    name = f"{facts.name}, which has not learned {title}"
    return Extractor(name, digest_of(network.state_dict()), read, GeneralFigures)


def check_count(images: Dataset) -> None:
    """``ValueError`` if there are too few real images to measure samples against."""
    if len(images) < FEWEST:
        raise ValueError(
            f"Measuring needs at least {FEWEST} real images, and {images.title} has {len(images)}: "
            "take more"
        )


def check_general(folder: Path, title: str) -> None:
    """``ValueError`` if images without a classifier of their own cannot be measured."""
    if not classifiers.path_of(folder, GENERAL).is_file():
        raise ValueError(
            f"No classifier has learned {title}, and that for {GENERAL}, which reads such images, "
            f"is not there: make it with python -m gandash classifier {GENERAL}"
        )
