"""Latent vectors: draw them from a seed, walk between them, turn them into samples."""

from gandash.latent.sampling import generate
from gandash.latent.truncation import truncated
from gandash.latent.vectors import Interpolation, classes_in_turn, draw, lerp, path, slerp, within

__all__ = [
    "Interpolation",
    "classes_in_turn",
    "draw",
    "generate",
    "lerp",
    "path",
    "slerp",
    "truncated",
    "within",
]
