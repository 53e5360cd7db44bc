"""Checkpoints: a card that says what rebuilds the weights beside it. The face needs no torch."""
