"""The training images nearest to a picture, in each space there is."""

from __future__ import annotations

import secrets
from dataclasses import asdict, dataclass

import torch
from torch import Tensor

from gandash.app import cached
from gandash.app.assets import STORE
from gandash.app.generators import find, image_shape, picture, rows_of
from gandash.app.hosting import visitors
from gandash.app.inference import INFERENCE
from gandash.checkpoints import Checkpoint
from gandash.data import Dataset
from gandash.evaluation import neighbors
from gandash.evaluation.distances import nearest
from gandash.evaluation.neighbors import Space
from gandash.pictures.raster import encode, grid

SHOWN = 5


@dataclass(frozen=True)
class Near:
    """A training image near a sample: its picture, number and class, and how far it is."""

    picture: bytes
    number: int
    label: str
    distance: float


def near_to(sample: Tensor, checkpoint: Checkpoint, space: Space, count: int) -> list[Near]:
    """The training images of a checkpoint nearest to a uint8 sample (1, C, H, W) in a space."""
    dataset, _ = cached.training_pixels(checkpoint)
    on_pixels = space.references.dtype == torch.uint8
    with INFERENCE:
        query = sample if on_pixels else cached.training_extractor(checkpoint).read(sample)[0]
        (distances,), (numbers,) = nearest(query, space.references, count)
    return [
        Near(encode(grid(dataset.images[n : n + 1], 1)), n, _class_of(dataset, n), float(distance))
        for n, distance in zip(numbers.tolist(), distances, strict=True)
    ]


def _class_of(dataset: Dataset, number: int) -> str:
    return "" if dataset.labels is None else dataset.classes[int(dataset.labels[number])]


def answer(name: str, rows: bytes, who: str) -> dict[str, object]:
    """What is near the picture ``rows``: pixels with alpha, row by row; ``who`` is the visitor.

    In each space its neighbors, nearest first, and what is typical among real images.
    ``ValueError`` if there are none to be shown.
    """
    checkpoint = _shown_to(name, who)
    sample = picture(checkpoint, rows)[None]
    _, pixels = cached.training_pixels(checkpoint)
    spaces = {"pixels": pixels}
    if not cached.not_measurable(checkpoint):
        features = cached.training_features(checkpoint)
        if features is not None:
            spaces["the classifier's features"] = features
    return {"spaces": [_told(title, sample, checkpoint, it) for title, it in spaces.items()]}


def real(name: str, who: str) -> bytes:
    """A real image of a checkpoint's data, any one: pixels with alpha, row by row.

    One that the checkpoint was not trained on, where there are such.
    """
    checkpoint = _shown_to(name, who)
    image_shape(checkpoint)
    dataset, _ = cached.training_pixels(checkpoint)
    images, _ = neighbors.probe_images(checkpoint, dataset)
    image = images[secrets.randbelow(len(images))]
    return rows_of(image)


def _shown_to(name: str, who: str) -> Checkpoint:
    """The checkpoint of that name, if a visitor may be shown its images."""
    checkpoint = find(name)
    if not visitors.may_see_images(checkpoint, who):
        raise ValueError(
            f"The images that {name!r} was trained on were handed in privately: only who did may "
            "see them"
        )
    return checkpoint


def _told(title: str, sample: Tensor, checkpoint: Checkpoint, space: Space) -> dict[str, object]:
    found = near_to(sample, checkpoint, space, SHOWN)
    near = [asdict(each) | {"picture": STORE.put(each.picture, "webp")} for each in found]
    gauge = space.gauge
    return {"title": title, "near": near, "typical": gauge.typical, "gauge": str(gauge)}
