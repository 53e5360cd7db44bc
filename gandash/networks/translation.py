"""The players of image translation: one G and one D for pix2pix, two of each for CycleGAN.

Both directions are one module with one optimizer, as in the code of the paper's authors.
"""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

import torch
from torch import Tensor, nn

from gandash.config import Config, TranslationConfig
from gandash.networks.layers import norm_layer
from gandash.networks.pair import add_spectral_norm, initialize
from gandash.networks.patchgan import PatchGAN
from gandash.networks.residual import Residual
from gandash.networks.unet import UNet

WEIGHTS = "dcgan"  # the architecture whose weights are drawn as both papers draw theirs


class Translator(nn.Module):
    """Images (N, C, S, S) in [-1, 1] to others of the same shape: ``there`` is G, ``back`` the G of
    the other direction where it is learned too.
    """

    def __init__(self, there: UNet | Residual, back: UNet | Residual | None) -> None:
        super().__init__()
        self.there = there
        self.back = back

    def forward(self, images: Tensor, chance: Sequence[Tensor] = ()) -> Tensor:
        translated: Tensor = self.there(images, chance)
        return translated


class Judges(nn.Module):
    """D of the targets and, where both directions are learned, D of the sources, to logits
    (N, h, w) of patches.
    """

    def __init__(self, of_target: PatchGAN, of_source: PatchGAN | None) -> None:
        super().__init__()
        self.of_target = of_target
        self.of_source = of_source

    def forward(self, images: Tensor) -> Tensor:
        logits: Tensor = self.of_target(images)
        return logits


def build_translation(config: Config, shape: tuple[int, ...]) -> tuple[Translator, Judges]:
    """Freshly initialized players on the CPU for pairs of ``shape`` (2, C, S, S); the seed decides
    the weights: N(0, 0.02), as both papers draw them.

    D of pix2pix sees the source beside the target, those of CycleGAN an image alone.
    """
    _, channels, size, _ = shape
    settings = config.translation
    both = settings.translator == "cyclegan"
    rng = torch.Generator().manual_seed(config.seed)
    with torch.random.fork_rng(devices=[]):
        torch.manual_seed(config.seed)  # spectral norm draws its first singular vectors itself
        G = Translator(
            _generator(config, channels, size), _generator(config, channels, size) if both else None
        )
        D = Judges(
            _judge(config, channels if both else 2 * channels),
            _judge(config, channels) if both else None,
        )
        for network in (G, D):
            initialize(network, WEIGHTS, rng)
        if config.network.d_spectral_norm:
            add_spectral_norm(D)
    return G, D


def _generator(config: Config, channels: int, size: int) -> UNet | Residual:
    network = config.network
    settings: TranslationConfig = config.translation
    norm = partial(norm_layer, network.g_norm)
    if settings.translator_net == "residual":
        return Residual(channels, network.g_width, settings.blocks, norm)
    return UNet(channels, size, network.g_width, norm, settings.dropout)


def _judge(config: Config, channels: int) -> PatchGAN:
    network = config.network
    norm = partial(norm_layer, network.d_norm)
    return PatchGAN(channels, network.d_width, config.translation.patch, norm)
