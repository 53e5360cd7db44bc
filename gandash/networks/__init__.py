"""Both players: architectures, layers and what is built from a config."""

from gandash.networks.pair import Discriminator, Ensemble, Generator, build_pair

__all__ = [
    "Discriminator",
    "Ensemble",
    "Generator",
    "build_pair",
]
