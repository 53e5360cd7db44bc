"""A file's tensors as layers, and the groups of layers that may be a network.

Names say what belongs together: ``generator.main.3.weight`` is a tensor of layer ``main.3`` in a
group ``generator``. Which group is a network, nobody says: every one is a proposal, the widest
first. What was trained with spectral or weight norm becomes the weight that such a layer works
with.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass

import torch
from torch import Tensor

Part = dict[str, Tensor]  # one layer's tensors by their last name
COUNTER = "num_batches_tracked"
PARAMETRIZED = ".parametrizations."


@dataclass(frozen=True)
class NamedLayer:
    """A layer of a file by its whole name."""

    name: str
    tensors: Part

    @property
    def weight(self) -> Tensor | None:
        return self.tensors.get("weight")

    @property
    def bias(self) -> Tensor | None:
        return self.tensors.get("bias")

    @property
    def shape(self) -> str:
        """The weight's shape in words."""
        return "none" if self.weight is None else "x".join(map(str, self.weight.shape))

    @property
    def place(self) -> tuple[str, int | None]:
        """The row that the layer stands in, and where, if that row is numbered."""
        row, _, last = self.name.rpartition(".")
        return row, int(last) if last.isdigit() else None


@dataclass(frozen=True)
class Group:
    """Layers that may be a network, in the order of the file; ``prefix`` begins their names."""

    prefix: str
    layers: tuple[NamedLayer, ...]


def groups(tensors: Mapping[str, Tensor]) -> Iterator[Group]:
    """Everything in a file, then what each of its names' beginnings holds, the widest first."""
    layers = [NamedLayer(name, _plain(part)) for name, part in _parts(tensors).items()]
    waiting: list[tuple[str, list[NamedLayer]]] = [("", layers)]
    while waiting:
        prefix, inside = waiting.pop(0)
        yield Group(prefix, tuple(inside))
        below: dict[str, list[NamedLayer]] = {}
        for layer in inside:
            rest = layer.name.removeprefix(f"{prefix}." if prefix else "")
            first, dot, _ = rest.partition(".")
            if dot:
                below.setdefault(f"{prefix}.{first}" if prefix else first, []).append(layer)
        waiting += [item for item in below.items() if len(item[1]) > 1]


def _parts(tensors: Mapping[str, Tensor]) -> dict[str, Part]:
    parts: dict[str, Part] = {}
    for name, tensor in tensors.items():
        layer, parametrized, last = name.partition(PARAMETRIZED)
        if not parametrized:
            layer, _, last = name.rpartition(".")
        parts.setdefault(layer, {})[last] = tensor
    return parts


def in_order_of_names(layers: Iterable[NamedLayer]) -> tuple[NamedLayer, ...]:
    """By their names, in which numbers count as such: layer 10 comes after layer 9."""
    return tuple(sorted(layers, key=lambda layer: in_numbers(layer.name)))


def in_numbers(name: str) -> list[tuple[bool, int, str]]:
    """A key to sort names by, in which numbers count as such."""
    return [
        (not part.isdigit(), int(part) if part.isdigit() else 0, part) for part in name.split(".")
    ]


def _plain(part: Part) -> Part:
    """A layer's tensors with the weight that it works with, in eval mode."""
    renamed = {
        {
            "weight.original": "weight_orig",
            "weight.0._u": "weight_u",
            "weight.0._v": "weight_v",
        }.get(last, last)
        .replace("weight.original0", "weight_g")
        .replace("weight.original1", "weight_v"): tensor
        for last, tensor in part.items()
    }
    kept = {last: it for last, it in renamed.items() if not last.startswith("weight_")}
    try:
        if {"weight_orig", "weight_u", "weight_v"} <= renamed.keys():
            return kept | {"weight": _spectral(renamed)}
        if {"weight_g", "weight_v"} <= renamed.keys():
            return kept | {"weight": _of_length(renamed["weight_v"], renamed["weight_g"])}
    except (RuntimeError, IndexError):  # shapes that do not belong together: no layer, as is said
        return renamed
    return renamed


def _of_length(direction: Tensor, length: Tensor) -> Tensor:
    """Weights of a direction and a length (weight norm), one for each place of its first axis."""
    axes = [axis for axis in range(length.dim()) if length.shape[axis] == 1]
    return direction * length / direction.float().square().sum(axes, keepdim=True).sqrt()


def _spectral(part: Part) -> Tensor:
    """The weight divided by its largest singular value, as the vectors beside it give that.

    Those of a transposed convolution are of its second axis; where both axes are alike, the pair of
    axes that gives the larger value is theirs.
    """
    weight, u, v = (part[f"weight_{last}"].float() for last in ("orig", "u", "v"))
    sigmas = []
    for axis in range(min(weight.dim(), 2)):
        matrix = weight.transpose(0, axis).flatten(1)
        if matrix.shape == (len(u), len(v)):
            sigmas.append(torch.dot(u, matrix @ v))
    return weight / max(sigmas, key=abs) if sigmas else weight
