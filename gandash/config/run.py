"""The one definition of a training run: behind CLI flags, the app's form and JSON cards.

Every section is a frozen pydantic model, checked on construction. Units and ranges
stand beside each field; the command line and the app show the same descriptions.
"""

from __future__ import annotations

from typing import Any, Self

from pydantic import Field, ValidationError, model_validator

from gandash.config.rules import contradictions
from gandash.config.sections import (
    MAX_SEED,
    BalanceConfig,
    CollapseConfig,
    DataConfig,
    Device,
    LabelConfig,
    LossConfig,
    NetworkConfig,
    OptimizerConfig,
    Precision,
    RegularizerConfig,
)
from gandash.records import Section, explain


class Config(Section):
    """One training run, complete: the same config and seed give the same run on the same device."""

    data: DataConfig = DataConfig()
    network: NetworkConfig = NetworkConfig()
    loss: LossConfig = LossConfig()
    regularizer: RegularizerConfig = RegularizerConfig()
    collapse: CollapseConfig = CollapseConfig()
    labels: LabelConfig = LabelConfig()
    balance: BalanceConfig = BalanceConfig()
    optimizer: OptimizerConfig = OptimizerConfig()
    epochs: int = Field(15, ge=1, le=100_000, description="Passes over the data.")
    steps: int | None = Field(
        None, ge=1, le=10**9, description="Stop after so many steps; replaces epochs if given."
    )
    batch_size: int = Field(
        128, ge=2, le=8192, description="Images per step, real and generated each."
    )
    ema: float = Field(
        0.0,
        ge=0,
        lt=1,
        description="Decay of the generator's moving average, per update of G; 0 switches it off.",
    )
    seed: int = Field(0, ge=0, le=MAX_SEED, description="Seed of weights, data order and noise.")
    report_every: int = Field(10, ge=1, le=100_000, description="Steps per row of metrics.")
    evaluate_every: int = Field(
        0,
        ge=0,
        le=1_000_000,
        description="Measure 2,000 samples against held-out images every so many steps, and "
        "keep the weights of the step with the least Fréchet distance beside the last; 0: never.",
    )
    snapshots: int = Field(
        20, ge=2, le=500, description="Sample grids kept over the run, denser at the start."
    )
    precision: Precision = Field(
        "auto", description="Arithmetic; auto measures at the start and takes the fastest."
    )
    device: Device = Field(
        "auto", description="Where to train; auto takes cuda, then mps, then cpu."
    )

    @model_validator(mode="after")
    def _check(self) -> Self:
        for senseless, sentence in contradictions(self):
            if senseless:
                raise ValueError(sentence)
        return self

    def without_smoothing(self) -> Self:
        """The same run with hard labels, alpha and beta 0."""
        return self.model_copy(
            update={"loss": self.loss.model_copy(update={"alpha": 0.0, "beta": 0.0})}
        )

    def total_steps(self, images: int) -> int:
        """Number of training steps for a data set of ``images`` images."""
        return self.steps or self.epochs * self.steps_per_epoch(images)

    def steps_per_epoch(self, images: int) -> int:
        """Steps of ``d_steps`` full batches in one pass over ``images`` images.

        The incomplete last one is dropped.
        """
        d_steps = self.balance.d_steps
        needed = self.batch_size * d_steps
        if images < needed:
            raise ValueError(
                f"batch_size{' times d_steps' * (d_steps > 1)} must not exceed the number of "
                "images, "
                f"but it is {needed} for {images} images: choose at most {images // d_steps}"
            )
        return images // needed

    def snapshot_steps(self, images: int) -> tuple[int, ...]:
        """Steps at which samples are kept: quadratically spaced, from 0 to the last step."""
        total, n = self.total_steps(images), self.snapshots
        return tuple(sorted({round(total * (k / (n - 1)) ** 2) for k in range(n)}))


def parse_config(values: dict[str, Any]) -> Config:
    """Build a config from plain JSON values.

    A ``ValueError`` says in one sentence what is wrong.
    """
    try:
        return Config.model_validate(values)
    except ValidationError as error:
        raise ValueError(explain(error)) from error
