"""Configs to start from: on the Train page and as a reading list of what to try."""

from __future__ import annotations

from dataclasses import dataclass

from gandash.config import Config, DataConfig, LossConfig, NetworkConfig, OptimizerConfig


@dataclass(frozen=True)
class Preset:
    """A config and what to expect of it."""

    expect: str
    config: Config


_QUICK = Config(network=NetworkConfig(g_width=32, d_width=32), epochs=2, batch_size=64, ema=0.99)

PRESETS: dict[str, Preset] = {
    "Quick digits": Preset("Recognizable digits in about 3 minutes on 2 CPU cores.", _QUICK),
    "DCGAN on MNIST": Preset(
        "The full-width networks of the shipped checkpoints, 15 epochs: about an hour on 2 CPU cores or more.",
        Config(epochs=15, ema=0.999),
    ),
    "One-sided smoothing": Preset(
        "The quick run with D's target on real images at 0.9: compare it with Quick digits.",
        _QUICK.model_copy(update={"loss": LossConfig(alpha=0.1)}),
    ),
    "Saturating objective": Preset(
        "The quick run with the minimax objective of the 2014 paper: watch G's gradient norm while D is sure.",
        _QUICK.model_copy(update={"loss": LossConfig(objective="minimax")}),
    ),
    "A discriminator that wins": Preset(
        "D's learning rate is ten times that of G: watch D's loss, D(G(z)) and what becomes of the samples.",
        _QUICK.model_copy(update={"optimizer": OptimizerConfig(g_lr=5e-5, d_lr=5e-4)}),
    ),
    "Fashion-MNIST": Preset(
        "The quick run on clothing, for 4 epochs.",
        _QUICK.model_copy(update={"data": DataConfig(dataset="fashion-mnist"), "epochs": 4}),
    ),
}
