"""What a training run measures for its rows of metrics, and the samples that it tells.

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
class Snapshot:
    """Samples of the fixed noise batch at a step, from G (or its EMA) in eval mode.

    Images are uint8 (N, C, H, W), points float32 (N, dim).
    """

    step: int
    images: Tensor


@dataclass(frozen=True)
class Measured:
    """One step, on the device.

    Both losses; D's logits (N,) on real and generated samples; the gradient norms of who was
    updated; D's accuracy; how far translations are from where they should be.
    """

    d_loss: Tensor
    g_loss: Tensor
    real_logits: Tensor
    fake_logits: Tensor
    d_grad_norm: Tensor | None = None
    g_grad_norm: Tensor | None = None
    accuracy: Tensor | None = None
    distance: Tensor | None = None


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
        distances = [unknown if m.distance is None else m.distance for m in self.pending]
        columns.append(torch.stack(distances)[:, None])
        self.blocks.append(torch.cat(columns, dim=1))
        self.pending.clear()

    def read(self, *others: Tensor) -> tuple[dict[str, float], list[float]]:
        """Means, least and greatest losses by the names of the columns of a report, and ``others``.

        In one transfer. The steps stay until :meth:`clear`.
        """
        steps = self.steps()
        low = steps[:, :2].amin(0)
        high = steps[:, :2].amax(0)
        means = steps.nanmean(0)
        values = torch.cat([means, low, high, *(other.view(1) for other in others)]).tolist()
        names = (*COLUMNS, "d_loss_min", "g_loss_min", "d_loss_max", "g_loss_max")
        return dict(zip(names, values, strict=False)), values[len(names) :]

    def steps(self) -> Tensor:
        """What was measured, (steps, values), in the order of ``COLUMNS``."""
        self._fold()
        return torch.cat(self.blocks)

    @classmethod
    def restored(cls, steps: Tensor, d_updates: int, g_updates: int) -> Window:
        """What was measured (steps, values), perhaps by a version with fewer columns, which are
        the first ones.
        """
        missing = len(COLUMNS) - steps.shape[1]
        unknown = torch.full((len(steps), missing), float("nan"), device=steps.device)
        return cls([], [torch.cat([steps, unknown], dim=1)], d_updates, g_updates)

    def clear(self) -> None:
        """Start anew, for the next row."""
        self.pending.clear()
        self.blocks.clear()
        self.d_updates = self.g_updates = 0

    def __bool__(self) -> bool:
        return bool(self.pending or self.blocks)


def _names(who: str) -> tuple[str, ...]:
    return tuple(f"{who}_q{round(q * 100):02d}" for q in QUANTILES)


COLUMNS = (
    "d_loss", "g_loss", "d_grad_norm", "g_grad_norm", "d_accuracy",
    "d_real", *_names("real"), "d_fake", *_names("fake"), "distance",
)  # fmt: skip


@cache
def _levels(device: torch.device) -> Tensor:
    """QUANTILES on a device; sent there once.

    As sending them makes the host wait for the device.
    """
    return torch.tensor(QUANTILES, device=device)
