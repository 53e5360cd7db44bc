"""Batch norm over a batch that several processes share: its statistics are the whole batch's."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn.modules.batchnorm import _BatchNorm

from gandash.training import shares


class SharedBatchNorm(_BatchNorm):
    """Batch norm (Ioffe & Szegedy 2015, arXiv:1502.03167) of a part of a batch.

    While several processes train, mean and variance of (N / count, C, ...) are those of all N
    samples, as in one process, and gradients of any order pass through them; torch's own
    ``SyncBatchNorm`` asks for GPUs and is differentiated once. Otherwise it is ``nn.BatchNorm``,
    whose tensors it has under the same names.
    """

    def _check_input_dim(self, input: Tensor) -> None:  # noqa: A002 - torch's name
        """Any number of places: the norm that it stands for has been checked."""

    def forward(self, input: Tensor) -> Tensor:  # noqa: A002 - torch's name
        """Normalized samples of the same shape."""
        if not self.training or shares.count() == 1:
            return super().forward(input)
        x = input.float()
        shape = (1, -1, *[1] * (x.dim() - 2))
        axes = [0, *range(2, x.dim())]
        assert self.running_mean is not None
        # Both moments in one message, around a place near the mean that all processes know.
        x = x - self.running_mean.view(shape)
        own = torch.stack([x.mean(axes), x.square().mean(axes)])
        offset, square = shares.summed(own) / shares.count()
        variance = (square - offset.square()).clamp(min=0)
        x = (x - offset.view(shape)) * torch.rsqrt(variance + self.eps).view(shape)
        self._remember(offset, variance, shares.count() * x[:, 0].numel())
        if self.affine:
            x = torch.addcmul(self.bias.view(shape), x, self.weight.view(shape))
        return x.to(input.dtype)

    @torch.no_grad()
    def _remember(self, offset: Tensor, variance: Tensor, numbers: int) -> None:
        """Move the running mean toward one that is so far from it, and the running variance,
        without bias, as ``nn.BatchNorm`` does.
        """
        assert self.momentum is not None
        assert self.num_batches_tracked is not None
        assert self.running_mean is not None
        assert self.running_var is not None
        self.num_batches_tracked.add_(1)
        self.running_mean.add_(offset, alpha=self.momentum)
        self.running_var.lerp_(variance * (numbers / (numbers - 1)), self.momentum)


def synchronize(network: nn.Module) -> None:
    """Put a :class:`SharedBatchNorm` in the place of each batch norm of a network; it takes over
    the tensors.
    """
    for name, child in network.named_children():
        if isinstance(child, nn.BatchNorm1d | nn.BatchNorm2d):
            setattr(network, name, _shared(child))
        else:
            synchronize(child)


def _shared(norm: nn.BatchNorm1d | nn.BatchNorm2d) -> SharedBatchNorm:
    it = SharedBatchNorm(norm.num_features, norm.eps, norm.momentum, norm.affine)
    if norm.affine:
        it.weight, it.bias = norm.weight, norm.bias
    it.running_mean, it.running_var = norm.running_mean, norm.running_var
    it.num_batches_tracked = norm.num_batches_tracked
    return it.train(norm.training)
