"""What keeps D smooth: penalties on its gradient, clipped weights, noise on its images."""

from __future__ import annotations

from collections.abc import Callable, Sequence

import torch
from torch import Tensor, nn

CriticFunction = Callable[[Tensor], Tensor]


def gradient_penalty(D: CriticFunction, real: Tensor, fake: Tensor, mix: Tensor) -> Tensor:
    """E (|grad D(x)|_2 - 1)^2 at x = mix real + (1 - mix) fake (Gulrajani et al. 2017,
    arXiv:1704.00028).

    ``mix`` (N,) is uniform in [0, 1], one number an image; the norm is per image over all its
    values. ``fake`` is detached: the penalty teaches D alone. Each output must depend on its own
    image alone.
    """
    share = mix.view(-1, *[1] * (real.dim() - 1))
    x = (share * real + (1 - share) * fake.detach()).requires_grad_()
    gradient = _image_gradient(D(x), x)
    norm = (gradient.square().flatten(1).sum(1) + 1e-12).sqrt()
    return (norm - 1).square().mean()


def squared_slope(D: CriticFunction, images: Tensor) -> Tensor:
    """E |grad D(x)|^2 / 2, to be weighted by gamma: R1 on real images (Mescheder et al. 2018,
    arXiv:1801.04406), R2 on generated ones. Each output must depend on its own image alone.
    """
    x = images.detach().requires_grad_()
    return _image_gradient(D(x), x).square().flatten(1).sum(1).mean() / 2


def off_diagonal(matrices: Sequence[Tensor]) -> Tensor:
    """Sum over weights W (outputs, all else) of |(W W^T) o (1 - I)|_F^2, to be weighted by beta:
    how far the filters of a layer are from right angles, whatever their lengths (Brock et al. 2019,
    arXiv:1809.11096, equation 3; their W has a filter a column).
    """
    products = [W @ W.t() for W in matrices]
    return torch.stack([P.square().sum() - P.diagonal().square().sum() for P in products]).sum()


def _image_gradient(outputs: Tensor, images: Tensor) -> Tensor:
    """Gradient of each output with respect to its own image, itself differentiable."""
    (gradient,) = torch.autograd.grad(outputs.sum(), images, create_graph=True)
    return gradient


@torch.no_grad()
def clip_weights(D: nn.Module, bound: float) -> None:
    """Clip every parameter to [-bound, bound]; to be called after D's update (Arjovsky et al. 2017,
    arXiv:1701.07875).
    """
    for parameter in D.parameters():
        parameter.clamp_(-bound, bound)


def instance_noise_std(start: float, progress: float) -> float:
    """Standard deviation: ``start``, falling linearly to 0 as ``progress`` goes from 0 to 1
    (Sonderby et al. 2017, arXiv:1610.04490).
    """
    return start * (1 - progress)
