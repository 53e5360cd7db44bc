"""Runs from start to end, and what of them can be compared."""

from __future__ import annotations

import math
from dataclasses import asdict

from torch import Tensor, nn

from gandash import training
from gandash.config import Config
from gandash.data import Dataset
from gandash.training import (
    Arithmetic,
    Report,
    Snapshot,
    State,
)
from gandash.training.streams import Purpose, Streams

PLAIN = Arithmetic()
TIMING = {"seconds", "images_per_second"}


def start(config: Config, dataset: Dataset, arithmetic: Arithmetic = PLAIN) -> State:
    return training.new_state(config, dataset, arithmetic)


def events(config: Config, dataset: Dataset) -> tuple[State, list[Report], list[Snapshot]]:
    """A run from start to end."""
    state = start(config, dataset)
    everything = list(training.train(state, dataset))
    reports = [e for e in everything if isinstance(e, Report)]
    return state, reports, [e for e in everything if isinstance(e, Snapshot)]


def numbers(report: Report) -> dict[str, float]:
    """All that must not depend on the clock."""
    return {name: value for name, value in asdict(report).items() if name not in TIMING}


def comparable(report: Report) -> dict[str, float | None]:
    """The same with None for what was not measured: NaN is not equal to itself."""
    return {name: None if math.isnan(value) else value for name, value in numbers(report).items()}


def tensors(state: State) -> dict[str, Tensor]:
    networks = {"G": state.G, "D": state.D} | ({"ema": state.ema} if state.ema else {})
    return {
        f"{who}.{k}": v.clone()
        for who, network in networks.items()
        for k, v in network.state_dict().items()
    }


def norm(network: nn.Module) -> float:
    return math.sqrt(
        sum(
            float(p.grad.double().square().sum())
            for p in network.parameters()
            if p.grad is not None
        )
    )


def indices(config: Config, images: int, first: int, last: int) -> list[tuple[int, Tensor]]:
    """The updates first .. last - 1 of a run, each with its images."""
    per_epoch = images // config.batch_size
    return list(Streams(config.seed).batches(images, config.batch_size, per_epoch, first, last))


def batch(config: Config, dataset: Dataset, step: int) -> tuple[Tensor, Tensor]:
    """Real samples and latents of a step, as they are drawn."""
    ((_, index),) = indices(config, len(dataset), step, step + 1)
    shape = (config.batch_size, config.network.latent_dim)
    z = Streams(config.seed).normal(Purpose.LATENTS, step, shape)
    return dataset.kind.prepare(dataset.images[index]), z
