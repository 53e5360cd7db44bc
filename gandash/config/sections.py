"""The settings of a run, a section each: units and ranges stand beside each field.

The command line and the app show the same descriptions.
"""

from __future__ import annotations

from typing import Literal, Self

from pydantic import Field, model_validator

from gandash.kinds import ImageSize, Kind, of_dataset
from gandash.losses.objectives import OBJECTIVES
from gandash.records import Section
from gandash.theory.toy_data import STUDIES

Precision = Literal["auto", "bf16", "fp32"]
Device = Literal["auto", "cuda", "mps", "cpu"]
Architecture = Literal["dcgan", "resnet", "mlp"]
Norm = Literal["batch", "virtual", "instance", "layer", "none"]
Conditioning = Literal["none", "d-only", "concat", "projection", "semi-supervised"]
MAX_SEED = 2**32 - 1


class DataConfig(Section):
    """Which images a run learns from."""

    dataset: str = Field(
        "mnist",
        min_length=1,
        description="A dataset's name (mnist, fashion-mnist, cifar10, tinyhero, stacked-mnist; "
        "points: "
        f"{', '.join(STUDIES)}) or the path of a folder or zip of images.",
    )
    size: ImageSize = Field(
        32, description="Height and width in pixels; 28x28 data is padded to 32."
    )
    color: Literal["auto", "grey", "rgb"] = Field(
        "auto", description="Color of the images; auto: as the data has it."
    )
    limit: int | None = Field(
        None, ge=2, description="Use only the first so many images; all if not given."
    )

    @property
    def kind(self) -> Kind:
        """The kind of sample that the dataset holds."""
        return of_dataset(self.dataset)


class NetworkConfig(Section):
    """Architecture, size and normalization of both players."""

    architecture: Architecture = Field(
        "dcgan",
        description="dcgan (Radford et al. 2016, 1511.06434), resnet at 32 pixels (Miyato et al. "
        "2018, 1802.05957), "
        "or mlp, the fully connected pair of 2014, for images and points.",
    )
    latent_dim: int = Field(100, ge=1, le=4096, description="Length of the latent vector z.")
    g_width: int = Field(
        64, ge=4, le=1024, description="Generator filters before the image layer; units in an mlp."
    )
    d_width: int = Field(
        64, ge=4, le=1024, description="Discriminator filters after the image; units in an mlp."
    )
    depth: int = Field(
        2, ge=1, le=8, description="Hidden layers of each player; only an mlp reads it."
    )
    g_norm: Norm = Field("batch", description="Normalization in G's hidden layers.")
    d_norm: Norm = Field("batch", description="Normalization in D's hidden layers but the first.")
    d_spectral_norm: bool = Field(
        False,
        description="Divide D's weights by their largest singular value (Miyato et al. 2018, "
        "arXiv:1802.05957).",
    )
    attention: Literal[0, 8, 16, 32, 64] = Field(
        0,
        description="Self-attention in both at this resolution in pixels (Zhang et al. 2019, "
        "1805.08318); 0: none.",
    )


class LabelConfig(Section):
    """What the players are told about the classes of the images."""

    conditioning: Conditioning = Field(
        "none",
        description="d-only: D also learns to classify real images; concat: both see the label "
        "(Mirza 2014, 1411.1784);"
        " projection: D compares features with the label (Miyato 2018, 1802.05637); "
        "semi-supervised: D's logit is made"
        " of class scores, real being the K classes, generated class K + 1 (Salimans 2016, "
        "1606.03498).",
    )
    g_labels: Literal["concat", "batch-norm"] = Field(
        "concat",
        description="How a conditioned G is told the label: beside z, or by class-conditional "
        "batch norm.",
    )
    labelled: int | None = Field(
        None,
        ge=1,
        description="Show D the labels of only the first so many images (d-only, semi-supervised).",
    )

    @property
    def told(self) -> bool:
        """Whether G is told which class to make."""
        return self.conditioning in ("concat", "projection")


