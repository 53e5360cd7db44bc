"""Directions in latent space along which a generator's pictures vary most.

As GANSpace finds them (Härkönen et al. 2020, arXiv:2004.02546): principal components of the first
features of G, regressed to z.
"""

from __future__ import annotations

import math
from contextlib import suppress

import torch
from torch import Tensor, nn

from gandash.latent.vectors import classes_in_turn, draw
from gandash.networks import Generator
from gandash.networks.style import Mapping

SAMPLES = 2000
SEED = 0
ROUNDS = 6  # of the power iteration
LEAST_SLOPE = 1e-6  # of a number of size 1: less is rounding


def principal(G: Generator, count: int = 8, samples: int = SAMPLES) -> Tensor:
    """At most ``count`` unit vectors (count, latent_dim), the one that moves most first.

    z has a standard deviation of 1 along each. A direction's sign is that of its largest entry.
    """
    z = draw(SEED, samples, G.latent_dim)
    features = _first_features(G, z)
    features -= features.mean(0)
    wanted = min(count, G.latent_dim)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(SEED)
        coordinates, _, _ = torch.svd_lowrank(features, wanted + 4, ROUNDS)
    directions = coordinates[:, :wanted].T @ z  # regression on orthonormal coordinates
    directions /= directions.norm(dim=1, keepdim=True)
    return _signed(directions)


def of_styles(mapping: Mapping, count: int = 8, samples: int = SAMPLES) -> Tensor:
    """At most ``count`` principal components (count, styles) of the styles that a mapping makes,
    each as long as their standard deviation along it, the largest first: GANSpace in w.

    A component's sign is that of its largest entry.
    """
    latent_dim = mapping.parts[0]
    with torch.no_grad():
        styles = mapping(draw(SEED, samples, latent_dim)).double()
    styles -= styles.mean(0)
    _, deviations, components = torch.linalg.svd(styles, full_matrices=False)
    scaled = components * (deviations / math.sqrt(samples))[:, None]
    return _signed(scaled[: min(count, latent_dim)].float())


def _signed(directions: Tensor) -> Tensor:
    """Directions (count, d), turned around where their largest entry is negative."""
    largest = directions.abs().argmax(1, keepdim=True)
    return directions * directions.gather(1, largest).sign()


class _EnoughError(Exception):
    """The first layers have answered: the later ones need not."""


def _first_features(G: Generator, z: Tensor) -> Tensor:
    """What the first layers of G make of z, (N, features)."""
    kept: list[Tensor] = []

    def keep(_module: nn.Module, _inputs: object, output: Tensor) -> None:
        kept.append(output)
        raise _EnoughError

    handle = next(G.layers.children()).register_forward_hook(keep)
    labels = classes_in_turn(len(z), G.classes) if G.classes else None
    try:
        with torch.inference_mode():
            for part in range(0, len(z), 250):
                with suppress(_EnoughError):
                    G(z[part : part + 250], None if labels is None else labels[part : part + 250])
    finally:
        handle.remove()
    return torch.cat(kept).flatten(1).float().clone()


def toward(z: Tensor, values: Tensor) -> Tensor:
    """Unit vectors (K, latent_dim) along which K numbers rise most, on average over all z.

    ``values`` (N, K) are the numbers at latent vectors ``z`` (N, latent_dim). Their regression on
    z is the mean of their gradients, for z is Gaussian (Stein 1981). A number that never changes
    has no direction: zeros.
    """
    if len(z) <= z.shape[1]:
        raise ValueError(
            f"A regression on {z.shape[1]} numbers needs more vectors than that, not {len(z)}: "
            "draw more"
        )
    inputs = torch.cat([torch.ones(len(z), 1), z], dim=1)
    slopes: Tensor = torch.linalg.lstsq(inputs, values.to(z.dtype)).solution[1:].T
    lengths = slopes.norm(dim=1, keepdim=True)
    directions: Tensor = (slopes / lengths).where(lengths > LEAST_SLOPE, 0)
    return directions
