"""Directions in latent space that make one class of the data more likely, by its classifier.

Only of generators that are not told the class. They are computed once a generator and classifier,
and kept in a bounded number of files.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor

from gandash import latent
from gandash.checkpoints import Checkpoint, weights
from gandash.data import to_uint8
from gandash.evaluation import after_training, classifiers
from gandash.evaluation.extractor import Extractor, digest_of
from gandash.evaluation.progress import Progress
from gandash.latent import directions
from gandash.networks import Generator
from gandash.storage import tensor_cache

VERSION = 1  # of how they are computed
FOLDER = ".directions"
SAMPLES = 1024
TRIED = 48  # other samples, on which each direction is tried
SIGMAS = 3.0  # how far along it
SEEDS = (1, 2)
BATCH = 64
NAMES = ("directions", "before", "after")


@dataclass(frozen=True)
class ClassDirections:
    """Unit vectors (K, latent_dim) toward the classes of the data.

    ``before`` (K,) are the mean probabilities of the classes over all samples, ``after`` those of
    samples that were moved ``SIGMAS`` along the direction of each.
    """

    directions: Tensor
    before: Tensor
    after: Tensor

    def told(self, names: Sequence[str]) -> list[dict[str, object]]:
        """They, class by class, for JSON."""
        rows = zip(names, self.directions, self.before, self.after, strict=True)
        return [
            {
                "name": name,
                "direction": [round(value, 6) for value in direction.tolist()],
                "before": round(float(before), 4),
                "after": round(float(after), 4),
            }
            for name, direction, before, after in rows
        ]


def why_not(checkpoint: Checkpoint, classifiers_root: Path) -> str:
    """Why a checkpoint has no such directions; empty if it has."""
    if checkpoint.card.config.labels.told:
        return "this generator is told the class: choose it instead"
    try:
        after_training.check_classes(checkpoint, classifiers_root)
    except (ValueError, OSError) as error:
        return str(error)
    return ""


def find(
    root: Path, checkpoint: Checkpoint, classifiers_root: Path
) -> Iterator[Progress | ClassDirections]:
    """The directions of a checkpoint, last, from a file below the folder of runs ``root``.

    Or computed and kept there. ``ValueError`` says why there are none.
    """
    if reason := why_not(checkpoint, classifiers_root):
        raise ValueError(reason)
    G = weights.load_generator(checkpoint)
    extractor = classifiers.extractor(classifiers_root, checkpoint.card.config.data.dataset)
    parts = (digest_of(G.state_dict()), extractor.digest, f"{VERSION} {SAMPLES} {TRIED}")
    path = tensor_cache.path(root, *(part.encode() for part in parts), folder=FOLDER)
    kept = tensor_cache.read(path, NAMES)
    if kept is not None:
        yield ClassDirections(*(kept[0][name] for name in NAMES))
        return
    for item in compute(G, extractor):
        if isinstance(item, ClassDirections):
            tensors = {name: getattr(item, name).contiguous() for name in NAMES}
            tensor_cache.write(path, tensors, {})
        yield item


def compute(G: Generator, extractor: Extractor) -> Iterator[Progress | ClassDirections]:
    """The directions of a generator, last: probabilities of the classes regressed on z."""
    z = latent.draw(SEEDS[0], SAMPLES, G.latent_dim)
    batches = torch.split(z, BATCH)
    found = []
    for number, batch in enumerate(batches, start=1):
        found.append(_probabilities(G, extractor, batch))
        yield Progress("Reading samples", number, len(batches) + found[0].shape[1])
    probabilities = torch.cat(found)
    vectors = directions.toward(z, probabilities)
    tried = latent.draw(SEEDS[1], TRIED, G.latent_dim)
    after = []
    for place, vector in enumerate(vectors):
        moved = _probabilities(G, extractor, tried + SIGMAS * vector)
        after.append(moved[:, place].mean())
        yield Progress("Trying directions", len(batches) + place + 1, len(batches) + len(vectors))
    yield ClassDirections(vectors, probabilities.mean(0), torch.stack(after))


def _probabilities(G: Generator, extractor: Extractor, z: Tensor) -> Tensor:
    with torch.inference_mode():
        samples = to_uint8(G(z))
    return extractor.read(samples)[1].softmax(1)
