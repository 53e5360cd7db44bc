"""Checkpoints, networks and samples for the pages, cached with bounds."""

from __future__ import annotations

import os
import threading
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import streamlit as st
import torch

from gandash import data, latent
from gandash.app.assets import publish
from gandash.checkpoints import samples, weights
from gandash.checkpoints.scores import Evaluation
from gandash.checkpoints.weights import Broken, Checkpoint
from gandash.data import Dataset
from gandash.evaluation import classifiers, neighbors
from gandash.evaluation.neighbors import Space
from gandash.jobs import measuring
from gandash.networks import Generator
from gandash.pictures.raster import encode, grid
from gandash.runs import execution
from gandash.storage.paths import classifiers_root, pretrained_root, runs_root
from gandash.zoo import ZOO

_INFERENCE = threading.BoundedSemaphore(2)
_READING = threading.Lock()


def find_checkpoints() -> tuple[list[Checkpoint], list[Broken]]:
    """Checkpoints in the order of the zoo, then finished runs by name; read anew when a card has changed."""
    roots = (pretrained_root(), runs_root())
    return _find(
        tuple((str(path), path.stat().st_mtime_ns) for root in roots for path in sorted(root.glob("*/card.json")))
    )


@st.cache_data(max_entries=8, show_spinner=False)
def _find(stamp: tuple[tuple[str, int], ...]) -> tuple[list[Checkpoint], list[Broken]]:  # noqa: ARG001 - the cache's key
    found, broken = weights.find(pretrained_root(), runs_root())
    place = {name: number for number, name in enumerate(ZOO)}
    return sorted(found, key=lambda checkpoint: place.get(checkpoint.name, len(place))), broken


def not_measurable(checkpoint: Checkpoint) -> str:
    """Why a checkpoint's samples cannot be measured, in one sentence; empty if they can."""
    path = classifiers_root() / f"{checkpoint.card.data.name}.safetensors"
    return _not_measurable(checkpoint, path.stat().st_mtime_ns if path.is_file() else 0)


@st.cache_data(max_entries=256, show_spinner=False, hash_funcs={Checkpoint: lambda c: (str(c.folder), c.card.created)})
def _not_measurable(checkpoint: Checkpoint, stamp: int) -> str:  # noqa: ARG001 - the cache's key
    try:
        measuring.check(checkpoint)
    except (ValueError, OSError) as error:
        return str(error)
    return ""


def reference(dataset: str) -> Evaluation | None:
    """Figures of training images in place of samples, as the classifier for a named dataset carries them."""
    path = classifiers_root() / f"{dataset}.safetensors"
    return _reference(dataset, path.stat().st_mtime_ns) if dataset in data.SOURCES and path.is_file() else None


@st.cache_data(max_entries=16, show_spinner=False)
def _reference(dataset: str, stamp: int) -> Evaluation | None:  # noqa: ARG001 - the cache's key
    return classifiers.reference(classifiers_root(), dataset)


def generator(checkpoint: Checkpoint) -> Generator:
    """The checkpoint's generator, shared by all sessions; ``ValueError`` if its weights are damaged."""
    path = checkpoint.folder / weights.GENERATOR
    return _generator(checkpoint, path.stat().st_mtime_ns if path.exists() else 0)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs={Checkpoint: lambda c: str(c.folder)})
def _generator(checkpoint: Checkpoint, stamp: int) -> Generator:  # noqa: ARG001 - the cache's key
    return weights.load_generator(checkpoint)


@st.cache_data(max_entries=256, show_spinner=False, hash_funcs={Checkpoint: lambda c: (str(c.folder), c.card.created)})
def sample_grid(checkpoint: Checkpoint, seed: int, count: int, columns: int, label: int | None = None) -> bytes:
    """A WebP grid of the samples of ``seed``."""
    network = generator(checkpoint)
    with _INFERENCE:
        return encode(samples.picture(checkpoint, network, seed, count, columns, label=label))


