"""Networks that are built from a list of their layers: those that other programs trained."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import torch
from torch import Tensor, nn

from gandash.config import CollapseConfig
from gandash.config.plan import Plan, PlannedLayer
from gandash.networks.layers import LabelledSequential
from gandash.networks.players import Discriminator, Generator, Head

BLACK = -1.0


class Unit(nn.Module):
    """Images in [-1, 1] to such in [0, 1]."""

    def forward(self, images: Tensor) -> Tensor:
        return (images + 1) / 2


def _linear(it: PlannedLayer) -> nn.Module:
    return nn.Linear(it.inputs, it.outputs, bias=it.bias)


def _transposed(it: PlannedLayer) -> nn.Module:
    return nn.ConvTranspose2d(
        it.inputs, it.outputs, it.kernel, it.stride, it.padding, it.extra, bias=it.bias
    )


def _convolution(it: PlannedLayer) -> nn.Module:
    return nn.Conv2d(it.inputs, it.outputs, it.kernel, it.stride, it.padding, bias=it.bias)


def _batch(it: PlannedLayer) -> nn.Module:
    kind = nn.BatchNorm1d if it.flat else nn.BatchNorm2d
    return kind(it.outputs, eps=it.value)


BUILDERS: Mapping[str, Callable[[PlannedLayer], nn.Module]] = {
    "linear": _linear,
    "maps": lambda it: nn.Unflatten(1, (it.outputs, it.side, it.side)),
    "flat": lambda _: nn.Flatten(),
    "transposed": _transposed,
    "convolution": _convolution,
    "nearest": lambda _: nn.Upsample(scale_factor=2, mode="nearest"),
    "bilinear": lambda _: nn.Upsample(scale_factor=2, mode="bilinear", align_corners=False),
    "batch": _batch,
    "instance": lambda it: nn.InstanceNorm2d(it.outputs, affine=True),
    "layer": lambda it: nn.GroupNorm(1, it.outputs),
    "prelu": lambda it: nn.PReLU(it.outputs),
    "relu": lambda _: nn.ReLU(),
    "leaky": lambda it: nn.LeakyReLU(it.value),
    "elu": lambda _: nn.ELU(),
    "silu": lambda _: nn.SiLU(),
    "tanh": lambda _: nn.Tanh(),
    "unit": lambda _: Unit(),
    "pad": lambda it: nn.ConstantPad2d(it.padding, BLACK),
}


def layers_of(plan: Plan) -> LabelledSequential:
    """The layers in a row, weights still to be filled in."""
    return LabelledSequential(*(BUILDERS[it.kind](it) for it in plan))


def generator_of(plan: Plan, shape: tuple[int, ...]) -> Generator:
    """The generator of a plan for images (C, H, W)."""
    first = plan[0]
    input_dims = 1 if first.kind == "linear" else 3
    return Generator(layers_of(plan), first.inputs, shape, input_dims=input_dims)


def discriminator_of(plan: Plan, shape: tuple[int, ...]) -> Discriminator:
    """The discriminator of a plan for images (C, H, W); the plan's last layer is its head."""
    layers = nn.Sequential(*layers_of(plan[:-1]))
    with torch.no_grad():
        features = layers.eval()(torch.zeros(1, *shape)).shape[1:]
    head = Head(tuple(features), CollapseConfig(), "none", 0, bias=plan[-1].bias)
    return Discriminator(layers, head, shape)
