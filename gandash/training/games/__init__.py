"""What is played: who the players are, how they are updated, what they report."""

from gandash.training.games.autoencoder import AutoencoderGame
from gandash.training.games.game import Game, Player
from gandash.training.games.noise import NoiseGame
from gandash.training.games.translation import TranslationGame
from gandash.training.state import State

__all__ = ["AutoencoderGame", "Game", "NoiseGame", "Player", "TranslationGame", "game_of"]


def game_of(state: State) -> Game:
    """The game that a state belongs to."""
    if state.config.translation.on:
        return TranslationGame(state)
    if state.config.autoencoder.encoder:
        return AutoencoderGame(state)
    return NoiseGame(state)
