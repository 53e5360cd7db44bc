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
    """Shape of the DCGAN pair (Radford et al. 2016)."""

    latent_dim: int = Field(100, ge=1, le=4096, description="Length of the latent vector z.")
    g_width: int = Field(64, ge=4, le=512, description="Generator filters before the image layer.")
    d_width: int = Field(64, ge=4, le=512, description="Discriminator filters after the image layer.")


class LossConfig(Section):
    """Adversarial objective and label smoothing (Salimans et al. 2016)."""

    objective: str = Field("non-saturating", description=f"Adversarial objective: {', '.join(OBJECTIVES)}.")
    alpha: float = Field(0.0, ge=0, lt=0.5, description="Label smoothing of real images: D's target is 1 - alpha.")
    beta: float = Field(0.0, ge=0, lt=0.5, description="Label smoothing of generated images: D's target is beta.")

    @model_validator(mode="after")
    def _check(self) -> Self:
        if self.objective not in OBJECTIVES:
            raise ValueError(f"objective must be one of {', '.join(OBJECTIVES)}, not {self.objective!r}")
        if (self.alpha or self.beta) and not OBJECTIVES[self.objective].cross_entropy:
            raise ValueError(
                f"label smoothing needs a cross-entropy objective, and {self.objective!r} is none: "
                "set alpha and beta to 0 or choose non-saturating or minimax"
            )
        return self


class OptimizerConfig(Section):
    """Adam for both players; the defaults are those of the DCGAN paper."""

    g_lr: float = Field(2e-4, gt=0, le=1, description="Generator learning rate.")
    d_lr: float = Field(2e-4, gt=0, le=1, description="Discriminator learning rate.")
    adam_beta1: float = Field(0.5, ge=0, lt=1, description="Adam's first-moment decay.")
    adam_beta2: float = Field(0.999, ge=0, lt=1, description="Adam's second-moment decay.")


class Config(Section):
    """One training run, complete: the same config and seed give the same run on the same device."""

    data: DataConfig = DataConfig()
    network: NetworkConfig = NetworkConfig()
    loss: LossConfig = LossConfig()
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

    def total_steps(self, images: int) -> int:
        """Number of training steps for a data set of ``images`` images."""
        return self.steps or self.epochs * self.steps_per_epoch(images)

    def steps_per_epoch(self, images: int) -> int:
        """Full batches in one pass over ``images`` images; the incomplete last one is dropped."""
        if images < self.batch_size:
            raise ValueError(
                f"batch_size must not exceed the number of images, but it is {self.batch_size} for {images} images: "
                f"choose at most {images}"
            )
        return images // self.batch_size

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
