"""Configs to start from: on the Train page and as a reading list of what to try."""

from __future__ import annotations

from dataclasses import dataclass

from gandash.config.run import Config, parse_config
from gandash.config.sections import (
    AutoencoderConfig,
    CollapseConfig,
    DataConfig,
    LabelConfig,
    LossConfig,
    NetworkConfig,
    OptimizerConfig,
    RegularizerConfig,
    ScheduleConfig,
    TranslationConfig,
)


@dataclass(frozen=True)
class Preset:
    """A config and what to expect of it."""

    expect: str
    config: Config


def _with(base: Config, **sections: object) -> Config:
    """``base`` with whole sections or settings of the run replaced, checked anew."""
    return parse_config(base.model_dump() | sections)


_PAPER = OptimizerConfig()
_QUICK = Config(
    network=NetworkConfig(g_width=32, d_width=32, latent_dim=32),
    optimizer=OptimizerConfig(g_lr=2e-3, d_lr=5e-4),
    epochs=2,
    batch_size=64,
    ema=0.998,
)
_POINTS = Config(
    data=DataConfig(dataset="ring"),
    network=NetworkConfig(
        architecture="mlp", latent_dim=16, g_width=128, d_width=128, g_norm="none", d_norm="none"
    ),
    optimizer=OptimizerConfig(g_lr=1e-3, d_lr=1e-3),
    steps=10_000,
    batch_size=256,
    report_every=50,
)
_CRITIC = OptimizerConfig(g_lr=5e-4, d_lr=5e-4, adam_beta1=0.0, adam_beta2=0.9)
PIX2PIX = "Lines into clothes (pix2pix)"
PRESETS: dict[str, Preset] = {
    "Quick digits": Preset(
        "Digits in 2 minutes on 2 recent CPU cores, in about 5 on older ones: half the paper's "
        "width, and G learns "
        "four times as fast as D.",
        _QUICK,
    ),
    "DCGAN on MNIST": Preset(
        "The widths, batch and rates of the 2015 paper, 15 epochs: about an hour on 2 CPU cores.",
        Config(epochs=15, ema=0.999),
    ),
    "Fashion-MNIST": Preset(
        "The quick run on clothing, for 4 epochs.",
        _with(_QUICK, data=DataConfig(dataset="fashion-mnist"), epochs=4),
    ),
    "One-sided smoothing": Preset(
        "The quick run with D's target on real images at 0.9: compare it with Quick digits.",
        _with(_QUICK, loss=LossConfig(alpha=0.1)),
    ),
    "Saturating objective": Preset(
        "The quick run with the minimax objective of the 2014 paper: watch G's gradient norm while "
        "D is sure.",
        _with(_QUICK, loss=LossConfig(objective="minimax"), optimizer=_PAPER),
    ),
    "A discriminator that wins": Preset(
        "D's learning rate is ten times that of G: watch D's loss, D(G(z)) and what becomes of the "
        "samples.",
        _with(_QUICK, optimizer=OptimizerConfig(g_lr=5e-5, d_lr=5e-4)),
    ),
    "Mode collapse on a ring": Preset(
        "A plain GAN and 8 clusters of points. When we tried it, the samples reached 4 of the 8 "
        "after 10,000 steps.",
        _POINTS,
    ),
    "Unrolled GAN on a ring": Preset(
        "The same, but G learns against D as it will be 5 updates from now. A step costs several "
        "times as much.",
        _with(_POINTS, collapse=CollapseConfig(unroll_steps=5, unroll_lr=0.01), steps=4_000),
    ),
    "PacGAN on a grid": Preset(
        "25 clusters, and D judges 4 points at once, so that sameness shows: compare it with pack "
        "1.",
        _with(_POINTS, data=DataConfig(dataset="grid"), collapse=CollapseConfig(pack=4)),
    ),
    "WGAN-GP": Preset(
        "D is a critic with a gradient penalty and learns 5 times a step: minus its loss, without "
        "the penalty, "
        "estimates a distance between generated and real images.",
        _with(
            _QUICK, loss=LossConfig(objective="wasserstein"), regularizer={"gradient_penalty": 10},
            network={**_QUICK.network.model_dump(), "d_norm": "layer"}, balance={"d_steps": 5},
            optimizer=_CRITIC,
            epochs=10,
        ),
    ),
    "Hinge and spectral norm": Preset(
        "No batch norm in D: its weights are divided by their largest singular value instead. It "
        "learns without "
        "momentum, twice a step.",
        _with(
            _QUICK,
            network={**_QUICK.network.model_dump(), "d_norm": "none", "d_spectral_norm": True},
            loss=LossConfig(objective="hinge"), balance={"d_steps": 2}, epochs=4,
            optimizer=OptimizerConfig(g_lr=1e-3, d_lr=1e-3, adam_beta1=0.0, adam_beta2=0.9),
        ),
    ),
    "Realness as a distribution": Preset(
        "The quick run, but D gives a distribution over 51 grades of realness in place of one "
        "number, and G wants its digits to get that of real ones. D(x) and D(G(z)) are means over "
        "the grades.",
        _with(_QUICK, loss=LossConfig(objective="realness")),
    ),
    "Modern (R3GAN)": Preset(
        "The recipe of 2024 on digits: pairs of a real and a generated image, both penalties, no "
        "norms. About 15 minutes on 2 recent CPU cores. Only differences of D's outputs mean "
        "anything here: D(x) and D(G(z)) wander together.",
        Config(
            network=NetworkConfig(
                architecture="modern", depth=1, g_width=16, d_width=16, latent_dim=64,
                g_norm="none", d_norm="none",
            ),
            loss=LossConfig(objective="relativistic"),
            regularizer=RegularizerConfig(r1_gamma=1.0, r2_gamma=1.0, r1_every=4),
            optimizer=OptimizerConfig(g_lr=1e-3, d_lr=1e-3, adam_beta1=0.0, adam_beta2=0.9),
            schedule=ScheduleConfig(
                lr="cosine", lr_from=0.0, lr_to=0.1, burn_in=0.5, gamma_to=0.1, beta2_to=0.99
            ),
            batch_size=64, epochs=3, ema_half_life=20_000,
        ),
    ),
    PIX2PIX: Preset(
        "G translates lines into the clothes that they were taken from, and D judges patches: 7 "
        "minutes on one CPU core without bf16 units. The samples show line, translation and "
        "photograph; draw your own on the page Translate when it is finished.",
        Config(
            data=DataConfig(dataset="pairs:edges-fashion-mnist", held_out=0.02),
            network=NetworkConfig(g_width=16, d_width=16),
            translation=TranslationConfig(translator="pix2pix"),
            schedule=ScheduleConfig(lr="linear"),
            steps=4000, batch_size=16, report_every=50, ema=0.999,
        ),
    ),
    "Lines and clothes without pairs (CycleGAN)": Preset(
        "The same without knowing which belong together: two G translate there and back, and what "
        "comes back must be what went. A step costs several times as much, and 4,000 of them gave "
        "clouds rather than clothes when we tried it: watch what the pairs were good for.",
        Config(
            data=DataConfig(dataset="pairs:edges-fashion-mnist", held_out=0.02),
            network=NetworkConfig(g_width=16, d_width=16),
            translation=TranslationConfig(translator="cyclegan", dropout=0.0),
            loss=LossConfig(objective="least-squares"), schedule=ScheduleConfig(lr="linear"),
            steps=4000, batch_size=16, report_every=50, ema=0.999,
        ),
    ),
    "Digits by class": Preset(
        "G is told which digit to make: choose the class in the gallery and walk within it in the "
        "latent space.",
        _with(_QUICK, labels=LabelConfig(conditioning="concat", g_labels="batch-norm")),
    ),
    "The same hand, another digit (autoencoder)": Preset(
        "An encoder finds the z of real digits, and G makes these again of z and label. First it "
        "copies whatever label it is told; after some 1,500 steps the label decides which digit it "
        "is, and z how it is written. 5 minutes on one CPU core; then see Images in z on the page "
        "Latent space.",
        _with(
            _QUICK, network=NetworkConfig(g_width=16, d_width=16, latent_dim=12),
            labels=LabelConfig(conditioning="concat", g_labels="batch-norm"),
            autoencoder=AutoencoderConfig(encoder=True), batch_size=32, epochs=2,
            optimizer=OptimizerConfig(g_lr=1e-3, d_lr=1e-3), ema=0.999,
        ),
    ),
    "Semi-supervised digits": Preset(
        "D is shown 1,000 labels of 60,000: watch how many of the other digits it names rightly.",
        _with(_QUICK, labels=LabelConfig(conditioning="semi-supervised", labelled=1000)),
    ),
}  # fmt: skip
