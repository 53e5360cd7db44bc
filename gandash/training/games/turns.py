"""What all games have in common in which G and D learn by turns, each with one optimizer."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import AbstractContextManager, contextmanager, nullcontext
from math import isfinite

import torch
from torch import Tensor, nn

from gandash.config import Config
from gandash.losses.objectives import DLoss, GLoss, losses
from gandash.report import Progress, Report
from gandash.training import averaging, optimizers, schedules, shares
from gandash.training.games.game import Player
from gandash.training.replay import Direct, Feed, Replays, recorder
from gandash.training.source import Batch
from gandash.training.state import State
from gandash.training.streams import Streams


def losses_of(config: Config) -> tuple[DLoss, GLoss]:
    """D's and G's loss as a config asks for them."""
    loss = config.loss
    return losses(loss.objective, loss.alpha, loss.beta, strict=loss.g_form == "strict")


class Turns:
    """The state of a game of two, its chance, its rates and its rows of metrics."""

    def __init__(self, state: State) -> None:
        self.state = state
        self.config = state.config
        self.streams = Streams(state.config.seed)
        self.d_loss, self.g_loss = losses_of(state.config)
        self.replays = Replays(state.device, recorder(state.device))
        self.feed: Feed = Direct(state.device)
        self.scores: list[Tensor] = []  # mean D(G(z)) before and after G's update
        self.sizes: dict[str, Tensor] = {}  # of a reported step's updates, relative to the weights

    @property
    def course(self) -> State:
        """Where the run stands."""
        return self.state

    @property
    def players(self) -> dict[str, Player]:
        """G and D."""
        return {
            "G": Player(self.state.G, self.state.g_optimizer),
            "D": Player(self.state.D, self.state.d_optimizer),
        }

    def agree(self) -> None:
        """Average the running means of norms, and those of the moving average."""
        ema = self.state.ema
        networks = [self.state.G, self.state.D, *([] if ema is None else [ema.module])]
        shares.average_buffers(*networks)

    @contextmanager
    def sized(self, who: str, batch: Batch) -> Iterator[None]:
        """Measure the update in it, of a player of a step that is reported."""
        if not batch.reported:
            yield
            return
        optimizer = self.players[who].optimizer
        before = optimizers.copies_of(optimizer)
        yield
        self.sizes[who] = optimizers.relative_change(optimizer, before)

    def set_rate(self, optimizer: torch.optim.Optimizer, lr: float, batch: Batch) -> None:
        """The learning rate and Adam's beta2 of this step, where they change over the run."""
        schedule = self.config.schedule
        (group,) = optimizer.param_groups
        if schedule.lr != "none":
            group["lr"] = self.feed.value(
                lambda batch: lr * schedules.lr_share(schedule, batch.progress), batch
            )
        if schedule.burn_in:
            group["betas"] = group["betas"][0], self.beta2(batch)

    def beta2(self, batch: Batch) -> float:
        """Adam's second-moment decay of a batch's step."""
        start = self.config.optimizer.adam_beta2
        return schedules.beta2(self.config.schedule, start, batch.progress)

    def ema_decay(self, batch: Batch) -> float:
        """Decay of G's moving average at a batch's step."""
        return averaging.ema_decay(
            self.config.ema_limit, batch.number // self.config.batches_per_step
        )

    def autocast(self) -> AbstractContextManager[object]:
        """The number format of the run's convolutions."""
        if not self.state.arithmetic.bf16:
            return nullcontext()
        return torch.autocast(self.state.device.type, torch.bfloat16)

    def row(self, progress: Progress, others: Mapping[str, Tensor]) -> Report:
        """The row of metrics of the window, and ``others`` () by their columns, read from the
        device in one transfer; ``FloatingPointError`` if a loss is no number.
        """
        window = self.state.window
        unknown = torch.full((), float("nan"), device=self.state.device)
        sizes = [self.sizes.get(who, unknown) for who in "DG"]
        values, further = window.read(*self.scores, *sizes, *others.values())
        before, after, d_update, g_update, *rest = further
        if not all(isfinite(values[f"{who}_loss_{end}"]) for who in "dg" for end in ("min", "max")):
            raise FloatingPointError(
                f"The losses must stay finite, but at step {progress.step} D's loss is "
                f"{values['d_loss']} and G's is {values['g_loss']}: lower the learning rates"
            )
        return Report(
            step=progress.step,
            images=progress.images,
            epoch=progress.epoch,
            seconds=progress.seconds,
            images_per_second=progress.images_per_second,
            d_fake_before=before,
            d_fake_after=after,
            d_updates=window.d_updates,
            g_updates=window.g_updates,
            d_update=d_update,
            g_update=g_update,
            **(values | dict(zip(others, rest, strict=True))),
        )

    def begin_row(self) -> None:
        """Empty the window."""
        self.state.window.clear()
        self.sizes.clear()


def freeze(optimizer: torch.optim.Optimizer, *, frozen: bool) -> None:
    """Whether what an optimizer updates gets gradients."""
    for parameter in optimizers.parameters_of(optimizer):
        parameter.requires_grad_(not frozen)


def buffers_of(network: nn.Module) -> dict[str, Tensor]:
    """Copies of a network's buffers, for a look that leaves no trace."""
    return {name: value.clone() for name, value in network.named_buffers()}
