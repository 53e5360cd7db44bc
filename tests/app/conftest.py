"""Tiny runs as checkpoints that the pages show."""

from __future__ import annotations

import functools
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from streamlit.components.v2 import manifest_scanner

from gandash import runs
from gandash.config import Config, LossConfig
from gandash.runs import execution

ARMS = {"plain": (0.0, 0.0), "one-sided": (0.1, 0.0), "two-sided": (0.1, 0.1)}


@pytest.fixture(scope="session", autouse=True)
def installed_components() -> Iterator[None]:
    """Streamlit looks for components in all installed packages whenever a visitor comes, which
    takes longer than most pages: packages stay what they are, so once is enough.
    """
    with pytest.MonkeyPatch.context() as patch:
        scan = functools.cache(manifest_scanner.scan_component_manifests)
        patch.setattr(manifest_scanner, "scan_component_manifests", scan)
        yield


def train_all(
    root: Path, config: Callable[..., Config], changes: dict[str, dict[str, Any]]
) -> Path:
    """A finished tiny run for each name."""
    for name, settings in changes.items():
        list(execution.execute(runs.create(root, config(**settings), name)))
    return root


def ship(folder: Path, pretrained_root: Path, runs_root: Path) -> Path:
    """Runs as shipped checkpoints, and an empty folder of runs."""
    shutil.copytree(folder, pretrained_root)
    runs_root.mkdir()
    return pretrained_root


@pytest.fixture(scope="session")
def arms_folder(
    tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., Config]
) -> Path:
    """Three finished tiny runs that differ in smoothing."""
    root = tmp_path_factory.mktemp("arms")
    arms = {
        name: {"loss": LossConfig(alpha=alpha, beta=beta)} for name, (alpha, beta) in ARMS.items()
    }
    return train_all(root, tiny_config, arms)


@pytest.fixture
def arms(arms_folder: Path, pretrained_root: Path, runs_root: Path) -> Path:
    """The tiny arms as shipped checkpoints, and an empty folder of runs."""
    return ship(arms_folder, pretrained_root, runs_root)
