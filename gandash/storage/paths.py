"""Where checkpoints and runs are kept."""

from __future__ import annotations

import os
from pathlib import Path

PROJECT = Path(__file__).resolve().parents[2]


def pretrained_root() -> Path:
    """The checkpoints that ship with the project."""
    return Path(os.environ.get("GANDASH_PRETRAINED", PROJECT / "pretrained"))


def classifiers_root() -> Path:
    """The classifiers whose features samples are measured with."""
    return pretrained_root() / "classifiers"


def zoo_root() -> Path:
    """The resumable runs behind the shipped checkpoints, apart from the user's own.

    ``GANDASH_ZOO`` or the cache.
    """
    chosen = os.environ.get("GANDASH_ZOO")
    return Path(chosen) if chosen else cache_root("GANDASH_ZOO") / "zoo"


def runs_root() -> Path:
    """The runs trained on this machine: ``GANDASH_RUNS``, or ``runs`` beside the package."""
    return Path(os.environ.get("GANDASH_RUNS", PROJECT / "runs"))


def cache_root(variable: str) -> Path:
    """Where what can be made or loaded again is kept, in the user's home.

    ``ValueError`` if the user has none; ``variable`` is the one that names another place.
    """
    try:
        return Path.home() / ".cache" / "gandash"
    except RuntimeError as error:
        raise ValueError(
            f"A cache lies in the user's home, and this user has none: set {variable} to a folder"
        ) from error
