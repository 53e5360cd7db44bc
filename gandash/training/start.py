"""A run at step 0, once it is sure that the data can carry it."""

from __future__ import annotations

import torch

from gandash.config import Config
from gandash.data import Dataset
from gandash.networks.footprint import check_memory
from gandash.training import shares
from gandash.training.arithmetic import choose_arithmetic
from gandash.training.games import game_of
from gandash.training.state import Arithmetic, State, build_state, choose_device


def new_state(config: Config, dataset: Dataset, arithmetic: Arithmetic | None = None) -> State:
    """A run at step 0. Without ``arithmetic`` it is chosen as ``config.precision`` says."""
    check_fits(config, dataset)
    shares.check(config)
    device = choose_device(config.device)
    check_memory(config, dataset.shape, len(dataset.classes), device)
    arithmetic = shares.agreed(arithmetic or _chosen_by_the_first(config, dataset, device))
    state = build_state(config, dataset.shape, len(dataset.classes), device, arithmetic)
    game_of(state).begin(dataset)
    return state


def _chosen_by_the_first(config: Config, dataset: Dataset, device: torch.device) -> Arithmetic:
    """The arithmetic, which process 0 measures for all."""
    if not shares.leads():
        return Arithmetic()  # not looked at
    with shares.alone():
        return choose_arithmetic(config, dataset, device)


def check_fits(config: Config, dataset: Dataset) -> None:
    """``ValueError`` if the data cannot carry the config.

    Too few images, or no labels where they are needed.
    """
    config.steps_per_epoch(len(dataset))
    if config.labels.conditioning != "none" and dataset.labels is None:
        raise ValueError(
            f"conditioning needs images in classes, and {dataset.name!r} has none: put them into "
            "one folder a class, or set conditioning to none"
        )
    if config.translation.translator == "pix2pix" and not dataset.belong:
        raise ValueError(
            f"pix2pix needs images that belong together, and no two of {dataset.name!r} in A and B "
            "have the same name: name them alike, or set translator to cyclegan"
        )
