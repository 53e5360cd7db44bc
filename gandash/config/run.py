"""The one definition of a training run: behind CLI flags, the app's form and JSON cards.

Every section is a frozen pydantic model, checked on construction. Units and ranges
stand beside each field; the command line and the app show the same descriptions.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, ValidationError, ValidationInfo, model_validator

from gandash.config.rules import contradictions, damages
from gandash.config.sections import (
    MAX_SEED,
    NOT_MEASURED,
    AutoencoderConfig,
    BalanceConfig,
    CollapseConfig,
    DataConfig,
    Device,
    FewImagesConfig,
    LabelConfig,
    LossConfig,
    NetworkConfig,
    OptimizerConfig,
    Precision,
    RegularizerConfig,
    ScheduleConfig,
    TranslationConfig,
)
from gandash.config.settings import Idle, setting
from gandash.records import Section, explain

STORED = {"stored": True}
"""Context for the validation of what holds a config that was accepted when it was stored."""


class Config(Section):
    """One training run, complete: the same config and seed give the same run on the same device."""

    data: DataConfig = Field(DataConfig(), title="Data")
    network: NetworkConfig = Field(NetworkConfig(), title="Networks")
    loss: LossConfig = Field(LossConfig(), title="Loss")
    regularizer: RegularizerConfig = Field(RegularizerConfig(), title="Regularizers")
    collapse: CollapseConfig = Field(CollapseConfig(), title="Against collapse")
    few: FewImagesConfig = Field(FewImagesConfig(), title="Few images")
    translation: TranslationConfig = Field(TranslationConfig(), title="Image to image")
    autoencoder: AutoencoderConfig = Field(AutoencoderConfig(), title="Encoder")
    labels: LabelConfig = Field(LabelConfig(), title="Labels")
    balance: BalanceConfig = Field(BalanceConfig(), title="Balance of D and G")
    optimizer: OptimizerConfig = Field(OptimizerConfig(), title="Optimizers")
    schedule: ScheduleConfig = Field(ScheduleConfig(), title="Over the run")
    epochs: int = setting(
        15,
        "Epochs",
        "Passes over the data",
        ge=1,
        le=100_000,
        idle=Idle("steps are given", lambda values: bool(values["steps"])),
    )
    steps: int | None = setting(
        None, "Steps", "Stop after so many steps; replaces epochs if given", ge=1, le=10**9
    )
    batch_size: int = setting(
        128, "Batch size", "Images per step, real and generated each", ge=2, le=8192
    )
    ema: float = setting(
        0.0,
        "Moving average of G",
        "Decay of the generator's moving average, per update of G; 0 switches it off",
        ge=0,
        lt=1,
    )
    ema_half_life: int = setting(
        0,
        "Half-life of the moving average (images)",
        "Images after which a step counts half in the moving average, in place of a decay per "
        "update; 0: the decay says it",
        ge=0,
        le=100_000_000,
    )
    seed: int = setting(0, "Seed", "Seed of weights, data order and noise", ge=0, le=MAX_SEED)
    report_every: int = setting(
        10, "Steps per row of metrics", "Steps per row of metrics", ge=1, le=100_000
    )
    evaluate_every: int = setting(
        0,
        "Steps between measurements of samples",
        "Measure 2,000 samples against training images every so many steps, and keep the weights "
        "of the step with the least Fréchet distance beside the last; 0: never",
        ge=0,
        le=1_000_000,
        idle=NOT_MEASURED,
    )
    spectra: bool = setting(
        False,
        "Singular values of the weights",
        "Measure at every row of metrics the three largest singular values of each player's layer "
        "that has the largest: they run away before a collapse",
        paper="BigGAN, Brock et al. 2019, arXiv:1809.11096, section 4",
    )
    snapshots: int = setting(
        20,
        "Sample grids kept",
        "Sample grids kept over the run, denser at the start",
        ge=2,
        le=500,
    )
    precision: Precision = setting(
        "auto",
        "Precision",
        "Arithmetic; auto measures at the start and takes the fastest",
        titles={"auto": "the fastest here", "bf16": "bfloat16", "fp32": "float32"},
    )
    device: Device = setting(
        "auto",
        "Device",
        "Where to train; auto takes cuda, then mps, then cpu",
        titles={
            "auto": "the best here",
            "cuda": "graphics card (CUDA)",
            "mps": "graphics of a Mac (MPS)",
            "cpu": "processor (CPU)",
        },
    )

    @model_validator(mode="after")
    def _check(self, info: ValidationInfo) -> Self:
        rules = damages if info.context == STORED else contradictions
        for sentence in rules(self):
            raise ValueError(sentence)
        return self

    @property
    def ema_limit(self) -> float:
        """Decay of G's moving average per update of G, once it has grown to it; 0 without one."""
        if not self.ema_half_life:
            return self.ema
        shown = self.batch_size * self.batches_per_step / self.balance.g_steps
        return float(0.5 ** (shown / self.ema_half_life))

    def without_smoothing(self) -> Self:
        """The same run with hard labels, alpha and beta 0."""
        return self.model_copy(
            update={"loss": self.loss.model_copy(update={"alpha": 0.0, "beta": 0.0})}
        )

    def total_steps(self, images: int) -> int:
        """Number of training steps for a data set of ``images`` images."""
        return self.steps or self.epochs * self.steps_per_epoch(images)

    @property
    def batches_per_step(self) -> int:
        """How many batches of images a step shows."""
        return self.balance.d_steps

    def steps_per_epoch(self, images: int) -> int:
        """Steps of ``batches_per_step`` full batches in one pass over ``images`` images.

        The incomplete last one is dropped.
        """
        batches = self.batches_per_step
        needed = self.batch_size * batches
        if images < needed:
            size = "batch_size" if batches == 1 else "batch_size times d_steps"
            most = images // batches
            remedy = f"choose at most {most}" if most >= 2 else "lower d_steps or take more images"
            raise ValueError(
                f"{size} must not exceed the number of images, but it is {needed} for {images} "
                f"images: {remedy}"
            )
        return images // needed

    def snapshot_steps(self, images: int) -> tuple[int, ...]:
        """Steps at which samples are kept: quadratically spaced, from 0 to the last step."""
        total = self.total_steps(images)
        last = self.snapshots - 1
        return tuple(sorted({round(total * (k / last) ** 2) for k in range(last + 1)}))


def parse_config(values: dict[str, Any], *, stored: bool = False) -> Config:
    """Build a config from plain JSON values, new or (``stored``) of a run that there is already.

    A ``ValueError`` says in one sentence what is wrong.
    """
    try:
        return Config.model_validate(values, context=STORED if stored else None)
    except ValidationError as error:
        raise ValueError(explain(error)) from error
