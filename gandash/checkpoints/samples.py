"""Samples of a checkpoint and how they are shown: images as a grid, points as a picture over the data."""

from __future__ import annotations

import numpy as np
import torch
from torch import Tensor

from gandash import data, latent
from gandash.checkpoints.weights import Checkpoint
from gandash.data import to_uint8
from gandash.networks import Generator
from gandash.pictures.raster import Pixels, grid, scatter
from gandash.training.loop import SNAPSHOT_POINTS

BATCH = 256
FRAME = 192  # 64 of them in a row are within the 16,383 pixels of a WebP


def generate(G: Generator, z: Tensor, label: int | None = None) -> Tensor:
    """Samples of latent vectors (N, latent_dim): uint8 images (N, C, H, W) or float32 points (N, dim).

    A conditioned G makes the class ``label``, or all in turn; ``ValueError`` if there is no such class.
    """
    labels = _labels(G, len(z), label)
    with torch.inference_mode():
        parts = [slice(start, start + BATCH) for start in range(0, len(z), BATCH)]
        samples = torch.cat([G(z[part], None if labels is None else labels[part]) for part in parts])
    return samples.float() if samples.dim() == 2 else to_uint8(samples)


def _labels(G: Generator, count: int, label: int | None) -> Tensor | None:
    if not G.classes:
        return None
    if label is None:
        return latent.classes_in_turn(count, G.classes)
    if not 0 <= label < G.classes:
        raise ValueError(f"A class must be 0 to {G.classes - 1}, not {label}: choose another")
    return torch.full((count,), label)


def picture(
    checkpoint: Checkpoint, G: Generator, seed: int, count: int, columns: int, *, label: int | None = None
) -> Pixels:
    """A grid of ``count`` samples of a seed; for points a picture of 2,048 of them, whatever ``count`` is."""
    if not checkpoint.card.data.points:
        return grid(generate(G, latent.draw(seed, count, G.latent_dim), label), columns)
    points = generate(G, latent.draw(seed, SNAPSHOT_POINTS, G.latent_dim))
    return scatter(points, _data(checkpoint))


def path_row(
    checkpoint: Checkpoint, G: Generator, seeds: tuple[int, int], steps: int, how: latent.Interpolation,
    *,
    label: int | None = None,
) -> Pixels:  # fmt: skip
    """One row of pictures along the path between the latent vectors of two seeds."""
    a, b = (latent.draw(seed, 1, G.latent_dim)[0] for seed in seeds)
    samples = generate(G, latent.path(a, b, steps, how), label)
    if not checkpoint.card.data.points:
        return grid(samples, steps)
    shown = _data(checkpoint)
    return np.concatenate([scatter(point[None], shown, dot=3, size=FRAME) for point in samples], axis=1)


def frame_size(checkpoint: Checkpoint) -> int:
    """Side in pixels of one picture of :func:`path_row`."""
    facts = checkpoint.card.data
    return FRAME if facts.points else facts.shape[-1]


def _data(checkpoint: Checkpoint) -> Tensor:
    return data.load(checkpoint.card.config.data).images
