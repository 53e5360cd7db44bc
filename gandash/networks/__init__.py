"""Both players: architectures, layers and what is built from a config."""

from torch import nn

from gandash.config import Config
from gandash.networks.pair import build_pair
from gandash.networks.players import Discriminator, Encoder, Ensemble, Generator, LatentJudge
from gandash.networks.translation import Judges, Translator, build_translation

__all__ = [
    "Discriminator",
    "Encoder",
    "Ensemble",
    "Generator",
    "Judges",
    "LatentJudge",
    "Translator",
    "build_pair",
    "build_players",
    "build_translation",
]


def build_players(
    config: Config, shape: tuple[int, ...], classes: int = 0
) -> tuple[nn.Module, nn.Module]:
    """G and D of whatever a config plays, freshly initialized on the CPU: of noise for samples of
    ``shape`` (C, H, W) or (dim,), or of translation for pairs (2, C, S, S).
    """
    if config.translation.on:
        return build_translation(config, shape)
    return build_pair(config, shape, classes)
