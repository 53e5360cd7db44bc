"""The discriminator that came with a generator, where its file holds one that can be rebuilt.

It is read as generators are, the other way round: convolutions that make maps smaller, then
matrices, down to one number an image. Nobody looks at what it makes, so that nobody can choose:
among the ways that its shapes leave open the one is taken whose batch norms meet on the generator's
samples what they remember.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from gandash.config.plan import Plan, PlannedLayer
from gandash.exchange.blocks import Block, RefusedError, blocks_of
from gandash.exchange.likeness import misfit
from gandash.exchange.named_layers import Group, Part
from gandash.exchange.readings import EPSILONS, MOST_LAYERS, Reading, norm_of, weight_of
from gandash.networks import Discriminator
from gandash.networks.planned import discriminator_of

BEAM = 6
MOST_TRIED = 12
OF_MISFIT = 10.0
ACTIVATIONS = {("leaky", 0.2): 0.0, ("relu", 0.0): 1.0, ("leaky", 0.01): 1.0}


@dataclass(frozen=True)
class Taste:
    """What no shape tells: the activation between layers, and the epsilon of norms."""

    active: PlannedLayer
    epsilon: float
    doubt: float


Way = tuple[tuple[PlannedLayer, ...], tuple[Part, ...], int, float]
"""Layers up to here, their tensors, the side of the maps that they make, and its doubt."""


@dataclass(frozen=True)
class Judge:
    """A discriminator: its layers, of which the last is the head's matrix, and their tensors."""

    prefix: str
    plan: Plan
    parts: tuple[Part, ...]
    shape: tuple[int, ...]
    doubt: float

    def build(self) -> Discriminator:
        """The discriminator in eval mode, without gradients."""
        D = discriminator_of(self.plan, self.shape)
        layers = {
            f"layers.{number}.{last}": tensor
            for number, part in enumerate(self.parts[:-1])
            for last, tensor in part.items()
        }
        head = {f"head.output.{last}": tensor for last, tensor in self.parts[-1].items()}
        D.load_state_dict(layers | head, strict=True)
        return D.eval().requires_grad_(False)


def judge_of(groups: Sequence[Group], reading: Reading, samples: Tensor) -> Judge | None:
    """The discriminator of a generator's images (N, *shape), if one of the groups is one."""
    for group in groups:
        overlaps = group.prefix.startswith(reading.prefix) or not group.prefix
        if overlaps or len(group.layers) > MOST_LAYERS:
            continue
        try:
            found = list(_judges(group, reading))[:MOST_TRIED]
        except RefusedError:
            continue
        doubts = {number: _doubt_of(judge, samples) for number, judge in enumerate(found)}
        best = min(doubts, key=doubts.__getitem__, default=0)
        if doubts and math.isfinite(doubts[best]):
            return found[best]
    return None


@torch.inference_mode()
def _doubt_of(judge: Judge, samples: Tensor) -> float:
    """The doubt of a discriminator with that of its norms; infinite where torch runs none such."""
    try:
        return judge.doubt + OF_MISFIT * (misfit(judge.build(), samples) or 0.0)
    except RuntimeError:
        return math.inf


def _judges(group: Group, reading: Reading) -> Iterator[Judge]:
    """All ways to read a group as the discriminator of a reading's images, likely ones first."""
    blocks = blocks_of(group)
    matrices = [block for block in blocks if block.linear]
    blocks = [block for block in blocks if not block.linear] + matrices
    batch = any(block.norm and "running_mean" in block.norm.tensors for block in blocks)
    tastes = [
        Taste(
            PlannedLayer.model_validate({"kind": kind, "value": slope}),
            epsilon,
            doubt + of_epsilon,
        )
        for (kind, slope), doubt in ACTIVATIONS.items()
        for epsilon, of_epsilon in (EPSILONS if batch else {1e-5: 0.0}).items()
    ]
    found = [it for taste in tastes for it in _with(group.prefix, blocks, reading, taste)]
    yield from sorted(found, key=lambda judge: judge.doubt)


