"""The largest singular values of a player's weights, which run away before a collapse.

As the paper that looked at them reads them (Brock et al. 2019, arXiv:1809.11096, section 4.1): most
layers of G stay well behaved, some, the first above all, grow without end and explode with the
samples; D's are noisier and grow too.
"""

from __future__ import annotations

import torch
from torch import Tensor, nn

from gandash.networks.matrices import matrices_of

COUNT = 3


@torch.no_grad()
def largest(network: nn.Module) -> Tensor:
    """The three largest singular values (3,), descending, of the layer that has the largest, among
    those with as many (D's last has one); NaN where none has.
    """
    each = [torch.linalg.svdvals(matrix.float())[:COUNT] for matrix in matrices_of(network)]
    chosen = max(each, key=lambda values: (len(values), float(values[0])))
    padded = torch.full((COUNT,), float("nan"), device=chosen.device)
    padded[: len(chosen)] = chosen
    return padded


def columns(G: nn.Module, D: nn.Module) -> dict[str, Tensor]:
    """Those of both players by the columns of a report, each ()."""
    return {
        f"{who}_sigma{number}": value
        for who, network in (("g", G), ("d", D))
        for number, value in enumerate(largest(network))
    }
