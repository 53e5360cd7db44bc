"""Euclidean distances between many rows, a part at a time.

|a - b|^2 by way of products is fast, and loses digits where rows lie far from 0 beside their
distances: so a common mean is subtracted first, which changes no distance.
"""

from __future__ import annotations

from collections.abc import Iterator

import torch
from torch import Tensor

from gandash.data import to_unit

CHUNK = 2048  # rows of a distance matrix at a time


def rows_of(items: Tensor) -> Tensor:
    """What is compared, as float32 rows (N, d): uint8 images as pixels in [-1, 1], features as
    they are.
    """
    return to_unit(items).flatten(1) if items.dtype == torch.uint8 else items.float()


def center_of(rows: Tensor) -> Tensor:
    """The mean of rows (N, d), (d,)."""
    return rows.mean(0, dtype=torch.float64).to(rows.dtype)


def chunks(rows: Tensor, size: int | None = None) -> Iterator[Tensor]:
    """Rows in parts of ``size``; if not given, of ``CHUNK``."""
    return iter(torch.split(rows, size or CHUNK))


def nearest(queries: Tensor, references: Tensor, count: int = 1) -> tuple[Tensor, Tensor]:
    """Distances (Q, count) to the nearest of ``references`` (M, …), nearest first, and which those
    are (Q, count).

    Both are uint8 images or features, as for :func:`rows_of`; of ``references`` only a part at a
    time is turned into floats. They are found by products around the mean of the queries, for
    that is where their neighbors lie; the distances of those found are then taken anew, so that a
    copy is at 0. There are no more neighbors than references.
    """
    rows = rows_of(queries)
    center = center_of(rows)
    count = min(count, len(references))
    scores = torch.empty(len(rows), 0)
    places = torch.empty(len(rows), 0, dtype=torch.long)
    for start in range(0, len(references), CHUNK):
        part = rows_of(references[start : start + CHUNK]) - center
        least = [_least(query - center, part, count) for query in chunks(rows)]
        part_scores, part_places = (torch.cat(items) for items in zip(*least, strict=True))
        scores = torch.cat([scores, part_scores], 1)
        places = torch.cat([places, part_places + start], 1)
        best = scores.topk(min(count, scores.shape[1]), largest=False)
        scores = best.values
        places = places.gather(1, best.indices)
    distances = [_exact(rows, references, at) for at in places.T]
    ordered = torch.stack(distances, 1).sort(dim=1, stable=True)
    return ordered.values, places.gather(1, ordered.indices)


def _least(rows: Tensor, references: Tensor, count: int) -> tuple[Tensor, Tensor]:
    """The least of |b|^2 / 2 - a.b, which is half of |a - b|^2 but for what a row a has in common
    with itself: (N, count), and which references b those are.
    """
    scores = torch.addmm(references.square().sum(1) / 2, rows, references.T, alpha=-1)
    if count == 1:
        least = scores.min(1, keepdim=True)
        return least.values, least.indices
    smallest = scores.topk(min(count, len(references)), largest=False)
    return smallest.values, smallest.indices


def _exact(rows: Tensor, references: Tensor, places: Tensor) -> Tensor:
    """Distances (N,) from each row to the reference at its place (N,)."""
    parts = [
        (part - rows_of(references[at])).norm(dim=1)
        for part, at in zip(chunks(rows), chunks(places), strict=True)
    ]
    return torch.cat(parts)
