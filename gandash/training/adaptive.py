"""The adaptive strength of augmentation (ADA): more of it while D knows the training images by
heart, less while it does not (Karras et al. 2020, arXiv:2006.06676, section 3).
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

INTERVAL = 4  # updates of D between adjustments


@dataclass
class Adaptive:
    """The probability ``p`` () that a change is made, and the sum of r_t = E sign D(real) over the
    updates since it was last adjusted. Both stay on the device: a recorded update goes on with
    them.
    """

    p: Tensor
    signs: Tensor

    @classmethod
    def at_rest(cls, device: torch.device) -> Adaptive:
        """As a run begins: no augmentation."""
        return cls(torch.zeros((), device=device), torch.zeros((), device=device))

    @torch.no_grad()
    def heed(self, real_logits: Tensor, due: float | Tensor, target: float, step: float) -> None:
        """Take in D's logits on real images as it is shown them.

        Where it is ``due`` (1, else 0), p goes ``step`` up if the mean of r_t since the last time
        lies above the ``target``, down if below, and stays within [0, 1].
        """
        self.signs += real_logits.sign().mean()
        ahead = torch.sign(self.signs / INTERVAL - target)
        self.p.add_(due * step * ahead).clamp_(0, 1)
        self.signs.mul_(1 - due)


def is_due(number: int) -> float:
    """1 at every fourth update of D, else 0."""
    return float((number + 1) % INTERVAL == 0)
