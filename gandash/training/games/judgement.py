"""How D sees a batch of real and generated samples: logits, class scores, its loss."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn.functional import cross_entropy

from gandash.kinds import of_batch
from gandash.losses.objectives import DLoss
from gandash.networks import Discriminator, Ensemble
from gandash.training.source import Batch

Logits = Callable[..., Tensor]  # of samples and labels, as Discriminator.forward


@dataclass(frozen=True)
class View:
    """Logits (N,), (N, places) or (N, outcomes) of one D on real and generated samples, and the
    class scores of the real ones, in full precision.
    """

    real: Tensor
    fake: Tensor
    scores: Tensor | None


@dataclass(frozen=True)
class Judgement:
    """D's view of a batch: ``loss`` is what it learns from, ``d_loss`` the objective alone.

    Its members' views; logits (N,) over all of them; its accuracy; what it saw.
    """

    loss: Tensor
    d_loss: Tensor
    views: list[View]
    real_logits: Tensor
    fake_logits: Tensor
    accuracy: Tensor | None
    real: Tensor
    fake: Tensor


def judgement(
    D: Discriminator | Ensemble, real: Tensor, fake: Tensor, batch: Batch, d_loss_of: DLoss
) -> Judgement:
    """What D thinks of real samples and detached generated ones, packed and noisy if they are to
    be. An ensemble weighs its members by what it sees here.
    """
    views = [_view(member, real, fake, batch.labels) for member in D.members]
    d_losses = [d_loss_of(view.real, view.fake) for view in views]
    loss = d_loss = d_losses[0]
    if isinstance(D, Ensemble):
        each = torch.stack(d_losses)
        loss = each.sum()
        d_loss = each.mean()
        D.rate(each.detach())
    real_logits = D.overall([view.real for view in views])
    fake_logits = D.overall([view.fake for view in views])
    error, accuracy = classified(views[0].scores, batch)
    if error is not None:
        loss = loss + error
    return Judgement(loss, d_loss, views, real_logits, fake_logits, accuracy, real, fake)


def _view(D: Discriminator, real: Tensor, fake: Tensor, labels: Tensor | None) -> View:
    if in_one_go(D, real, labels):
        real_logits, fake_logits = logits_of_both(D, real, fake)
        return View(real_logits.float(), fake_logits.float(), None)
    real_logits, scores = D.judge(real, labels)
    fake_logits, _ = D.judge(fake, labels)
    return View(
        real_logits.float(), fake_logits.float(), None if scores is None else scores.float()
    )


def in_one_go(D: Discriminator | Ensemble, real: Tensor, labels: Tensor | None) -> bool:
    """Whether small networks may see real and generated samples as one batch.

    No output depends on the rest of it, and there is one for each.
    """
    single = all(member.head.outcomes == 1 for member in D.members)
    return of_batch(real).light and not D.coupled and labels is None and single


def logits_of_both(D: Logits, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    """Logits on both, seen as one batch."""
    real_logits, fake_logits = D(torch.cat([real, fake])).view(2, -1).unbind()
    return real_logits, fake_logits


def classified(scores: Tensor | None, batch: Batch) -> tuple[Tensor | None, Tensor | None]:
    """Cross-entropy of class scores (N, classes) on the images whose label D is shown.

    And the accuracy on the others (on all if there are none).
    """
    if scores is None or batch.labels is None or batch.known is None:
        return None, None
    known = batch.known.float()
    errors = cross_entropy(scores, batch.labels, reduction="none") * known
    error = errors.sum() / known.sum().clamp(min=1)
    hidden = 1 - known
    weight = torch.where(hidden.sum() > 0, hidden, torch.ones_like(known))
    right = (scores.argmax(1) == batch.labels).float()
    accuracy = (right * weight).sum() / weight.sum()
    return error, accuracy
