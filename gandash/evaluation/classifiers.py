"""Small convolutional classifiers, trained here.

Their features measure samples, their classes count modes.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from functools import lru_cache, partial
from pathlib import Path
from typing import cast

import torch
from pydantic import Field
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_safetensors
from torch import Tensor, nn
from torch.nn.functional import cross_entropy, pad

from gandash.checkpoints.scores import Evaluation, Gauges
from gandash.data import Augment, Dataset, to_unit
from gandash.evaluation.extractor import Extractor, digest_of
from gandash.records import Section, explain
from gandash.storage.files import write_whole

VERSION = 1
FEATURES = 128
BATCH = 128
LEARNING_RATE = 4e-3
WEIGHT_DECAY = 1e-2
READ_BATCH = 1024
SHIFT = 4


class Facts(Section):
    """What a classifier is: ``accuracy`` is the share of the test split that it puts into the right
    class.

    ``reference`` are the figures of real images in place of samples, what a perfect generator
    would reach, ``noise`` those of images of noise.
    """

    dataset: str
    version: int = VERSION
    channels: int = Field(ge=1, le=3)
    size: int = Field(32, ge=32)
    classes: int = Field(ge=2)
    epochs: int = Field(ge=1)
    seed: int = Field(ge=0)
    accuracy: float = Field(ge=0, le=1)
    reference: Evaluation | None = None
    noise: Evaluation | None = None

    @property
    def gauges(self) -> Gauges:
        """What figures on its features are held against."""
        return Gauges(real=self.reference, noise=self.noise)

    @property
    def name(self) -> str:
        """How a figure on its features names them."""
        return (
            f"gandash classifier for {self.dataset}, version {self.version} ({FEATURES} features)"
        )

    @property
    def shape(self) -> tuple[int, ...]:
        """(C, H, W) of the images that it reads."""
        return self.channels, self.size, self.size


class Classifier(nn.Module):
    """Images (N, C, S, S) in [-1, 1] to class scores (N, classes), by way of 128 features.

    Gray images of 32 pixels: a strided 5x5 and three 3x3 convolutions, 5 million multiplications an
    image. Color images of 32 or more: a small residual network (He et al. 2016) with six, 34
    million at 32. Batch norm throughout.
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.layers, outputs = _for_gray(channels) if channels == 1 else _for_color(channels)
        self.embed = nn.Linear(outputs, FEATURES)
        self.output = nn.Linear(FEATURES, classes)

    def features(self, images: Tensor) -> Tensor:
        """The hidden layer after its rectifier, (N, 128)."""
        return self.embed(self.layers(images)).relu()  # type: ignore[no-any-return]

    def forward(self, images: Tensor) -> Tensor:
        return self.output(self.features(images))  # type: ignore[no-any-return]


