"""The one definition of a training run: behind CLI flags, the app's form and JSON cards.

Every section is a frozen pydantic model, checked on construction. Units and ranges
stand beside each field; the command line and the app show the same descriptions.
"""

from __future__ import annotations

from typing import Any, Literal, Self, get_args

from pydantic import BaseModel, ConfigDict, Field, ValidationError, model_validator

from gandash.objectives import OBJECTIVES

ImageSize = Literal[16, 32, 64, 128]
Precision = Literal["auto", "bf16", "fp32"]
Device = Literal["auto", "cuda", "mps", "cpu"]
Norm = Literal["batch", "instance", "layer", "none"]
IMAGE_SIZES: tuple[int, ...] = get_args(ImageSize)
MAX_SEED = 2**32 - 1


class Section(BaseModel):
    """A frozen group of settings that refuses unknown keys."""

    model_config = ConfigDict(frozen=True, extra="forbid")


class DataConfig(Section):
    """Which images a run learns from."""

    dataset: str = Field(
        "mnist",
        min_length=1,
        description="A dataset's name (mnist, fashion-mnist, cifar10, tinyhero) "
        "or the path of a folder or zip of images.",
    )
    size: ImageSize = Field(32, description="Height and width in pixels; 28x28 data is padded to 32.")
    color: Literal["auto", "grey", "rgb"] = Field("auto", description="Color of the images; auto: as the data has it.")
    limit: int | None = Field(None, ge=2, description="Use only the first so many images; all if not given.")


class NetworkConfig(Section):
    """Shape and normalization of the DCGAN pair (Radford et al. 2016)."""

    latent_dim: int = Field(100, ge=1, le=4096, description="Length of the latent vector z.")
    g_width: int = Field(64, ge=4, le=512, description="Generator filters before the image layer.")
    d_width: int = Field(64, ge=4, le=512, description="Discriminator filters after the image layer.")
    g_norm: Norm = Field("batch", description="Normalization in G's hidden layers.")
    d_norm: Norm = Field("batch", description="Normalization in D's hidden layers but the first.")
    d_spectral_norm: bool = Field(
        False, description="Divide D's weights by their largest singular value (Miyato et al. 2018, arXiv:1802.05957)."
    )