@st.cache_data(max_entries=128, show_spinner=False, hash_funcs={Checkpoint: lambda c: (str(c.folder), c.card.created)})
def path_atlas(
    checkpoint: Checkpoint, seeds: tuple[int, int], steps: int, how: latent.Interpolation, label: int | None = None
) -> bytes:
    """One WebP row of the images along a latent path."""
    network = generator(checkpoint)
    with _INFERENCE:
        return encode(samples.path_row(checkpoint, network, seeds, steps, how, label=label))


@st.cache_resource(
    max_entries=2, show_spinner="Reading the training images.",
    hash_funcs={Checkpoint: lambda c: c.card.config.data.model_dump_json()},
)  # fmt: skip
def training_pixels(checkpoint: Checkpoint) -> tuple[Dataset, Space]:
    """What a checkpoint was trained on, shared by all that were; ``ValueError`` if it is not there or too much."""
    with _READING:
        dataset = neighbors.training_images(checkpoint)
        return dataset, neighbors.pixels(checkpoint, dataset)


def training_features(checkpoint: Checkpoint) -> Space | None:
    """The features of what a checkpoint was trained on; None until they have been computed."""
    path = neighbors.file(runs_root(), checkpoint)
    return _features(str(path), path.stat().st_mtime_ns) if path.is_file() else None


@st.cache_resource(max_entries=2, show_spinner=False)
def _features(path: str, stamp: int) -> Space | None:  # noqa: ARG001 - the cache's key
    return neighbors.read(Path(path))


@dataclass(frozen=True)
class Near:
    """A training image near a sample: its picture, number and class, and how far it is."""

    picture: bytes
    number: int
    label: str
    distance: float


@dataclass(frozen=True)
class Pick:
    """One sample of a checkpoint: ``index`` is its place in the grid of a seed, from 0; ``label`` as for the grid."""

    checkpoint: Checkpoint
    seed: int
    index: int
    label: int | None


@st.cache_data(
    max_entries=256, show_spinner=False,
    hash_funcs={
        Pick: lambda p: (str(p.checkpoint.folder), p.checkpoint.card.created, p.seed, p.index, p.label),
        Space: lambda space: (space.references.shape, repr(space.gauge)),
    },
)  # fmt: skip
def near_images(pick: Pick, space: Space, count: int) -> tuple[bytes, list[Near]]:
    """The picture of a sample, and the training images nearest to it in a space."""
    network, (dataset, _) = generator(pick.checkpoint), training_pixels(pick.checkpoint)
    with _INFERENCE:
        z = latent.draw(pick.seed, pick.index + 1, network.latent_dim)
        sample = samples.generate(network, z, pick.label)[pick.index :]
        on_pixels = space.references.dtype == torch.uint8
        query = sample if on_pixels else classifiers.read(neighbors.classifier(pick.checkpoint), sample)[0]
        (distances,), (numbers,) = neighbors.nearest(query, space.references, count)
    near = [
        Near(encode(grid(dataset.images[n : n + 1], 1)), n, _class_of(dataset, n), float(distance))
        for n, distance in zip(numbers.tolist(), distances, strict=True)
    ]
    return encode(grid(sample, 1)), near


def _class_of(dataset: Dataset, number: int) -> str:
    return "" if dataset.labels is None else dataset.classes[int(dataset.labels[number])]


def image_html(content: bytes, alt: str, *, points: bool = False) -> str:
    """An <img> of a published WebP, of images with crisp pixels; ``alt`` must hold no markup."""
    return f'<img class="{"gd-points" if points else "gd-pixels"}" src="{publish(content)}" alt="{alt}">'


@st.cache_data(max_entries=64, show_spinner=False)
def _metrics(folder: str, stamp: int) -> pd.DataFrame:  # noqa: ARG001 - the cache's key
    return execution.read_metrics(Path(folder))


def metrics(folder: Path) -> pd.DataFrame:
    """The metrics of a run or checkpoint, read anew when they have grown."""
    path = folder / execution.METRICS
    return _metrics(str(folder), path.stat().st_mtime_ns if path.exists() else 0)


def use_all_cores() -> None:
    """Set torch's threads once for the server."""
    torch.set_num_threads(os.cpu_count() or 1)
