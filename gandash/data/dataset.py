"""Datasets as one uint8 tensor: a name, a zip or a folder in, images and labels out."""

from __future__ import annotations

import os
import struct
import zipfile
import zlib
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from io import BytesIO
from itertools import islice
from pathlib import Path, PurePosixPath
from typing import Literal

import numpy as np
import torch
from PIL import Image
from torch import Tensor
from torch.nn.functional import interpolate, pad

from gandash.config import DataConfig, ImageSize
from gandash.config.run import explain
from gandash.pictures.raster import Pixels
from gandash.theory import toy_data

IMAGE_SUFFIXES = frozenset({".png", ".jpg", ".jpeg", ".webp", ".bmp", ".gif"})
IMAGE_FORMATS = ("PNG", "JPEG", "WEBP", "BMP", "GIF")
UNREADABLE = (
    OSError, SyntaxError, ValueError, EOFError, IndexError, struct.error, zlib.error,
    Image.DecompressionBombError, Image.DecompressionBombWarning,
)  # fmt: skip
STACKING_SEED = {"train": 1000, "test": 1001}
HELD_OUT_HERO = 8
MAX_IMAGES = 200_000
MAX_PIXELS = 4096 * 4096
MAX_FILE_BYTES = 50_000_000
Augment = Literal["none", "shift", "mirror"]
"""What may be done to images without changing their class; to mirror is to shift as well."""


@dataclass(frozen=True)
class Source:
    """Where a named dataset comes from, under which terms, and how a classifier for it reads it."""

    title: str
    licence: str
    load: Callable[[Path, str], tuple[Tensor, Tensor | None, tuple[str, ...]]]
    augment: Augment = "none"
    size: ImageSize = 32  # pixels at which it is judged


@dataclass(frozen=True)
class Dataset:
    """Images (N, C, H, W) uint8, or points (N, dim) float32; labels (N,) int64 and the names of the classes, if any."""

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

    def __len__(self) -> int:
        return len(self.images)


def data_folder() -> Path:
    """The folder of datasets: ``GANDASH_DATA``, or a cache folder that downloads fill."""
    folder = os.environ.get("GANDASH_DATA")
    return Path(folder).expanduser() if folder else Path.home() / ".cache" / "gandash" / "data"


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
            f"A dataset needs images ({', '.join(sorted(IMAGE_SUFFIXES))}) and {config.dataset!r} has none: "
            "choose a folder or zip that holds some"
        )
    if images.dim() == 4:
        images = fit(_recolor(images, config.color), config.size)
    return Dataset(name, title, licence, images.contiguous(), labels, classes)


def check_held_out(dataset: str) -> str:
    """A dataset's name, if it is a named one with held-out images to measure against; ``ValueError`` if not."""
    measurable = [name for name in SOURCES if name not in toy_data.STUDIES]
    if dataset not in measurable:
        raise ValueError(
            f"Measuring needs held-out images of a named dataset ({', '.join(measurable)}), and {dataset!r} has none: "
            "choose one of those"
        )
    return dataset


def to_unit(images: Tensor) -> Tensor:
    """uint8 images in [0, 255] to float32 in [-1, 1]."""
    return images.float().div_(127.5).sub_(1)


def to_uint8(images: Tensor) -> Tensor:
    """Float images in [-1, 1] to uint8 in [0, 255], rounded and clipped."""
    return images.float().add(1).mul_(127.5).round_().clamp_(0, 255).to(torch.uint8)


def fit(images: Tensor, size: int) -> Tensor:
    """Square uint8 images (N, C, H, W) to ``size``: 28 pixels are padded to 32 first, the rest resampled."""
    if images.shape[-1] == 28:
        images = pad(images, (2, 2, 2, 2))
    if images.shape[-1] == size:
        return images
    chunks = [
        interpolate(chunk.float(), size=(size, size), mode="bilinear", antialias=True)
        for chunk in torch.split(images, 2048)
    ]
    return torch.cat([chunk.round_().clamp_(0, 255).to(torch.uint8) for chunk in chunks])


def _recolor(images: Tensor, color: str) -> Tensor:
    if color == "rgb" and images.shape[1] == 1:
        return images.expand(-1, 3, -1, -1)
    if color == "grey" and images.shape[1] == 3:
        weights = torch.tensor([0.299, 0.587, 0.114]).view(1, 3, 1, 1)  # ITU-R BT.601 luma
        return (images.float() * weights).sum(1, keepdim=True).round_().to(torch.uint8)
    return images


