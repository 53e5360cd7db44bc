"""Datasets by name: where they come from, under which terms."""

from __future__ import annotations

import math
import os
import re
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
import numpy.typing as npt
import torch
from torch import Tensor

from gandash.config import ImageSize
from gandash.data import pairing, published
from gandash.data.archives import in_zip
from gandash.data.download import Remote
from gandash.data.framing import Frame
from gandash.data.left_out import told
from gandash.data.pixels import fit
from gandash.data.stacking import stack
from gandash.data.wanted import Loaded, Wanted
from gandash.kinds import OF_PAIRS
from gandash.storage.paths import cache_root, expanded
from gandash.theory import toy_data
from gandash.theory.drawn import PREFIX, study_of

STACKING_SEED = {"train": 1000, "test": 1001}
SKIN_COLOR = re.compile("_1f3f[b-f]")  # in the name of an emoji's file
HELD_OUT = 8  # one in so many, of what has no split of its own
FASHION = (
    "T-shirt/top", "Trouser", "Pullover", "Dress", "Coat", "Sandal", "Shirt", "Sneaker", "Bag",
    "Ankle boot",
)  # fmt: skip
KANA = ("o", "ki", "su", "tsu", "na", "ha", "ma", "ya", "re", "wo")
BACK, FRONT, RIGHT = "angle0", "angle2", "angle3"
Transform = Callable[[Tensor], Tensor]
"""Images (N, C, S, S) uint8 to others of the same size."""
Augment = Literal["none", "shift", "mirror"]
"""What may be done to images without changing their class; to mirror is to shift as well."""


@dataclass(frozen=True)
class Source:
    """Where a named dataset comes from, under which terms, and how a classifier for it reads it."""

    title: str
    licence: str
    load: Callable[[Wanted], Loaded]
    augment: Augment = "none"
    size: ImageSize = 32  # pixels at which it is judged
    remotes: tuple[Remote, ...] = ()  # files that are downloaded when it is first asked for
    targets: str = ""  # of pairs, the dataset that their targets are images of, if they are


def data_folder() -> Path:
    """The folder of datasets: ``GANDASH_DATA``, or a cache folder that downloads fill."""
    folder = os.environ.get("GANDASH_DATA")
    return expanded(folder) if folder else cache_root("GANDASH_DATA") / "data"


def _load_idx(kind: str, wanted: Wanted) -> tuple[Tensor, Tensor]:
    """Images (N, 1, 28, 28) and labels of MNIST and those in its form, downloaded if the files are
    not there.
    """
    raw = wanted.folder / kind / "raw"
    stem = "train" if wanted.split == "train" else "t10k"
    paths = raw / f"{stem}-images-idx3-ubyte", raw / f"{stem}-labels-idx1-ubyte"
    if not all(path.is_file() for path in paths):
        _download_idx(kind, wanted.folder)
    images, labels = (_read_idx(path) for path in paths)
    if images.ndim != 3 or labels.shape != images.shape[:1]:
        raise ValueError(
            f"The files of {kind} must hold as many images as labels, and those in {raw} hold "
            f"{len(images):,} and {len(labels):,}: remove them, and they are downloaded again"
        )
    return torch.from_numpy(images)[:, None], torch.from_numpy(labels).long()


def _download_idx(kind: str, folder: Path) -> None:
    """Have torchvision fetch a dataset; it is asked for nothing else, as it loads for seconds."""
    from torchvision.datasets import KMNIST, MNIST, FashionMNIST  # noqa: PLC0415 - slow to import

    dataset = {"MNIST": MNIST, "FashionMNIST": FashionMNIST, "KMNIST": KMNIST}[kind]
    try:
        dataset(str(folder), download=True)
    except (RuntimeError, OSError) as error:
        raise ValueError(
            f"{kind} is not in {folder} and could not be downloaded (no network?): put its idx "
            f"files into {folder / kind / 'raw'}, or point GANDASH_DATA to a folder that has them"
        ) from error


