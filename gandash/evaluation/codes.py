"""What an autoencoder makes of images that it was not trained on: their z, and images of that z."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gandash import data, latent
from gandash.checkpoints import Checkpoint
from gandash.data import Dataset
from gandash.data.draws import draw_evenly
from gandash.networks import Generator
from gandash.theory.fitting import gaussian

Floats = npt.NDArray[np.float64]
MOST = 1000
MOST_LABELS = 24  # that one z is shown under
BINS = 41
FARTHEST = 12.0  # standard deviations of the prior, which a histogram reaches at most


@dataclass(frozen=True)
class Codes:
    """Images uint8 (N, C, S, S) of classes ``labels`` (N,) (0 where there are none) with the z
    (N, latent_dim) that the encoder finds; ``held_out`` says whether no training saw them.
    """

    images: Tensor
    labels: Tensor
    z: Tensor
    held_out: bool

    def place(self, number: int) -> int:
        """The place of the image of a number from 1; ``ValueError`` if there are not so many."""
        if not 1 <= number <= len(self.images):
            raise ValueError(
                f"An image has a number from 1 to {len(self.images):,} here, not {number:,}: "
                "choose another"
            )
        return number - 1


def codes(checkpoint: Checkpoint, G: Generator) -> Codes:
    """The z of at most 1,000 test images of named data, or held-out ones of others, or of those
    that were trained on, drawn evenly from all classes; ``ValueError`` if G has no encoder or the
    data are not there.
    """
    images, held_out = _unseen(checkpoint)
    labels = None if images.labels is None else images.labels.numpy()
    some = images.part(torch.from_numpy(draw_evenly(len(images), MOST, labels)))
    kept = torch.zeros(len(some), dtype=torch.int64) if some.labels is None else some.labels
    return Codes(some.images, kept, latent.encode(G, some.images), held_out)


def _unseen(checkpoint: Checkpoint) -> tuple[Dataset, bool]:
    config = checkpoint.card.config.data
    if config.dataset in data.SOURCES:
        return data.load(config.model_copy(update={"limit": None}), "test"), True
    dataset = data.load(config)
    return (dataset, False) if dataset.held_out is None else (dataset.held_out, True)


def again(G: Generator, codes: Codes, index: int) -> Tensor:
    """What G makes of the z of an image (C, S, S), uint8: with its own label in front, where G is
    told one, then with every label in turn, (1 + classes, C, S, S); at most with the first 24.
    """
    z = codes.z[index : index + 1]
    if not G.classes:
        return latent.generate(G, z)
    own = latent.generate(G, z, int(codes.labels[index]))
    return torch.cat([own, latent.generate(G, z.expand(min(G.classes, MOST_LABELS), -1))])


def walk(G: Generator, codes: Codes, first: int, last: int, steps: int) -> Tensor:
    """Images uint8 along the way from the z of one image to that of another: ``steps`` of them with
    the label of the first and, where G is told one, as many with that of the last.
    """
    z = latent.path(codes.z[first], codes.z[last], steps)
    if not G.classes:
        return latent.generate(G, z)
    labels = [int(codes.labels[index]) for index in (first, last)]
    return torch.cat([latent.generate(G, z, label) for label in labels])


def histogram(values: Tensor) -> tuple[Floats, Floats, Floats]:
    """Middles of bins, and there the density of ``values`` (N,) and that of the prior, each (41,).

    The density of values is the share of a bin by its width.
    """
    reach = max(4.0, min(float(values.abs().max()), FARTHEST))
    edges = np.linspace(-reach, reach, BINS + 1)
    counts, _ = np.histogram(values.numpy(), edges)
    middles = (edges[1:] + edges[:-1]) / 2
    return middles, counts / (len(values) * (edges[1] - edges[0])), gaussian(middles, 0.0, 1.0)
