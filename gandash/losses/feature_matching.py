"""Feature matching: G is told what real samples look like inside D, not whether D believes it.

Salimans et al. 2016, arXiv:1606.03498, section 3.1: G minimizes the squared distance between the
means of D's last hidden features on real and on generated samples; D learns its own objective.
"""

from __future__ import annotations

from torch import Tensor


def feature_matching(real: Tensor, fake: Tensor) -> Tensor:
    """|E f(x) - E f(G(z))|_2^2 of D's features (N, ...) on real samples and on G's: the mean is
    over the batch, the square over every unit at every place.
    """
    return (real.detach().mean(0) - fake.mean(0)).square().sum()