class LossConfig(Section):
    """Adversarial objective, label smoothing (Salimans et al. 2016) and the form of G's loss."""

    objective: str = Field(
        "non-saturating", description=f"Adversarial objective: {', '.join(OBJECTIVES)}."
    )
    alpha: float = Field(
        0.0, ge=0, lt=0.5, description="Label smoothing of real images: D's target is 1 - alpha."
    )
    beta: float = Field(
        0.0, ge=0, lt=0.5, description="Label smoothing of generated images: D's target is beta."
    )
    g_form: Literal["trick", "strict"] = Field(
        "trick",
        description="G's loss in an f-GAN: trick maximizes g(v), strict minimizes the divergence "
        "itself.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.objective not in OBJECTIVES:
            raise ValueError(
                f"objective must be one of {', '.join(OBJECTIVES)}, not {self.objective!r}"
            )
        if (self.alpha or self.beta) and not OBJECTIVES[self.objective].cross_entropy:
            raise ValueError(
                f"label smoothing needs a cross-entropy objective, and {self.objective!r} is none: "
                "set alpha and beta to 0 or choose non-saturating or minimax"
            )
        if self.g_form == "strict" and OBJECTIVES[self.objective].strict_g is None:
            raise ValueError(
                f"g_form strict needs an f-GAN objective, and {self.objective!r} is none: choose "
                "trick or an f-GAN"
            )
        return self


class RegularizerConfig(Section):
    """What keeps D smooth; 0 switches an entry off."""

    gradient_penalty: float = Field(
        0.0,
        ge=0,
        le=1000,
        description="Weight of (|grad D| - 1)^2 between real and fake; 10 in WGAN-GP (1704.00028).",
    )
    r1_gamma: float = Field(
        0.0,
        ge=0,
        le=1000,
        description="Weight of |grad D|^2 / 2 on real images (Mescheder et al. 2018, 1801.04406).",
    )
    r1_every: int = Field(
        1, ge=1, le=100, description="Apply R1 every so many steps, as many times as strongly."
    )
    weight_clip: float = Field(
        0.0,
        ge=0,
        le=10,
        description="Clip D's weights to this range after each update; 0.01 in WGAN (1701.07875).",
    )
    instance_noise: float = Field(
        0.0,
        ge=0,
        le=1,
        description="Standard deviation of noise on D's images at the start, falling to 0 at the "
        "end.",
    )


class CollapseConfig(Section):
    """What keeps G from making few kinds of images."""

    minibatch: Literal["none", "discrimination", "stddev"] = Field(
        "none",
        description="Let D compare the images of a batch: minibatch discrimination (Salimans et "
        "al. 2016, 1606.03498) "
        "or the batch's standard deviation (Karras et al. 2018, 1710.10196).",
    )
    minibatch_kernels: int = Field(
        100,
        ge=1,
        le=1000,
        description="Outputs of minibatch discrimination, each a comparison in 5 dimensions.",
    )
    pack: int = Field(
        1,
        ge=1,
        le=16,
        description="D judges so many images together (PacGAN, Lin et al. 2018, 1712.04086).",
    )
    unroll_steps: int = Field(
        0,
        ge=0,
        le=20,
        description="G learns against D as it will be after so many updates (Metz 2017, "
        "1611.02163).",
    )
    unroll_method: Literal["sgd", "adam"] = Field(
        "sgd",
        description="Those imagined updates: plain SGD, or D's own Adam with its rate and moments.",
    )
    unroll_lr: float = Field(
        0.01, gt=0, le=10, description="Learning rate of imagined updates by plain SGD."
    )


class BalanceConfig(Section):
    """Who is updated when, and how many discriminators there are."""

    d_steps: int = Field(1, ge=1, le=100, description="Updates of D a step, each on its own batch.")
    g_steps: int = Field(1, ge=1, le=100, description="Updates of G a step, each on its own z.")
    rule: Literal["fixed", "loss-rate", "worse"] = Field(
        "fixed",
        description="loss-rate: one update a step, D's if its loss changes more than ratio times "
        "as fast as G's "
        "(Ouyang and Chen 2020, 2008.12463); worse: only the player with the higher loss per "
        "image.",
    )
    ratio: float = Field(
        1.0, gt=0, le=1000, description="Weight of G's loss, or its rate, in the rules."
    )
    discriminators: int = Field(
        1,
        ge=1,
        le=8,
        description="Discriminators whose outputs are averaged, the better ones weighing more "
        "(GMAN, Durugkar et al. 2017, 1611.01673).",
    )


class OptimizerConfig(Section):
    """How both players take their steps; the defaults are those of the DCGAN paper."""

    method: Literal["adam", "rmsprop"] = Field(
        "adam",
        description="Adam (Kingma and Ba 2015), or RMSProp (decay 0.99), which the clipped WGAN "
        "uses.",
    )
    g_lr: float = Field(2e-4, gt=0, le=1, description="Generator learning rate.")
    d_lr: float = Field(2e-4, gt=0, le=1, description="Discriminator learning rate.")
    adam_beta1: float = Field(0.5, ge=0, lt=1, description="Adam's first-moment decay.")
    adam_beta2: float = Field(0.999, ge=0, lt=1, description="Adam's second-moment decay.")