def _read_idx(path: Path) -> npt.NDArray[np.uint8]:
    """The bytes of an idx file in its shape; ``ValueError`` if it is none, or cut off."""
    content = path.read_bytes()
    dimensions = content[3] if content[:3] == b"\0\0\x08" and len(content) > 3 else 0
    start = 4 + 4 * dimensions
    whole = dimensions > 0 and len(content) >= start
    shape = np.frombuffer(content[4:start], dtype=">u4").tolist() if whole else []
    if not whole or len(content) - start != math.prod(shape):
        raise ValueError(
            f"{path.name} is no whole idx file of bytes: remove it, and it is downloaded again"
        )
    return np.frombuffer(content, dtype=np.uint8, offset=start).reshape(shape).copy()


def _load_mnist(wanted: Wanted) -> Loaded:
    return *_load_idx("MNIST", wanted), tuple("0123456789")


def _load_fashion(wanted: Wanted) -> Loaded:
    return *_load_idx("FashionMNIST", wanted), FASHION


def _load_kmnist(wanted: Wanted) -> Loaded:
    return *_load_idx("KMNIST", wanted), KANA


def _load_cifar10(wanted: Wanted) -> Loaded:
    path = wanted.folder / "cifar10-jpeg.zip"
    return _load_class_zip(path, lambda name: name.startswith(f"{wanted.split}/"), 32)


def _load_tinyhero(wanted: Wanted) -> Loaded:
    """Every eighth character is held out, from all four sides; the data itself has no split."""

    def belongs(name: str) -> bool:
        character = PurePosixPath(name).stem
        held_out = character.isdecimal() and int(character) % HELD_OUT == 0
        return held_out == (wanted.split == "test")

    return _load_class_zip(wanted.folder / "tinyhero.zip", belongs, 64)


def _load_emoji(wanted: Wanted) -> Loaded:
    """Every eighth sign is held out, in all of its skin colors; the data itself has no split."""
    belongs = _split_by(wanted, lambda stem: SKIN_COLOR.sub("", stem))
    return _load_class_zip(wanted.folder / "noto-emoji.zip", belongs, 64)


def _load_tiles(wanted: Wanted) -> Loaded:
    """Every eighth tile is held out, with those that differ by a number at the end of their name;
    the data itself has no split.
    """
    return _load_class_zip(
        wanted.folder / "crawl-tiles.zip",
        _split_by(wanted, lambda stem: stem.rstrip("0123456789-_")),
        32,
    )


def _split_by(wanted: Wanted, group: Callable[[str], str]) -> Callable[[str], bool]:
    """Whether a file is of the split: by chance, but alike for all whose stems have one group."""

    def belongs(name: str) -> bool:
        path = PurePosixPath(name)
        of = str(path.with_name(group(path.stem) or path.stem))
        return (zlib.crc32(of.encode()) % HELD_OUT == 0) == (wanted.split == "test")

    return belongs


def _load_stacked_mnist(wanted: Wanted) -> Loaded:
    """Three random digits in the channels of one image: 1000 classes (Metz et al. 2017,
    arXiv:1611.02163; Srivastava et al. 2017, arXiv:1705.07761).
    """
    images, labels, _ = _load_mnist(wanted)
    assert labels is not None
    random = np.random.RandomState(STACKING_SEED[wanted.split])
    chosen = torch.from_numpy(random.randint(len(images), size=(len(images), 3)))
    stacked = images[chosen, 0]  # (N, 3, 28, 28)
    return (
        stacked,
        (labels[chosen] * torch.tensor([100, 10, 1])).sum(1),
        tuple(f"{i:03d}" for i in range(1000)),
    )


def _study(study: toy_data.Study, licence: str = "made by this project (MIT)") -> Source:
    def load_points(wanted: Wanted) -> Loaded:
        return torch.from_numpy(toy_data.points_of(study, wanted.split)), None, ()

    return Source(study.title, licence, load_points)


def _as_it_is(images: Tensor) -> Tensor:
    return images


def _pairs_of(
    name: str, title: str, to_source: Transform, to_target: Transform | None = None
) -> Source:
    """Pairs made of the images of a named dataset: what ``to_source`` makes of one, and the image
    or what ``to_target`` makes of it.
    """
    base = IMAGES[name]

    def load(wanted: Wanted) -> Loaded:
        images, labels, classes = base.load(wanted)
        images = fit(images, wanted.frame.size)
        target = images if to_target is None else to_target(images)
        return pairing.paired(to_source(images), target), labels, classes

    return Source(
        title, base.licence, load, size=base.size, targets=name if to_target is None else ""
    )


