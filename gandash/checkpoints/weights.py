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
from gandash.networks import Discriminator, Ensemble, Generator, build_pair
from gandash.networks.planned import generator_of
from gandash.records import explain
from gandash.storage.files import write_whole

GENERATOR = "generator.safetensors"
DISCRIMINATOR = "discriminator.safetensors"
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


def load_generator(checkpoint: Checkpoint) -> Generator:
    """The generator in eval mode, fp32 on the CPU, without gradients."""
    imported = checkpoint.card.imported
    if imported is not None and imported.generator:
        G = generator_of(imported.generator, checkpoint.card.data.shape)
    else:
        G = _pair(checkpoint)[0]
    return _fill(G, checkpoint.folder / GENERATOR)


def load_discriminator(checkpoint: Checkpoint) -> Discriminator | Ensemble:
    """The discriminator in eval mode, fp32 on the CPU, without gradients."""
    return _fill(_pair(checkpoint)[1], checkpoint.folder / DISCRIMINATOR)


def _pair(checkpoint: Checkpoint) -> tuple[Generator, Discriminator | Ensemble]:
    """The networks that the card describes, weights still to be filled in."""
    card = checkpoint.card
    return build_pair(card.config, card.data.shape, len(card.data.classes))


def _fill(network: Network, path: Path) -> Network:
    try:
        network.load_state_dict(load_safetensors(read_bounded(path, MAX_WEIGHT_BYTES)), strict=True)
    except (SafetensorError, RuntimeError) as error:
        raise ValueError(
            f"The {path.name} of {path.parent.name!r} does not fit its card ({explain(error)}): "
            "restore it from a copy, or move the folder away"
        ) from error
    return network.float().eval().requires_grad_(False)
