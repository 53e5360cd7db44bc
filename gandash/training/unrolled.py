"""Unrolled GAN: G learns against D as it will be a few updates from now (Metz et al. 2017,
arXiv:1611.02163).

With D_K after K imagined updates, G minimizes the whole objective of the two at D_K,
f_K = E log D_K(x) + E log(1 - D_K(G(z))), where D_K depends on G through the samples that it was
updated on (section 2.3). So the term on real samples x has a gradient for G too.
"""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call

from gandash.losses.objectives import DLoss
from gandash.training.optimizers import parameters_of

Judge = Callable[..., Tensor]
Update = Callable[[list[Tensor], list[Tensor]], list[Tensor]]
"""Parameters and gradients to the next parameters."""
TINY = 1e-30  # under a root, so that its slope at 0 is a number


def sgd(lr: float) -> Update:
    """Plain steps down the gradient."""
    return lambda parameters, gradients: [
        p - lr * g for p, g in zip(parameters, gradients, strict=True)
    ]


def adam(optimizer: torch.optim.Adam) -> Update:
    """Further steps of an Adam as it stands, moments and all, which itself stays there (Kingma and
    Ba 2015, arXiv:1412.6980, alg. 1). One update after the other, each differentiable in its
    gradients.
    """
    (group,) = optimizer.param_groups
    beta1, beta2 = group["betas"]
    lr = group["lr"]
    eps = group["eps"]
    states = [optimizer.state.get(parameter) for parameter in parameters_of(optimizer)]
    count = max((float(state["step"]) for state in states if state), default=0.0)
    first = [state["exp_avg"] if state else 0.0 for state in states]
    second = [state["exp_avg_sq"] if state else 0.0 for state in states]

    def update(parameters: list[Tensor], gradients: list[Tensor]) -> list[Tensor]:
        nonlocal count, first, second
        count += 1
        first = [beta1 * m + (1 - beta1) * g for m, g in zip(first, gradients, strict=True)]
        second = [
            beta2 * v + (1 - beta2) * g.square() for v, g in zip(second, gradients, strict=True)
        ]
        rate = lr / (1 - beta1**count)
        scale = 1 / (1 - beta2**count)
        moments = zip(parameters, first, second, strict=True)
        return [p - rate * m / ((scale * v + TINY).sqrt() + eps) for p, m, v in moments]

    return update


def value_on_real(d_loss: DLoss, real: Tensor, fake: Tensor) -> Tensor:
    """What real samples add to an unrolled G's loss: minus D's loss, with G's samples held fixed.

    ``real`` and ``fake`` are the imagined D's logits. D's loss is a term on each; that on ``fake``
    is cut, as G has its own in its place, so only the gradient of the result means something: that
    of E log D_K(x) where D's loss is the cross-entropy.
    """
    return -d_loss(real, fake.detach())


def unroll(D: nn.Module, d_loss_of: Callable[[Judge], Tensor], steps: int, update: Update) -> Judge:
    """D after ``steps`` imagined updates down ``d_loss_of``: a function of images (and labels) to
    logits.

    The result is differentiable through the updates with respect to everything that ``d_loss_of``
    was made from, the generated images above all. D itself keeps its weights and its batch-norm and
    spectral-norm buffers.
    """
    parameters = {name: value.detach().requires_grad_() for name, value in D.named_parameters()}
    for _ in range(steps):
        loss = d_loss_of(_judge(D, parameters))
        gradients = torch.autograd.grad(loss, list(parameters.values()), create_graph=True)
        following = update(list(parameters.values()), list(gradients))
        parameters = dict(zip(parameters, following, strict=True))
    return _judge(D, parameters)


def _judge(D: nn.Module, parameters: dict[str, Tensor]) -> Judge:
    def judge(*inputs: Tensor | None) -> Tensor:
        buffers = {name: value.clone() for name, value in D.named_buffers()}
        logits: Tensor = functional_call(D, {**parameters, **buffers}, inputs)
        return logits

    return judge
