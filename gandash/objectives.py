"""Adversarial objectives: one named pair of pure functions on D's logits each.

``real`` and ``fake`` are D's logits on real and generated images, any shape; every loss
is a scalar in nats. Losses work on logits, never on sigmoid outputs. A new objective is
one more entry in :data:`OBJECTIVES`; nothing else has to change.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial

from torch import Tensor
from torch.nn.functional import softplus

DLoss = Callable[[Tensor, Tensor], Tensor]
GLoss = Callable[[Tensor], Tensor]


def cross_entropy_d(real: Tensor, fake: Tensor, alpha: float = 0.0, beta: float = 0.0) -> Tensor:
    """E BCE(real, 1 - alpha) + E BCE(fake, beta), the two-class cross-entropy of D.

    With alpha = beta = 0 it is E softplus(-real) + E softplus(fake) (Goodfellow et al. 2014);
    alpha > 0 is one-sided, alpha and beta > 0 two-sided label smoothing (Salimans et al. 2016).
    """
    return (softplus(-real) + alpha * real).mean() + (softplus(fake) - beta * fake).mean()


def minimax_g(fake: Tensor) -> Tensor:
    """-E softplus(fake) = E log(1 - D(G(z))): saturates where D is sure (Goodfellow et al. 2014)."""
    return -softplus(fake).mean()


def non_saturating_g(fake: Tensor) -> Tensor:
    """E softplus(-fake) = -E log D(G(z)): strong gradients where G loses (Goodfellow et al. 2014)."""
    return softplus(-fake).mean()


@dataclass(frozen=True)
class Objective:
    """A named pair of losses; ``cross_entropy`` says whether label smoothing applies."""

    title: str
    d_loss: Callable[..., Tensor]
    g_loss: GLoss
    cross_entropy: bool
    paper: str
    summary: str


OBJECTIVES: dict[str, Objective] = {
    "non-saturating": Objective(
        title="Non-saturating",
        d_loss=cross_entropy_d,
        g_loss=non_saturating_g,
        cross_entropy=True,
        paper="Goodfellow et al. 2014, arXiv:1406.2661",
        summary="G maximizes log D(G(z)): the usual DCGAN loss, with strong gradients while G is losing.",
    ),
    "minimax": Objective(
        title="Minimax (saturating)",
        d_loss=cross_entropy_d,
        g_loss=minimax_g,
        cross_entropy=True,
        paper="Goodfellow et al. 2014, arXiv:1406.2661",
        summary="G minimizes log(1 - D(G(z))): the paper's two-player game; G's gradient vanishes where D is sure.",
    ),
}


def losses(name: str, alpha: float = 0.0, beta: float = 0.0) -> tuple[DLoss, GLoss]:
    """The pair (d_loss, g_loss) of an objective, smoothing applied to D's targets alone.

    G's target is never smoothed: alpha and beta do not reach g_loss.
    """
    objective = OBJECTIVES[name]
    if not objective.cross_entropy:
        return objective.d_loss, objective.g_loss
    return partial(objective.d_loss, alpha=alpha, beta=beta), objective.g_loss
