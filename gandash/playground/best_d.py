"""A D trained for seconds on two known densities, beside the best one that theory names."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from gandash.config import parse_config
from gandash.losses.objectives import losses
from gandash.networks import build_pair
from gandash.theory.mixtures import REACH, Array, Mixture, best_d

STEPS, BATCH, WIDTH, DEPTH, RATE = 1_000, 512, 64, 2, 1e-2
PLACES = 241
SEEN = 0.01  # of the greatest density: D is compared where samples come by
TOLD = 50  # steps between two words on how far it is


@dataclass(frozen=True)
class Check:
    """A trained D at equally spaced ``x``, and how far from D* it is where samples come by.

    ``mean`` is the mean deviation under (p_data + p_g) / 2.
    """

    x: Array
    d: Array
    largest: float
    at: float
    mean: float
    seconds: float

    def __str__(self) -> str:
        return (
            f"A D of {DEPTH} layers of {WIDTH}, trained for {STEPS:,} steps on batches of "
            f"{BATCH} samples of each density in {self.seconds:.1f} s. Its largest deviation from "
            f"D* is {self.largest:.3f}, at x = {self.at:.2f} (where the density is at least "
            f"{SEEN:.0%} of its greatest); on average over samples it is {self.mean:.3f}."
        )


def trained(
    p_data: Mixture,
    p_g: Mixture,
    alpha: float,
    beta: float,
    progress: Callable[[float], object] = lambda _: None,
    *,
    steps: int = STEPS,
) -> Check:
    """Train the project's fully connected D, by the cross-entropy with targets 1 - alpha and beta,
    on samples drawn anew at each step; the same for the same arguments.
    """
    began = time.perf_counter()
    D = _discriminator()
    loss, _ = losses("non-saturating", alpha, beta)
    optimizer = torch.optim.Adam(D.parameters(), lr=RATE)
    schedule = torch.optim.lr_scheduler.CosineAnnealingLR(optimizer, steps)
    rng = np.random.default_rng(0)
    for step in range(steps):
        real, fake = (_column(density.draw(BATCH, rng)) for density in (p_data, p_g))
        logits = D(torch.cat([real, fake]))
        optimizer.zero_grad(set_to_none=True)
        loss(logits[:BATCH], logits[BATCH:]).backward()  # type: ignore[no-untyped-call]
        optimizer.step()
        schedule.step()
        if step % TOLD == 0:
            progress(step / steps)
    return _compared(D, p_data, p_g, (alpha, beta), began)


def _discriminator() -> torch.nn.Module:
    network = {
        "architecture": "mlp", "g_width": 4, "d_width": WIDTH, "depth": DEPTH,
        "g_norm": "none", "d_norm": "none",
    }  # fmt: skip
    config = parse_config({"data": {"dataset": "ring"}, "network": network, "steps": 1})
    _, D = build_pair(config, (1,))
    return D


def _column(values: Array) -> Tensor:
    return torch.from_numpy(values).float()[:, None]


def _compared(
    D: torch.nn.Module, p_data: Mixture, p_g: Mixture, smoothing: tuple[float, float], began: float
) -> Check:
    x = np.linspace(-REACH, REACH, PLACES)
    with torch.no_grad():
        d = D(_column(x)).sigmoid().double().numpy()
    density = (np.exp(p_data.log_density(x)) + np.exp(p_g.log_density(x))) / 2
    apart = np.abs(d - best_d(x, p_data, p_g, *smoothing))
    seen = np.where(density >= SEEN * density.max(), apart, 0.0)
    return Check(
        x=x,
        d=d,
        largest=float(seen.max()),
        at=float(x[seen.argmax()]),
        mean=float((apart * density).sum() / density.sum()),
        seconds=time.perf_counter() - began,
    )
