"""What a group of layers may be as a generator: every way that its shapes leave open.

The first layer is a matrix or a transposed convolution of a single place; more matrices may follow,
then convolutions, transposed or plain, up to an image. Shapes fix the latent size, the channels
and, together with the side of the image, most strides. Activations, the last squashing, where norms
stand and their epsilon are choices that no shape tells; each has a doubt, and the ways with the
least are proposed.
"""

from __future__ import annotations

import math
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from itertools import product

import torch
from torch import Tensor

from gandash.config import IMAGE_SIZES
from gandash.config.plan import Plan, PlannedLayer
from gandash.exchange.blocks import Block, RefusedError, blocks_of
from gandash.exchange.geometry import SIDES, Move, convolution, transposed
from gandash.exchange.named_layers import COUNTER, Group, Part
from gandash.networks import Generator
from gandash.networks.planned import generator_of

BEAM = 10  # ways that are followed to each side of the maps
MOST_STRUCTURES = 12
MOST_READINGS = 24
MOST_LAYERS = 64
USUAL_EPSILON = 1e-5
CHANNELS = (1, 3)
LATE, MIXED = 0.4, 0.8  # doubts of maps that are enlarged late, and in two ways
ACTIVATIONS = {  # kind, slope: doubt
    ("relu", 0.0): 0.0,
    ("leaky", 0.2): 0.4,
    ("leaky", 0.01): 0.8,
    ("elu", 0.0): 2.0,
    ("silu", 0.0): 2.5,
    ("tanh", 0.0): 2.5,
}
TITLES = {"relu": "ReLU", "elu": "ELU", "silu": "SiLU", "tanh": "tanh between layers"}
OUTPUTS = {"sigmoid": 1.0, "none": 2.0}  # in place of tanh
EPSILONS = {USUAL_EPSILON: 0.0, 0.8: 0.6}
ENLARGED = {"nearest": 0.0, "bilinear": 0.8}


@dataclass(frozen=True)
class Join:
    """What stands between two layers: an activation, maps of twice the side."""

    activated: bool = True
    enlarged: bool = False
    doubt: float = 0.0


@dataclass(frozen=True)
class Step:
    """A convolution: what stands before it, how it works, and the maps that it makes."""

    join: Join
    move: Move
    channels: int
    side: int


@dataclass(frozen=True)
class Structure:
    """What the shapes of a group make: the maps after the matrices, and a step a convolution."""

    channels: int
    side: int
    steps: tuple[Step, ...] = ()
    doubt: float = 0.0


@dataclass(frozen=True)
class Choice:
    """What no shape tells."""

    activation: str
    slope: float
    output: str = "tanh"
    epsilon: float = USUAL_EPSILON
    norm_first: bool = True
    norm: str = "instance"
    enlarged: str = "nearest"
    doubt: float = 0.0


@dataclass(frozen=True)
class Reading:
    """One way to rebuild a generator: its layers, and the tensors of those that have any.

    ``side`` is that of the images as they come, ``shape`` theirs as gandash shows them: padded with
    black where it has no such size. ``words`` say what of it was chosen; ``others`` are the same
    with another squashing of the last layer's values.
    """

    prefix: str
    plan: Plan
    parts: tuple[Part, ...]
    side: int
    shape: tuple[int, int, int]
    doubt: float
    words: str
    plain: bool
    output: str = "tanh"
    others: tuple[Reading, ...] = ()

    @property
    def latent_dim(self) -> int:
        return self.plan[0].inputs

    @property
    def matrices_only(self) -> bool:
        return all(layer.kind not in ("transposed", "convolution") for layer in self.plan)

    @property
    def normed(self) -> bool:
        return any(layer.kind in ("batch", "instance", "layer") for layer in self.plan)

    @property
    def width(self) -> int:
        """Channels before the image, or units."""
        layers = [layer for layer in self.plan if layer.inputs]
        return layers[-1].inputs

    @property
    def effort(self) -> tuple[int, int]:
        """What a sample takes: numbers in the largest maps, and multiplications of all layers."""
        side, largest, products = 1, self.plan[0].inputs, 0
        for layer in self.plan:
            before = side
            if layer.kind == "maps":
                side = layer.side
            elif layer.kind in ("nearest", "bilinear"):
                side *= 2
            elif layer.kind == "transposed":
                side = (side - 1) * layer.stride - 2 * layer.padding + layer.kernel + layer.extra
            products += before**2 * max(layer.kernel, 1) ** 2 * layer.inputs * layer.outputs
            largest = max(largest, side**2 * max(layer.outputs, layer.inputs))
        return largest, products

    def state(self) -> dict[str, Tensor]:
        """The tensors by the names that a network of this plan has."""
        return {
            f"layers.{number}.{last}": tensor.float() if tensor.is_floating_point() else tensor
            for number, part in enumerate(self.parts)
            for last, tensor in part.items()
        }

    def build(self) -> Generator:
        """The generator in eval mode, without gradients."""
        G = generator_of(self.plan, self.shape)
        G.load_state_dict(self.state(), strict=True)
        return G.eval().requires_grad_(False)


