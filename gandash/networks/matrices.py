"""The weights of a network's layers as matrices, one row an output: what spectra and angles are of.

Where a layer divides its weights by their largest singular value, these are the weights before
that, which the optimizer moves; where it scales them, they are those that it works with.
"""

from __future__ import annotations

from torch import Tensor, nn
from torch.nn.utils import parametrize

from gandash.networks.layers import Equalized

LAYERS = (nn.Conv2d, nn.ConvTranspose2d, nn.Linear, Equalized)


def matrices_of(network: nn.Module) -> list[Tensor]:
    """The weights (outputs, all else) of all convolutions and linear layers, in their order."""
    return [_matrix(module) for module in network.modules() if isinstance(module, LAYERS)]


def _matrix(module: nn.Module) -> Tensor:
    weight: Tensor = module.weight  # type: ignore[assignment]
    if parametrize.is_parametrized(module, "weight"):
        weight = module.parametrizations.weight.original  # type: ignore[union-attr, assignment]
    if isinstance(module, Equalized):
        weight = weight * module.scale
    if isinstance(module, nn.ConvTranspose2d):
        weight = weight.transpose(0, 1)
    return weight.flatten(1)
