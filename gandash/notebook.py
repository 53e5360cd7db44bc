"""What a notebook needs: load a checkpoint, sample, walk, train, evaluate.

``gandash`` hands these on, so that ``import gandash`` is enough; torch is loaded by the first
call. Samples are NumPy arrays: uint8 images (N, H, W) or (N, H, W, 3) in [0, 255], or float32
points (N, dim).
"""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import torch
from numpy.typing import NDArray
from torch import Tensor

from gandash import checkpoints, latent, runs
from gandash.checkpoints import Checkpoint, weights
from gandash.checkpoints.scores import Figures
from gandash.config import MAX_SEED, Config
from gandash.evaluation import after_training, translations
from gandash.evaluation.draws import COUNT, SEEDS
from gandash.evaluation.progress import Progress
from gandash.latent import Interpolation
from gandash.runs import execution
from gandash.storage.paths import classifiers_root, pretrained_root, runs_root
from gandash.training import Report

Samples = NDArray[Any]
MAX_COUNT = 4096


def load(name: str | Path) -> Checkpoint:
    """A checkpoint by name (shipped or trained here) or by its folder, with its card read.

    ``ValueError`` says which there are, or what is wrong with its card.
    """
    folder = Path(name)
    if (folder / checkpoints.CARD).is_file():
        return Checkpoint(folder, checkpoints.load_card(folder))
    usable, broken = checkpoints.find(pretrained_root(), runs_root())
    for checkpoint in usable:
        if checkpoint.name == name:
            return checkpoint
    for problem in broken:
        if problem.folder.name == name:
            raise ValueError(problem.reason)
    names = ", ".join(checkpoint.name for checkpoint in usable) or "none yet"
    raise ValueError(f"No checkpoint is called {str(name)!r}: choose one of those here ({names})")


def sample(
    checkpoint: str | Path | Checkpoint,
    count: int = 16,
    *,
    seed: int = 0,
    label: int | None = None,
) -> Samples:
    """``count`` samples (1 to 4096) of a checkpoint, those of ``seed``: the same everywhere.

    ``label`` is the class to make, 0 for the first, if the generator was told classes; all in turn
    if not given.
    """
    _check("count", count, 1, MAX_COUNT)
    _check("seed", seed, 0, MAX_SEED)
    G = weights.load_generator(_loaded(checkpoint))
    return _as_array(latent.generate(G, latent.draw(seed, count, G.latent_dim), label))


def translate(
    checkpoint: str | Path | Checkpoint, images: NDArray[np.uint8], *, back: bool = False
) -> Samples:
    """What a translator (pix2pix, CycleGAN) makes of images uint8 (N, H, W) or (N, H, W, 3) of its
    size; ``back`` in the other direction, if it learned both. ``ValueError`` if they do not fit.
    """
    chosen = _loaded(checkpoint)
    G = weights.load_translator(chosen)
    network = G.back if back else G.there
    if network is None:
        raise ValueError(f"{chosen.name!r} learned one direction alone: leave out back")
    given = torch.from_numpy(np.ascontiguousarray(images))
    planes = given[:, None] if given.dim() == 3 else given.permute(0, 3, 1, 2)
    shape = chosen.card.data.shape[1:]
    if planes.shape[1:] != shape or planes.dtype != torch.uint8:
        raise ValueError(
            f"{chosen.name!r} translates uint8 images whose channels and sides are {shape}, and "
            f"these are {planes.dtype} with {tuple(planes.shape[1:])}: bring them to that"
        )
    return _as_array(translations.translated(network, planes))


def walk(
    checkpoint: str | Path | Checkpoint,
    start: int = 0,
    end: int = 1,
    steps: int = 24,
    *,
    how: Interpolation = "slerp",
    label: int | None = None,
) -> Samples:
    """The samples on the path between the latent vectors of two seeds, both included.

    ``how``: slerp, along a great circle with the norm changing linearly (White 2016,
    arXiv:1609.04468), or lerp, straight.
    """
    _check("steps", steps, 2, MAX_COUNT)
    for seed in (start, end):
        _check("start and end", seed, 0, MAX_SEED)
    G = weights.load_generator(_loaded(checkpoint))
    a = latent.draw(start, 1, G.latent_dim)[0]
    b = latent.draw(end, 1, G.latent_dim)[0]
    return _as_array(latent.generate(G, latent.path(a, b, steps, how), label))


def train(
    config: Config | None = None, name: str = "run", report: Callable[[Report], None] | None = None
) -> Checkpoint:
    """Train a run in this process and return its checkpoint; ``report`` is called with each row.

    The run is kept in the folder of runs under ``name``; if it is cut off, ``gandash resume NAME``
    goes on. ``ValueError`` says why a config cannot be trained.
    """
    chosen = config or Config()
    runs.check_new(runs_root(), name)
    dataset = execution.prepare(chosen)
    run = runs.create(runs_root(), chosen, name)
    for row in execution.execute(run, dataset=dataset):
        if report is not None:
            report(row)
    return load(run.folder)


def evaluate(
    checkpoint: str | Path | Checkpoint,
    count: int = COUNT,
    *,
    seed: int = 0,
    seeds: int = SEEDS,
    against: str = "",
    progress: Callable[[Progress], None] | None = None,
) -> Figures:
    """Figures of ``seeds`` sets of ``count`` samples against held-out images, on the classifier of
    the data, or on general features where there is none: means, with their spread over the sets.
    ``against`` names images where nobody knows what it has learned.

    What they mean and their protocol stand in ``docs/figures.md``; the card keeps its own, see
    ``gandash evaluate``.
    """
    for item in after_training.evaluate(
        _loaded(checkpoint), classifiers_root(), count, seed, seeds, against=against
    ):
        if not isinstance(item, Progress):
            return item
        if progress is not None:
            progress(item)
    raise AssertionError("an evaluation ends with its figures")


def _loaded(checkpoint: str | Path | Checkpoint) -> Checkpoint:
    return checkpoint if isinstance(checkpoint, Checkpoint) else load(checkpoint)


def _as_array(samples: Tensor) -> Samples:
    """Images (N, C, H, W) to (N, H, W) or (N, H, W, 3); points as they are."""
    array: Samples = samples.numpy()
    if array.ndim == 4:
        array = array[:, 0] if array.shape[1] == 1 else array.transpose(0, 2, 3, 1)
    return np.ascontiguousarray(array)


def _check(what: str, value: int, low: int, high: int) -> None:
    if not low <= value <= high:
        raise ValueError(f"{what} must be {low} to {high}, not {value}: choose another")