def readings(group: Group) -> list[Reading]:
    """The ways to read a group as a generator, the least doubtful first.

    :class:`RefusedError` names the layer with which it ends to be one.
    """
    if len(group.layers) > MOST_LAYERS:
        raise RefusedError(f"{group.prefix or 'the file'!r} has more than {MOST_LAYERS} layers")
    blocks = blocks_of(group)
    blocks = [it for it in blocks if it.linear] + [it for it in blocks if not it.linear]
    matrices = sum(block.linear for block in blocks)
    _check_matrices(blocks[:matrices])
    structures = _structures(blocks, matrices)[:MOST_STRUCTURES]
    proposed = [
        (structure, choice) for structure in structures for choice in _choices(blocks, structure)
    ]
    proposed.sort(key=lambda it: it[0].doubt + it[1].doubt)
    return [
        _in_all_ranges(_Assembly(blocks, matrices, structure, choice), group.prefix)
        for structure, choice in proposed[:MOST_READINGS]
    ]


def _in_all_ranges(assembly: _Assembly, prefix: str) -> Reading:
    """A reading, and the same in the ranges that its last layer's values may be meant for."""
    others = tuple(
        assembly.squashed(output, doubt).reading(prefix) for output, doubt in OUTPUTS.items()
    )
    return replace(assembly.reading(prefix), others=others)


def _check_matrices(matrices: Sequence[Block]) -> None:
    for number, block in enumerate(matrices):
        outputs, inputs = weight_of(block).shape
        given = weight_of(matrices[number - 1]).shape[0] if number else inputs
        if inputs != given:
            raise RefusedError(
                f"layer {block.layer.name!r} takes {inputs} numbers, and it is given {given}",
                number,
            )
        is_last = number == len(matrices) - 1
        if block.norm is not None and not is_last and block.normed_channels != outputs:
            raise RefusedError(
                f"layer {block.norm.name!r} is a norm of {block.normed_channels} channels behind "
                f"{outputs}",
                number,
            )


def _structures(blocks: Sequence[Block], matrices: int) -> list[Structure]:
    """All that the shapes allow, the least doubtful first."""
    found = _starts(blocks, matrices)
    for number in range(matrices, len(blocks)):
        before = blocks[number - 1] if number else None
        longer = [
            it
            for structure in found
            for it in _continued(structure, before, blocks[number], number == matrices)
        ]
        if not longer:
            raise RefusedError(_why_not(blocks[number], found), number)
        found = _best(longer)
    return _finished(blocks, found)


def _best(structures: list[Structure]) -> list[Structure]:
    """The least doubtful for each side."""
    kept: dict[tuple[int, int], int] = {}
    best: list[Structure] = []
    for it in sorted(structures, key=lambda it: it.doubt):
        key = (it.side, it.channels)
        kept[key] = kept.get(key, 0) + 1
        if kept[key] <= BEAM:
            best.append(it)
    return best


