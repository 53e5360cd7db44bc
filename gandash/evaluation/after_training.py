"""How good a checkpoint's samples are: every figure, on the features of an extractor."""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gandash import data, latent
from gandash.checkpoints import Checkpoint, weights
from gandash.checkpoints.scores import (
    HALVES,
    Evaluation,
    Figures,
    Protocol,
)
from gandash.config import DataConfig
from gandash.data import Dataset
from gandash.evaluation import classifiers, features, metrics
from gandash.evaluation.draws import COUNT, DEFAULT_DRAWS, SEEDS, Draws
from gandash.evaluation.extractor import Extractor
from gandash.evaluation.progress import Progress
from gandash.evaluation.real_images import PIXEL_SAMPLES, RealImages, real_images
from gandash.kinds import IMAGE_SIZES, of_dataset
from gandash.latent import generate
from gandash.records import now
from gandash.storage.paths import expanded

RULES = 2  # of Protocol
# a class is missing if it has less than so much of its share among the real images
MISSING_SHARE = 0.1
NOISE = 10.0  # deviation of the pixels of images of noise, of 255
PARTS = 6  # that a set is measured in, with an extractor of the data's classes
UNSPREAD = ("score_std", "kernel_error")  # they are about the noise of one set already


def check(checkpoint: Checkpoint, folder: Path, against: str = "") -> None:
    """``ValueError`` if a checkpoint's samples cannot be measured with the classifiers in
    ``folder``: if they are no images, or what it has learned, or the dataset that is named in place
    of it, is not known here.
    """
    _check_kind(checkpoint)
    dataset = checkpoint.card.config.data.dataset
    known = checkpoint.card.imported is None and _is_there(dataset)
    if against and known:
        raise ValueError(
            f"Samples of {checkpoint.name!r} are measured against what it has learned, which is "
            f"here, and against is {against!r}: leave it away"
        )
    if against and not (_is_there(against) and of_dataset(against).measured):
        raise ValueError(
            f"Samples are measured against images, and {against!r} is no dataset of those nor a "
            "folder or zip that is here: check the spelling"
        )
    if not against and not known:
        raise ValueError(
            "Measuring needs the images that a checkpoint has learned, and those of "
            f"{checkpoint.name!r} are not here: name others with gandash evaluate "
            f"{checkpoint.name} --against DATASET"
        )
    images, shape, title = _read(checkpoint, against)
    if not features.knows(folder, images.dataset, shape):
        features.check_general(folder, title)


def _check_kind(checkpoint: Checkpoint) -> None:
    kind = checkpoint.card.data.kind
    if not kind.measured:
        raise ValueError(
            f"Classifiers read images, and {checkpoint.name!r} makes {kind.name}: "
            "choose another checkpoint"
        )


def _is_there(dataset: str) -> bool:
    return dataset in data.SOURCES or expanded(dataset).exists()


def check_classes(checkpoint: Checkpoint, folder: Path) -> None:
    """``ValueError`` if no classifier in ``folder`` knows the classes of a checkpoint's data.

    There may be none for it, the images may have another size or color than it was trained on, or
    the data no held-out images.
    """
    _check_kind(checkpoint)
    facts = checkpoint.card.data
    # a file of that name is none
    about = classifiers.facts(folder, data.check_held_out(checkpoint.card.config.data.dataset))
    if facts.shape != about.shape:
        reads, makes = ("x".join(map(str, shape)) for shape in (about.shape, facts.shape))
        raise ValueError(
            f"The classifier for {facts.name!r} reads images of {reads}, and {checkpoint.name!r} "
            f"makes {makes}: "
            "choose another checkpoint"
        )


def evaluate(
    checkpoint: Checkpoint,
    folder: Path,
    count: int = COUNT,
    seed: int = 0,
    seeds: int = SEEDS,
    *,
    against: str = "",
) -> Iterator[Progress | Figures]:
    """Measure a checkpoint with the classifier for its data in ``folder``, or where there is none
    on general features; the last item is the result, an :class:`Evaluation` or
    :class:`GeneralFigures`. ``against``: the dataset to measure against, where nobody knows here
    what the checkpoint has learned.

    ``ValueError`` as :func:`check` says it.
    """
    draws = Draws(count, seed, seeds)
    check(checkpoint, folder, against)
    images, shape, title = _read(checkpoint, against)
    extractor = features.extractor(folder, images.dataset, shape, title)
    yield from measure(checkpoint, extractor, draws, images)


