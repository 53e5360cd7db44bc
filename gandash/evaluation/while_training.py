"""How good a run's samples are while it trains: three quick figures on held-out images, and the
best weights so far.

The figures of a step are chosen from and shown as a curve; those of a finished checkpoint, on more
and other samples, are made by :mod:`gandash.evaluation.after_training`.
"""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gandash import data, latent
from gandash.checkpoints.scores import Protocol
from gandash.config import Config, DataConfig
from gandash.data import Dataset
from gandash.evaluation import classifiers, metrics
from gandash.evaluation.classifiers import Classifier, Facts
from gandash.training import State, sample

SAMPLES = 2000
# not that of an evaluation: weights that are chosen by these samples are measured on others
SEED = 2017
BATCH = 250  # samples at a time, among which ten classes are equally many


@dataclass(frozen=True)
class HeldOut:
    """The test split of a dataset, with all that a measurement of samples needs to know of it.

    ``features`` are (N, 128); ``radii`` (N, 2) those of :func:`gandash.evaluation.metrics.radii`.
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
    return see(data.load(config.model_copy(update={"limit": None}), "test"), classifier, facts)


def see(images: Dataset, classifier: Classifier, facts: Facts) -> HeldOut:
    """Held-out images as their classifier sees them."""
    features, _ = classifiers.read(classifier, images.images)
    return HeldOut(images, classifier, facts, features, metrics.radii(features))


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
    try:
        _, facts = classifiers.load(folder, data.check_held_out(config.data.dataset))
    except ValueError as error:
        raise ValueError(f"{error}, or set evaluate_every to 0") from error
    if config.data.color != "auto" and {"gray": 1, "rgb": 3}[config.data.color] != facts.channels:
        raise ValueError(
            f"The classifier for {facts.dataset!r} reads images of {facts.channels} channels, and "
            "color is "
            f"{config.data.color!r}: set color to auto, or evaluate_every to 0"
        )
    if config.data.size != facts.size:
        raise ValueError(
            f"The classifier for {facts.dataset!r} reads images of {facts.size} pixels, and size "
            "is "
            f"{config.data.size}: set size to {facts.size}, or evaluate_every to 0"
        )


def protocol(held_out: HeldOut) -> Protocol:
    """What the figures of a run have in common."""
    return Protocol(
        features=held_out.facts.name, real=len(held_out.images), fake=SAMPLES, seed=SEED
    )


def measure(state: State, held_out: HeldOut) -> Quality:
    """Figures of the sampler in eval mode as it stands.

    Neither weights nor random streams are touched.
    """
    z = latent.draw(SEED, SAMPLES, state.config.network.latent_dim)
    images = torch.cat([sample(state, part) for part in torch.split(z, BATCH)])
    features, _ = classifiers.read(held_out.classifier, images)
    near = metrics.neighborhoods(features, held_out.features, held_out.radii)
    return Quality(
        metrics.frechet_distance(features, held_out.features), near.precision, near.recall
    )


def better(best: Best | None, state: State, found: Quality) -> Best:
    """The best so far, with the state as it stands taken into account; of equals the earlier."""
    if best is not None and best.frechet <= found.frechet:
        return best
    return Best(state.step, state.seconds, found.frechet, _copy(state.sampler), _copy(state.D))


def _copy(network: torch.nn.Module) -> dict[str, Tensor]:
    return {
        name: tensor.detach().to("cpu", copy=True).contiguous()
        for name, tensor in network.state_dict().items()
    }