def _starts(blocks: Sequence[Block], matrices: int) -> list[Structure]:
    """The maps that convolutions begin with: a single place, or what matrices make."""
    first = weight_of(blocks[0])
    if not matrices:
        if first.shape[1] in CHANNELS and len(blocks) > 1:
            raise RefusedError(
                f"layer {blocks[0].layer.name!r} has weights {blocks[0].layer.shape}, which take "
                f"images of {first.shape[1]} channels: a generator that is meant takes z"
            )
        return [Structure(int(first.shape[0]), 1)]
    features = int(weight_of(blocks[matrices - 1]).shape[0])
    if matrices == len(blocks):
        channels = [c for c in CHANNELS if _side(features, c) in SIDES]
        if not channels:
            raise RefusedError(
                f"layer {blocks[-1].layer.name!r} has weights {blocks[-1].layer.shape} and ends in "
                f"{features} numbers, which are no gray or RGB image of {_sides()} pixels",
                matrices - 1,
            )
    else:
        shape = weight_of(blocks[matrices]).shape
        channels = sorted({int(c) for c in shape[:2] if _side(features, int(c))})
        if not channels:
            raise RefusedError(
                f"layer {blocks[matrices].layer.name!r} has weights {blocks[matrices].layer.shape},"
                f" and {features} numbers before it are no square maps of so many channels",
                matrices,
            )
    block = blocks[matrices - 1]
    fitting = [c for c in channels if block.normed_channels in (0, c, features)]
    if not fitting:
        raise RefusedError(
            f"layer {block.last.name!r} is a norm of {block.normed_channels} channels, and none "
            "such are there",
            matrices,
        )
    return [Structure(c, _side(features, c)) for c in fitting]


