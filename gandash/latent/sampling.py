"""Latent vectors to samples."""

from __future__ import annotations

import torch
from torch import Tensor

from gandash import latent
from gandash.kinds import of_batch
from gandash.networks import Generator

BATCH = 256


def generate(G: Generator, z: Tensor, label: int | None = None) -> Tensor:
    """Samples of latent vectors (N, latent_dim): uint8 images (N, C, H, W) or float32 points (N,
    dim).

    A conditioned G makes the class ``label``, or all in turn; ``ValueError`` if there is no such
    class, or a class is asked of a G that was told none.
    """
    labels = _labels(G, len(z), label)
    with torch.inference_mode():
        parts = [slice(start, start + BATCH) for start in range(0, len(z), BATCH)]
        samples = torch.cat(
            [G(z[part], None if labels is None else labels[part]) for part in parts]
        )
    return of_batch(samples).keep(samples)


def _labels(G: Generator, count: int, label: int | None) -> Tensor | None:
    if not G.classes:
        if label is not None:
            raise ValueError(
                f"A generator makes classes if it was told them, and this one was not: leave out "
                f"the class {label}"
            )
        return None
    if label is None:
        return latent.classes_in_turn(count, G.classes)
    if not 0 <= label < G.classes:
        raise ValueError(f"A class must be 0 to {G.classes - 1}, not {label}: choose another")
    return torch.full((count,), label)
