"""What a kernel may do to a map: which strides and paddings its shape leaves open, and how likely.

A state dict has a layer's kernel and channels and neither its stride nor its padding. ``doubt`` is
0 for what nearly everybody writes, more the rarer something is.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Literal

Kind = Literal["transposed", "convolution"]
SIDES = {16: 0.8, 24: 2.0, 28: -0.3, 32: 0.0, 48: 0.8, 64: 0.0, 96: 1.0, 128: 0.2, 256: 0.5}
"""Sides of images that can be taken in, and the doubt of each; others are padded to the next."""


@dataclass(frozen=True)
class Move:
    """One way that a layer may work."""

    kind: Kind
    stride: int
    padding: int
    extra: int = 0
    doubt: float = 0.0

    def side(self, before: int, kernel: int) -> int:
        """The side of its maps where those that it is given have side ``before``."""
        if self.kind == "convolution":
            return (before + 2 * self.padding - kernel) // self.stride + 1
        return (before - 1) * self.stride - 2 * self.padding + kernel + self.extra


def transposed(kernel: int, before: int) -> Iterator[Move]:
    """How a transposed convolution may work on maps of a side."""
    if before == 1:
        yield Move("transposed", 1, 0)
        if kernel % 2 == 0:
            yield Move("transposed", 2, kernel // 2 - 1, doubt=3)
        return
    if kernel == 1:
        yield Move("transposed", 1, 0)
    elif kernel % 2 == 0:
        yield Move("transposed", 2, kernel // 2 - 1)
        yield Move("transposed", 1, 0, doubt=1.2)
        yield Move("transposed", 2, 0, doubt=1)
        yield Move("transposed", 1, kernel // 2 - 1, doubt=3)
        yield Move("transposed", 1, kernel // 2, doubt=3)
        if kernel == 8:
            yield Move("transposed", 4, 2, doubt=1)
    else:
        same = kernel // 2
        yield Move("transposed", 2, same, 1)
        yield Move("transposed", 1, same, doubt=0.7)
        yield Move("transposed", 2, same, doubt=0.8)
        yield Move("transposed", 2, 0, doubt=1)
        yield Move("transposed", 1, 0, doubt=1.5)
        if same > 1:
            yield Move("transposed", 2, same - 1, doubt=2.5)


def convolution(kernel: int) -> Iterator[Move]:
    """How a generator's plain convolution may work: its maps keep their side."""
    if kernel % 2:
        yield Move("convolution", 1, kernel // 2)
