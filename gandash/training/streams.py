"""Random streams: every random number of a run follows from its seed, a purpose and a number.

Nothing else in training or losses makes random numbers. They are drawn on the CPU, each stream
from its beginning, so a run can be left after any report and taken up again with nothing to
restore but the weights, the optimizers and the step. What else is random in a run is made before
it: the first weights (:mod:`gandash.networks.pair`) and the latent vectors of its snapshots
(:func:`gandash.latent.draw`), both from the seed alone.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from enum import IntEnum

import torch
from torch import Tensor

from gandash.training import shares


class Purpose(IntEnum):
    """What numbers are drawn for, and what a stream's number counts.

    The values belong to every run that was ever trained: new purposes come at the end.
    """

    ORDER = 0  # of the data, an epoch
    LATENTS = 1  # z, an update of D
    MIX = 2  # of real and generated samples in the gradient penalty, an update of D
    NOISE_REAL = 3  # instance noise on real samples, an update of D
    NOISE_FAKE = 4  # instance noise on generated samples that D learns from, an update of D
    NOISE_G = 5  # instance noise on generated samples that G learns from, an update of G
    LATENTS_G = 6  # z, a further update of G
    REFERENCE = 7  # which samples are the reference batch of virtual batch norm, once a run
    LABELLED = 8  # which samples D is told the class of, once a run
    FLIPS = 9  # which images of a batch are mirrored, an update of D
    AUGMENT_REAL = 10  # changes of real images that D is shown, an update of D
    AUGMENT_FAKE = 11  # changes of generated images that D learns from, an update of D
    AUGMENT_G = 12  # changes of generated images that G learns from, an update of G
    HELD_OUT = 13  # which images that D never learns from it is tried on, an update of D
    EXAMPLES = 14  # which pairs the snapshots of a translation show, once a run
    DROPOUT = 15  # numbers of a U-Net's maps that are dropped, a map of a pass of G
    POOL = 16  # which earlier images D learns from, a D's update


@dataclass(frozen=True)
class Streams:
    """The random numbers of the runs with one seed; all on the CPU."""

    seed: int

    def rng(self, purpose: Purpose, number: int) -> torch.Generator:
        """The stream of one purpose at one update or epoch, from its beginning."""
        mixed = (
            self.seed * 0x9E3779B97F4A7C15
            + purpose * 0xBF58476D1CE4E5B9
            + number * 0x94D049BB133111EB
        )
        return torch.Generator().manual_seed(mixed % 2**63)

    def normal(self, purpose: Purpose, number: int, shape: tuple[int, ...]) -> Tensor:
        """Standard normal numbers, float32: this process's of those of the whole batch."""
        whole = (shares.count() * shape[0], *shape[1:])
        return shares.part(torch.randn(whole, generator=self.rng(purpose, number)))

    def uniform(self, purpose: Purpose, number: int, count: int) -> Tensor:
        """Numbers (count,) between 0 and 1, float32: this process's of the whole batch's."""
        whole = shares.count() * count
        return shares.part(torch.rand(whole, generator=self.rng(purpose, number)))

    def permutation(self, purpose: Purpose, number: int, count: int) -> Tensor:
        """The indices 0 .. count - 1, mixed."""
        return torch.randperm(count, generator=self.rng(purpose, number))

    def stratified(self, purpose: Purpose, labels: Tensor, count: int) -> Tensor:
        """Indices of ``count`` of the labels (N,), by chance, each class by its share.

        The first k of them, for any k, hold every class by its share too, to within one.
        """
        order = self.permutation(purpose, 0, len(labels))
        shuffled = labels[order]
        place = torch.empty(len(labels), dtype=torch.float64)  # within its class, from 0 to 1
        for label in range(int(labels.max()) + 1):
            rows = (shuffled == label).nonzero().flatten()
            place[rows] = (torch.arange(len(rows), dtype=torch.float64) + 0.5) / len(rows)
        return order[place.argsort(stable=True)][:count]

    def batches(
        self, images: int, size: int, per_epoch: int, first: int, last: int
    ) -> Iterator[tuple[int, Tensor]]:
        """Updates ``first`` .. ``last`` - 1, each with the indices (size,) of its batch.

        An epoch is the first ``per_epoch`` batches of one permutation of all images.
        """
        epoch = -1
        order = torch.empty(0)
        for update in range(first, last):
            if update // per_epoch != epoch:
                epoch = update // per_epoch
                order = self.permutation(Purpose.ORDER, epoch, images)
            start = update % per_epoch * size
            yield update, order[start : start + size]
