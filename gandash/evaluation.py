"""How good a checkpoint's samples are, measured with a classifier for their data."""

from __future__ import annotations

from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gandash import checkpoints, classifiers, data, latent, metrics
from gandash.checkpoints import Checkpoint, now
from gandash.classifiers import Classifier
from gandash.config import DataConfig
from gandash.data import Dataset, to_unit
from gandash.figures import Evaluation, Protocol
from gandash.samples import generate

COUNT, LEAST = 10_000, 1000
PIXEL_SAMPLES = 2000
MISSING_SHARE = 0.1  # a class is missing if it has less than so much of its share among the real images


@dataclass(frozen=True)
class Progress:
    """What is being done, as number ``step`` of ``steps``."""

    doing: str
    step: int
    steps: int = 5


def evaluate(
    checkpoint: Checkpoint, folder: Path, count: int = COUNT, seed: int = 0
) -> Iterator[Progress | Evaluation]:
    """Measure a checkpoint with the classifier for its data in ``folder``; the last item is the result.

    ``ValueError`` if there is no such classifier, the images have another size or color than it was trained on,
    or the data has no held-out images.
    """
    facts = checkpoint.card.data
    if facts.points or facts.shape[-1] != 32:
        raise ValueError(
            f"Classifier features are those of 32x32 images, and {checkpoint.name!r} makes "
            f"{'points' if facts.points else 'x'.join(map(str, facts.shape[1:]))}: choose another checkpoint"
        )
    if count < LEAST:
        raise ValueError(f"An evaluation needs at least {LEAST:,} samples, not {count}: take more")
    network, about = classifiers.load(folder, data.check_held_out(facts.name))
    if facts.shape[0] != about.channels:
        raise ValueError(
            f"The classifier for {facts.name!r} reads images of {about.channels} channels, and {checkpoint.name!r} "
            f"makes {facts.shape[0]}: choose another checkpoint"
        )
    yield Progress("Drawing samples", 1)
    G = checkpoints.load_generator(checkpoint)
    images = generate(G, latent.draw(seed, count, G.latent_dim))
    asked = latent.classes_in_turn(count, G.classes) if G.classes else None
    found = yield from _measure(images, checkpoint.card.config.data, network)
    accuracy = None if asked is None else float((found.labels == asked).float().mean())
    protocol = Protocol(features=about.name, real=found.real, fake=count, seed=seed)
    yield Evaluation(
        protocol=protocol, step=checkpoint.card.step, label_accuracy=accuracy, created=now(), **found.figures
    )


def reference(dataset: str, folder: Path, count: int = COUNT, seed: int = 0) -> Iterator[Progress | Evaluation]:
    """The same figures for training images in place of samples: what a perfect generator would reach.

    Only the memorization ratios are no goal: they are 0, as the images are those of the training set.
    """
    network, about = classifiers.load(folder, data.check_held_out(dataset))
    yield Progress("Choosing training images", 1)
    config = DataConfig(dataset=dataset)
    train = data.load(config)
    chosen = torch.randperm(len(train), generator=torch.Generator().manual_seed(seed))[:count]
    found = yield from _measure(train.images[chosen], config, network)
    protocol = Protocol(features=about.name, real=found.real, fake=len(chosen), seed=seed)
    yield Evaluation(protocol=protocol, step=0, created=now(), **found.figures)


@dataclass(frozen=True)
class _Measured:
    figures: dict[str, Any]
    labels: Tensor  # (N,) classes that the classifier sees in the samples
    real: int


def _measure(images: Tensor, config: DataConfig, network: Classifier) -> Generator[Progress, None, _Measured]:
    """Every figure of uint8 images (N, C, 32, 32) against the data that ``config`` names."""
    yield Progress("Reading real images", 2)
    whole = config.model_copy(update={"limit": None})
    train, test = data.load(whole), data.load(whole, "test")
    (fake, scores), (seen, _), (real, _) = (
        classifiers.read(network, part) for part in (images, train.images, test.images)
    )
    labels = scores.argmax(1)
    yield Progress("Measuring distances", 3)
    kernel, kernel_std = metrics.kernel_distance(fake, real)
    score, score_std = metrics.classifier_score(scores)
    shares = metrics.class_shares(labels, len(test.classes))
    yield Progress("Comparing neighborhoods", 4)
    near = metrics.neighborhoods(fake, real)
    yield Progress("Looking for nearest training images", 5)
    figures = {
        "frechet": metrics.frechet_distance(fake, real), "kernel": kernel, "kernel_std": kernel_std,
        **asdict(near), "score": score, "score_std": score_std,
        "class_shares": tuple(round(float(share), 5) for share in shares), "missing": _missing(shares, test),
        "diversity": metrics.diversity(fake) / metrics.diversity(real),
        "memorization": metrics.memorization_ratio(fake, seen, real),
        "memorization_pixels": metrics.memorization_ratio(
            _pixels(images[:PIXEL_SAMPLES]), _pixels(train.images), _pixels(test.images[:PIXEL_SAMPLES])
        ),
    }  # fmt: skip
    return _Measured(figures, labels, len(test))


def _missing(shares: npt.NDArray[np.float64], real: Dataset) -> int:
    assert real.labels is not None
    return int((shares < MISSING_SHARE * metrics.class_shares(real.labels, len(real.classes))).sum())


def _pixels(images: Tensor) -> Tensor:
    """Pixels in [-1, 1] as features."""
    return to_unit(images).flatten(1)
