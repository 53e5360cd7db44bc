"""Images to the latent vectors that an encoder finds."""

from __future__ import annotations

import torch
from torch import Tensor

from gandash.latent.sampling import BATCH
from gandash.networks import Generator
from gandash.pictures.pixels import to_unit


def encode(G: Generator, images: Tensor) -> Tensor:
    """The latent vectors (N, latent_dim) of images uint8 (N, C, S, S); ``ValueError`` if no encoder
    was trained with G, or the images are no such as it makes.
    """
    if G.encoder is None:
        raise ValueError(
            "Images are found in z by the encoder of an autoencoder, and this generator was "
            "trained without one: choose another checkpoint"
        )
    if tuple(images.shape[1:]) != tuple(G.shape):
        wanted = "×".join(map(str, G.shape))
        given = "×".join(map(str, images.shape[1:]))
        raise ValueError(f"This encoder looks at images of {wanted}, not {given}: resize them")
    with torch.inference_mode():
        return torch.cat([G.encoder(to_unit(part)) for part in torch.split(images, BATCH)])
