"""What a training run tells: rows of metrics and samples.

Measured on the device and read once a row.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from functools import cache

import torch
from torch import Tensor

QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
FOLD = 64  # steps whose logits are kept until their quantiles are taken, all at once


@dataclass(frozen=True)
class Report:
    """One row of metrics: the mean over the steps since the last row, or what its name says.

    Losses are those of the objective, without penalties, in nats where they are cross-entropies;
    ``d_*`` are probabilities D(x) = sigmoid(logit); ``*_before`` and ``*_after`` are D(G(z)) on the
    last step's z before and after G's update; gradient norms are global L2 norms before the update;
    quantiles are of D's logits. ``d_updates`` and ``g_updates`` count the updates of each player
    since the last row. ``d_accuracy`` is the share of real images that D puts into their class
    before it learns from them: of those whose label it is never shown, where there are such.
    ``frechet``, ``precision`` and ``recall`` of samples are not the loop's: a run puts them into
    the rows of the steps that it measures. What was not measured is NaN.
    """

    step: int
    images: int
    epoch: float
    seconds: float
    images_per_second: float
    d_loss: float
    d_loss_min: float
    d_loss_max: float
    g_loss: float
    g_loss_min: float
    g_loss_max: float
    d_real: float
    d_fake: float
    d_fake_before: float
    d_fake_after: float
    d_grad_norm: float
    g_grad_norm: float
    real_q05: float
    real_q25: float
    real_q50: float
    real_q75: float
    real_q95: float
    fake_q05: float
    fake_q25: float
    fake_q50: float
    fake_q75: float
    fake_q95: float
    d_updates: int = 0
    g_updates: int = 0
    d_accuracy: float = float("nan")
    frechet: float = float("nan")
    precision: float = float("nan")
    recall: float = float("nan")


@dataclass(frozen=True)
class Snapshot:
    """Samples of the fixed noise batch at a step, from G (or its EMA) in eval mode.

    Images are uint8 (N, C, H, W), points float32 (N, dim).
    """

    step: int
    images: Tensor


@dataclass(frozen=True)
class Measured:
    """One step, on the device.

    Both losses; D's logits (N,) on real and generated samples, and on the latter again as G's
    update saw them, after D's own; the gradient norms of who was updated; D's accuracy.
    """

    d_loss: Tensor
    g_loss: Tensor
    real_logits: Tensor
    fake_logits: Tensor
    fake_after_d: Tensor
    d_grad_norm: Tensor | None = None
    g_grad_norm: Tensor | None = None
    accuracy: Tensor | None = None


@dataclass
class Window:
    """The steps since the last row; nothing is read from the device before it must be."""

    pending: list[Measured] = field(default_factory=list)
    blocks: list[Tensor] = field(default_factory=list)  # (steps, values)
    d_updates: int = 0
    g_updates: int = 0

    def add(self, measured: Measured, d_updates: int, g_updates: int) -> None:
        self.pending.append(measured)
        self.d_updates += d_updates
        self.g_updates += g_updates
        if len(self.pending) >= FOLD:
            self._fold()

    @torch.no_grad()
    def _fold(self) -> None:
        if not self.pending:
            return
        unknown = torch.full((), float("nan"), device=self.pending[0].d_loss.device)
        scalars = [
            value.detach() if value is not None else unknown
            for m in self.pending
            for value in (m.d_loss, m.g_loss, m.d_grad_norm, m.g_grad_norm, m.accuracy)
        ]
        table = torch.stack(scalars).view(len(self.pending), -1)
        columns = [table]
        for who in ("real_logits", "fake_logits"):
            logits = torch.stack([getattr(m, who) for m in self.pending]).detach()  # (steps, N)
            columns += [
                logits.sigmoid().mean(1, keepdim=True),
                logits.quantile(_levels(logits.device), dim=1).T,
            ]
        self.blocks.append(torch.cat(columns, dim=1))
        self.pending.clear()

    def read(self, *others: Tensor) -> tuple[dict[str, float], list[float]]:
        """Means, least and greatest losses by the names of :class:`Report`, and ``others``.

        In one transfer.
        """
        self._fold()
        steps = torch.cat(self.blocks)
        self.blocks.clear()
        low, high = steps[:, :2].amin(0), steps[:, :2].amax(0)
        values = torch.cat(
            [steps.nanmean(0), low, high, *(other.view(1) for other in others)]
        ).tolist()
        named = dict(
            zip(
                (*COLUMNS, "d_loss_min", "g_loss_min", "d_loss_max", "g_loss_max"),
                values,
                strict=False,
            )
        )
        return named, values[len(named) :]

    def count(self) -> tuple[int, int]:
        """Updates of D and of G since the last row; starts anew."""
        counts = self.d_updates, self.g_updates
        self.d_updates = self.g_updates = 0
        return counts


def _names(who: str) -> tuple[str, ...]:
    return tuple(f"{who}_q{round(q * 100):02d}" for q in QUANTILES)


COLUMNS = (
    "d_loss", "g_loss", "d_grad_norm", "g_grad_norm", "d_accuracy",
    "d_real", *_names("real"), "d_fake", *_names("fake"),
)  # fmt: skip


@cache
def _levels(device: torch.device) -> Tensor:
    """QUANTILES on a device; sent there once.

    As sending them makes the host wait for the device.
    """
    return torch.tensor(QUANTILES, device=device)
