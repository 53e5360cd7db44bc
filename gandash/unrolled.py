"""Unrolled GAN: G learns against D as it will be a few updates from now (Metz et al. 2017, arXiv:1611.02163)."""

from __future__ import annotations

from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.func import functional_call

Judge = Callable[..., Tensor]


def unroll(D: nn.Module, d_loss_of: Callable[[Judge], Tensor], steps: int, lr: float) -> Judge:
    """D after ``steps`` imagined updates by plain SGD on ``d_loss_of``: a function of images (and labels) to logits.

    The result is differentiable through the updates with respect to everything that ``d_loss_of`` was made
    from, the generated images above all. D itself keeps its weights and its batch-norm and spectral-norm buffers.
    """
    parameters = {name: value.detach().requires_grad_() for name, value in D.named_parameters()}
    for _ in range(steps):
        loss = d_loss_of(_judge(D, parameters))
        gradients = torch.autograd.grad(loss, list(parameters.values()), create_graph=True)
        parameters = {n: p - lr * g for (n, p), g in zip(parameters.items(), gradients, strict=True)}
    return _judge(D, parameters)


def _judge(D: nn.Module, parameters: dict[str, Tensor]) -> Judge:
    def judge(*inputs: Tensor | None) -> Tensor:
        buffers = {name: value.clone() for name, value in D.named_buffers()}
        logits: Tensor = functional_call(D, {**parameters, **buffers}, inputs)
        return logits

    return judge