def _side(features: int, channels: int) -> int:
    """The side of square maps that so many numbers make; 0 if they make none."""
    side = math.isqrt(features // channels)
    return side if side * side * channels == features else 0


def _sides() -> str:
    return ", ".join(map(str, SIDES))


def _continued(
    structure: Structure, before: Block | None, block: Block, first: bool
) -> Iterator[Structure]:
    """A structure with one convolution more, in all ways."""
    kernel = int(weight_of(block).shape[2])
    for move, outputs in _moves(block, structure):
        if block.layer.bias is not None and len(block.layer.bias) != outputs:
            continue
        if block.norm is not None and block.normed_channels != outputs:
            continue
        for join in _joins(before, first, move.kind == "convolution"):
            given = structure.side * (2 if join.enlarged else 1)
            side = move.side(given, kernel)
            if not 1 < side <= max(IMAGE_SIZES):
                continue
            step = Step(join, move, outputs, side)
            doubt = structure.doubt + move.doubt + join.doubt
            yield Structure(structure.channels, side, (*structure.steps, step), doubt)


def _moves(block: Block, structure: Structure) -> Iterator[tuple[Move, int]]:
    """How a layer may work on what it is given, and the channels that it makes."""
    one, other, kernel, _ = map(int, weight_of(block).shape)
    given = structure.steps[-1].channels if structure.steps else structure.channels
    named_so = any(word in block.layer.name.lower() for word in ("deconv", "convt", "transp"))
    if one == given:
        as_plain = one == other and kernel % 2 == 1 and not named_so
        for move in transposed(kernel, structure.side):
            yield replace(move, doubt=move.doubt + (0.7 if as_plain else 0.0)), other
    if other == given and structure.side > 1:
        for move in convolution(kernel):
            yield replace(move, doubt=move.doubt + (1.5 if named_so else 0.0)), one


def _joins(before: Block | None, first: bool, plain: bool) -> list[Join]:
    """What may stand before a convolution: only plain ones see enlarged maps."""
    if before is None:
        return [Join(activated=False)]
    count = before.after
    if (first and before.linear) or count is None:
        joins = [Join(), Join(enlarged=True, doubt=0.1)]
        if first and before.linear:  # a reshape stands there, and often nothing else
            joins += [Join(False, False, 0.7), Join(False, True, 0.6)]
    elif count == 0:
        joins = [Join(activated=False)]
    elif count == 1:
        joins = [Join(), Join(False, True, 0.8)]
    else:
        joins = [Join(enlarged=True), Join(doubt=0.5)]
    if before.norm is not None and (before.inside or 0) > 0 and not before.linear:
        joins = [replace(join, activated=True) for join in joins]  # it stands before the norm
        joins += [Join(enlarged=True, doubt=0.1)] if count else []
    return joins if plain else [join for join in joins if not join.enlarged] or [Join()]


def _why_not(block: Block, found: Sequence[Structure]) -> str:
    one, other, kernel, _ = map(int, weight_of(block).shape)
    given = {it.steps[-1].channels if it.steps else it.channels for it in found}
    layer = block.layer
    if not given & {one, other}:
        return (
            f"layer {layer.name!r} has weights {layer.shape} for {one} or {other} channels, and it "
            f"is given {' or '.join(map(str, sorted(given)))}"
        )
    if kernel % 2 == 0 and one not in given:
        return (
            f"layer {layer.name!r} has weights {layer.shape}, a plain convolution with an even "
            "kernel, which makes maps smaller as a discriminator's does"
        )
    return (
        f"layer {layer.name!r} has weights {layer.shape}, and no stride and padding lead from maps "
        f"of {' or '.join(str(it) for it in sorted({it.side for it in found}))} pixels to others "
        f"that fit its norm and bias, up to {max(IMAGE_SIZES)} pixels"
    )


def _finished(blocks: Sequence[Block], found: Sequence[Structure]) -> list[Structure]:
    """Those that end in an image."""
    layer = blocks[-1].layer
    images = [it for it in found if (it.steps[-1].channels if it.steps else it.channels) in (1, 3)]
    if not images:
        channels = found[0].steps[-1].channels if found[0].steps else found[0].channels
        raise RefusedError(
            f"layer {layer.name!r} makes {channels} channels, neither gray nor RGB", len(blocks)
        )
    done = [
        replace(it, doubt=it.doubt + SIDES[it.side] + _oddness(it))
        for it in images
        if it.side in SIDES
    ]
    if not done:
        sides = ", ".join(str(side) for side in sorted({it.side for it in images}))
        raise RefusedError(
            f"layer {layer.name!r} makes images of {sides} pixels, and they must have {_sides()}",
            len(blocks),
        )
    return sorted(done, key=lambda it: it.doubt)


def _oddness(structure: Structure) -> float:
    """Doubt of an order of steps: maps are enlarged early, and in one way all along."""
    enlarged = [step.join.enlarged for step in structure.steps]
    strided = any(step.move.stride > 1 for step in structure.steps)
    late = sum(not it and any(enlarged[number:]) for number, it in enumerate(enlarged))
    return LATE * late + MIXED * (strided and any(enlarged))


def _choices(blocks: Sequence[Block], structure: Structure) -> Iterator[Choice]:
    """All choices that make a difference to a structure."""
    norms = [block.norm for block in blocks if block.norm is not None]
    batch = any("running_mean" in norm.tensors for norm in norms)
    apart = any(block.norm is not None and block.inside is None for block in blocks)
    unnamed = any("running_mean" not in norm.tensors for norm in norms)
    enlarged = any(step.join.enlarged for step in structure.steps)
    learned = all(block.slopes is not None for block in blocks[:-1])
    activations = list(ACTIVATIONS.items())
    for (
        ((activation, slope), doubt),
        (epsilon, of_epsilon),
        norm_first,
        norm,
        (mode, of_mode),
    ) in product(
        activations[:1] if learned else activations,
        EPSILONS.items() if batch else [(USUAL_EPSILON, 0.0)],
        (True, False) if apart else (True,),
        ("instance", "layer") if unnamed else ("instance",),
        ENLARGED.items() if enlarged else [("nearest", 0.0)],
    ):
        if epsilon != USUAL_EPSILON and slope != 0.2:
            continue  # one widespread program writes 0.8 where it means another argument
        yield Choice(
            activation,
            slope,
            "tanh",
            epsilon,
            norm_first,
            norm,
            mode,
            doubt + of_epsilon + of_mode + 1.5 * (not norm_first) + (norm == "layer"),
        )


class _Assembly:
    """Writes a structure and a choice as a plan."""

    def __init__(
        self, blocks: Sequence[Block], matrices: int, structure: Structure, choice: Choice
    ) -> None:
        self.blocks = blocks
        self.matrices = matrices
        self.structure = structure
        self.choice = choice
        self.plan: list[PlannedLayer] = []
        self.parts: list[Part] = []

    def squashed(self, output: str, doubt: float) -> _Assembly:
        """The same but for the squashing of the last layer's values."""
        choice = replace(self.choice, output=output, doubt=self.choice.doubt + doubt)
        return _Assembly(self.blocks, self.matrices, self.structure, choice)

    def reading(self, prefix: str) -> Reading:
        """The plan and its tensors."""
        self._matrices()
        for number, step in enumerate(self.structure.steps, self.matrices):
            self._convolution(number, step)
        self._output()
        side = self.structure.side
        size = min(it for it in IMAGE_SIZES if it >= side)
        if size != side:
            self._add(PlannedLayer(kind="pad", padding=(size - side) // 2))
        steps = self.structure.steps
        channels = steps[-1].channels if steps else self.structure.channels
        return Reading(
            prefix,
            tuple(self.plan),
            tuple(self.parts),
            side,
            (channels, size, size),
            self.structure.doubt + self.choice.doubt,
            self._words(),
            plain=self.choice.activation == "relu"
            and self.choice.output == "tanh"
            and all(step.move.doubt == 0 for step in steps)
            and not self.choice.doubt,
            output=self.choice.output,
        )

    def _add(self, layer: PlannedLayer, part: Part | None = None) -> None:
        self.plan.append(layer)
        self.parts.append(part or {})

    def _matrices(self) -> None:
        for number, block in enumerate(self.blocks[: self.matrices]):
            outputs, inputs = map(int, weight_of(block).shape)
            bias = block.layer.bias is not None
            self._add(
                PlannedLayer(kind="linear", inputs=inputs, outputs=outputs, bias=bias),
                _multiplying(block),
            )
            if number < self.matrices - 1:
                self._behind(block, activated=block.after != 0, flat=True)
                continue
            on_maps = block.norm is not None and block.normed_channels != outputs
            activated = bool(self.structure.steps) and self.structure.steps[0].join.activated
            if not on_maps:
                self._behind(block, activated=activated, flat=True)
            channels, side = self._maps()
            self._add(PlannedLayer(kind="maps", outputs=channels, side=side))
            if on_maps:
                self._behind(block, activated=activated, flat=False)

    def _maps(self) -> tuple[int, int]:
        """Channels and side of the maps that the matrices make."""
        features = int(weight_of(self.blocks[self.matrices - 1]).shape[0])
        channels = self.structure.channels
        return channels, _side(features, channels)

    def _convolution(self, number: int, step: Step) -> None:
        block = self.blocks[number]
        if step.join.enlarged:
            self._add(PlannedLayer.model_validate({"kind": self.choice.enlarged}))
        one, other, kernel, _ = map(int, weight_of(block).shape)
        inputs = one if step.move.kind == "transposed" else other
        self._add(
            PlannedLayer(
                kind=step.move.kind,
                inputs=inputs,
                outputs=step.channels,
                kernel=kernel,
                stride=step.move.stride,
                padding=step.move.padding,
                extra=step.move.extra,
                bias=block.layer.bias is not None,
            ),
            _multiplying(block),
        )
        following = number - self.matrices + 1
        more = following < len(self.structure.steps)
        activated = more and self.structure.steps[following].join.activated
        self._behind(block, activated=activated, flat=False)

    def _behind(self, block: Block, *, activated: bool, flat: bool) -> None:
        """The norm and the activation behind a layer."""
        norm_first = self.choice.norm_first if block.inside is None else block.inside == 0
        if block.norm is None or norm_first or (block.linear and not flat):
            self._norm(block, flat)
            self._activate(block, activated)
        else:
            self._activate(block, activated)
            self._norm(block, flat)

    def _norm(self, block: Block, flat: bool) -> None:
        # Behind a reshape the widespread program has torch's own epsilon.
        epsilon = USUAL_EPSILON if block.linear and not flat else self.choice.epsilon
        if found := norm_of(block, flat=flat, epsilon=epsilon, unnamed=self.choice.norm):
            self._add(*found)

    def _activate(self, block: Block, activated: bool) -> None:
        if block.slopes is not None:
            slopes = _given(block.slopes.weight)
            self._add(PlannedLayer(kind="prelu", outputs=len(slopes)), {"weight": slopes})
        elif activated:
            kind, slope = self.choice.activation, self.choice.slope
            self._add(PlannedLayer.model_validate({"kind": kind, "value": slope}))

    def _output(self) -> None:
        """The last squashing. What 2 sigmoid(x) - 1 makes is tanh(x / 2)."""
        if self.choice.output == "none":
            return
        if self.choice.output == "sigmoid":
            scaled = max(n for n, part in enumerate(self.parts) if part)
            part = self.parts[scaled]
            halves = {name: part[name] / 2 for name in ("weight", "bias") if name in part}
            self.parts[scaled] = part | halves
        at = len(self.plan) - (self.plan[-1].kind == "maps")
        self.plan.insert(at, PlannedLayer(kind="tanh"))
        self.parts.insert(at, {})

    def _words(self) -> str:
        choice, steps = self.choice, self.structure.steps
        learned = any(block.slopes is not None for block in self.blocks)
        leaky = f"leaky ReLU {choice.slope:g}"
        words = ["learned slopes" if learned else TITLES.get(choice.activation, leaky)]
        words.append("no squashing" if choice.output == "none" else choice.output)
        if self.matrices and steps:
            words.append(f"sides {self._maps()[1]}, {', '.join(str(it.side) for it in steps)}")
        elif steps:
            words.append(f"sides {', '.join(str(it.side) for it in steps)}")
        if any(step.join.enlarged for step in steps):
            words.append(f"enlarged by {choice.enlarged}")
        if any(not step.join.activated for step in steps[not self.matrices :]):
            words.append("not all layers activated")
        if choice.epsilon != USUAL_EPSILON:
            words.append(f"norms with epsilon {choice.epsilon:g}")
        if not choice.norm_first:
            words.append("norms behind activations")
        return ", ".join(words)


def norm_of(
    block: Block, *, flat: bool, epsilon: float, unnamed: str = "instance"
) -> tuple[PlannedLayer, Part] | None:
    """The norm of a block, if it has one; ``unnamed`` is what a norm without memory is."""
    if block.norm is None:
        return None
    part = block.norm.tensors
    channels = block.normed_channels
    plain = {
        "weight": part.get("weight", torch.ones(channels)),
        "bias": part.get("bias", torch.zeros(channels)),
    }
    if "running_mean" not in part:
        return PlannedLayer.model_validate({"kind": unnamed, "outputs": channels}), plain
    running = {
        "running_mean": part["running_mean"],
        "running_var": part["running_var"],
        COUNTER: part.get(COUNTER, torch.zeros((), dtype=torch.int64)),
    }
    layer = PlannedLayer(kind="batch", outputs=channels, flat=flat, value=epsilon)
    return layer, plain | running


def weight_of(block: Block) -> Tensor:
    """The weight of a block's layer."""
    return _given(block.layer.weight)


def _given(tensor: Tensor | None) -> Tensor:
    assert tensor is not None
    return tensor


def _multiplying(block: Block) -> Part:
    tensors = block.layer.tensors
    return {name: tensors[name] for name in ("weight", "bias") if name in tensors}
