"""Samples of a run as it stands."""

from __future__ import annotations

import copy

import torch
from torch import Tensor

from gandash import latent
from gandash.kinds import of_batch
from gandash.networks import Generator
from gandash.training.state import State


@torch.inference_mode()
def sample(state: State, z: Tensor) -> Tensor:
    """Samples of latent vectors (N, latent_dim) in eval mode, on the CPU, the classes in turn where
    G knows them.

    Images are uint8 (N, C, H, W), points float32 (N, dim).
    """
    network = copy.deepcopy(state.sampler).eval()
    samples = network(z.to(state.device), _in_turn(state.G, len(z), state.device))
    return of_batch(samples).keep(samples).cpu()


def _in_turn(G: Generator, count: int, device: torch.device) -> Tensor | None:
    return latent.classes_in_turn(count, G.classes).to(device) if G.classes else None
