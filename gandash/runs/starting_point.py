"""A run that begins from the weights of a checkpoint: which ones, and whether they fit."""

from __future__ import annotations

import hashlib

from torch import nn

from gandash import checkpoints
from gandash.checkpoints import Checkpoint
from gandash.checkpoints.card import read_bounded
from gandash.checkpoints.weights import (
    DISCRIMINATOR,
    GENERATOR,
    MAX_WEIGHT_BYTES,
    load_players,
)
from gandash.config import Config
from gandash.data import Dataset
from gandash.networks import build_players
from gandash.storage.paths import pretrained_root, runs_root
from gandash.training import State, game_of


def pinned(config: Config) -> Config:
    """The config with the digest of the checkpoint that it begins from, if it begins from one.

    ``ValueError`` if there is no such checkpoint, or another one by its name.
    """
    if not config.few.start_from:
        return config
    few = config.few.model_copy(update={"start_digest": digest(_source(config))})
    return config.model_copy(update={"few": few})


def digest(checkpoint: Checkpoint) -> str:
    """SHA-256 of the weights of both players."""
    found = hashlib.sha256()
    for name in (GENERATOR, DISCRIMINATOR):
        found.update(read_bounded(checkpoint.folder / name, MAX_WEIGHT_BYTES))
    return found.hexdigest()


def check(config: Config, dataset: Dataset) -> None:
    """``ValueError`` if a run on ``dataset`` cannot begin from the checkpoint that it names."""
    if not config.few.start_from:
        return
    source = _source(config)
    players = build_players(config, dataset.shape, len(dataset.classes))
    for who, player, there in zip("GD", players, load_players(source), strict=True):
        if other := _difference(player, there):
            raise ValueError(
                "start_from needs a checkpoint whose networks have the sizes of the run's, and "
                f"{who} of {source.name!r} has {other}: choose its settings "
                f"({_settings(source)}) or another checkpoint"
            )


def take(state: State, dataset: Dataset) -> None:
    """Give a run at step 0 the weights of the checkpoint that it begins from, if any.

    G and its moving average both take those that the checkpoint samples with.
    """
    if not state.config.few.start_from:
        return
    check(state.config, dataset)
    G, D = load_players(_source(state.config))
    state.G.load_state_dict(G.state_dict())
    state.D.load_state_dict(D.state_dict())
    if state.ema is not None:
        state.ema.module.load_state_dict(G.state_dict())
    game_of(state).begin(dataset)  # what is taken from the data is not the checkpoint's


def _source(config: Config) -> Checkpoint:
    few = config.few
    usable, _ = checkpoints.find(pretrained_root(), runs_root())
    named = {checkpoint.name: checkpoint for checkpoint in usable}
    if few.start_from not in named:
        raise ValueError(
            f"start_from must name a checkpoint that is here, and {few.start_from!r} is none: "
            f"choose one of {', '.join(named) or 'those that you train'}"
        )
    source = named[few.start_from]
    if few.start_digest and few.start_digest != digest(source):
        raise ValueError(
            f"start_from must be the checkpoint that the run was made for, and {source.name!r} "
            "has other weights now: restore them, or clear start_digest to take these"
        )
    return source


def _difference(player: nn.Module, there: nn.Module) -> str:
    """The first tensor that is of another size there, in words; empty if all are alike."""
    own = {name: tuple(tensor.shape) for name, tensor in player.state_dict().items()}
    other = {name: tuple(tensor.shape) for name, tensor in there.state_dict().items()}
    for name in sorted(own.keys() | other.keys()):
        if own.get(name) != other.get(name):
            sizes = [
                "none" if size is None else "×".join(map(str, size)) or "a number"
                for size in (other.get(name), own.get(name))
            ]
            return f"{name} {sizes[0]} in place of {sizes[1]}"
    return ""


def _settings(source: Checkpoint) -> str:
    """What decides the sizes of a checkpoint's networks."""
    config = source.card.config
    network = config.network
    channels = source.card.data.shape[-3:][0]
    return (
        f"size {config.data.size}, color {'gray' if channels == 1 else 'rgb'}, architecture "
        f"{network.architecture}, g_width {network.g_width}, d_width {network.d_width}, latent_dim "
        f"{network.latent_dim}, g_norm {network.g_norm}, d_norm {network.d_norm}, "
        f"d_spectral_norm {network.d_spectral_norm}, g_spectral_norm {network.g_spectral_norm}, "
        f"encoder {config.autoencoder.encoder}, pack {config.collapse.pack}, minibatch "
        f"{config.collapse.minibatch}, conditioning {config.labels.conditioning}, g_labels "
        f"{config.labels.g_labels}"
    )
