"""What a run has beside the plain pair, in people's words.

A short name, and one sentence with its paper.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

from gandash.config.recommendations import setting
from gandash.config.run import Config
from gandash.config.sections import LossConfig, NetworkConfig
from gandash.losses.objectives import OBJECTIVES

PLAIN = Config()


@dataclass(frozen=True)
class Trick:
    """A setting that differs from the plain DCGAN's; ``title`` may have a place for its value."""

    title: str
    summary: str

    def named(self, value: Any) -> str:
        """The title with the setting's value in its place."""
        return self.title.format(
            f"{value:g}"
            if isinstance(value, float)
            else f"{value:,}"
            if isinstance(value, int)
            else value
        )


BY_CHOICE: dict[str, dict[str, Trick]] = {
    "network.architecture": {
        "resnet": Trick(
            "ResNet", "Residual blocks in both players (Miyato et al. 2018, arXiv:1802.05957)."
        ),
        "mlp": Trick(
            "MLP", "Fully connected players, as in 2014 (Goodfellow et al., arXiv:1406.2661)."
        ),
    },
    "collapse.minibatch": {
        "discrimination": Trick(
            "minibatch discrimination",
            "D sees how close each image is to the others of its batch (Salimans et al. 2016, "
            "arXiv:1606.03498).",
        ),
        "stddev": Trick(
            "minibatch stddev",
            "D sees how much the images of a batch differ (Karras et al. 2018, arXiv:1710.10196).",
        ),
    },
    "labels.conditioning": {
        "d-only": Trick(
            "D classifies", "D also learns to tell the classes of real images; G is told nothing."
        ),
        "concat": Trick(
            "conditional (concat)",
            "Both players get the label beside their input (Mirza and Osindero 2014, "
            "arXiv:1411.1784).",
        ),
        "projection": Trick(
            "conditional (projection)",
            "D compares its features with a vector learned for the label (Miyato and Koyama 2018, "
            "arXiv:1802.05637).",
        ),
        "semi-supervised": Trick(
            "semi-supervised",
            "D's logit is made of class scores: real is one of the classes, generated a further "
            "one "
            "(Salimans et al. 2016, arXiv:1606.03498).",
        ),
    },
    "labels.g_labels": {
        "batch-norm": Trick(
            "class-conditional batch norm", "The label sets scale and shift in G's batch norms."
        ),
    },
    "loss.g_form": {
        "strict": Trick(
            "strict G loss", "G minimizes the divergence itself, not the stronger form."
        )
    },
    "balance.rule": {
        "loss-rate": Trick(
            "loss-rate rule",
            "The player whose loss changes faster is updated, one a step (Ouyang and Chen 2020, "
            "arXiv:2008.12463).",
        ),
        "worse": Trick(
            "worse player learns", "Only the player with the higher loss per image is updated."
        ),
    },
    "optimizer.method": {
        "rmsprop": Trick("RMSProp", "Steps scaled by a running mean square, without momentum.")
    },
}
BY_VALUE: dict[str, Trick] = {
    "network.d_spectral_norm": Trick(
        "spectral norm",
        "D's weights are divided by their largest singular value (Miyato et al. 2018, 1802.05957).",
    ),
    "network.attention": Trick(
        "self-attention at {}",
        "Distant places of an image look at each other (Zhang et al. 2019, arXiv:1805.08318).",
    ),
    "regularizer.gradient_penalty": Trick(
        "gradient penalty {}",
        "D's slope between real and generated is drawn to 1 (Gulrajani 2017, arXiv:1704.00028).",
    ),
    "regularizer.r1_gamma": Trick(
        "R1 γ {}",
        "D's slope on real images is drawn to 0 (Mescheder et al. 2018, arXiv:1801.04406).",
    ),
    "regularizer.weight_clip": Trick(
        "weight clip {}",
        "D's weights are cut to ± this after each update (Arjovsky et al. 2017, arXiv:1701.07875).",
    ),
    "regularizer.instance_noise": Trick(
        "instance noise {}",
        "D sees its images through noise that fades (Sønderby et al. 2017, arXiv:1610.04490).",
    ),
    "collapse.pack": Trick(
        "PacGAN {}",
        "D judges several images at once, so that sameness shows (Lin et al. 2018, "
        "arXiv:1712.04086).",
    ),
    "collapse.unroll_steps": Trick(
        "{} unrolled",
        "G learns against D as it will be some updates from now (Metz et al. 2017, "
        "arXiv:1611.02163).",
    ),
    "labels.labelled": Trick(
        "{} labels", "D is shown the labels of the first so many images only."
    ),
    "balance.d_steps": Trick("{} D updates", "D learns from several batches before G's turn."),
    "balance.g_steps": Trick("{} G updates", "G learns several times before D's turn."),
    "balance.discriminators": Trick(
        "{} discriminators",
        "G faces several D, the better ones weighing more (Durugkar et al. 2017, 1611.01673).",
    ),
}


def found(config: Config, section: str = "") -> dict[str, Trick]:
    """The tricks of a config by the dotted names of their settings, in the config's order.

    Of one section or all.
    """
    return {name: trick for name, trick in _all(config) if name.startswith(section)}


def _all(config: Config) -> Iterator[tuple[str, Trick]]:
    """Those of a choice first, as they say most."""
    for name, choices in BY_CHOICE.items():
        if trick := choices.get(setting(config, name)):
            yield name, trick
    for name, trick in BY_VALUE.items():
        if setting(config, name) != setting(PLAIN, name):
            yield name, trick


def summary(config: Config) -> str:
    """What a run trains with, in one line: objective, label smoothing, tricks."""
    return " · ".join(
        [OBJECTIVES[config.loss.objective].title, *_smoothing(config.loss), *titles(config)]
    )


def _smoothing(loss: LossConfig) -> list[str]:
    alpha, beta = loss.alpha, loss.beta
    sides = "two" if alpha and beta else "one"
    return [f"{sides}-sided smoothing (α = {alpha:g}, β = {beta:g})"] if alpha or beta else []


def titles(config: Config, section: str = "") -> list[str]:
    """Short names of what a config has beside the plain DCGAN; of one section or all."""
    named = [trick.named(setting(config, name)) for name, trick in found(config, section).items()]
    return [*named, *_norms(config.network)] if "network".startswith(section) else named


def _norms(network: NetworkConfig) -> list[str]:
    """Other norms than batch norm in both players; an mlp has none unless it says so."""
    usual = ("batch", "none") if network.architecture == "mlp" else ("batch",)
    players = {"G": network.g_norm, "D": network.d_norm}
    words = {
        who: "no norm" if norm == "none" else f"{norm} norm"
        for who, norm in players.items()
        if norm not in usual
    }
    if len(words) == 2 and words["G"] == words["D"]:
        return [words["G"]]
    return [f"{word} in {who}" for who, word in words.items()]
