"""The data on the device, cut into batches as the players take them."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from gandash.config import Config
from gandash.data import Dataset
from gandash.kinds import of_batch
from gandash.training.state import Arithmetic
from gandash.training.streams import Purpose, Streams


@dataclass(frozen=True)
class Unseen:
    """Held-out samples (N, ...) as the networks take them, with their labels (N,) if any."""

    real: Tensor
    labels: Tensor | None


@dataclass(frozen=True)
class Batch:
    """What one update learns from: real samples as the networks take them, and where it stands.

    ``labels`` (N,) are there where a player or the accuracy needs them; ``known`` (N,) says which
    of them D is shown. ``number`` counts the updates of the run from 0; ``progress`` is the share
    of its steps that are done, 0 at the start; ``reported`` says whether a row of metrics follows,
    for what is measured only then; as many held-out samples, if there are any, come with it.
    """

    real: Tensor
    labels: Tensor | None = None
    known: Tensor | None = None
    number: int = 0
    progress: float = 0.0
    reported: bool = False
    unseen: Unseen | None = None


class Source:
    """A data set on a device, as far as the config looks at it."""

    def __init__(
        self, config: Config, dataset: Dataset, device: torch.device, arithmetic: Arithmetic
    ) -> None:
        self.device = device
        self.arithmetic = arithmetic
        self.images = dataset.images.to(device)
        self.held_out = dataset.held_out
        self.streams = Streams(config.seed)
        self.flips = config.data.flips
        self.labels: Tensor | None = None
        self.known: Tensor | None = None
        if config.labels.conditioning != "none" and dataset.labels is not None:
            self.labels = dataset.labels.to(device)
            self.known = _known(config, dataset.labels).to(device)

    def batch(
        self, index: Tensor, number: int, progress: float = 0.0, *, reported: bool = False
    ) -> Batch:
        """The samples at ``index`` (N,) on the CPU, for the update of that number."""
        index = index.to(self.device, non_blocking=True)
        labels = None if self.labels is None else self.labels[index]
        known = None if self.known is None else self.known[index]
        kept = self.images[index]
        if self.flips:
            kept = mirrored(kept, self.streams.uniform(Purpose.FLIPS, number, len(kept)))
        real = prepare(kept, self.arithmetic)
        unseen = self._unseen(len(index), number) if reported else None
        return Batch(real, labels, known, number, progress, reported, unseen)

    def _unseen(self, count: int, number: int) -> Unseen | None:
        """So many held-out samples, drawn for the update of that number, some twice if need be."""
        if self.held_out is None:
            return None
        order = self.streams.permutation(Purpose.HELD_OUT, number, len(self.held_out))
        chosen = order[torch.arange(count) % len(order)]
        part = self.held_out.part(chosen)
        labels = None if self.labels is None or part.labels is None else part.labels.to(self.device)
        return Unseen(prepare(part.images.to(self.device), self.arithmetic), labels)


def _known(config: Config, labels: Tensor) -> Tensor:
    """Which of the labels (N,) D is shown: as many as the config says, of each class its share."""
    if config.labels.labelled is None:
        return torch.ones(len(labels), dtype=torch.bool)
    streams = Streams(config.seed)
    known = torch.zeros(len(labels), dtype=torch.bool)
    known[streams.stratified(Purpose.LABELLED, labels, config.labels.labelled)] = True
    return known


def mirrored(images: Tensor, drawn: Tensor) -> Tensor:
    """Images (N, C, H, W), those left to right whose number ``drawn`` (N,) is below a half."""
    flip = (drawn < 0.5).to(images.device, non_blocking=True)
    return torch.where(flip.view(-1, 1, 1, 1), images.flip(-1), images)


def prepare(samples: Tensor, arithmetic: Arithmetic) -> Tensor:
    """Samples as the networks take them."""
    order = torch.channels_last if arithmetic.channels_last else torch.contiguous_format
    return of_batch(samples).prepare(samples, order)