def _load_idx(kind: str, folder: Path, split: str) -> tuple[Tensor, Tensor | None, tuple[str, ...]]:
    """MNIST or Fashion-MNIST through torchvision, downloaded if the files are not there."""
    from torchvision.datasets import MNIST, FashionMNIST  # noqa: PLC0415 - slow to import

    dataset = {"MNIST": MNIST, "FashionMNIST": FashionMNIST}[kind]
    train = split == "train"
    try:
        loaded = dataset(str(folder), train=train, download=True)
    except (RuntimeError, OSError) as error:
        raise ValueError(
            f"{kind} is not in {folder} and could not be downloaded (no network?): put its idx files into "
            f"{folder / kind / 'raw'}, or point GANDASH_DATA to a folder that has them"
        ) from error
    return loaded.data[:, None], loaded.targets.long(), tuple(loaded.classes)


def _load_mnist(folder: Path, split: str) -> tuple[Tensor, Tensor | None, tuple[str, ...]]:
    images, labels, _ = _load_idx("MNIST", folder, split)
    return images, labels, tuple("0123456789")


def _load_fashion(folder: Path, split: str) -> tuple[Tensor, Tensor | None, tuple[str, ...]]:
    return _load_idx("FashionMNIST", folder, split)


def _load_cifar10(folder: Path, split: str) -> tuple[Tensor, Tensor | None, tuple[str, ...]]:
    return _load_class_zip(folder / "cifar10-jpeg.zip", lambda name: name.startswith(f"{split}/"), 32)


def _load_tinyhero(folder: Path, split: str) -> tuple[Tensor, Tensor | None, tuple[str, ...]]:
    """Every eighth character is held out, from all four sides; the data itself has no split."""

    def belongs(name: str) -> bool:
        character = PurePosixPath(name).stem
        return (character.isdecimal() and int(character) % HELD_OUT_HERO == 0) == (split == "test")

    return _load_class_zip(folder / "tinyhero.zip", belongs, 64)


def _load_stacked_mnist(folder: Path, split: str) -> tuple[Tensor, Tensor | None, tuple[str, ...]]:
    """Three random digits in the channels of one image: 1000 classes (Metz et al. 2017; Srivastava et al. 2017)."""
    images, labels, _ = _load_mnist(folder, split)
    assert labels is not None
    random = np.random.RandomState(STACKING_SEED[split])
    chosen = torch.from_numpy(random.randint(len(images), size=(len(images), 3)))
    stacked = images[chosen, 0]  # (N, 3, 28, 28)
    return stacked, (labels[chosen] * torch.tensor([100, 10, 1])).sum(1), tuple(f"{i:03d}" for i in range(1000))


def _study(name: str) -> Source:
    def load_points(_folder: Path, split: str) -> tuple[Tensor, Tensor | None, tuple[str, ...]]:
        return torch.from_numpy(toy_data.load(name, split)), None, ()

    return Source(toy_data.STUDIES[name].title, "made by this project (MIT)", load_points)


SOURCES: dict[str, Source] = {
    "mnist": Source("MNIST", "CC BY-SA 3.0 (LeCun, Cortes, Burges)", _load_mnist),
    "fashion-mnist": Source("Fashion-MNIST", "MIT (Zalando SE)", _load_fashion),
    "cifar10": Source("CIFAR-10", "free for research (Krizhevsky 2009)", _load_cifar10, "mirror"),
    "tinyhero": Source("TinyHero", "CC BY-SA 3.0 and GPL 3.0 (LPC artists; TinyHero)", _load_tinyhero, "shift", 64),
    "stacked-mnist": Source("Stacked MNIST", "CC BY-SA 3.0 (LeCun, Cortes, Burges)", _load_stacked_mnist),
    **{name: _study(name) for name in toy_data.STUDIES},
}


def _load_class_zip(
    path: Path, belongs: Callable[[str], bool], size: int
) -> tuple[Tensor, Tensor | None, tuple[str, ...]]:
    """Color images of those members whose names belong."""
    if not path.is_file():
        raise ValueError(
            f"{path.name} is not in {path.parent}: put it there, or point GANDASH_DATA to a folder that has it"
        )
    return _stack(_zip_files(path, belongs), size, "RGB")


