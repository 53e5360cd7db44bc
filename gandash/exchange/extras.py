"""Packages that a few exports ask for and most people do without."""

from __future__ import annotations

from importlib import import_module
from types import ModuleType


def needed(package: str, extra: str, purpose: str) -> ModuleType:
    """An optional package; ``ValueError`` says how to install it where it is missing."""
    try:
        return import_module(package)
    except ImportError as error:
        raise ValueError(
            f"{purpose} needs the package {package.partition('.')[0]}, and it is not installed: "
            f"pip install 'gandash[{extra}]'"
        ) from error
