"""Generators as they are found in the wild, and how they come to live."""

from __future__ import annotations

import torch
from torch import Tensor, nn

LATENT = 12


def example_layers(
    size: int = 64, width: int = 4, channels: int = 3, *, bias: bool = False, norms: bool = True
) -> list[nn.Module]:
    """The generator of the official PyTorch DCGAN example, at any size."""
    widths = [width << i for i in range(size.bit_length() - 3)][::-1]
    layers: list[nn.Module] = []
    for number, (a, b) in enumerate(zip([LATENT, *widths[:-1]], widths, strict=True)):
        stride, padding = (2, 1) if number else (1, 0)
        layers.append(nn.ConvTranspose2d(a, b, 4, stride, padding, bias=bias or not norms))
        layers += [nn.BatchNorm2d(b)] if norms else []
        layers.append(nn.ReLU(True))
    return [*layers, nn.ConvTranspose2d(widths[-1], channels, 4, 2, 1, bias=False), nn.Tanh()]


class Example(nn.Module):
    def __init__(self, **facts: int | bool) -> None:
        super().__init__()
        self.main = nn.Sequential(*example_layers(**facts))

    def forward(self, z: Tensor) -> Tensor:
        result: Tensor = self.main(z)
        return result


def lived(
    network: nn.Module, axes: tuple[int, ...] = (1, 1), inputs: Tensor | None = None
) -> nn.Module:
    """A network whose weights are no longer those of the start, its statistics those that its norms
    meet with on the inputs, or where z is (N, LATENT, *axes).
    """
    rng = torch.Generator().manual_seed(0)
    for tensor in network.state_dict().values():
        if tensor.is_floating_point():
            tensor.copy_(torch.randn(tensor.shape, generator=rng) * 0.3)
    for module in network.modules():
        if isinstance(module, nn.BatchNorm1d | nn.BatchNorm2d):
            module.reset_running_stats()
            module.momentum = None
    with torch.no_grad():
        z = torch.randn(256, LATENT, *axes, generator=rng)
        network.train()(z if inputs is None else inputs)
    return network.eval()
