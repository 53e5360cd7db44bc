"""How good a checkpoint's samples are, measured with a classifier for their data."""

from __future__ import annotations

import contextlib
from collections.abc import Generator, Iterator
from dataclasses import asdict, dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gandash import data, latent
from gandash.checkpoints import Checkpoint, weights
from gandash.checkpoints.scores import Evaluation, Protocol
from gandash.config import DataConfig
from gandash.data import Dataset, to_unit
from gandash.evaluation import classifiers, metrics, while_training
from gandash.evaluation.classifiers import Facts
from gandash.evaluation.progress import Progress
from gandash.evaluation.while_training import HeldOut
from gandash.latent import generate
from gandash.records import now
from gandash.storage import tensor_cache
from gandash.storage.paths import runs_root

COUNT, LEAST = 10_000, 1000
PIXEL_SAMPLES = 2000
NAMES = ("held_out", "radii", "train", "usual", "usual_pixels")  # of tensors that are kept
# a class is missing if it has less than so much of its share among the real images
MISSING_SHARE = 0.1


@dataclass(frozen=True)
class Real:
    """The real images of a dataset as its classifier sees them, with all that does not depend on
    the samples.

    ``features`` are those of the training images; ``usual`` and ``usual_pixels`` the median
    distances of held-out images to the nearest of them, in features and, for the first 2,000, in
    pixels.
    """

    held_out: HeldOut
    train: Dataset
    features: Tensor
    usual: float
    usual_pixels: float


def real_images(config: DataConfig, folder: Path) -> Real:
    """Read all real images of the data that ``config`` names with its classifier in ``folder``.

    Those read last are kept in memory, and their features in a file, so that the next checkpoint on
    the same data is measured sooner, by another process too.
    """
    _, facts = classifiers.load(folder, config.dataset)
    return _real_images(config.model_copy(update={"limit": None}), folder, facts)


def forget() -> None:
    """Drop the real images that are kept in memory."""
    _real_images.cache_clear()


@lru_cache(maxsize=1)
def _real_images(config: DataConfig, folder: Path, facts: Facts) -> Real:
    images, train = data.load(config, "test"), data.load(config)
    classifier, facts = classifiers.load(folder, facts.dataset)
    weights = (folder / f"{facts.dataset}.safetensors").read_bytes()
    rules = (
        f"evaluation, {metrics.NEIGHBORS} and {metrics.DENSITY_NEIGHBORS} neighbors, "
        f"{PIXEL_SAMPLES} in pixels"
    )
    everything = (dataset.images.numpy().tobytes() for dataset in (images, train))
    path = tensor_cache.path(runs_root(), rules.encode(), weights, *everything)
    if (found := tensor_cache.read(path, NAMES)) is None:
        found = _computed(while_training.see(images, classifier, facts), train), {}
        with contextlib.suppress(OSError):  # no room: computed again the next time
            tensor_cache.write(path, *found)
    tensors, _ = found
    there = HeldOut(images, classifier, facts, tensors["held_out"], tensors["radii"])
    return Real(
        there, train, tensors["train"], float(tensors["usual"]), float(tensors["usual_pixels"])
    )


def _computed(held_out: HeldOut, train: Dataset) -> dict[str, Tensor]:
    features, _ = classifiers.read(held_out.classifier, train.images)
    usual = metrics.median_distance(held_out.features, features)
    pixels = metrics.median_distance(
        _pixels(held_out.images.images[:PIXEL_SAMPLES]), _pixels(train.images)
    )
    found = (held_out.features, held_out.radii, features, torch.tensor(usual), torch.tensor(pixels))
    return dict(zip(NAMES, found, strict=True))


