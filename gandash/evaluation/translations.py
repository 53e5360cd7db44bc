"""How good translations are: against the true targets of test pairs, beside copying the source."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import torch
from torch import Tensor, nn

from gandash import data
from gandash.checkpoints import Checkpoint, weights
from gandash.checkpoints.scores import Translated, TranslationFigures
from gandash.data import Dataset
from gandash.data.draws import draw_evenly
from gandash.evaluation import classifiers, metrics
from gandash.evaluation.extractor import Extractor
from gandash.evaluation.progress import Progress
from gandash.kinds import PAIRS
from gandash.pictures.pixels import to_uint8, to_unit
from gandash.records import now

MOST_PAIRS = 2000
LEVELS = 255.0
BATCH = 100


def check(checkpoint: Checkpoint) -> None:
    """``ValueError`` if a checkpoint's translations cannot be measured."""
    if checkpoint.card.data.kind is not PAIRS:
        raise ValueError(
            f"Translations are measured, and {checkpoint.name!r} makes "
            f"{checkpoint.card.data.kind.name}: choose another checkpoint"
        )
    if checkpoint.card.config.data.dataset not in data.SOURCES:
        raise ValueError(
            f"Measuring needs the test pairs of a named dataset, and {checkpoint.name!r} was "
            "trained on files: choose another checkpoint"
        )


def evaluate(checkpoint: Checkpoint, folder: Path) -> Iterator[Progress | TranslationFigures]:
    """Measure translations of at most 2,000 test pairs, drawn evenly from all classes; the last
    item is the result.

    With the classifier in ``folder`` for the images that the targets are, where there is one.
    ``ValueError`` as :func:`check` says it.
    """
    check(checkpoint)
    G = weights.load_translator(checkpoint)
    ways = {"there": G.there} | ({} if G.back is None else {"back": G.back})
    steps = 2 + len(ways)
    yield Progress("Reading test pairs", 1, steps)
    config = checkpoint.card.config.data
    pairs = _some(data.load(config, "test"))
    extractor = _extractor(folder, config.dataset, pairs)
    figures: dict[str, Translated] = {}
    for step, (way, network) in enumerate(ways.items(), 2):
        yield Progress("Translating" if way == "there" else "Translating back", step, steps)
        forth = way == "there"
        source, target = (pairs.images if forth else pairs.images.flip(1)).unbind(1)
        made = translated(network, source)
        figures[way] = judged(made, target, pairs.labels, extractor if forth else None)
    yield Progress("Copying the sources", steps, steps)
    source, target = pairs.images.unbind(1)
    yield TranslationFigures(
        pairs=len(pairs),
        features="" if extractor is None else extractor.name,
        step=checkpoint.card.step,
        there=figures["there"],
        back=figures.get("back"),
        copied=judged(source, target, pairs.labels, extractor),
        created=now(),
    )


def translated(network: nn.Module, images: Tensor) -> Tensor:
    """What a network makes of images uint8 (N, C, S, S), likewise."""
    with torch.inference_mode():
        return torch.cat([to_uint8(network(to_unit(it))) for it in torch.split(images, BATCH)])


def judged(
    made: Tensor, target: Tensor, labels: Tensor | None, extractor: Extractor | None
) -> Translated:
    """Figures of images (N, C, S, S) uint8 that should be ``target``, of classes ``labels`` (N,).

    L1 in levels of 255, and PSNR = 10 log10(255^2 / mean squared error) in decibels (at most 60),
    are means over images with their standard errors.
    """
    difference = made.float() - target.float()
    distance = difference.abs().mean((1, 2, 3))
    errors = difference.square().mean((1, 2, 3)).clamp(min=LEVELS**2 / 10**6)
    psnr = 10 * torch.log10(LEVELS**2 / errors)
    kept = None
    frechet = None
    if extractor is not None:
        features, scores = extractor.read(made)
        real, _ = extractor.read(target)
        frechet = metrics.frechet_distance(features, real)
        if labels is not None:
            kept = float((scores.argmax(1) == labels).float().mean())
    return Translated(
        l1=float(distance.mean()),
        l1_error=_error(distance),
        psnr=float(psnr.mean()),
        psnr_error=_error(psnr),
        label_kept=kept,
        frechet=frechet,
    )


def _error(values: Tensor) -> float:
    """The standard error of a mean."""
    return float(values.std() / len(values) ** 0.5)


def _some(pairs: Dataset) -> Dataset:
    labels = None if pairs.labels is None else pairs.labels.numpy()
    chosen = draw_evenly(len(pairs), MOST_PAIRS, labels)
    return pairs.part(torch.from_numpy(chosen))


def _extractor(folder: Path, dataset: str, pairs: Dataset) -> Extractor | None:
    """What reads the targets, where there is a classifier for such images."""
    judge = data.SOURCES[dataset].targets
    if not judge:
        return None
    _, facts = classifiers.load(folder, judge)
    return classifiers.extractor(folder, judge) if facts.shape == pairs.shape[1:] else None