def _with(prefix: str, blocks: Sequence[Block], reading: Reading, taste: Taste) -> Iterator[Judge]:
    """The same with a choice of what no shape tells."""
    ways: list[Way] = [(*_input(reading), reading.side, taste.doubt)]
    for number, block in enumerate(blocks):
        is_last = number == len(blocks) - 1
        ways = [
            longer
            for way in ways
            for longer in _continued(way, block, _channels(way, reading), is_last=is_last)
        ]
        if not is_last:
            ways = [_behind(way, block, taste) for way in ways]
        ways = sorted(ways, key=lambda way: way[3])[:BEAM]
    for layers, parts, _, total in ways:
        yield Judge(prefix, layers, parts, reading.shape, total)


def _input(reading: Reading) -> tuple[tuple[PlannedLayer, ...], tuple[Part, ...]]:
    """What stands before D's first layer: its generator's images as they come, in their range."""
    margin = (reading.shape[-1] - reading.side) // 2
    layers = [PlannedLayer(kind="pad", padding=-margin)] if margin else []
    layers += [PlannedLayer(kind="unit")] if reading.output == "sigmoid" else []
    return tuple(layers), tuple({} for _ in layers)


def _channels(way: Way, reading: Reading) -> int:
    made = [layer.outputs for layer in way[0] if layer.outputs]
    return made[-1] if made else reading.shape[0]


def _continued(way: Way, block: Block, channels: int, *, is_last: bool) -> Iterator[Way]:
    """A way with one layer more: side 0 says that features are numbers now, no maps."""
    layers, parts, side, doubt = way
    weight = weight_of(block)
    part = {last: it for last, it in block.layer.tensors.items() if last in ("weight", "bias")}
    outputs, inputs = int(weight.shape[0]), int(weight.shape[1])
    if is_last and outputs != 1:
        return
    if block.linear:
        if inputs != channels * max(side, 1) ** 2:
            return
        flat = [PlannedLayer(kind="flat")] if side and not is_last else []
        layer = PlannedLayer(
            kind="linear", inputs=inputs, outputs=outputs, bias=block.layer.bias is not None
        )
        yield (*layers, *flat, layer), (*parts, *({} for _ in flat), part), 0, doubt
        return
    kernel = int(weight.shape[2])
    if inputs != channels or not side:
        return
    if is_last:  # a kernel as large as the maps is a matrix
        if kernel == side:
            head = PlannedLayer(
                kind="linear",
                inputs=inputs * kernel**2,
                outputs=1,
                bias=block.layer.bias is not None,
            )
            yield (*layers, head), (*parts, part | {"weight": weight.flatten(1)}), 0, doubt
        return
    for stride, padding, more in _moves(kernel):
        made = (side + 2 * padding - kernel) // stride + 1
        if made < 1:
            continue
        layer = PlannedLayer(
            kind="convolution",
            inputs=inputs,
            outputs=outputs,
            kernel=kernel,
            stride=stride,
            padding=padding,
            bias=block.layer.bias is not None,
        )
        yield (*layers, layer), (*parts, part), made, doubt + more


def _moves(kernel: int) -> Iterator[tuple[int, int, float]]:
    """Stride and padding that a kernel of D may have, and the doubt of each."""
    yield 2, (kernel - 1) // 2, 0.0
    if kernel % 2:
        yield 1, kernel // 2, 0.5
    yield 2, 0, 1.0
    yield 1, 0, 1.5


def _behind(way: Way, block: Block, taste: Taste) -> Way:
    """A way with the norm and the activation that stand behind a layer."""
    layers, parts, side, doubt = way
    normed = norm_of(block, flat=not side, epsilon=taste.epsilon)
    added = [normed] if normed else []
    before_norm = bool(block.inside)
    if before_norm or block.after != 0:
        added.insert(0 if before_norm else len(added), (taste.active, {}))
    return (
        (*layers, *(layer for layer, _ in added)),
        (*parts, *(part for _, part in added)),
        side,
        doubt,
    )
