"""A network in one file for the browser: program, weights and a result to check itself by."""

from __future__ import annotations

import json
from typing import Any

import torch
from safetensors.torch import save as save_safetensors
from torch import Tensor, nn

from gandash import latent
from gandash.browser.program import describe, describe_discriminator, describe_translator
from gandash.kinds import of_batch
from gandash.latent import directions
from gandash.networks import Discriminator, Ensemble, Generator
from gandash.pictures.pixels import to_uint8

REFERENCE, DIRECTIONS, OTHERS = "reference", "directions", "others"
REFERENCE_SEED = 0
COMPARED = 100  # samples of G that an opinion is held against
BATCH = 50


def pack(G: Generator) -> bytes:
    """Safetensors with half-precision weights and the program as the metadata's ``program``.

    ``reference`` is what torch makes in fp32 of the first latent vector of seed 0, of class 0 where
    there are classes: uint8 pixels (C, H, W), or a point (dim,) in float32. ``directions`` are the
    unit vectors (count, latent_dim) that move the picture most. ``UnsupportedError`` says why a
    generator cannot be packed.
    """
    described = describe(G)
    extra = {REFERENCE: _reference(G), DIRECTIONS: directions.principal(G)}
    return _file(described.weights | extra, described.description())


def pack_discriminator(D: Discriminator | Ensemble, G: Generator, *, probability: bool) -> bytes:
    """As :func:`pack`, the discriminator of G: what it says of G's samples.

    ``others`` are its logits on samples of G, lowest first, so that one of them has a rank;
    ``reference`` (1,) is what torch makes in fp32 of noise, the first draw of seed 0 cut off at -1
    and 1, of class 0 where D knows classes. ``probability`` says whether sigmoid of the logit is
    one. ``UnsupportedError`` says why a discriminator cannot be packed.
    """
    described = describe_discriminator(D, G.shape)
    noise = latent.draw(REFERENCE_SEED, 1, _numbers(G)).clamp(-1, 1).view(1, *G.shape)
    labels = torch.zeros(1, dtype=torch.int64) if described.classes else None
    with torch.inference_mode():
        reference = D(noise, labels)
        others = torch.cat([_opinions(D, G, start) for start in range(0, COMPARED, BATCH)])
    extra = {REFERENCE: reference.float(), OTHERS: others.float().sort().values}
    return _file(described.weights | extra, described.description() | {"probability": probability})


def pack_translator(network: nn.Module, shape: tuple[int, ...]) -> bytes:
    """As :func:`pack`, one direction of a translator of images of ``shape`` (C, S, S).

    ``reference`` are the pixels that torch makes in fp32 of noise, the first draw of seed 0 as an
    image (S, S, C).
    """
    described = describe_translator(network, shape)
    channels, side, _ = shape
    noise = latent.draw(REFERENCE_SEED, 1, described.latent).view(1, side, side, channels)
    with torch.inference_mode():
        made = to_uint8(network(noise.permute(0, 3, 1, 2)))
    return _file(described.weights | {REFERENCE: made[0].contiguous()}, described.description())


def _opinions(D: Discriminator | Ensemble, G: Generator, start: int) -> Tensor:
    """D's logits of the next ``BATCH`` samples of G, all classes in turn."""
    z = latent.draw(REFERENCE_SEED, start + BATCH, G.latent_dim)[start:]
    labels = latent.classes_in_turn(BATCH, G.classes) if G.classes else None
    return D(G(z, labels), labels)  # type: ignore[no-any-return]


def _numbers(G: Generator) -> int:
    return torch.Size(G.shape).numel()


def _file(tensors: dict[str, Tensor], description: dict[str, Any]) -> bytes:
    text = json.dumps(description, separators=(",", ":"))
    return save_safetensors(tensors, metadata={"program": text})


def _reference(G: Generator) -> Tensor:
    z = latent.draw(REFERENCE_SEED, 1, G.latent_dim)
    labels = torch.zeros(1, dtype=torch.int64) if G.classes else None
    with torch.inference_mode():
        samples = G(z, labels).float()
    return of_batch(samples).keep(samples)[0].contiguous()
