"""Generators in the visitor's browser: Python describes them, plain JavaScript runs them."""

from gandash.browser.opinion import pack_opinion
from gandash.browser.packing import pack, pack_discriminator, pack_translator
from gandash.browser.program import (
    Layer,
    Program,
    UnsupportedError,
    describe,
    describe_discriminator,
    describe_translator,
)
from gandash.browser.scripts import joined, style

__all__ = [
    "Layer",
    "Program",
    "UnsupportedError",
    "describe",
    "describe_discriminator",
    "describe_translator",
    "joined",
    "pack",
    "pack_discriminator",
    "pack_opinion",
    "pack_translator",
    "style",
]
