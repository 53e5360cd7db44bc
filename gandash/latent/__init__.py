"""Latent vectors: draw them from a seed, walk between them, turn them into samples."""

from gandash.latent.encoding import encode
from gandash.latent.prior import off_prior
from gandash.latent.sampling import generate
from gandash.latent.truncation import truncated
from gandash.latent.vectors import Interpolation, classes_in_turn, draw, lerp, path, slerp, within

__all__ = [
    "Interpolation",
    "classes_in_turn",
    "draw",
    "encode",
    "generate",
    "lerp",
    "off_prior",
    "path",
    "slerp",
    "truncated",
    "within",
]
