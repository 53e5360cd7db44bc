"""Subsets of data, drawn with a seed and evenly from all classes."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import numpy.typing as npt

SEED = 20151119  # of the subset that a limit leaves: the same for every run


def draw_evenly(
    count: int, limit: int, classes: Sequence[int] | npt.NDArray[np.integer] | None = None
) -> npt.NDArray[np.int64]:
    """Which ``limit`` of ``count`` samples stay, in their order: (limit,) or all.

    With ``classes`` (count,) each class gives as many as the others, as long as it has so many. A
    larger limit keeps all that a smaller one does.
    """
    random = np.random.RandomState(SEED)  # its stream is frozen
    order = random.permutation(count)
    if classes is not None:
        order = order[np.argsort(_turns(np.asarray(classes)[order]), kind="stable")]
    return np.sort(order[:limit])


def _turns(classes: npt.NDArray[np.integer]) -> npt.NDArray[np.int64]:
    """For each sample how many of its class stand before it."""
    by_class = np.argsort(classes, kind="stable")
    _, sizes = np.unique(classes, return_counts=True)
    starts = np.repeat(np.cumsum(sizes) - sizes, sizes)
    turns = np.empty(len(classes), dtype=np.int64)
    turns[by_class] = np.arange(len(classes)) - starts
    return turns
