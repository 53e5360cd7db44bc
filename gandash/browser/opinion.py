"""The discriminator of a checkpoint for the browser."""

from __future__ import annotations

from gandash.browser.packing import pack_discriminator
from gandash.browser.program import UnsupportedError
from gandash.checkpoints import Checkpoint, weights
from gandash.losses.objectives import OBJECTIVES
from gandash.networks import Generator


def pack_opinion(checkpoint: Checkpoint, G: Generator) -> bytes:
    """The discriminator that was trained with a checkpoint's generator G, as one file.

    ``UnsupportedError`` says why there is none.
    """
    if not (checkpoint.folder / weights.DISCRIMINATOR).is_file():
        raise UnsupportedError("this checkpoint came without its discriminator")
    objective = OBJECTIVES[checkpoint.card.config.loss.objective]
    D = weights.load_discriminator(checkpoint)
    return pack_discriminator(D, G, probability=objective.cross_entropy)