class LossConfig(Section):
    """Adversarial objective, label smoothing (Salimans et al. 2016) and the form of G's loss."""

    objective: str = Field("non-saturating", description=f"Adversarial objective: {', '.join(OBJECTIVES)}.")
    alpha: float = Field(0.0, ge=0, lt=0.5, description="Label smoothing of real images: D's target is 1 - alpha.")
    beta: float = Field(0.0, ge=0, lt=0.5, description="Label smoothing of generated images: D's target is beta.")
    g_form: Literal["trick", "strict"] = Field(
        "trick",
        description="G's loss in an f-GAN: trick maximizes g(v), strict minimizes the divergence itself.",
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.objective not in OBJECTIVES:
            raise ValueError(f"objective must be one of {', '.join(OBJECTIVES)}, not {self.objective!r}")
        if (self.alpha or self.beta) and not OBJECTIVES[self.objective].cross_entropy:
            raise ValueError(
                f"label smoothing needs a cross-entropy objective, and {self.objective!r} is none: "
                "set alpha and beta to 0 or choose non-saturating or minimax"
            )
        if self.g_form == "strict" and OBJECTIVES[self.objective].strict_g is None:
            raise ValueError(
                f"g_form strict needs an f-GAN objective, and {self.objective!r} is none: choose trick or an f-GAN"
            )
        return self


class RegularizerConfig(Section):
    """What keeps D smooth; 0 switches an entry off."""

    gradient_penalty: float = Field(
        0.0, ge=0, le=1000, description="Weight of (|grad D| - 1)^2 between real and fake; 10 in WGAN-GP (1704.00028)."
    )
    r1_gamma: float = Field(
        0.0, ge=0, le=1000, description="Weight of |grad D|^2 / 2 on real images (Mescheder et al. 2018, 1801.04406)."
    )
    r1_every: int = Field(1, ge=1, le=100, description="Apply R1 every so many steps, as many times as strongly.")
    weight_clip: float = Field(
        0.0, ge=0, le=10, description="Clip D's weights to this range after each update; 0.01 in WGAN (1701.07875)."
    )
    instance_noise: float = Field(
        0.0, ge=0, le=1, description="Standard deviation of noise on D's images at the start, falling to 0 at the end."
    )


class OptimizerConfig(Section):
    """Adam for both players; the defaults are those of the DCGAN paper."""

    g_lr: float = Field(2e-4, gt=0, le=1, description="Generator learning rate.")
    d_lr: float = Field(2e-4, gt=0, le=1, description="Discriminator learning rate.")
    adam_beta1: float = Field(0.5, ge=0, lt=1, description="Adam's first-moment decay.")
    adam_beta2: float = Field(0.999, ge=0, lt=1, description="Adam's second-moment decay.")
    d_steps: int = Field(1, ge=1, le=100, description="Updates of D, each on its own batch, for every update of G.")


class Config(Section):
    """One training run, complete: the same config and seed give the same run on the same device."""

    data: DataConfig = DataConfig()
    network: NetworkConfig = NetworkConfig()
    loss: LossConfig = LossConfig()
    regularizer: RegularizerConfig = RegularizerConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    epochs: int = Field(15, ge=1, le=100_000, description="Passes over the data.")
    steps: int | None = Field(None, ge=1, le=10**9, description="Stop after so many steps; replaces epochs if given.")
    batch_size: int = Field(128, ge=2, le=8192, description="Images per step, real and generated each.")
    ema: float = Field(
        0.0, ge=0, lt=1, description="Decay per step of the generator's moving average; 0 switches it off."
    )
    seed: int = Field(0, ge=0, le=MAX_SEED, description="Seed of weights, data order and noise.")
    report_every: int = Field(10, ge=1, le=100_000, description="Steps per row of metrics.")
    snapshots: int = Field(20, ge=2, le=500, description="Sample grids kept over the run, denser at the start.")
    precision: Precision = Field("auto", description="Arithmetic; auto measures at the start and takes the fastest.")
    device: Device = Field("auto", description="Where to train; auto takes cuda, then mps, then cpu.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        regularizer, network = self.regularizer, self.network
        if regularizer.gradient_penalty and network.d_norm == "batch":
            raise ValueError(
                "gradient_penalty needs a D whose output for one image does not depend on the others, and d_norm is "
                "'batch': set d_norm to layer, instance or none"
            )
        lipschitz = (regularizer.gradient_penalty, regularizer.weight_clip, network.d_spectral_norm)
        if OBJECTIVES[self.loss.objective].critic and sum(map(bool, lipschitz)) != 1:
            raise ValueError(
                f"the {self.loss.objective} objective needs exactly one of gradient_penalty, weight_clip and "
                f"d_spectral_norm, and {sum(map(bool, lipschitz))} are set: set one (10 with d_norm layer, 0.01, or on)"
            )
        return self

    def total_steps(self, images: int) -> int:
        """Number of training steps for a data set of ``images`` images."""
        return self.steps or self.epochs * self.steps_per_epoch(images)

    def steps_per_epoch(self, images: int) -> int:
        """Steps of ``d_steps`` full batches in one pass over ``images`` images; the incomplete last one is dropped."""
        d_steps = self.optimizer.d_steps
        needed = self.batch_size * d_steps
        if images < needed:
            raise ValueError(
                f"batch_size{' times d_steps' * (d_steps > 1)} must not exceed the number of images, "
                f"but it is {needed} for {images} images: choose at most {images // d_steps}"
            )
        return images // needed

    def snapshot_steps(self, images: int) -> tuple[int, ...]:
        """Steps at which samples are kept: quadratically spaced, from 0 to the last step."""
        total, n = self.total_steps(images), self.snapshots
        return tuple(sorted({round(total * (k / (n - 1)) ** 2) for k in range(n)}))


def parse_config(values: dict[str, Any]) -> Config:
    """Build a config from plain JSON values; a ``ValueError`` says in one sentence what is wrong."""
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise ValueError(explain(error)) from error


def explain(error: Exception) -> str:
    """An error in one line: for a refused config the field, the rule and the value that broke it."""
    if isinstance(error, ValidationError):
        return "; ".join(_sentence(error.title, dict(problem)) for problem in error.errors(include_url=False)) + "."
    if isinstance(error, OSError) and error.strerror:
        return f"{error.strerror}: {error.filename}" if error.filename else error.strerror
    return _short(" ".join(str(error).split()), 500) or type(error).__name__


def _sentence(title: str, problem: dict[str, Any]) -> str:
    field = ".".join(str(part) for part in problem["loc"]) or title
    rule = str(problem["msg"]).removeprefix("Value error, ").removeprefix("Input ").rstrip(".")
    if problem["type"] == "value_error":
        return rule
    if problem["type"] == "json_invalid":
        return f"{field} is not JSON ({rule.removeprefix('Invalid JSON: ')})"
    if problem["type"] == "extra_forbidden":
        return f"{_short(field, 80)} is not a setting: remove it"
    return f"{field} {rule[:1].lower()}{rule[1:]}, not {_short(repr(problem['input']), 80)}"


def _short(text: str, limit: int) -> str:
    return text if len(text) <= limit else f"{text[: limit - 1]}…"
