"""Samples of a checkpoint and how they are shown.

Images as a grid, points as a picture over the data.
"""

from __future__ import annotations

import numpy as np
from torch import Tensor

from gandash import data, latent
from gandash.checkpoints.card import Checkpoint
from gandash.latent import generate
from gandash.networks import Generator
from gandash.pictures.raster import SNAPSHOT_POINTS, Pixels, grid, scatter

FRAME = 192  # 64 of them in a row are within the 16,383 pixels of a WebP


def picture(
    checkpoint: Checkpoint,
    G: Generator,
    seed: int,
    count: int,
    columns: int,
    *,
    label: int | None = None,
) -> Pixels:
    """A grid of ``count`` samples of a seed.

    For points a picture of 2,048 of them, whatever ``count`` is.
    """
    if not checkpoint.card.data.points:
        return grid(generate(G, latent.draw(seed, count, G.latent_dim), label), columns)
    points = generate(G, latent.draw(seed, SNAPSHOT_POINTS, G.latent_dim))
    return scatter(points, _data(checkpoint))


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
    if not checkpoint.card.data.points:
        return grid(samples, steps)
    shown = _data(checkpoint)
    return np.concatenate(
        [scatter(point[None], shown, dot=3, size=FRAME) for point in samples], axis=1
    )


def frame_size(checkpoint: Checkpoint) -> int:
    """Side in pixels of one picture of :func:`path_row`."""
    facts = checkpoint.card.data
    return FRAME if facts.points else facts.shape[-1]


def _data(checkpoint: Checkpoint) -> Tensor:
    return data.load(checkpoint.card.config.data).images
