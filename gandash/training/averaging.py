"""G's moving average, and how far it goes towards G at a step."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn


def ema_decay(limit: float, step: int) -> float:
    """Decay of G's moving average at a step, (1 + step) / (10 + step) up to ``limit``.

    It grows from 0.1, so that the average forgets the initial weights as fast as G leaves them.
    """
    return min(limit, (1 + step) / (10 + step))


def update(average: AveragedModel, network: nn.Module, decay: float | Tensor) -> None:
    """decay * average + (1 - decay) * network, weights and buffers; the network itself at first.

    ``decay`` is a tensor () where the update is recorded, as its value changes; the sum is rounded
    otherwise then.
    """
    if isinstance(decay, float):
        average.multi_avg_fn = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        average.update_parameters(network)
        return
    kept = [*average.module.parameters(), *average.module.buffers()]
    new = [*network.parameters(), *network.buffers()]
    _go_towards(kept, new, 1 - decay)


def renew_directions(average: AveragedModel) -> None:
    """Bring the averaged singular vectors of spectral norms to length 1 again: the mean of unit
    vectors is shorter, and what is divided by the singular value that it shows would be too large.
    """
    for name, buffer in average.module.named_buffers():
        if name.endswith((".0._u", ".0._v")):
            torch.nn.functional.normalize(buffer, dim=0, out=buffer)


@torch.no_grad()
def _go_towards(kept: list[Tensor], new: list[Tensor], share: Tensor) -> None:
    real = [number for number, tensor in enumerate(kept) if tensor.is_floating_point()]
    ways = torch._foreach_sub([new[i] for i in real], [kept[i] for i in real])
    torch._foreach_mul_(ways, share)
    torch._foreach_add_([kept[i] for i in real], ways)
    for counter, value in zip(kept, new, strict=True):
        if not counter.is_floating_point():
            counter.copy_(value)
