"""Checkpoints, networks and samples for the pages, cached with bounds."""

from __future__ import annotations

import os
import threading
from pathlib import Path

import pandas as pd
import streamlit as st
import torch

from gandash import checkpoints, latent, measuring, runs, samples
from gandash.app.assets import publish
from gandash.checkpoints import Broken, Checkpoint
from gandash.images import encode
from gandash.networks import Generator
from gandash.paths import classifiers_root, pretrained_root, runs_root

_INFERENCE = threading.BoundedSemaphore(2)


def find_checkpoints() -> tuple[list[Checkpoint], list[Broken]]:
    """Shipped checkpoints, then finished runs; read anew when a card has changed."""
    roots = (pretrained_root(), runs_root())
    return _find(
        tuple((str(path), path.stat().st_mtime_ns) for root in roots for path in sorted(root.glob("*/card.json")))
    )


@st.cache_data(max_entries=8, show_spinner=False)
def _find(stamp: tuple[tuple[str, int], ...]) -> tuple[list[Checkpoint], list[Broken]]:  # noqa: ARG001 - the cache's key
    return checkpoints.find(pretrained_root(), runs_root())


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


def generator(checkpoint: Checkpoint) -> Generator:
    """The checkpoint's generator, shared by all sessions; ``ValueError`` if its weights are damaged."""
    path = checkpoint.folder / checkpoints.GENERATOR
    return _generator(checkpoint, path.stat().st_mtime_ns if path.exists() else 0)


@st.cache_resource(max_entries=16, show_spinner=False, hash_funcs={Checkpoint: lambda c: str(c.folder)})
def _generator(checkpoint: Checkpoint, stamp: int) -> Generator:  # noqa: ARG001 - the cache's key
    return checkpoints.load_generator(checkpoint)


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


def image_html(content: bytes, alt: str, *, points: bool = False) -> str:
    """An <img> of a published WebP, of images with crisp pixels; ``alt`` must hold no markup."""
    return f'<img class="{"gd-points" if points else "gd-pixels"}" src="{publish(content)}" alt="{alt}">'


@st.cache_data(max_entries=64, show_spinner=False)
def _metrics(folder: str, stamp: int) -> pd.DataFrame:  # noqa: ARG001 - the cache's key
    return runs.read_metrics(Path(folder))


def metrics(folder: Path) -> pd.DataFrame:
    """The metrics of a run or checkpoint, read anew when they have grown."""
    path = folder / runs.METRICS
    return _metrics(str(folder), path.stat().st_mtime_ns if path.exists() else 0)


def use_all_cores() -> None:
    """Set torch's threads once for the server."""
    torch.set_num_threads(os.cpu_count() or 1)