def evaluate(
    checkpoint: Checkpoint, folder: Path, count: int = COUNT, seed: int = 0
) -> Iterator[Progress | Evaluation]:
    """Measure a checkpoint with the classifier for its data in ``folder``; the last item is the
    result.

    ``ValueError`` if there is no such classifier, the images have another size or color than it was
    trained on, or the data has no held-out images.
    """
    facts = checkpoint.card.data
    if not facts.kind.measured:
        raise ValueError(
            f"Classifiers read images, and {checkpoint.name!r} makes {facts.kind.name}: "
            "choose another checkpoint"
        )
    if count < LEAST:
        raise ValueError(f"An evaluation needs at least {LEAST:,} samples, not {count}: take more")
    _, about = classifiers.load(folder, data.check_held_out(checkpoint.card.config.data.dataset))
    if facts.shape != about.shape:
        reads, makes = ("x".join(map(str, shape)) for shape in (about.shape, facts.shape))
        raise ValueError(
            f"The classifier for {facts.name!r} reads images of {reads}, and {checkpoint.name!r} "
            f"makes {makes}: "
            "choose another checkpoint"
        )
    yield Progress("Reading real images", 1)
    real = real_images(checkpoint.card.config.data, folder)
    yield Progress("Drawing samples", 2)
    G = weights.load_generator(checkpoint)
    images = generate(G, latent.draw(seed, count, G.latent_dim))
    asked = latent.classes_in_turn(count, G.classes) if G.classes else None
    found = yield from _measure(images, real)
    accuracy = None if asked is None else float((found.labels == asked).float().mean())
    yield Evaluation(
        protocol=_protocol(real, count, seed),
        step=checkpoint.card.step,
        label_accuracy=accuracy,
        created=now(),
        **found.figures,
    )


def reference(
    dataset: str, folder: Path, count: int = COUNT, seed: int = 0
) -> Iterator[Progress | Evaluation]:
    """The same figures for training images in place of samples: what a perfect generator would
    reach.

    Only the memorization ratios are no goal: they are 0, as the images are those of the training
    set.
    """
    yield Progress("Reading real images", 1)
    _, about = classifiers.load(folder, data.check_held_out(dataset))
    real = real_images(DataConfig.model_validate({"dataset": dataset, "size": about.size}), folder)
    yield Progress("Choosing training images", 2)
    chosen = torch.randperm(len(real.train), generator=torch.Generator().manual_seed(seed))[:count]
    found = yield from _measure(real.train.images[chosen], real)
    yield Evaluation(
        protocol=_protocol(real, len(chosen), seed), step=0, created=now(), **found.figures
    )


def _protocol(real: Real, count: int, seed: int) -> Protocol:
    return Protocol(
        features=real.held_out.facts.name, real=len(real.held_out.images), fake=count, seed=seed
    )


@dataclass(frozen=True)
class _Measured:
    figures: dict[str, Any]
    labels: Tensor  # (N,) classes that the classifier sees in the samples


def _measure(images: Tensor, real: Real) -> Generator[Progress, None, _Measured]:
    """Every figure of uint8 images (N, C, S, S) against real ones."""
    there = real.held_out
    yield Progress("Reading samples", 3)
    fake, scores = classifiers.read(there.classifier, images)
    labels = scores.argmax(1)
    shares = metrics.class_shares(labels, len(there.images.classes))
    score, score_std = metrics.classifier_score(scores)
    yield Progress("Measuring Fréchet distance and diversity", 4)
    frechet = metrics.frechet_distance(fake, there.features)
    diversity = metrics.diversity(fake) / metrics.diversity(there.features)
    yield Progress("Measuring kernel distance", 5)
    kernel, kernel_std = metrics.kernel_distance(fake, there.features)
    yield Progress("Comparing neighborhoods", 6)
    near = metrics.neighborhoods(fake, there.features, there.radii)
    yield Progress("Looking for nearest training images", 7)
    memorization = metrics.memorization_ratio(fake, real.features, real.usual)
    yield Progress("Looking for nearest training images in pixels", 8)
    pixels = _pixels(images[:PIXEL_SAMPLES]), _pixels(real.train.images)
    figures = {
        "frechet": frechet,
        "kernel": kernel,
        "kernel_std": kernel_std,
        **asdict(near),
        "score": score,
        "score_std": score_std,
        "class_shares": tuple(round(float(share), 5) for share in shares),
        "missing": _missing(shares, there.images),
        "diversity": diversity,
        "memorization": memorization,
        "memorization_pixels": metrics.memorization_ratio(*pixels, real.usual_pixels),
    }
    return _Measured(figures, labels)


def _missing(shares: npt.NDArray[np.float64], real: Dataset) -> int:
    assert real.labels is not None
    return int(
        (shares < MISSING_SHARE * metrics.class_shares(real.labels, len(real.classes))).sum()
    )


def _pixels(images: Tensor) -> Tensor:
    """Pixels in [-1, 1] as features."""
    return to_unit(images).flatten(1)