def _load_location(location: Path, config: DataConfig) -> tuple[Tensor, Tensor | None, tuple[str, ...]]:
    mode = "L" if config.color == "grey" else "RGB"
    if location.is_dir():
        files = _folder_files(location)
    elif location.is_file() and zipfile.is_zipfile(location):
        files = _zip_files(location)
    else:
        raise ValueError(
            f"dataset must be one of {', '.join(SOURCES)} or the path of a folder or zip of images, "
            f"and {str(location)!r} is neither: check the spelling"
        )
    images, labels, classes = _stack(islice(files, config.limit), config.size, mode)
    if config.color == "auto" and bool((images == images[:, :1]).all()):
        images = images[:, :1]  # grey throughout, however it is stored
    return images, labels, classes


def _folder_files(folder: Path) -> Iterator[tuple[str, bytes]]:
    for path in sorted(folder.rglob("*")):
        if path.suffix.lower() in IMAGE_SUFFIXES and path.is_file():
            yield path.relative_to(folder).as_posix(), path.read_bytes()


def _zip_files(path: Path, belongs: Callable[[str], bool] = lambda _: True) -> Iterator[tuple[str, bytes]]:
    """Image members of a zip whose names belong, never extracted to disk; oversized members are refused."""
    try:
        with zipfile.ZipFile(path) as archive:
            for info in sorted(archive.infolist(), key=lambda entry: entry.filename):
                name = info.filename
                image = PurePosixPath(name).suffix.lower() in IMAGE_SUFFIXES and "__MACOSX" not in name
                if image and belongs(name):
                    yield name, _read_member(archive, info)
    except (zipfile.BadZipFile, zlib.error, RuntimeError, NotImplementedError, EOFError) as error:
        raise ValueError(
            f"{path.name} is not a readable zip ({explain(error)}): make it anew, without a password"
        ) from error


def _read_member(archive: zipfile.ZipFile, info: zipfile.ZipInfo) -> bytes:
    if info.file_size > MAX_FILE_BYTES:
        raise ValueError(
            f"An image file may hold at most {MAX_FILE_BYTES // 10**6} MB, and {info.filename!r} in the zip "
            f"holds {info.file_size // 10**6} MB: remove or shrink it"
        )
    return archive.read(info)


def _stack(files: Iterator[tuple[str, bytes]], size: int, mode: str) -> tuple[Tensor, Tensor | None, tuple[str, ...]]:
    """Decode, crop to a square and resize; the parent folder of a file is its class."""
    arrays: list[Pixels] = []
    parents: list[str] = []
    for name, data in files:
        if len(arrays) >= MAX_IMAGES:
            raise ValueError(f"A dataset may hold at most {MAX_IMAGES:,} images: split it or thin it out")
        arrays.append(_decode(name, data, size, mode))
        parents.append(PurePosixPath(name).parent.name)
    if not arrays:
        return torch.zeros((0, 3 if mode == "RGB" else 1, size, size), dtype=torch.uint8), None, ()
    images = torch.from_numpy(np.stack(arrays)).permute(0, 3, 1, 2)
    classes = tuple(sorted(set(parents)))
    if len(classes) < 2:
        return images, None, ()
    index = {name: i for i, name in enumerate(classes)}
    return images, torch.tensor([index[parent] for parent in parents]), classes


def _decode(name: str, data: bytes, size: int, mode: str) -> Pixels:
    """One image as (size, size, C) uint8: transparency on white, center crop, then resize."""
    try:
        with Image.open(BytesIO(data), formats=IMAGE_FORMATS) as opened:
            if opened.width * opened.height > MAX_PIXELS:
                raise ValueError(f"it has {opened.width}x{opened.height} pixels, more than {MAX_PIXELS:,}")
            image = _opaque(opened).convert(mode)
    except UNREADABLE as error:
        raise ValueError(f"{name!r} is not a readable image ({explain(error)}): remove or replace it") from error
    side = min(image.size)
    left, top = (image.width - side) // 2, (image.height - side) // 2
    image = image.crop((left, top, left + side, top + side))
    if side != size:
        image = image.resize((size, size), Image.Resampling.LANCZOS)
    array = np.asarray(image, dtype=np.uint8)
    return array if array.ndim == 3 else array[:, :, None]


def _opaque(image: Image.Image) -> Image.Image:
    """The image on white where it is transparent, in 8 bits a channel."""
    if image.mode.startswith("I;16"):  # Pillow would clip the 16 bits of a pixel, not scale them
        return Image.fromarray((np.asarray(image) >> 8).astype(np.uint8))
    if "A" not in image.mode and "transparency" not in image.info:
        return image
    image = image.convert("RGBA")
    return Image.alpha_composite(Image.new("RGBA", image.size, "white"), image)
