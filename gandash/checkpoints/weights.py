"""Checkpoints: weights in safetensors and a JSON card that carries what rebuilds them.

A checkpoint is a folder with ``generator.safetensors``, ``discriminator.safetensors`` and
``card.json``. Nothing is ever unpickled.
"""

from __future__ import annotations

from pathlib import Path
from typing import TypeVar

import torch
from safetensors import SafetensorError
from safetensors.torch import load as load_safetensors
from safetensors.torch import save as save_safetensors
from torch import Tensor, nn

from gandash.checkpoints.card import CARD, Card, Checkpoint, read_bounded, write_card
from gandash.networks import (
    Discriminator,
    Ensemble,
    Generator,
    Judges,
    Translator,
    build_players,
)
from gandash.networks.planned import discriminator_of, generator_of
from gandash.records import explain
from gandash.storage.files import write_whole

GENERATOR = "generator.safetensors"
DISCRIMINATOR = "discriminator.safetensors"
EXAMPLES = "examples.safetensors"
Network = TypeVar("Network", bound=nn.Module)
MAX_WEIGHT_BYTES = 500_000_000


def save(folder: Path, G: nn.Module, D: nn.Module, card: Card) -> None:
    """Write both networks and the card.

    An earlier card goes first and the new one comes last, so a folder with a card is complete.
    """
    (folder / CARD).unlink(missing_ok=True)
    dtype = {"fp16": torch.float16, "fp32": torch.float32}[card.weights]
    write_whole(folder / GENERATOR, save_safetensors(_tensors(G, dtype)))
    write_whole(folder / DISCRIMINATOR, save_safetensors(_tensors(D, dtype)))
    write_card(folder, card)


def _tensors(network: nn.Module, dtype: torch.dtype) -> dict[str, Tensor]:
    return {
        name: (
            tensor.detach().to("cpu", dtype)
            if tensor.is_floating_point()
            else tensor.detach().cpu()
        ).contiguous()
        for name, tensor in network.state_dict().items()
    }


def save_examples(folder: Path, examples: Tensor) -> None:
    """Write the pairs uint8 (N, 2, C, S, S) that a translator's snapshots show."""
    write_whole(folder / EXAMPLES, save_safetensors({"pairs": examples.contiguous()}))


def load_examples(checkpoint: Checkpoint) -> Tensor:
    """Pairs uint8 (N, 2, C, S, S) that a translator can be tried on."""
    path = checkpoint.folder / EXAMPLES
    try:
        pairs = load_safetensors(read_bounded(path, MAX_WEIGHT_BYTES))["pairs"]
    except (SafetensorError, KeyError) as error:
        raise ValueError(
            f"The {path.name} of {checkpoint.name!r} is damaged: restore it from a copy, or move "
            "the folder away"
        ) from error
    if pairs.dtype != torch.uint8 or pairs.shape[1:] != checkpoint.card.data.shape:
        raise ValueError(
            f"The {path.name} of {checkpoint.name!r} holds {tuple(pairs.shape)} and does not fit "
            "its card: restore it from a copy, or move the folder away"
        )
    return pairs


def load_generator(checkpoint: Checkpoint) -> Generator:
    """The generator in eval mode, fp32 on the CPU, without gradients; ``ValueError`` if it is no
    network that makes samples of latent vectors.
    """
    G, _ = _players(checkpoint)
    if not isinstance(G, Generator):
        raise ValueError(
            f"Samples are made of latent vectors, and {checkpoint.name!r} translates images: "
            "choose another checkpoint, or translate with it"
        )
    return _fill(G, checkpoint.folder / GENERATOR)


def load_translator(checkpoint: Checkpoint) -> Translator:
    """The translator in eval mode, fp32 on the CPU, without gradients; ``ValueError`` if it is no
    network that translates images.
    """
    G, _ = _players(checkpoint)
    if not isinstance(G, Translator):
        raise ValueError(
            f"Images are translated by pix2pix and CycleGAN, and {checkpoint.name!r} makes samples "
            "of latent vectors: choose another checkpoint"
        )
    return _fill(G, checkpoint.folder / GENERATOR)


def load_discriminator(checkpoint: Checkpoint) -> Discriminator | Ensemble:
    """The discriminator in eval mode, fp32 on the CPU, without gradients; ``ValueError`` if it
    judges translations.
    """
    _, D = _players(checkpoint)
    if isinstance(D, Judges):
        raise ValueError(
            f"One output a sample is asked for, and D of {checkpoint.name!r} judges patches: "
            "choose another checkpoint"
        )
    assert isinstance(D, Discriminator | Ensemble)
    return _fill(D, checkpoint.folder / DISCRIMINATOR)


def load_players(checkpoint: Checkpoint) -> tuple[nn.Module, nn.Module]:
    """G and D, whatever they play, in eval mode, fp32 on the CPU, without gradients."""
    G, D = _players(checkpoint)
    folder = checkpoint.folder
    return _fill(G, folder / GENERATOR), _fill(D, folder / DISCRIMINATOR)


def _players(checkpoint: Checkpoint) -> tuple[nn.Module, nn.Module]:
    """The networks that the card describes, weights still to be filled in."""
    card = checkpoint.card
    G, D = build_players(card.config, card.data.shape, len(card.data.classes))
    if card.imported is not None and card.imported.generator:
        G = generator_of(card.imported.generator, card.data.shape)
    if card.imported is not None and card.imported.discriminator:
        D = discriminator_of(card.imported.discriminator, card.data.shape)
    return G, D


def _fill(network: Network, path: Path) -> Network:
    try:
        network.load_state_dict(load_safetensors(read_bounded(path, MAX_WEIGHT_BYTES)), strict=True)
    except (SafetensorError, RuntimeError) as error:
        raise ValueError(
            f"The {path.name} of {path.parent.name!r} does not fit its card ({explain(error)}): "
            "restore it from a copy, or move the folder away"
        ) from error
    return network.float().eval().requires_grad_(False)
