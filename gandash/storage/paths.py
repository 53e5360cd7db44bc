"""Where checkpoints and runs are kept.

In a checkout everything lies beside the package. In an installed package what ships lies in
``gandash/shipped``, and what is made here goes into the user's own folder of application data.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Callable
from pathlib import Path

PACKAGE = Path(__file__).resolve().parents[1]
PROJECT = PACKAGE.parent  # the checkout, or the folder that the package is installed in


def shipped_root() -> Path:
    """What comes with the package: the checkout, or its copy in an installed package."""
    installed = PACKAGE / "shipped"
    return installed if installed.is_dir() else PROJECT


def pretrained_root() -> Path:
    """The checkpoints that ship with the project: ``GANDASH_PRETRAINED`` or beside the package."""
    return _folder("GANDASH_PRETRAINED", lambda: shipped_root() / "pretrained")


def classifiers_root() -> Path:
    """The classifiers whose features samples are measured with."""
    return pretrained_root() / "classifiers"


def zoo_root() -> Path:
    """The resumable runs behind the shipped checkpoints, apart from the user's own.

    ``GANDASH_ZOO`` or the cache.
    """
    return _folder("GANDASH_ZOO", lambda: cache_root("GANDASH_ZOO") / "zoo")


def runs_root() -> Path:
    """The runs trained on this machine.

    ``GANDASH_RUNS``, or ``runs`` in a checkout, or in the user's folder of application data.
    """
    return _folder("GANDASH_RUNS", lambda: _own_root() / "runs")


def cache_root(variable: str) -> Path:
    """Where what can be made or loaded again is kept, in the user's home.

    ``ValueError`` if the user has none; ``variable`` is the one that names another place.
    """
    return _home(variable) / ".cache" / "gandash"


def expanded(path: str) -> Path:
    """A path with ``~`` as the user's home; ``ValueError`` if that user has none."""
    try:
        return Path(path).expanduser()
    except RuntimeError as error:
        raise ValueError(
            f"{path!r} begins in the home of a user who has none: write the whole path"
        ) from error


def _folder(variable: str, default: Callable[[], Path]) -> Path:
    given = os.environ.get(variable)
    return Path(given) if given else default()


def _own_root() -> Path:
    """Where an installed package keeps what is made with it; the checkout if it is one."""
    if shipped_root() == PROJECT:
        return PROJECT
    if sys.platform == "win32":
        return _folder("LOCALAPPDATA", lambda: _home() / "AppData" / "Local") / "gandash"
    if sys.platform == "darwin":
        return _home() / "Library" / "Application Support" / "gandash"
    return _folder("XDG_DATA_HOME", lambda: _home() / ".local" / "share") / "gandash"


def _home(variable: str = "GANDASH_RUNS") -> Path:
    try:
        return Path.home()
    except RuntimeError as error:
        raise ValueError(
            "gandash keeps files in the user's home, and this user has none: "
            f"set {variable} to a folder"
        ) from error
