"""Both players: architectures, layers and what is built from a config."""

from gandash.networks.pair import build_pair
from gandash.networks.players import Discriminator, Ensemble, Generator

__all__ = [
    "Discriminator",
    "Ensemble",
    "Generator",
    "build_pair",
]
