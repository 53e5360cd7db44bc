"""RealnessGAN: D gives a distribution over grades of realness (Xiangli et al. 2020,
arXiv:2002.05512).

Its K outcomes are values u_1 = -1, ..., u_K = 1, and D's raw outputs (N, K) the logits of a softmax
over them. D learns to give the anchor A1 for real and A0 for generated samples, G that its samples
get what real ones do. Anchors are those of the authors' code: a uniform one moved by +1 and a
normal one moved by -1, what leaves the range being kept at its end.
"""

from __future__ import annotations

from functools import cache

import torch
from torch import Tensor
from torch.nn.functional import kl_div

DEVIATION = 0.31  # of the normal anchor: a histogram of 1,000 draws ends at 3.2 deviations


def values(outcomes: int) -> Tensor:
    """What the outcomes stand for, (K,) from -1 to 1."""
    return torch.linspace(-1, 1, outcomes)


@cache
def anchors(outcomes: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """(A0, A1), probabilities (K,) for generated and for real samples."""
    u = values(outcomes)
    normal = torch.softmax(-(u / DEVIATION).square() / 2, 0)
    uniform = torch.full((outcomes,), 1 / outcomes)
    return moved(normal, -1.0).to(device), moved(uniform, 1.0).to(device)


def moved(probabilities: Tensor, by: float) -> Tensor:
    """A distribution (K,) whose values are moved and kept in [-1, 1]; what comes to lie between two
    of them is shared out to both by nearness (Bellemare et al. 2017, arXiv:1707.06887, section 4).
    """
    outcomes = len(probabilities)
    place = (values(outcomes) + by).clamp(-1, 1).add(1).mul((outcomes - 1) / 2)
    below = place.floor().long().clamp(max=outcomes - 2)
    upper = place - below
    result = torch.zeros(outcomes)
    result.index_add_(0, below, probabilities * (1 - upper))
    result.index_add_(0, below + 1, probabilities * upper)
    return result


def d_loss(real: Tensor, fake: Tensor) -> Tensor:
    """E KL(A1 || D(x)) + E KL(A0 || D(G(z))) of D's outputs (N, K), in nats; at least 0."""
    of_fake, of_real = anchors(real.shape[1], real.device)
    return divergence(of_real, real) + divergence(of_fake, fake)


def g_loss(fake: Tensor, real: Tensor) -> Tensor:
    """E KL(D(x) || D(G(z))) over pairs of outputs (N, K), D(x) taken as given: as in the authors'
    code, without a term that drives samples from A0.
    """
    return divergence(real.detach().softmax(1), fake)


def divergence(wanted: Tensor, outputs: Tensor) -> Tensor:
    """The mean of KL(wanted || softmax(outputs)), of (K,) or (N, K) and (N, K)."""
    each = kl_div(outputs.log_softmax(1), wanted.expand_as(outputs), reduction="none")
    return each.sum(1).mean()
