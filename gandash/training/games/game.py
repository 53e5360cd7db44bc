"""What the loop knows of a game."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Protocol

import torch
from torch import Tensor, nn

from gandash.data import Dataset
from gandash.report import Progress, Report
from gandash.training.source import Batch
from gandash.training.state import Course


@dataclass(frozen=True)
class Player:
    """A network and what updates it."""

    network: nn.Module
    optimizer: torch.optim.Optimizer


class Game(Protocol):
    """Some players, how they learn from a batch, and what is told of it.

    The loop deals out batches, counts steps and keeps the time; who plays, and against whom, is
    the game's. All that is random in an update follows from the seed and the batch's number (see
    :mod:`gandash.training.streams`), so that a run can be left at any row and taken up again.
    """

    @property
    def course(self) -> Course:
        """Where the run stands; the loop moves it on."""
        ...

    @property
    def players(self) -> Mapping[str, Player]:
        """Who plays, by the names that the saved state knows them by."""
        ...

    def begin(self, dataset: Dataset) -> None:
        """Take from the data what the players keep of it; once, before the first step."""
        ...

    def update(self, batch: Batch) -> None:
        """Learn from a batch; the last of the config's ``batches_per_step`` completes a step."""
        ...

    def update_alone(self, who: str, batch: Batch) -> None:
        """One update of the player of that name, the others as they are; no step of the run."""
        ...

    def agree(self) -> None:
        """Where several processes play: make what differs between them the same."""
        ...

    def sample(self, z: Tensor) -> Tensor:
        """Samples of what z (N, ...) asks for, in eval mode, on the CPU: images uint8
        (N, C, H, W), points float32 (N, dim). Players and streams stay as they are.
        """
        ...

    def snapshot(self) -> Tensor:
        """Samples that show how the players come along: at every step of the same z."""
        ...

    def report(self, progress: Progress) -> Report:
        """The row of metrics of the steps since :meth:`begin_row`, after a batch with ``reported``.

        ``FloatingPointError`` if the players cannot go on.
        """
        ...

    def begin_row(self) -> None:
        """Forget the steps of the last row."""
        ...
