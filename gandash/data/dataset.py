"""Datasets as one uint8 tensor: a name, a zip or a folder in, images and labels out."""

from __future__ import annotations

import hashlib
import zipfile
from dataclasses import dataclass
from functools import cached_property
from itertools import islice
from pathlib import Path

from torch import Tensor

from gandash.config import DataConfig
from gandash.data.archives import IMAGE_SUFFIXES, folder_files, stack, zip_files
from gandash.data.named import SOURCES, data_folder
from gandash.data.pixels import fit, recolor
from gandash.kinds import Kind, of_batch, of_dataset


@dataclass(frozen=True)
class Dataset:
    """Images (N, C, H, W) uint8, or points (N, dim) float32.

    Labels (N,) int64 and the names of the classes, if any.
    """

    name: str
    title: str
    licence: str
    images: Tensor
    labels: Tensor | None = None
    classes: tuple[str, ...] = ()

    @property
    def shape(self) -> tuple[int, ...]:
        """(C, H, W) of an image, or (dim,) of a point."""
        return tuple(self.images.shape[1:])

    @property
    def kind(self) -> Kind:
        """The kind of the samples."""
        return of_batch(self.images)

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

    def __len__(self) -> int:
        return len(self.images)


def load(config: DataConfig, split: str = "train") -> Dataset:
    """Read the dataset that ``config`` names, as square images of ``config.size`` pixels.

    Raises ``ValueError`` with the remedy for an unknown name or a folder without images.
    """
    if config.dataset in SOURCES:
        source = SOURCES[config.dataset]
        images, labels, classes = source.load(data_folder(), split)
        title, licence, name = source.title, source.licence, config.dataset
    else:
        location = Path(config.dataset).expanduser()
        images, labels, classes = _load_location(location, config)
        title, licence, name = location.stem, "as given by its owner", location.stem
    if config.limit:
        images, labels = images[: config.limit], None if labels is None else labels[: config.limit]
    if not len(images):
        raise ValueError(
            f"A dataset needs images ({', '.join(sorted(IMAGE_SUFFIXES))}) and {config.dataset!r} "
            "has none: "
            "choose a folder or zip that holds some"
        )
    if of_batch(images).pixels:
        images = fit(recolor(images, config.color), config.size)
    return Dataset(name, title, licence, images.contiguous(), labels, classes)


def check_held_out(dataset: str) -> str:
    """A dataset's name, if it is a named one with held-out images to measure against.

    ``ValueError`` if not.
    """
    measurable = [name for name in SOURCES if of_dataset(name).measured]
    if dataset not in measurable:
        raise ValueError(
            f"Measuring needs held-out images of a named dataset ({', '.join(measurable)}), and "
            f"{dataset!r} has none: "
            "choose one of those"
        )
    return dataset


def _load_location(
    location: Path, config: DataConfig
) -> tuple[Tensor, Tensor | None, tuple[str, ...]]:
    mode = "L" if config.color == "gray" else "RGB"
    if location.is_dir():
        files = folder_files(location)
    elif location.is_file() and zipfile.is_zipfile(location):
        files = zip_files(location)
    else:
        raise ValueError(
            f"dataset must be one of {', '.join(SOURCES)} or the path of a folder or zip of "
            "images, "
            f"and {str(location)!r} is neither: check the spelling"
        )
    images, labels, classes = stack(islice(files, config.limit), config.size, mode)
    if config.color == "auto" and bool((images == images[:, :1]).all()):
        images = images[:, :1]  # gray throughout, however it is stored
    return images, labels, classes
