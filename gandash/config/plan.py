"""A network layer by layer: what rebuilds weights that another program trained.

An architecture is known by its name and a few sizes. What comes from elsewhere has none; its layers
stand in its card one by one.
"""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from gandash.records import Section

LONGEST_PLAN = 200
MOST = 1_000_000
Activation = Literal["relu", "leaky", "elu", "silu", "tanh"]
LayerKind = Literal[
    "linear",
    "maps",
    "transposed",
    "convolution",
    "nearest",
    "bilinear",
    "batch",
    "instance",
    "layer",
    "prelu",
    "relu",
    "leaky",
    "elu",
    "silu",
    "tanh",
    "pad",
    "flat",
    "unit",
]


class PlannedLayer(Section):
    """One layer of a network.

    ``linear``, ``transposed``, ``convolution``: from ``inputs`` to ``outputs`` channels with a
    ``kernel`` of so many pixels a side, ``extra`` being the output padding. ``maps``: a vector
    becomes ``outputs`` maps of ``side`` pixels, ``flat`` is the way back. ``nearest`` and
    ``bilinear`` double the side. ``batch``, ``instance``, ``layer``: norms of ``outputs`` channels,
    ``value`` their epsilon. ``leaky``: ``value`` is the slope. ``pad``: ``padding`` pixels of black
    on each side (taken away where negative). ``unit`` maps [-1, 1] to [0, 1].
    """

    kind: LayerKind
    inputs: int = Field(0, ge=0, le=MOST)
    outputs: int = Field(0, ge=0, le=MOST)
    side: int = Field(0, ge=0, le=1024)
    kernel: int = Field(0, ge=0, le=64)
    stride: int = Field(1, ge=1, le=16)
    padding: int = Field(0, ge=-256, le=256)
    extra: int = Field(0, ge=0, le=16)
    bias: bool = False
    flat: bool = Field(False, description="of a norm: on vectors, not on maps")
    value: float = Field(0.0, ge=0, le=10)


Plan = tuple[PlannedLayer, ...]
