"""Datasets by name: where they come from, under which terms."""

from __future__ import annotations

import os
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
import torch
from torch import Tensor

from gandash.config import ImageSize
from gandash.data.archives import in_zip
from gandash.data.framing import Frame
from gandash.data.left_out import told
from gandash.data.stacking import stack
from gandash.storage.paths import cache_root, expanded
from gandash.theory import toy_data

Loaded = tuple[Tensor, Tensor | None, tuple[str, ...]]
"""Samples (N, *shape) as they are kept; labels (N,) int64 and their classes, if there are any."""
STACKING_SEED = {"train": 1000, "test": 1001}
HELD_OUT_HERO = 8
Augment = Literal["none", "shift", "mirror"]
"""What may be done to images without changing their class; to mirror is to shift as well."""


@dataclass(frozen=True)
class Source:
    """Where a named dataset comes from, under which terms, and how a classifier for it reads it."""

    title: str
    licence: str
    load: Callable[[Path, str], Loaded]
    augment: Augment = "none"
    size: ImageSize = 32  # pixels at which it is judged


def data_folder() -> Path:
    """The folder of datasets: ``GANDASH_DATA``, or a cache folder that downloads fill."""
    folder = os.environ.get("GANDASH_DATA")
    return expanded(folder) if folder else cache_root("GANDASH_DATA") / "data"


def _load_idx(kind: str, folder: Path, split: str) -> Loaded:
    """MNIST or Fashion-MNIST through torchvision, downloaded if the files are not there."""
    from torchvision.datasets import MNIST, FashionMNIST  # noqa: PLC0415 - slow to import

    dataset = {"MNIST": MNIST, "FashionMNIST": FashionMNIST}[kind]
    train = split == "train"
    try:
        loaded = dataset(str(folder), train=train, download=True)
    except (RuntimeError, OSError) as error:
        raise ValueError(
            f"{kind} is not in {folder} and could not be downloaded (no network?): put its idx "
            f"files into {folder / kind / 'raw'}, or point GANDASH_DATA to a folder that has them"
        ) from error
    return loaded.data[:, None], loaded.targets.long(), tuple(loaded.classes)


def _load_mnist(folder: Path, split: str) -> Loaded:
    images, labels, _ = _load_idx("MNIST", folder, split)
    return images, labels, tuple("0123456789")


def _load_fashion(folder: Path, split: str) -> Loaded:
    return _load_idx("FashionMNIST", folder, split)


def _load_cifar10(folder: Path, split: str) -> Loaded:
    return _load_class_zip(
        folder / "cifar10-jpeg.zip", lambda name: name.startswith(f"{split}/"), 32
    )


def _load_tinyhero(folder: Path, split: str) -> Loaded:
    """Every eighth character is held out, from all four sides; the data itself has no split."""

    def belongs(name: str) -> bool:
        character = PurePosixPath(name).stem
        return (character.isdecimal() and int(character) % HELD_OUT_HERO == 0) == (split == "test")

    return _load_class_zip(folder / "tinyhero.zip", belongs, 64)


def _load_stacked_mnist(folder: Path, split: str) -> Loaded:
    """Three random digits in the channels of one image: 1000 classes (Metz et al. 2017,
    arXiv:1611.02163; Srivastava et al. 2017, arXiv:1705.07761).
    """
    images, labels, _ = _load_mnist(folder, split)
    assert labels is not None
    random = np.random.RandomState(STACKING_SEED[split])
    chosen = torch.from_numpy(random.randint(len(images), size=(len(images), 3)))
    stacked = images[chosen, 0]  # (N, 3, 28, 28)
    return (
        stacked,
        (labels[chosen] * torch.tensor([100, 10, 1])).sum(1),
        tuple(f"{i:03d}" for i in range(1000)),
    )


def _study(name: str) -> Source:
    def load_points(_folder: Path, split: str) -> Loaded:
        return torch.from_numpy(toy_data.load(name, split)), None, ()

    return Source(toy_data.STUDIES[name].title, "made by this project (MIT)", load_points)


SOURCES: dict[str, Source] = {
    "mnist": Source("MNIST", "CC BY-SA 3.0 (LeCun, Cortes, Burges)", _load_mnist),
    "fashion-mnist": Source("Fashion-MNIST", "MIT (Zalando SE)", _load_fashion),
    "cifar10": Source(
        "CIFAR-10",
        "free for research (Krizhevsky 2009); read from JPEG copies, near but not equal to it",
        _load_cifar10,
        "mirror",
    ),
    "tinyhero": Source(
        "TinyHero", "CC BY-SA 3.0 and GPL 3.0 (LPC artists; TinyHero)", _load_tinyhero, "shift", 64
    ),
    "stacked-mnist": Source(
        "Stacked MNIST", "CC BY-SA 3.0 (LeCun, Cortes, Burges)", _load_stacked_mnist
    ),
    **{name: _study(name) for name in toy_data.STUDIES},
}


def _load_class_zip(path: Path, belongs: Callable[[str], bool], size: int) -> Loaded:
    """Color images of those members whose names belong, all of them or none."""
    if not path.is_file():
        raise ValueError(
            f"{path.name} is not in {path.parent}: put it there, or point GANDASH_DATA to a folder "
            "that has it"
        )
    with in_zip(path, path.name) as listing:
        stacked = stack([file for file in listing.files if belongs(file.name)], Frame(size), "RGB")
    if stacked.left_out:
        raise ValueError(
            f"{path.name} is not whole (left out: {told(stacked.left_out)}): fetch it anew"
        )
    if not len(stacked.images):
        raise ValueError(f"{path.name} has no images of this split: fetch it anew")
    return stacked.images, stacked.labels, stacked.classes