def _read(checkpoint: Checkpoint, against: str) -> tuple[DataConfig, tuple[int, ...], str]:
    """The real images that a checkpoint's samples are measured against, their shape (C, H, W) and
    what people call them: what it has learned, or the dataset ``against``.
    """
    facts = checkpoint.card.data
    if not against:
        return checkpoint.card.config.data, facts.shape, facts.title
    images = _images(against, facts.shape)
    title = data.SOURCES[against].title if against in data.SOURCES else Path(against).stem
    return images, (facts.shape[0], images.size, images.size), title


def _images(dataset: str, shape: tuple[int, ...]) -> DataConfig:
    """Images of a dataset as samples of a shape (C, H, W) are measured against: of the same color,
    and of the same size where that is one of this project's, else of 32 pixels.
    """
    size = shape[-1] if shape[-1] in IMAGE_SIZES else 32
    color = "gray" if shape[0] == 1 else "rgb"
    return DataConfig.model_validate({"dataset": dataset, "size": size, "color": color})


def _evaluations(items: Iterator[Progress | Figures]) -> Iterator[Progress | Evaluation]:
    """What an extractor of the data's classes gives."""
    for item in items:
        assert isinstance(item, Progress | Evaluation)
        yield item


def measure(
    checkpoint: Checkpoint, extractor: Extractor, draws: Draws, images: DataConfig | None = None
) -> Iterator[Progress | Figures]:
    """Measure a checkpoint on the features of any extractor, against what it has learned or other
    ``images``; the last item is the result.

    That is an :class:`Evaluation` if the extractor's classes are those of the data. Each figure is
    the mean over the sets of samples.
    """
    G = weights.load_generator(checkpoint)
    asked = latent.classes_in_turn(draws.count, G.classes) if G.classes else None

    def samples(seed: int, real: RealImages) -> tuple[Tensor, RealImages]:
        made = generate(G, latent.draw(seed, draws.count, G.latent_dim))
        return data.fit(made, real.images.shape[-1]), real

    source = Source("Drawing samples", samples, asked, checkpoint.card.step)
    yield from _measured(source, images or checkpoint.card.config.data, extractor, draws)


def real_halves(
    dataset: str, folder: Path, draws: Draws = DEFAULT_DRAWS
) -> Iterator[Progress | Evaluation]:
    """The same figures for one half of the test split in place of samples, against the other half:
    what a perfect generator would reach.

    Neither a generator nor the classifier has seen them. Seeds say which half an image is in; the
    count of ``draws`` means nothing here.
    """

    def halves(seed: int, real: RealImages) -> tuple[Tensor, RealImages]:
        rng = torch.Generator().manual_seed(seed)
        one, other = torch.randperm(len(real.images), generator=rng).tensor_split(2)
        return real.images.images[one], real.part(other, HALVES)

    yield from _real_source(Source("Halving the test split", halves), dataset, folder, draws)


def noise(
    dataset: str, folder: Path, draws: Draws = DEFAULT_DRAWS
) -> Iterator[Progress | Evaluation]:
    """The same figures for images of noise in place of samples: pixels drawn from a Gaussian of
    deviation 10 around the middle of 0 to 255, about what an untrained generator makes.
    """

    def gray_noise(seed: int, real: RealImages) -> tuple[Tensor, RealImages]:
        shape = (draws.count, *real.images.shape)
        rng = torch.Generator().manual_seed(seed)
        pixels = torch.randn(shape, generator=rng).mul_(NOISE).add_(127.5)
        return pixels.round_().clamp_(0, 255).to(torch.uint8), real

    yield from _real_source(Source("Drawing noise", gray_noise), dataset, folder, draws)


@dataclass(frozen=True)
class Source:
    """Where sets of images to measure come from.

    ``draw`` makes the uint8 images (N, C, S, S) of a seed, and says which real ones they are
    measured against. They may have been ``asked`` to be of classes (N,).
    """

    doing: str
    draw: Callable[[int, RealImages], tuple[Tensor, RealImages]]
    asked: Tensor | None = None
    step: int = 0