def _views_of_tinyhero(target: str) -> Callable[[Wanted], Loaded]:
    """Each character from the front and from another side."""

    def load(wanted: Wanted) -> Loaded:
        images, labels, classes = _load_tinyhero(wanted)
        assert labels is not None
        views = [images[labels == classes.index(angle)] for angle in (FRONT, target)]
        return pairing.paired(*views), None, ()

    return load


IMAGES: dict[str, Source] = {
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
    "noto-emoji": Source("Noto emoji", "Apache-2.0 (Google, Noto Emoji)", _load_emoji, "none", 64),
    "crawl-tiles": Source(
        "Crawl tiles", "CC0 1.0 (RLTiles and Dungeon Crawl Stone Soup artists)", _load_tiles
    ),
    "stacked-mnist": Source(
        "Stacked MNIST", "CC BY-SA 3.0 (LeCun, Cortes, Burges)", _load_stacked_mnist
    ),
    "kmnist": Source("KMNIST", "CC BY-SA 4.0 (CODH; Clanuwat et al. 2018)", _load_kmnist),
    "cifar10-original": Source(
        "CIFAR-10 (original)",
        "free for research (Krizhevsky 2009)",
        published.cifar10,
        "mirror",
        remotes=(published.CIFAR10,),
    ),
    "cifar100": Source(
        "CIFAR-100",
        "free for research (Krizhevsky 2009)",
        published.cifar100,
        "mirror",
        remotes=(published.CIFAR100,),
    ),
    "svhn": Source(
        "SVHN",
        "non-commercial use (Netzer et al. 2011)",
        published.svhn,
        "shift",
        remotes=tuple(published.SVHN.values()),
    ),
    "flowers102": Source(
        "Flowers102",
        "for research (Nilsback and Zisserman 2008)",
        published.flowers,
        "mirror",
        64,
        tuple(published.FLOWERS.values()),
    ),
    "celeba": Source(
        "CelebA", "non-commercial research (Liu et al. 2015)", published.celeba, "mirror", 64
    ),
}
_ANGLES = IMAGES["tinyhero"]
PAIRS: dict[str, Source] = {
    "edges-fashion-mnist": _pairs_of("fashion-mnist", "Edges → Fashion-MNIST", pairing.edges),
    "edges-mnist": _pairs_of("mnist", "Edges → MNIST", pairing.edges),
    "gray-cifar10": _pairs_of("cifar10", "Gray → color, CIFAR-10", pairing.gray),
    "gray-noto-emoji": _pairs_of("noto-emoji", "Gray → color, Noto emoji", pairing.gray),
    "gray-crawl-tiles": _pairs_of("crawl-tiles", "Gray → color, Crawl tiles", pairing.gray),
    "gray-tinyhero": _pairs_of("tinyhero", "Gray → color, TinyHero", pairing.gray),
    "inverted-mnist": _pairs_of("mnist", "MNIST → inverted", _as_it_is, pairing.inverted),
    "turned-mnist": _pairs_of("mnist", "MNIST → turned", _as_it_is, pairing.turned),
    "tinyhero-right": Source(
        "TinyHero, front → right", _ANGLES.licence, _views_of_tinyhero(RIGHT), size=64
    ),
    "tinyhero-back": Source(
        "TinyHero, front → back", _ANGLES.licence, _views_of_tinyhero(BACK), size=64
    ),
}
SOURCES: dict[str, Source] = {
    **IMAGES,
    **{name: _study(study) for name, study in toy_data.STUDIES.items()},
    **{f"{OF_PAIRS}{name}": source for name, source in PAIRS.items()},
}


def source_of(name: str) -> Source | None:
    """The named dataset, or that of points which a name holds; None if it is that of none."""
    drawn = study_of(name) if name.startswith(PREFIX) else None
    return SOURCES.get(name) if drawn is None else _study(drawn, "drawn by its owner")


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