class _Residual(nn.Module):
    """Two convolutions beside which the input passes by."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.layers = nn.Sequential(*_block(width, width), *_block(width, width))

    def forward(self, x: Tensor) -> Tensor:
        return x + self.layers(x)  # type: ignore[no-any-return]


def _for_gray(channels: int, width: int = 24) -> tuple[nn.Sequential, int]:
    layers = nn.Sequential(
        *_block(channels, width, 5, 2),
        *_block(width, 2 * width),
        nn.MaxPool2d(2),
        *_block(2 * width, 3 * width),
        nn.MaxPool2d(2),
        *_block(3 * width, 3 * width),
        nn.Flatten(),
    )
    return layers, 3 * width * 16


def _for_color(channels: int, width: int = 32) -> tuple[nn.Sequential, int]:
    layers = nn.Sequential(
        *_block(channels, width),
        nn.MaxPool2d(2),
        *_block(width, 2 * width),
        _Residual(2 * width),
        nn.MaxPool2d(2),
        *_block(2 * width, 4 * width),
        nn.MaxPool2d(2),
        *_block(4 * width, 8 * width),
        nn.AdaptiveMaxPool2d(1),
        nn.Flatten(),
    )
    return layers, 8 * width


def _block(a: int, b: int, kernel: int = 3, stride: int = 1) -> list[nn.Module]:
    convolution = nn.Conv2d(a, b, kernel, stride, kernel // 2, bias=False)
    return [convolution, nn.BatchNorm2d(b), nn.ReLU(inplace=True)]


def fit(
    dataset: Dataset,
    epochs: int,
    seed: int = 0,
    augment: Augment = "none",
    on_step: Callable[[int, int], object] | None = None,
) -> Classifier:
    """Train on labelled images with AdamW and a one-cycle schedule; the seed decides weights, order
    and shifts.

    ``augment`` shifts images by up to 4 pixels at random, and mirrors them. ``on_step`` is told
    after each step how many of how many are done.
    """
    labels = _labels(dataset)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(seed)
        network = Classifier(dataset.shape[0], len(dataset.classes))
        network.to(memory_format=torch.channels_last)
        optimizer = torch.optim.AdamW(
            network.parameters(), LEARNING_RATE, weight_decay=WEIGHT_DECAY
        )
        steps = epochs * (len(dataset) // BATCH)
        schedule = torch.optim.lr_scheduler.OneCycleLR(optimizer, LEARNING_RATE, total_steps=steps)
        for step, index in enumerate(_order(len(dataset), epochs), start=1):
            images = dataset.images[index]
            if augment != "none":
                images = _moved(images, mirror=augment == "mirror")
            loss = cross_entropy(network(_prepare(images)), labels[index])
            optimizer.zero_grad()
            loss.backward()  # type: ignore[no-untyped-call]
            optimizer.step()
            schedule.step()
            if on_step:
                on_step(step, steps)
    return network.eval().requires_grad_(False)


def _prepare(images: Tensor) -> Tensor:
    return to_unit(images).contiguous(memory_format=torch.channels_last)


def _moved(images: Tensor, mirror: bool) -> Tensor:
    """Images (N, C, H, W), each shifted within a reflected margin.

    To ``mirror`` is to do so to every other one.
    """
    count, _, height, width = images.shape
    wide = pad(images.float(), (SHIFT,) * 4, mode="reflect").to(images.dtype)
    top, left = torch.randint(0, 2 * SHIFT + 1, (2, count, 1))
    rows = top + torch.arange(height)
    columns = left + torch.arange(width)
    if mirror:
        columns = torch.where(torch.rand(count, 1) < 0.5, columns, columns.flip(1))
    # the indices' own axes come first: (N, H, W, C)
    return wide[
        torch.arange(count)[:, None, None], :, rows[:, :, None], columns[:, None, :]
    ].permute(0, 3, 1, 2)


def _labels(dataset: Dataset) -> Tensor:
    if dataset.labels is None:
        raise ValueError(
            f"A classifier needs labels, and {dataset.name!r} has none: choose data in classes"
        )
    return dataset.labels


def _order(images: int, epochs: int) -> Iterator[Tensor]:
    for _ in range(epochs):
        order = torch.randperm(images)
        yield from (order[start : start + BATCH] for start in range(0, images - BATCH + 1, BATCH))


@torch.inference_mode()
def read(network: Classifier, images: Tensor) -> tuple[Tensor, Tensor]:
    """Features (N, 128) and class scores (N, classes) of uint8 images (N, C, S, S)."""
    features = torch.cat([network.features(_prepare(batch)) for batch in _batches(images)])
    return features, network.output(features)


def classify(network: Classifier, images: Tensor) -> Tensor:
    """The most likely class of each uint8 image (N, C, S, S), (N,) int64."""
    return read(network, images)[1].argmax(1)


def _batches(images: Tensor) -> Iterator[Tensor]:
    return (images[start : start + READ_BATCH] for start in range(0, len(images), READ_BATCH))


def accuracy(network: Classifier, dataset: Dataset) -> float:
    """Share of a labelled data set that is put into the right class."""
    return float((classify(network, dataset.images) == _labels(dataset)).float().mean())


def path_of(folder: Path, dataset: str) -> Path:
    """Where the classifier for a dataset is kept, be it there or not."""
    return folder / f"{dataset}.safetensors"


def save(folder: Path, network: Classifier, facts: Facts) -> Path:
    """Write a classifier with its facts into one file named for its dataset."""
    path = path_of(folder, facts.dataset)
    tensors = {name: tensor.contiguous() for name, tensor in network.state_dict().items()}
    write_whole(path, save_safetensors(tensors, metadata={"facts": facts.model_dump_json()}))
    return path


def gauges(folder: Path, dataset: str) -> Gauges:
    """What figures on the features of the classifier for a dataset are held against.

    As far as there is such a classifier, and it was measured.
    """
    try:
        return load(folder, dataset)[1].gauges
    except ValueError:
        return Gauges()


def extractor(folder: Path, dataset: str) -> Extractor:
    """The classifier for a dataset as that which samples are measured with."""
    network, facts = load(folder, dataset)
    read_with = partial(read, network)
    return Extractor(facts.name, digest_of(network.state_dict()), read_with, Evaluation)


def facts(folder: Path, dataset: str) -> Facts:
    """What the classifier for a dataset says of itself, read once; ``ValueError`` as of
    :func:`load`.
    """
    path = path_of(folder, dataset)
    return _facts(folder, dataset, path.stat().st_mtime_ns if path.is_file() else 0)


@lru_cache(maxsize=32)
def _facts(folder: Path, dataset: str, stamp: int) -> Facts:  # noqa: ARG001 - the cache's key
    return load(folder, dataset)[1]


def load(folder: Path, dataset: str) -> tuple[Classifier, Facts]:
    """The classifier for a dataset, in eval mode.

    ``ValueError`` says if there is none or its file is damaged.
    """
    path = path_of(folder, dataset)
    if not path.is_file():
        others = ", ".join(sorted(it.stem for it in folder.glob("*.safetensors"))) or "none"
        raise ValueError(
            "Samples are measured with a classifier for their data, and there is none for "
            f"{dataset!r} (there are: "
            f"{others}): make one with python -m gandash classifier {dataset}"
        )
    try:
        with safe_open(path, framework="pt") as file:
            facts = Facts.model_validate(json.loads(cast(dict[str, str], file.metadata())["facts"]))
            tensors = {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118
        network = Classifier(facts.channels, facts.classes)
        network.load_state_dict(tensors)
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"The classifier {path} is damaged ({explain(error)}): restore or make it anew"
        ) from error
    network.to(memory_format=torch.channels_last)  # reads more than twice as fast
    return network.eval().requires_grad_(False), facts
