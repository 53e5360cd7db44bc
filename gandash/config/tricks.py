"""What a run has beside the plain pair, in people's words: read from its settings."""

from __future__ import annotations

from collections.abc import Iterator

from gandash.config.architectures import ARCHITECTURES
from gandash.config.run import Config
from gandash.config.sections import LossConfig, NetworkConfig
from gandash.config.settings import Trick, about, leaves, value_of
from gandash.losses.objectives import OBJECTIVES

PLAIN = Config()
_FIELDS = [(name, about(field)) for name, field in leaves(Config)]
_CHOICES = [(name, knows.tricks) for name, knows in _FIELDS if knows.tricks]
_VALUES = [(name, knows.trick, value_of(PLAIN, name)) for name, knows in _FIELDS if knows.trick]


def of(config: Config, section: str = "") -> dict[str, Trick]:
    """The tricks of a config by the dotted names of their settings, of one section or all.

    In the config's order; those of a choice come first, as they say most.
    """
    tricks = {**dict(_of_choices(config)), **dict(_of_values(config))}
    return {name: trick for name, trick in tricks.items() if name.startswith(section)}


def _of_choices(config: Config) -> Iterator[tuple[str, Trick]]:
    for name, tricks in _CHOICES:
        if trick := tricks.get(value_of(config, name)):
            yield name, trick


def _of_values(config: Config) -> Iterator[tuple[str, Trick]]:
    for name, trick, plain in _VALUES:
        if value_of(config, name) != plain:
            yield name, trick


def summary(config: Config) -> str:
    """What a run trains with, in one line: objective, label smoothing, tricks."""
    return " · ".join(
        [OBJECTIVES[config.loss.objective].title, *_smoothing(config.loss), *titles(config)]
    )


def _smoothing(loss: LossConfig) -> list[str]:
    alpha, beta = loss.alpha, loss.beta
    if not (alpha or beta):
        return []
    sides = "two" if alpha and beta else "one"
    return [f"{sides}-sided smoothing (α = {alpha:g}, β = {beta:g})"]


def titles(config: Config, section: str = "") -> list[str]:
    """Short names of what a config has beside the plain DCGAN; of one section or all."""
    tricks = of(config, section)
    named = [trick.named(value_of(config, name)) for name, trick in tricks.items()]
    return [*named, *_norms(config.network)] if "network".startswith(section) else named


def _norms(network: NetworkConfig) -> list[str]:
    """Norms other than those that the architecture is named without."""
    usual = ARCHITECTURES[network.architecture].norms
    players = {"G": network.g_norm, "D": network.d_norm}
    words = {
        player: "no norm" if norm == "none" else f"{norm} norm"
        for player, norm in players.items()
        if norm not in usual
    }
    if len(words) == 2 and words["G"] == words["D"]:
        return [words["G"]]
    return [f"{word} in {player}" for player, word in words.items()]
