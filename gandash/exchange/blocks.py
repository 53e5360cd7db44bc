"""Layers in blocks: one with weights to multiply by, and the norms that follow it.

Where layers stand in a numbered row, numbers left out say how many modules without tensors stand
between two of them: activations, enlargements, reshapes. Where they have names, nobody knows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, replace
from itertools import pairwise

from gandash.exchange.named_layers import COUNTER, Group, NamedLayer

LARGEST_KERNEL = 16
LEAST_CONTENT = {"running_mean", "running_var", COUNTER}


class RefusedError(ValueError):
    """A group that is no generator, and why; ``read`` says how many layers could be read."""

    def __init__(self, sentence: str, read: int = 0) -> None:
        super().__init__(sentence)
        self.read = read


@dataclass(frozen=True)
class Block:
    """A layer (``linear`` or not), its norm and its learned slopes, if any.

    ``inside`` modules without tensors stand between the layer and its norm, and ``after`` between
    the last of these and the next layer; ``None`` where names do not say.
    """

    layer: NamedLayer
    norm: NamedLayer | None = None
    slopes: NamedLayer | None = None
    inside: int | None = None
    after: int | None = None

    @property
    def linear(self) -> bool:
        weight = self.layer.weight
        return weight is not None and weight.dim() == 2

    @property
    def last(self) -> NamedLayer:
        return self.slopes or self.norm or self.layer

    @property
    def normed_channels(self) -> int:
        """Channels that the norm has; 0 without one."""
        return 0 if self.norm is None else _length(self.norm)


def blocks_of(group: Group) -> list[Block]:
    """The blocks of a group in their order; :class:`RefusedError` names what belongs in none."""
    blocks: list[Block] = []
    early: list[NamedLayer] = []
    for read, layer in enumerate(group.layers):
        if _multiplies(layer, read):
            blocks.append(Block(layer))
        elif not blocks or not _taken(blocks, layer):
            early.append(layer)
    if not blocks:
        raise RefusedError(f"{group.prefix or 'the file'!r} has no layer with weights")
    if early:
        blocks = _paired(blocks, early)
    return [
        replace(block, after=gap(block.last, following.layer))
        for block, following in pairwise(blocks)
    ] + blocks[-1:]


def gap(one: NamedLayer, other: NamedLayer) -> int | None:
    """How many modules without tensors stand between two layers; ``None`` if names do not say."""
    (row, number), (other_row, other_number) = one.place, other.place
    if row != other_row or number is None or other_number is None:
        return None
    return max(other_number - number - 1, 0)


def _check_vectors(layer: NamedLayer, read: int) -> None:
    """Whatever stands beside a weight is a row of numbers; of a norm, one a channel."""
    for last, tensor in layer.tensors.items():
        if last != COUNTER and not (tensor.is_floating_point() and tensor.numel()):
            raise RefusedError(f"layer {layer.name!r} has a {last} that holds no numbers", read)
    beside = {
        last: it
        for last, it in layer.tensors.items()
        if last in ("bias", "running_mean", "running_var") or (last == "weight" and it.dim() == 1)
    }
    lengths = {it.numel() if it.dim() == 1 else -1 for it in beside.values()}
    halves = len({"running_mean", "running_var"} & layer.tensors.keys())
    if len(lengths) > 1 or -1 in lengths or halves == 1:
        raise RefusedError(
            f"layer {layer.name!r} has {', '.join(beside)} that do not belong together", read
        )


def _multiplies(layer: NamedLayer, read: int) -> bool:
    """Whether a layer multiplies, by a matrix or kernels; if it cannot be used, it is refused."""
    _check_vectors(layer, read)
    weight = layer.weight
    if weight is None:
        if LEAST_CONTENT >= layer.tensors.keys() >= {"running_mean", "running_var"}:
            return False
        names = ", ".join(layer.tensors)
        raise RefusedError(f"layer {layer.name!r} has no weight but {names}", read)
    extra = layer.tensors.keys() - {"weight", "bias"} - LEAST_CONTENT
    if extra:
        raise RefusedError(f"layer {layer.name!r} has {', '.join(extra)} beside its weight", read)
    if weight.dim() == 4 and (
        weight.shape[2] != weight.shape[3] or weight.shape[2] > LARGEST_KERNEL
    ):
        raise RefusedError(
            f"layer {layer.name!r} has weights {layer.shape}, whose kernel is not a square of at "
            f"most {LARGEST_KERNEL} pixels",
            read,
        )
    if weight.dim() not in (1, 2, 4):
        raise RefusedError(
            f"layer {layer.name!r} has weights {layer.shape}: neither a matrix, nor kernels, nor a "
            "norm",
            read,
        )
    if weight.dim() == 2 and layer.bias is not None and len(layer.bias) != len(weight):
        raise RefusedError(
            f"layer {layer.name!r} has weights {layer.shape} and a bias of {len(layer.bias)}", read
        )
    return weight.dim() != 1


def _taken(blocks: list[Block], layer: NamedLayer) -> bool:
    """Whether the last block takes a layer that does not multiply."""
    block = blocks[-1]
    if layer.bias is None and "running_mean" not in layer.tensors:
        if block.slopes is not None:
            return False
        blocks[-1] = replace(block, slopes=layer)
        return True
    if block.norm is not None or block.slopes is not None:
        return False
    blocks[-1] = replace(block, norm=layer, inside=gap(block.layer, layer))
    return True


def _paired(blocks: Sequence[Block], early: Iterable[NamedLayer]) -> list[Block]:
    """Blocks with all norms where their channels fit: the file defines norms apart from layers."""
    norms = [block.norm for block in blocks if block.norm is not None]
    norms = sorted([*norms, *early], key=lambda norm: (norm.place[0], norm.place[1] or 0))
    paired = [replace(block, norm=None, inside=None) for block in blocks]
    at = 0
    for norm in norms:
        length = _length(norm)
        while at < len(paired) and not _fits(paired[at].layer, length):
            at += 1
        if at == len(paired):
            raise RefusedError(
                f"layer {norm.name!r} is a norm of {length} channels, and no layer makes as many",
                at,
            )
        paired[at] = replace(paired[at], norm=norm)
        at += 1
    return paired


def _fits(layer: NamedLayer, length: int) -> bool:
    weight = layer.weight
    assert weight is not None
    if weight.dim() == 2:
        return int(weight.shape[0]) % length == 0
    return length in weight.shape[:2]


def _length(norm: NamedLayer) -> int:
    tensor = norm.tensors.get("running_mean", norm.weight)
    assert tensor is not None
    return len(tensor)
