"""Checkpoints, networks and samples for the pages, cached with bounds."""

from __future__ import annotations

import os
import threading
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path

import pandas as pd
import streamlit as st
import torch
from safetensors.torch import save as save_safetensors

from gandash import browser, checkpoints, data, latent, runs
from gandash.app.assets import STORE, publish
from gandash.app.hosting import visitors
from gandash.app.inference import INFERENCE
from gandash.app.parts.quoted import in_html
from gandash.checkpoints import CARD, Broken, Checkpoint, samples, weights
from gandash.checkpoints.scores import Gauges
from gandash.data import Dataset
from gandash.evaluation import after_training, classifiers, features, neighbors
from gandash.evaluation.extractor import Extractor
from gandash.evaluation.neighbors import Space
from gandash.kinds import IMAGES, Kind
from gandash.networks import Generator
from gandash.pictures.raster import encode, grid
from gandash.storage.paths import classifiers_root, pretrained_root, runs_root
from gandash.zoo import ZOO

_READING = threading.Lock()


def _stamp(path: Path) -> int:
    """When a file was last written, 0 if there is none: the rest of a cache's key."""
    try:
        return path.stat().st_mtime_ns
    except OSError:
        return 0


def find_checkpoints() -> tuple[list[Checkpoint], list[Broken]]:
    """Checkpoints that the visitor may see, in the order of the zoo, then finished runs by name.

    Read anew when a card has changed.
    """
    roots = (pretrained_root(), runs_root())
    found, broken = _find(tuple((root, tuple(_cards(root))) for root in roots))
    return [it for it in found if visitors.may_see(it.folder, it.card.config)], list(broken)


def _cards(root: Path) -> Iterator[tuple[str, int]]:
    """Names of the folders with a card, and when that was written; asked at every run of a page."""
    with suppress(OSError), os.scandir(root) as folders:
        for folder in folders:
            with suppress(OSError):
                yield folder.name, Path(folder.path, CARD).stat().st_mtime_ns


@lru_cache(maxsize=8)  # records are frozen: all sessions share them
def _find(
    stamp: tuple[tuple[Path, tuple[tuple[str, int], ...]], ...],
) -> tuple[tuple[Checkpoint, ...], tuple[Broken, ...]]:
    found, broken = checkpoints.find(*(root for root, _ in stamp))
    place = {name: number for number, name in enumerate(ZOO)}
    in_order = sorted(found, key=lambda checkpoint: place.get(checkpoint.name, len(place)))
    return tuple(in_order), tuple(broken)


def not_measurable(checkpoint: Checkpoint) -> str:
    """Why a checkpoint's samples cannot be measured, in one sentence; empty if they can."""
    return _refused(checkpoint, _stamp_of(checkpoint), by_classes=False)


def not_classified(checkpoint: Checkpoint) -> str:
    """Why no classifier knows the classes of a checkpoint's data; empty if one does."""
    return _refused(checkpoint, _stamp_of(checkpoint), by_classes=True)


def _stamp_of(checkpoint: Checkpoint) -> tuple[int, ...]:
    names = (checkpoint.card.data.name, features.GENERAL)
    return tuple(_stamp(classifiers.path_of(classifiers_root(), name)) for name in names)


@st.cache_data(
    max_entries=256,
    show_spinner=False,
    hash_funcs={Checkpoint: lambda c: (str(c.folder), c.card.created)},
)
def _refused(
    checkpoint: Checkpoint,
    stamp: tuple[int, ...],  # noqa: ARG001 - the cache's key
    *,
    by_classes: bool,
) -> str:
    check = after_training.check_classes if by_classes else after_training.check
    try:
        check(checkpoint, classifiers_root())
    except (ValueError, OSError) as error:
        return str(error)
    return ""


