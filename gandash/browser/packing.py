"""A generator in one file for the browser: program, weights and a picture to check itself by."""

from __future__ import annotations

import json

import torch
from safetensors.torch import save as save_safetensors
from torch import Tensor

from gandash import latent
from gandash.browser.program import Program, describe
from gandash.kinds import of_batch
from gandash.latent import directions
from gandash.networks import Generator

REFERENCE, DIRECTIONS = "reference", "directions"
REFERENCE_SEED = 0


def pack(G: Generator) -> bytes:
    """Safetensors with half-precision weights and the program as the metadata's ``program``.

    ``reference`` is what torch makes in fp32 of the first latent vector of seed 0, of class 0 where
    there are classes: uint8 pixels (C, H, W), or a point (dim,) in float32. ``directions`` are the
    unit vectors (count, latent_dim) that move the picture most. ``UnsupportedError`` says why a
    generator cannot be packed.
    """
    described = describe(G)
    extra = {REFERENCE: _reference(G), DIRECTIONS: directions.principal(G)}
    tensors = described.weights | extra
    return save_safetensors(tensors, metadata={"program": _text(described)})


def _text(described: Program) -> str:
    return json.dumps(described.description(), separators=(",", ":"))


def _reference(G: Generator) -> Tensor:
    z = latent.draw(REFERENCE_SEED, 1, G.latent_dim)
    labels = torch.zeros(1, dtype=torch.int64) if G.classes else None
    with torch.inference_mode():
        samples = G(z, labels).float()
    return of_batch(samples).keep(samples)[0].contiguous()