def _real_source(
    source: Source, dataset: str, folder: Path, draws: Draws
) -> Iterator[Progress | Evaluation]:
    """Measure what no checkpoint made, as the classifier for a named dataset sees it."""
    extractor = classifiers.extractor(folder, data.check_held_out(dataset))
    config = DataConfig.model_validate({"dataset": dataset, "size": data.SOURCES[dataset].size})
    yield from _evaluations(_measured(source, config, extractor, draws))


def _measured(
    source: Source, config: DataConfig, extractor: Extractor, draws: Draws
) -> Iterator[Progress | Figures]:
    """Measure the sets of a source one after the other; the last item has their means."""
    doing = _all_sets(source, config, extractor, draws)
    steps = 1 + draws.seeds * (PARTS if extractor.of_data else PARTS - 1)
    for step in range(1, steps + 1):
        yield Progress(next(doing), step, steps)
    try:
        next(doing)
    except StopIteration as end:
        yield end.value


def _all_sets(
    source: Source, config: DataConfig, extractor: Extractor, draws: Draws
) -> Generator[str, None, Figures]:
    yield "Reading real images"
    real = real_images(config, extractor)
    features.check_count(real.images)
    sets = []
    for seed in range(draws.seed, draws.seed + draws.seeds):
        yield source.doing
        images, against = source.draw(seed, real)
        sets.append((yield from _figures(images, against, source.asked)))
    protocol = Protocol(
        features=extractor.name,
        real=len(against.images),
        fake=len(images),
        split=against.split,
        seed=draws.seed,
        seeds=draws.seeds,
        rules=RULES,
    )
    return _summary(sets, protocol, source.step, extractor.gives)


Values = dict[str, Any]


def _figures(
    images: Tensor, real: RealImages, asked: Tensor | None = None
) -> Generator[str, None, Values]:
    """Every figure of one set of uint8 images (N, C, S, S), which may have been ``asked`` to be of
    classes (N,).
    """
    yield "Reading samples"
    fake, scores = real.extractor.read(images)
    score, score_std = metrics.classifier_score(scores)
    yield "Measuring Fréchet distance"
    frechet = metrics.frechet_distance(fake, real.features)
    yield "Measuring kernel distance"
    kernel = metrics.kernel_distance(fake, real.features)
    yield "Comparing neighborhoods"
    near = metrics.neighborhoods(fake, real.features, real.radii)
    values = {
        "frechet": frechet,
        "kernel": kernel.distance,
        "kernel_error": kernel.error,
        **asdict(near),
        "score": score,
        "score_std": score_std,
    }
    if real.training is None:
        return values
    yield "Looking for nearest training images"
    train = real.training
    some = images[metrics.drawn(len(images), PIXEL_SAMPLES)]
    values |= {
        "diversity": metrics.diversity(fake) / metrics.diversity(real.features),
        "memorization": metrics.memorization_ratio(fake, train.features, train.usual),
        "memorization_pixels": metrics.memorization_ratio(some, train.images, train.usual_pixels),
    }
    return values | _by_class(scores.argmax(1), real.images, asked)


def _by_class(labels: Tensor, real: Dataset, asked: Tensor | None) -> Values:
    """What the classes (N,) tell that a classifier sees in samples."""
    assert real.labels is not None
    shares = metrics.class_shares(labels, len(real.classes))
    least = MISSING_SHARE * metrics.class_shares(real.labels, len(real.classes))
    values = {"class_shares": shares, "missing": int((shares < least).sum())}
    if asked is not None:
        values["label_accuracy"] = float((labels == asked).float().mean())
    return values


def _summary(sets: list[Values], protocol: Protocol, step: int, gives: type[Figures]) -> Figures:
    """Means over sets of samples, and their spread."""
    means: Values = {name: np.mean([values[name] for values in sets], axis=0) for name in sets[0]}
    spread = {}
    if len(sets) > 1:
        spread = {
            name: float(np.std([values[name] for values in sets], ddof=1))
            for name, mean in means.items()
            if np.ndim(mean) == 0 and name not in UNSPREAD
        }
    if "class_shares" in means:
        means["class_shares"] = _rounded(means["class_shares"])
    return gives.model_validate(
        means | {"protocol": protocol, "step": step, "spread": spread, "created": now()}
    )


def _rounded(shares: npt.NDArray[np.float64]) -> tuple[float, ...]:
    return tuple(round(float(share), 5) for share in shares)
