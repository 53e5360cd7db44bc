"""How good a run's samples are while it trains: three quick figures, and the best weights so far.

The best step is chosen against training images, so that the test split stays unseen until the
finished checkpoint is measured on it, on more and other samples, by
:mod:`gandash.evaluation.after_training`. They are some that the run trains on, for a run shall
train alike whether it is measured or not: the curve tells steps apart, and is no estimate of the
distance to new images. Runs made before 26 November 2026 were measured against the test split:
their protocol says so, and they keep to it.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Literal

import torch
from torch import Tensor

from gandash import data, latent
from gandash.checkpoints.scores import Protocol
from gandash.config import Config, DataConfig
from gandash.evaluation import features, metrics
from gandash.evaluation.real_images import RealImages, see
from gandash.training import State, sample

SAMPLES = 2000
REAL = 10_000  # training images to choose the best step against, at most
# not that of an evaluation: weights that are chosen by these samples are measured on others
SEED = 2017
BATCH = 250  # samples at a time, among which ten classes are equally many
CHANNELS = {"auto": (1, 3), "gray": (1,), "rgb": (3,)}
Split = Literal["train", "test"]


def read_real(config: DataConfig, folder: Path, split: Split = "train") -> RealImages:
    """Read the images to measure a run on the data of ``config`` against, with the classifier for
    them in ``folder``, or on general features where there is none: 10,000 training images drawn by
    a fixed seed, or the whole test split.

    ``ValueError`` if there is no such classifier, or too few images.
    """
    images = data.load(config.model_copy(update={"limit": None}), split)
    features.check_count(images)
    extractor = features.extractor(folder, config.dataset, images.shape, images.title)
    if split == "train":
        images = images.part(metrics.drawn(len(images), REAL))
    return see(images, split, extractor)


@dataclass(frozen=True)
class Quality:
    """Figures of a step's samples; formulas stand in :mod:`gandash.evaluation.metrics`."""

    frechet: float
    precision: float
    recall: float


@dataclass(frozen=True)
class Best:
    """The weights of the step with the least Fréchet distance so far, on the CPU.

    The sampler's and D's.
    """

    step: int
    seconds: float
    frechet: float
    G: dict[str, Tensor]
    D: dict[str, Tensor]


def check(config: Config, folder: Path) -> None:
    """``ValueError`` if samples are to be measured while a run trains, and cannot be."""
    if not config.evaluate_every:
        return
    wanted = config.data
    shapes = [(channels, wanted.size, wanted.size) for channels in CHANNELS[wanted.color]]
    try:
        if not any(features.knows(folder, wanted.dataset, shape) for shape in shapes):
            features.check_general(folder, f"{wanted.dataset!r}")
    except ValueError as error:
        raise ValueError(f"{error}, or set evaluate_every to 0") from error


def protocol(real: RealImages) -> Protocol:
    """What the figures of a run have in common."""
    return Protocol(
        features=real.extractor.name,
        real=len(real.images),
        fake=SAMPLES,
        split=real.split,
        seed=SEED,
    )


def measure(state: State, real: RealImages) -> Quality:
    """Figures of the sampler in eval mode as it stands.

    Neither weights nor random streams are touched.
    """
    z = latent.draw(SEED, SAMPLES, state.config.network.latent_dim)
    images = torch.cat([sample(state, part) for part in torch.split(z, BATCH)])
    fake, _ = real.extractor.read(images)
    near = metrics.neighborhoods(fake, real.features, real.radii)
    return Quality(metrics.frechet_distance(fake, real.features), near.precision, near.recall)


def better(best: Best | None, state: State, quality: Quality) -> Best:
    """The best so far, with the state as it stands taken into account; of equals the earlier."""
    if best is not None and best.frechet <= quality.frechet:
        return best
    return Best(state.step, state.seconds, quality.frechet, _copy(state.sampler), _copy(state.D))


def _copy(network: torch.nn.Module) -> dict[str, Tensor]:
    return {
        name: tensor.detach().to("cpu", copy=True).contiguous()
        for name, tensor in network.state_dict().items()
    }