def gauges(dataset: str) -> Gauges:
    """What the figures of checkpoints on a named dataset are held against.

    As the classifier for it carries them.
    """
    path = classifiers_root() / f"{dataset}.safetensors"
    if dataset not in data.SOURCES or not path.is_file():
        return Gauges()
    try:
        return _gauges(dataset, _stamp(path))
    except (ValueError, OSError):  # damaged: whoever asks to measure is told
        return Gauges()


@st.cache_data(max_entries=16, show_spinner=False)
def _gauges(dataset: str, stamp: int) -> Gauges:  # noqa: ARG001 - the cache's key
    return classifiers.gauges(classifiers_root(), dataset)


def examples(checkpoint: Checkpoint) -> bytes:
    """The pairs that a translator can be tried on, as a file for the browser; ``ValueError`` if
    they are damaged.
    """
    return _examples(checkpoint, _stamp(checkpoint.folder / weights.EXAMPLES))


@st.cache_data(max_entries=32, show_spinner=False, hash_funcs={Checkpoint: lambda c: str(c.folder)})
def _examples(checkpoint: Checkpoint, stamp: int) -> bytes:  # noqa: ARG001 - the cache's key
    pairs = weights.load_examples(checkpoint)
    return save_safetensors({"pairs": pairs.contiguous()})


def generator(checkpoint: Checkpoint) -> Generator:
    """The checkpoint's generator, shared by all sessions.

    ``ValueError`` if its weights are damaged.
    """
    path = checkpoint.folder / weights.GENERATOR
    return _generator(checkpoint, _stamp(path))


@st.cache_resource(
    max_entries=16, show_spinner=False, hash_funcs={Checkpoint: lambda c: str(c.folder)}
)
def _generator(checkpoint: Checkpoint, stamp: int) -> Generator:  # noqa: ARG001 - the cache's key
    return weights.load_generator(checkpoint)


@st.cache_data(
    max_entries=256,
    show_spinner=False,
    hash_funcs={Checkpoint: lambda c: (str(c.folder), c.card.created)},
)
def sample_grid(
    checkpoint: Checkpoint, seed: int, count: int, columns: int, label: int | None = None
) -> bytes:
    """A WebP grid of the samples of ``seed``."""
    network = generator(checkpoint)
    with INFERENCE:
        return encode(samples.picture(checkpoint, network, seed, count, columns, label=label))


@st.cache_data(
    max_entries=16,
    show_spinner=False,
    hash_funcs={Checkpoint: lambda c: (str(c.folder), c.card.created)},
)
def middle(checkpoint: Checkpoint, seeds: tuple[int, int, int, int]) -> bytes:
    """A WebP image of the middle between the latent vectors of four seeds, along great circles
    above and below, then between them; of a generator that was told classes the first.
    """
    network = generator(checkpoint)
    a, b, c, d = (latent.draw(seed, 1, network.latent_dim)[0] for seed in seeds)
    half = torch.tensor([0.5])
    above, below = latent.slerp(a, b, half)[0], latent.slerp(c, d, half)[0]
    with INFERENCE:
        z = latent.slerp(above, below, half)
        images = latent.generate(network, z, 0 if network.classes else None)
    return encode(grid(images, 1))


def not_in_browser(checkpoint: Checkpoint) -> str:
    """Why a checkpoint's generator cannot run in a browser; empty if it can."""
    path = checkpoint.folder / weights.GENERATOR
    return _not_in_browser(checkpoint, path.stat().st_mtime_ns if path.is_file() else 0)


@st.cache_data(
    max_entries=256,
    show_spinner=False,
    hash_funcs={Checkpoint: lambda c: str(c.folder)},
)
def _not_in_browser(checkpoint: Checkpoint, stamp: int) -> str:  # noqa: ARG001 - the cache's key
    try:
        browser.describe(generator(checkpoint))
    except (ValueError, OSError) as error:
        return str(error)
    return ""


