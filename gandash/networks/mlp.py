"""The fully connected pair of the first GANs (Goodfellow et al. 2014, arXiv:1406.2661), for images
and points.

Rectifiers stand where the paper has maxout in D, and there is no dropout.
"""

from __future__ import annotations

import math
from itertools import pairwise

from torch import nn

from gandash.config import NetworkConfig
from gandash.kinds import of_shape
from gandash.networks.layers import LabelledSequential, NormFactory


def generator_layers(
    inputs: int, shape: tuple[int, ...], network: NetworkConfig, norm: NormFactory
) -> LabelledSequential:
    """Vectors (N, inputs) to images (N, *shape) in [-1, 1].

    Or to unbounded points if ``shape`` is (dim,).
    """
    width = network.g_width
    layers: list[nn.Module] = []
    for a, b in pairwise([inputs, *[width] * network.depth]):
        layers += [nn.Linear(a, b), norm(b), nn.ReLU(inplace=True)]
    layers.append(nn.Linear(width, math.prod(shape)))
    return LabelledSequential(
        *layers, *([nn.Tanh(), nn.Unflatten(1, shape)] if of_shape(shape).pixels else [])
    )


def discriminator_layers(
    shape: tuple[int, ...], network: NetworkConfig, norm: NormFactory
) -> tuple[nn.Sequential, tuple[int, ...]]:
    """Images or points (N, *shape) to features (N, width), and the shape of these.

    The first layer has no norm.
    """
    width = network.d_width
    layers: list[nn.Module] = [nn.Flatten()] if of_shape(shape).pixels else []
    for number, (a, b) in enumerate(pairwise([math.prod(shape), *[width] * network.depth])):
        layers += [nn.Linear(a, b), *([norm(b)] if number else []), nn.LeakyReLU(0.2, inplace=True)]
    return nn.Sequential(*layers), (width,)
