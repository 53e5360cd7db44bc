"""Truncation: fewer kinds of samples for more typical ones."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager

from gandash.networks import Generator
from gandash.networks.style import Mapping


@contextmanager
def truncated(G: Generator, psi: float) -> Iterator[None]:
    """Have a style-based generator draw its styles towards their mean, w' = mean + psi (w - mean)
    (Karras et al. 2019, 1812.04948, section 5): psi 1 changes nothing, 0 makes one sample.

    ``ValueError`` if psi is not between 0 and 1, or if the generator has no styles and psi is not
    1.
    """
    if not 0 <= psi <= 1:
        raise ValueError(f"truncation must be from 0 to 1, not {psi:g}: choose another")
    mappings = [module for module in G.modules() if isinstance(module, Mapping)]
    if psi != 1 and not mappings:
        raise ValueError(
            "truncation draws the styles of a style-based generator to their mean, and this one "
            "has none: leave it at 1"
        )
    for mapping in mappings:
        mapping.psi = psi
    try:
        yield
    finally:
        for mapping in mappings:
            mapping.psi = 1.0
