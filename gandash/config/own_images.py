"""The preset for images of one's own: settings that fit how many there are and how large."""

from __future__ import annotations

from typing import Any

from gandash.config.run import Config, parse_config
from gandash.config.sections import DataConfig
from gandash.kinds import IMAGE_SIZES

NAME = "Own images"
EXPECT = (
    "Fits what you hand in: hinge loss and a D with spectral norm, which needs no batch statistics "
    "and so stands small batches and flat backgrounds; as many epochs as its steps take. A tenth "
    "is held out, so that memory shows, and up to 10,000 images are augmented (DiffAugment)."
)
EXPECT_OF_PAIRS = (
    "Translates what you hand in as pairs: pix2pix with the rates of its paper, at a quarter of "
    "its widths. The samples show A, what G makes of it and B."
)
ENLARGED = 1.15  # times that a picture's side may be enlarged: 28 pixels are padded to 32
MOST_PIXELS, MOST_PIXELS_GPU = 64, 128
STEPS, STEPS_GPU = 3_000, 20_000
LARGEST_BATCH, LARGEST_BATCH_GPU = 32, 64
HELD_OUT, ENOUGH = 0.1, 50  # share, and images of which so much can be spared
FEW = 10_000  # images that D may come to know by heart within those steps
MANY = 20_000  # images that are worth the paper's width, on a GPU
REMEMBERED = 20  # part of the run that the average of G remembers, as its half-life


def fitting(images: int, side: int, data: DataConfig, *, gpu: bool) -> Config:
    """A run on ``images`` images whose shorter sides are about ``side`` pixels.

    ``data`` is kept but for the size: the largest that does not enlarge them, at most 64 pixels on
    a CPU and 128 on a GPU. The batch is a power of two and at most half of the images; there are as
    many epochs as about 3,000 steps take, 20,000 on a GPU, and at least one.
    """
    held_out = data.held_out or (HELD_OUT if images >= ENOUGH else 0.0)
    few = images <= FEW
    images -= round(held_out * images)
    size = fitting_size(side, gpu=gpu)
    batch = fitting_batch(images, gpu=gpu)
    steps_an_epoch = max(images // batch, 1)
    epochs = max(round((STEPS_GPU if gpu else STEPS) / steps_an_epoch), 1)
    shown = epochs * steps_an_epoch * batch
    wide = gpu and images >= MANY
    values: dict[str, Any] = {
        "data": data.model_dump() | {"size": size, "held_out": held_out},
        "network": {
            "g_width": 64 if wide else 32,
            "d_width": 64 if wide else 32,
            "latent_dim": 100 if wide else 64,
            "d_norm": "none",
            "d_spectral_norm": True,
        },
        "loss": {"objective": "hinge"},
        "few": {"augment": "diffaugment" if few else "none"},
        "optimizer": {"g_lr": 5e-4, "d_lr": 1e-3, "adam_beta1": 0.0, "adam_beta2": 0.9},
        "epochs": min(epochs, 100_000),
        "batch_size": batch,
        "ema_half_life": max(shown // REMEMBERED, 1),
    }
    return parse_config(values)


def fitting_size(side: int, *, gpu: bool) -> int:
    """The largest size in pixels that hardly enlarges pictures of this shorter side."""
    most = MOST_PIXELS_GPU if gpu else MOST_PIXELS
    fits = [size for size in IMAGE_SIZES if size <= min(side * ENLARGED, most)]
    return max(fits, default=IMAGE_SIZES[0])


def fitting_batch(images: int, *, gpu: bool) -> int:
    """The largest power of two that is at most half of the images, within limits."""
    most = LARGEST_BATCH_GPU if gpu else LARGEST_BATCH
    return max(min(most, 1 << (max(images // 2, 1).bit_length() - 1)), 2)
