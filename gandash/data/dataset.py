"""Datasets as one uint8 tensor: a name, a zip or a folder in, images and labels out."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, replace
from functools import cached_property
from pathlib import Path

import torch
from torch import Tensor

from gandash.config import DataConfig
from gandash.data import decoded
from gandash.data.contents import opened
from gandash.data.draws import draw_evenly
from gandash.data.framing import Frame
from gandash.data.left_out import LeftOut, note
from gandash.data.named import SOURCES, Source, data_folder, source_of
from gandash.data.pair_files import read_pairs
from gandash.data.pixels import fit, is_gray, recolor
from gandash.data.stacking import check_enough, stack
from gandash.data.wanted import Tell, Wanted, quietly
from gandash.kinds import OF_PAIRS, PAIRS, Kind, of_batch, of_dataset, parted
from gandash.storage.paths import expanded


@dataclass(frozen=True)
class Dataset:
    """Images (N, C, H, W) uint8, pairs of them (N, 2, C, H, W), or points (N, dim) float32.

    Labels (N,) int64 and the names of the classes, if any. ``left_out`` are the files of a folder
    or zip that are not among the images, ``held_out`` the samples that a config keeps from them.
    ``belong`` says whether the two images of each pair do.
    """

    name: str
    title: str
    licence: str
    images: Tensor
    labels: Tensor | None = None
    classes: tuple[str, ...] = ()
    left_out: tuple[LeftOut, ...] = ()
    held_out: Dataset | None = None
    belong: bool = True

    @property
    def shape(self) -> tuple[int, ...]:
        """(C, H, W) of an image, (2, C, H, W) of a pair, or (dim,) of a point."""
        return tuple(self.images.shape[1:])

    @property
    def kind(self) -> Kind:
        """The kind of the samples."""
        return of_batch(self.images)

    @property
    def note(self) -> str:
        """How many files are used and which are not, in a sentence; empty if all are."""
        return note(len(self), self.left_out)

    @cached_property
    def fingerprint(self) -> str:
        """A hash of the samples, their order, their labels and the names of the classes.

        Two datasets with the same one train alike. It takes about 0.1 s for 60,000 images of 32
        pixels, once.
        """
        facts = (self.shape, len(self), str(self.images.dtype), self.classes)
        digest = hashlib.sha256(repr(facts).encode())
        digest.update(self.images.contiguous().numpy().data)
        if self.labels is not None:
            digest.update(self.labels.contiguous().numpy().data)
        return digest.hexdigest()

    def part(self, places: Tensor) -> Dataset:
        """The samples at ``places`` alone, with their labels."""
        labels = None if self.labels is None else self.labels[places]
        return replace(self, images=self.images[places], labels=labels)

    def __len__(self) -> int:
        return len(self.images)


def load(config: DataConfig, split: str = "train", tell: Tell = quietly) -> Dataset:
    """Read the dataset that ``config`` names, as square images of ``config.size`` pixels.

    What is downloaded is told while it comes. A limit leaves a part that is the same every time,
    drawn evenly from all classes. What the config holds out of the training split lies beside the
    rest. ``ValueError`` has the remedy for an unknown name, or a folder or zip without two images
    that can be read.
    """
    if (source := source_of(config.dataset)) is not None:
        loaded = _load_named(config, source, split, tell)
    elif config.kind is PAIRS:
        loaded = _load_pairs(config, split)
    else:
        loaded = _load_location(config, split)
    return _parted(loaded, config.held_out) if split == "train" and config.held_out else loaded


def _parted(dataset: Dataset, share: float) -> Dataset:
    """A dataset without a share of it, at least one sample, which it has as ``held_out``."""
    count = max(round(share * len(dataset)), 1)
    labels = None if dataset.labels is None else dataset.labels.numpy()
    held_out = torch.from_numpy(draw_evenly(len(dataset), count, labels))
    kept = torch.ones(len(dataset), dtype=torch.bool)
    kept[held_out] = False
    return replace(dataset.part(kept.nonzero().flatten()), held_out=dataset.part(held_out))


def _load_named(config: DataConfig, source: Source, split: str, tell: Tell) -> Dataset:
    images, labels, classes = source.load(Wanted(data_folder(), split, _frame(config), tell))
    if config.limit:
        drawn = draw_evenly(len(images), config.limit, None if labels is None else labels.numpy())
        images = images[drawn]
        labels = None if labels is None else labels[drawn]
    if of_batch(images).pixels:
        images = _as_asked(images, config)
    return Dataset(
        config.dataset, source.title, source.licence, images.contiguous(), labels, classes
    )


def _as_asked(images: Tensor, config: DataConfig) -> Tensor:
    """Images, or pairs of them, in the color and size that a config asks for."""
    each = images.flatten(0, -4)  # (N, C, H, W), or both of every pair
    asked = fit(recolor(each, config.color), config.size)
    return asked.view(*images.shape[:-3], *asked.shape[1:])


def _load_pairs(config: DataConfig, split: str) -> Dataset:
    location = expanded(parted(config.dataset)[1])
    title = repr(location.name)
    with opened(location, title) as contents:
        if contents is None:
            raise _neither(config)
        pairs = read_pairs(contents, split, _frame(config), _mode(config), config.limit)
    left_out = (*pairs.left_out, *contents.left_out)
    check_enough(title, len(pairs.images), left_out)
    images = pairs.images
    if config.color == "auto" and is_gray(images.flatten(0, 1)):
        images = images[:, :, :1]
    return Dataset(
        location.stem,
        _title(location),
        "as given by its owner",
        images.contiguous(),
        left_out=left_out,
        belong=pairs.belong,
    )


def _mode(config: DataConfig) -> str:
    return "L" if config.color == "gray" else "RGB"


def _neither(config: DataConfig) -> ValueError:
    """What is said of a name that is none; of pairs and of single samples the own ones are told."""
    named = [name for name in SOURCES if (of_dataset(name) is PAIRS) == (config.kind is PAIRS)]
    where = "the path of a folder or zip of images"
    path = f"{OF_PAIRS} and {where}" if config.kind is PAIRS else where
    return ValueError(
        f"dataset must be one of {', '.join(named)} or {path}, and {config.dataset!r} is neither: "
        "check the spelling"
    )


def _load_location(config: DataConfig, split: str) -> Dataset:
    location = expanded(config.dataset)
    title = repr(location.name)
    with opened(location, title) as contents:
        if contents is None:
            raise _neither(config)
        files = contents.train if split == "train" else contents.test
        frame = _frame(config)
        stacked = decoded.stacked(
            location,
            config,
            split,
            contents,
            lambda: stack(files, frame, _mode(config), config.limit, contents.classes),
        )
    left_out = (*stacked.left_out, *contents.left_out)
    check_enough(title, len(stacked.images), left_out)
    images = stacked.images
    if config.color == "auto" and is_gray(images):
        images = images[:, :1]  # gray throughout, however it is stored
    return Dataset(
        location.stem,
        _title(location),
        "as given by its owner",
        images.contiguous(),
        stacked.labels,
        stacked.classes,
        left_out,
    )


def _title(location: Path) -> str:
    """What own images are called: an upload by the name of its file, without the hash behind it."""
    return re.sub(r"-[0-9a-f]{16}$", "", location.stem) or location.stem


def _frame(config: DataConfig) -> Frame:
    return Frame(config.size, config.framing, config.background)


def check_held_out(dataset: str) -> str:
    """A dataset's name, if it is a named one with held-out images to measure against.

    ``ValueError`` if not.
    """
    measurable = [name for name in SOURCES if of_dataset(name).measured]
    if dataset not in measurable:
        raise ValueError(
            f"Measuring needs held-out images of a named dataset ({', '.join(measurable)}), and "
            f"{dataset!r} has none: choose one of those"
        )
    return dataset
