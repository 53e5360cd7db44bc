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
) -> Pixels:
    """A picture of ``count`` samples of a seed, or of as many as their kind shows."""
    kind = checkpoint.card.data.kind
    z = latent.draw(seed, kind.shown(count), G.latent_dim)
    return kind.picture(generate(G, z, label), columns, _real(checkpoint))


def path_row(
    checkpoint: Checkpoint,
    G: Generator,
    seeds: tuple[int, int],
    steps: int,
    how: latent.Interpolation,
    *,
    label: int | None = None,
) -> Pixels:
    """One row of pictures along the path between the latent vectors of two seeds."""
    a, b = (latent.draw(seed, 1, G.latent_dim)[0] for seed in seeds)
    samples = generate(G, latent.path(a, b, steps, how), label)
    return checkpoint.card.data.kind.row(samples, _real(checkpoint))


def frame_size(checkpoint: Checkpoint) -> int:
    """Side in pixels of one picture of :func:`path_row`."""
    facts = checkpoint.card.data
    return facts.kind.frame(facts.shape)


def _real(checkpoint: Checkpoint) -> Callable[[], Tensor]:
    return lambda: data.load(checkpoint.card.config.data).images
