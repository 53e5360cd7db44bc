"""Everything that a run needs to go on."""

from __future__ import annotations

from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel

from gandash.config import Config
from gandash.networks import Discriminator, Ensemble, build_players
from gandash.training import optimizers
from gandash.training.adaptive import Adaptive
from gandash.training.pool import Pool
from gandash.training.reports import Window
from gandash.training.shared_norm import synchronize


@dataclass(frozen=True)
class Arithmetic:
    """Number format of the convolutions and memory order of images and weights."""

    bf16: bool = False
    channels_last: bool = False

    def __str__(self) -> str:
        number = "bf16" if self.bf16 else "fp32"
        order = "channels-last" if self.channels_last else "channels-first"
        return f"{number}, {order}"


@dataclass(kw_only=True)
class Course:
    """Where a run stands, whatever it plays: all that the loop knows of it.

    ``seconds`` of training have passed up to ``step``; ``row_began`` of them when the present row
    of metrics began.
    """

    config: Config
    device: torch.device
    arithmetic: Arithmetic
    step: int = 0
    seconds: float = 0.0
    row_began: float = 0.0


@dataclass(kw_only=True)
class State(Course):
    """Everything that a run needs to go on: both networks, both optimizers, EMA, step.

    ``ada`` is how strong an augmentation that adapts stands; ``pools`` are earlier images, and
    ``examples`` the pairs that snapshots show, of a translation; ``previous`` are both losses at
    the last step, where a rule asks for them; ``window`` is what was measured since the last row of
    metrics; ``alone`` counts the updates that one player was given alone.
    """

    G: nn.Module
    D: nn.Module
    g_optimizer: torch.optim.Optimizer
    d_optimizer: torch.optim.Optimizer
    ema: AveragedModel | None
    ada: Adaptive | None = None
    pools: dict[str, Pool] = field(default_factory=dict)
    examples: Tensor | None = None
    previous: tuple[float, float] | None = None
    alone: int = 0
    window: Window = field(default_factory=Window)

    @property
    def sampler(self) -> nn.Module:
        """The network that samples are drawn from: the moving average where there is one."""
        return self.ema.module if self.ema is not None else self.G


def choose_device(name: str) -> torch.device:
    """``auto`` takes cuda, then mps, then cpu; a device that is not there is refused."""
    available = {
        "cuda": torch.cuda.is_available(),
        "mps": torch.backends.mps.is_available(),
        "cpu": True,
    }
    if name == "auto":
        name = next(kind for kind, usable in available.items() if usable)
    if not available[name]:
        raise ValueError(f"device {name!r} is not available on this machine: choose auto or cpu")
    return torch.device(name)


def build_state(
    config: Config,
    shape: tuple[int, ...],
    classes: int,
    device: torch.device,
    arithmetic: Arithmetic,
) -> State:
    """Freshly initialized players for samples of ``shape``, with their optimizers, on a device."""
    G, D = build_players(config, shape, classes)
    order = torch.channels_last if arithmetic.channels_last else torch.contiguous_format
    G.to(device=device, memory_format=order)  # type: ignore[call-overload]
    D.to(device=device, memory_format=order)  # type: ignore[call-overload]
    if config.network.sync_batch_norm:
        synchronize(G)
        synchronize(D)
    ema = AveragedModel(G, use_buffers=True) if config.ema_limit else None
    if isinstance(D, Discriminator | Ensemble):
        for member in D.members:
            member.freeze(config.few.freeze_d)
    g_optimizer = optimizers.build(G, config.optimizer.g_lr, config.optimizer)
    d_optimizer = optimizers.build(D, config.optimizer.d_lr, config.optimizer)
    return State(
        config=config,
        device=device,
        arithmetic=arithmetic,
        G=G,
        D=D,
        g_optimizer=g_optimizer,
        d_optimizer=d_optimizer,
        ema=ema,
        ada=Adaptive.at_rest(device) if config.few.augment == "ada" else None,
        pools=_pools(config, shape, device),
    )


def _pools(config: Config, shape: tuple[int, ...], device: torch.device) -> dict[str, Pool]:
    """Empty pools of earlier targets and sources, where they are used."""
    if config.translation.translator != "cyclegan":
        return {}
    size = config.translation.pool
    return {name: Pool.empty(size, shape[1:], device) for name in ("target", "source")}
