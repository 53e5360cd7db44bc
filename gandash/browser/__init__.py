"""Generators in the visitor's browser: Python describes them, plain JavaScript runs them."""

from gandash.browser.packing import pack
from gandash.browser.program import Layer, Program, UnsupportedError, describe
from gandash.browser.scripts import joined, style

__all__ = [
    "Layer",
    "Program",
    "UnsupportedError",
    "describe",
    "joined",
    "pack",
    "style",
]