@st.cache_resource(
    max_entries=2,
    show_spinner="Reading the training images.",
    hash_funcs={Checkpoint: lambda c: c.card.config.data.model_dump_json()},
)
def training_pixels(checkpoint: Checkpoint) -> tuple[Dataset, Space]:
    """What a checkpoint was trained on, shared by all that were.

    ``ValueError`` if it is not there or too much.
    """
    with _READING:
        dataset = neighbors.training_images(checkpoint)
        return dataset, neighbors.pixels(checkpoint, dataset)


def training_features(checkpoint: Checkpoint) -> Space | None:
    """The features of what a checkpoint was trained on; None until they have been computed."""
    dataset, _ = training_pixels(checkpoint)
    extractor = training_extractor(checkpoint)
    path = neighbors.file(runs_root(), extractor, dataset)
    if not path.is_file():
        return None
    return _features(checkpoint, str(path), _stamp(path))


@st.cache_resource(
    max_entries=2,
    show_spinner=False,
    hash_funcs={Checkpoint: lambda c: c.card.config.data.model_dump_json()},
)
def _features(checkpoint: Checkpoint, path: str, stamp: int) -> Space | None:  # noqa: ARG001 - the cache's key
    dataset, _ = training_pixels(checkpoint)
    extractor = training_extractor(checkpoint)
    return neighbors.features(runs_root(), checkpoint, extractor, dataset)


def training_extractor(checkpoint: Checkpoint) -> Extractor:
    """What reads the images that a checkpoint was trained on, shared by all that were."""
    return _extractor(checkpoint, _stamp_of(checkpoint))


@st.cache_resource(
    max_entries=4,
    show_spinner=False,
    hash_funcs={Checkpoint: lambda c: (c.card.config.data.dataset, c.card.data.shape)},
)
def _extractor(
    checkpoint: Checkpoint,
    stamp: tuple[int, ...],  # noqa: ARG001 - the cache's key
) -> Extractor:
    return neighbors.extractor(checkpoint)


def image_html(content: bytes, alt: str, kind: Kind = IMAGES) -> str:
    """An <img> of a published WebP, styled for its kind; ``alt`` says what it shows."""
    return f'<img class="gd-{kind.name}" src="{publish(content)}" alt="{in_html(alt)}">'


@st.cache_resource(max_entries=24, show_spinner=False)  # of 15 MB each for 50,000 rows
def _metrics_reader(folder: str) -> runs.MetricsReader:
    return runs.MetricsReader(Path(folder))


def metrics(folder: Path) -> pd.DataFrame:
    """The metrics of a run or checkpoint, shared by all sessions; what was added since is read.

    ``ValueError`` if they are damaged.
    """
    return _metrics_reader(str(folder)).read()


@lru_cache(maxsize=2000)
def _snapshot_size(path: Path, stamp: tuple[int, int]) -> tuple[int, int]:  # noqa: ARG001 - the key
    return runs.snapshot_size(path)


def snapshot_size(path: Path) -> tuple[int, int]:
    """Width and height of a sample grid, looked at once; ``ValueError`` if it is damaged."""
    try:
        facts = path.stat()
    except OSError:
        return runs.snapshot_size(path)
    return _snapshot_size(path, (facts.st_mtime_ns, facts.st_size))


def published(path: Path) -> str:
    """The URL of a picture in a file, which is read once."""
    facts = path.stat()
    kept = _published(path, (facts.st_mtime_ns, facts.st_size))
    return kept.url if kept.still_there else kept.again()


@dataclass
class _PublishedFile:
    path: Path
    url: str

    @property
    def still_there(self) -> bool:
        return STORE.get(self.url.rpartition("/")[2]) is not None

    def again(self) -> str:
        self.url = publish(self.path.read_bytes())
        return self.url


@lru_cache(maxsize=4096)
def _published(path: Path, stamp: tuple[int, int]) -> _PublishedFile:  # noqa: ARG001 - the key
    return _PublishedFile(path, publish(path.read_bytes()))


def use_all_cores() -> None:
    """Set torch's threads once for the server."""
    torch.set_num_threads(os.cpu_count() or 1)
