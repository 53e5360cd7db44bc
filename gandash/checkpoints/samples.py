"""Samples of a checkpoint and how they are shown, as their kind is."""

from __future__ import annotations

from collections.abc import Callable

from torch import Tensor

from gandash import data, latent
from gandash.checkpoints.card import Checkpoint
from gandash.latent import generate
from gandash.networks import Generator
from gandash.pictures.raster import Pixels


def picture(
    checkpoint: Checkpoint,
    G: Generator,
    seed: int,
    count: int,
    columns: int,
    *,
    label: int | None = None,
    threshold: float | None = None,
) -> Pixels:
    """A picture of ``count`` samples of a seed, or of as many as their kind shows; the numbers of z
    between ± ``threshold`` if one is given.
    """
    kind = checkpoint.card.data.kind
    z = latent.draw(seed, kind.shown(count), G.latent_dim)
    if threshold is not None:
        z = latent.within(z, threshold)
    return kind.picture(generate(G, z, label), columns, _real(checkpoint))


def _real(checkpoint: Checkpoint) -> Callable[[], Tensor]:
    return lambda: data.load(checkpoint.card.config.data).images
