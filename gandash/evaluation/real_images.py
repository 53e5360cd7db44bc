"""Real images as an extractor sees them: what samples are measured against.

Reading them takes longer than measuring a checkpoint does. So what was read last is kept in
memory, and features are kept in files, for other processes too: one cache for all extractors and
for all that is measured.
"""

from __future__ import annotations

import contextlib
from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import lru_cache
from pathlib import Path

import torch
from torch import Tensor

from gandash import data
from gandash.config import DataConfig
from gandash.data import Dataset
from gandash.evaluation import metrics
from gandash.evaluation.extractor import Extractor
from gandash.storage import tensor_cache
from gandash.storage.paths import runs_root

PIXEL_SAMPLES = 2000
FEATURES = "features"
RADII = "radii"
USUAL = ("usual", "usual_pixels")


@dataclass(frozen=True)
class Training:
    """The training images beside held-out ones, to tell copies from new samples.

    ``usual`` is the median distance of held-out images to the nearest of them in features,
    ``usual_pixels`` that of 2,000 held-out ones in pixels.
    """

    images: Tensor
    features: Tensor
    usual: float
    usual_pixels: float


@dataclass(frozen=True)
class RealImages:
    """What samples are measured against, with all that does not depend on them.

    ``features`` are (N, d), ``radii`` (N, 2) those of :func:`gandash.evaluation.metrics.radii`.
    ``training`` is there for held-out images that an extractor of the data's classes has read.
    """

    extractor: Extractor
    images: Dataset
    split: str
    features: Tensor
    radii: Tensor
    training: Training | None = None

    def part(self, places: Tensor, split: str) -> RealImages:
        """Those at ``places`` alone, as of a split called so."""
        images = self.images.part(places)
        features = self.features[places]
        return replace(
            self, images=images, split=split, features=features, radii=metrics.radii(features)
        )


def real_images(config: DataConfig, extractor: Extractor) -> RealImages:
    """All images to measure a checkpoint on the data of ``config`` against.

    The test split of a named dataset, or all images of a folder or zip.
    """
    split = "test" if config.dataset in data.SOURCES else "train"
    return _real_images(config.model_copy(update={"limit": None}), split, extractor)


def forget() -> None:
    """Drop the real images that are kept in memory."""
    _real_images.cache_clear()


@lru_cache(maxsize=1)
def _real_images(config: DataConfig, split: str, extractor: Extractor) -> RealImages:
    real = see(data.load(config, split), split, extractor)
    if not extractor.of_data:
        return real
    return replace(real, training=_training(real, data.load(config)))


def see(images: Dataset, split: str, extractor: Extractor) -> RealImages:
    """Images of a split as an extractor sees them."""
    features = features_of(extractor, images)
    rules = f"{metrics.NEIGHBORS} and {metrics.DENSITY_NEIGHBORS} neighbors"
    radii = kept(
        (rules, extractor.digest, images.fingerprint),
        (RADII,),
        lambda: {RADII: metrics.radii(features)},
    )
    return RealImages(extractor, images, split, features, radii[RADII])


def features_of(extractor: Extractor, images: Dataset) -> Tensor:
    """Features (N, d) of images, computed once."""
    read = kept(
        features_name(extractor.digest, images),
        (FEATURES,),
        lambda: {FEATURES: extractor.read(images.images)[0]},
    )
    return read[FEATURES]


def features_name(digest: str, images: Dataset) -> tuple[str, ...]:
    """What the features of images follow from: an extractor's digest, and all that they show."""
    return FEATURES, digest, images.fingerprint


def _training(real: RealImages, train: Dataset) -> Training:
    features = features_of(real.extractor, train)
    held_out = real.images.images

    def usual() -> dict[str, Tensor]:
        some = held_out[metrics.drawn(len(held_out), PIXEL_SAMPLES)]
        medians = (
            metrics.median_distance(real.features, features),
            metrics.median_distance(some, train.images),
        )
        return dict(zip(USUAL, map(torch.tensor, medians), strict=True))

    rules = f"usual distances, {PIXEL_SAMPLES} in pixels"
    digests = (real.extractor.digest, real.images.fingerprint, train.fingerprint)
    distances = kept((rules, *digests), USUAL, usual)
    return Training(train.images, features, *(float(distances[name]) for name in USUAL))


def kept(
    parts: tuple[str, ...], names: tuple[str, ...], make: Callable[[], dict[str, Tensor]]
) -> dict[str, Tensor]:
    """Tensors that follow from ``parts`` alone: read from their file, or made and kept in it."""
    path = file_of(runs_root(), parts)
    before = tensor_cache.read(path, names)
    if before is not None:
        tensors, _ = before
        return tensors
    tensors = make()
    with contextlib.suppress(OSError):  # no room: made again the next time
        tensor_cache.write(path, tensors, {})
    return tensors


def file_of(root: Path, parts: tuple[str, ...]) -> Path:
    """Where that is kept, below the folder of runs, which follows from ``parts``."""
    return tensor_cache.path(root, *(part.encode() for part in parts))
