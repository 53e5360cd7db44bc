"""A generator as a short list of layers that a browser can run.

Two kinds of layer are enough for every architecture here. All else is a matter of where the weights
lie:

- ``linear`` makes every place of its output from ``taps`` x ``taps`` places of its input. The
  places of the output fall into ``phases`` x ``phases`` kinds with weights of their own. A 4x4
  transposed convolution of stride 2 is four 2x2 ones, one a phase; so is a 3x3 convolution of a map
  that was enlarged twice before; a product with a matrix that makes maps of s x s has s x s phases.
- ``norm`` scales and shifts each channel, where that cannot be folded into the layer before.

Norms of eval mode are folded into one scale and one shift a channel, for each class where the norm
is conditional. The weights themselves stay what they were, so that those of a half-precision
checkpoint arrive in the browser bit for bit.
"""

from __future__ import annotations

import math
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn

from gandash.networks import Generator
from gandash.networks.layers import ConditionalBatchNorm, SelfAttention, VirtualBatchNorm
from gandash.networks.resnet import UpBlock

FORMAT = 1
Activation = Literal["none", "relu", "tanh"]


class UnsupportedError(ValueError):
    """A generator that the browser cannot run, and why."""


@dataclass(frozen=True)
class Layer:
    """One layer; value 0 is the input, value n the output of the n-th layer.

    ``source`` is the value that it reads, maps of ``size`` x ``size`` with ``inputs`` channels; it
    makes maps of ``phases * size`` with ``outputs`` channels. ``add`` is the value that is added
    before the activation, enlarged to this size by repeating; 0 if none is. ``rows`` is 1 or the
    number of classes: ``affine`` has a scale and a shift for each.
    """

    kind: Literal["linear", "norm"]
    source: int
    size: int
    inputs: int
    outputs: int
    phases: int
    taps: int
    rows: int
    add: int
    activation: Activation
    weight: str
    affine: str


@dataclass(frozen=True)
class Program:
    """What a browser needs to know of a generator; ``weights`` are the tensors by name.

    The input is z, and the one-hot class behind it where ``labels`` is "beside". Weights are
    (phases^2, taps^2, inputs, outputs), affines (rows, 2, phases^2, outputs): scale and shift.
    """

    latent: int
    classes: int
    labels: Literal["none", "beside", "norms"]
    shape: tuple[int, ...]
    layers: tuple[Layer, ...]
    weights: dict[str, Tensor] = field(repr=False, compare=False)

    def description(self) -> dict[str, Any]:
        """All but the weights, ready for JSON."""
        fields = {key: value for key, value in vars(self).items() if key != "weights"}
        return {"format": FORMAT} | fields | {"layers": [asdict(layer) for layer in self.layers]}


def describe(G: Generator) -> Program:
    """The program of a generator in eval mode; ``UnsupportedError`` says why there is none."""
    labels: Literal["none", "beside", "norms"] = "none"
    if G.classes:
        labels = "beside" if G.appended else "norms"
    writer = _Writer(G.latent_dim + (G.classes if labels == "beside" else 0))
    for module in _flat(G.layers):
        writer.read(module)
    layers, weights = writer.written()
    return Program(G.latent_dim, G.classes, labels, tuple(G.shape), layers, weights)


def _flat(layers: nn.Module) -> list[nn.Module]:
    """The layers in a row, those of nested rows in their place."""
    modules: list[nn.Module] = []
    for module in layers.children():
        nested = isinstance(module, nn.Sequential) and not isinstance(module, UpBlock)
        modules += _flat(module) if nested else [module]
    return modules


@dataclass
class _Draft:
    """A layer that what follows may still change."""

    source: int
    size: int
    inputs: int
    phases: int
    affine: Tensor  # (rows, 2, phases^2, outputs)
    weight: Tensor | None = None  # (phases^2, taps^2, inputs, outputs); None for a norm
    add: int = 0
    activation: Activation = "none"

    @property
    def outputs(self) -> int:
        return self.affine.shape[-1]

    def layer(self, number: int) -> Layer:
        taps = 1 if self.weight is None else math.isqrt(self.weight.shape[1])
        return Layer(
            kind="norm" if self.weight is None else "linear",
            source=self.source,
            size=self.size,
            inputs=self.inputs,
            outputs=self.outputs,
            phases=self.phases,
            taps=taps,
            rows=len(self.affine),
            add=self.add,
            activation=self.activation,
            weight="" if self.weight is None else f"{number}.weight",
            affine=f"{number}.affine",
        )


class _Writer:
    """Reads modules in their order and writes layers."""

    def __init__(self, inputs: int) -> None:
        self.drafts: list[_Draft] = []
        self.inputs = inputs

    def written(self) -> tuple[tuple[Layer, ...], dict[str, Tensor]]:
        layers = tuple(draft.layer(number) for number, draft in enumerate(self.drafts, 1))
        weights: dict[str, Tensor] = {}
        for draft, layer in zip(self.drafts, layers, strict=True):
            weights[layer.affine] = draft.affine.float().contiguous()
            if draft.weight is not None:
                weights[layer.weight] = draft.weight.half().contiguous()
        return layers, weights

    def read(self, module: nn.Module) -> None:
        """Write what one module does; ``UnsupportedError`` if that is not known."""
        if isinstance(module, UpBlock):
            self._up_block(module)
        elif isinstance(module, nn.Linear):
            self._add(module.weight.t()[None, None], module.bias, phases=1)
        elif isinstance(module, nn.ConvTranspose2d):
            self._transposed(module)
        elif isinstance(module, nn.Conv2d):
            self._add(_convolution(module), module.bias, phases=1)
        elif isinstance(module, nn.Unflatten):
            self._unflatten(module)
        elif isinstance(module, nn.ReLU):
            self._activate("relu")
        elif isinstance(module, nn.Tanh):
            self._activate("tanh")
        elif not isinstance(module, nn.Identity):
            self._norm(_scale_and_shift(module))

    @property
    def _value(self) -> int:
        """The newest value: the output of the last layer, or the input."""
        return len(self.drafts)

    def _shape(self, value: int) -> tuple[int, int]:
        """Channels and side of a value."""
        if not value:
            return self.inputs, 1
        draft = self.drafts[value - 1]
        return draft.outputs, draft.phases * draft.size

    def _add(
        self, weight: Tensor, bias: Tensor | None, phases: int, source: int | None = None
    ) -> int:
        """A linear layer with a bias a channel; returns its value."""
        origin = self._value if source is None else source
        inputs, size = self._shape(origin)
        outputs = weight.shape[-1]
        shift = torch.zeros(outputs) if bias is None else bias.detach()
        affine = torch.stack([torch.ones(outputs), shift])
        affine = affine[None, :, None].repeat(1, 1, phases**2, 1)
        self.drafts.append(_Draft(origin, size, inputs, phases, affine, weight.detach()))
        return self._value

    def _transposed(self, module: nn.ConvTranspose2d) -> None:
        if module.stride == (2, 2):
            self._add(_transposed_halves(module.weight), module.bias, phases=2)
        else:  # 4x4 from a single place: (in, out, 4, 4) to 16 phases of one tap
            weight = module.weight.permute(2, 3, 0, 1).flatten(0, 1)[:, None]
            self._add(weight, module.bias, phases=module.kernel_size[0])

    def _unflatten(self, module: nn.Unflatten) -> None:
        """Entries of a vector become places of maps."""
        last = self.drafts[-1]
        channels, side, _ = module.unflattened_size
        assert last.weight is not None
        last.phases = int(side)
        weight = last.weight.view(last.inputs, channels, side * side)
        last.weight = weight.permute(2, 0, 1)[:, None]
        last.affine = last.affine.view(-1, 2, channels, side * side).transpose(2, 3)

    def _activate(self, activation: Activation) -> None:
        self.drafts[-1].activation = activation

    def _norm(self, affine: Tensor, source: int | None = None) -> int:
        """A norm (rows, 2, channels): into the layer before where nothing stands between."""
        origin = self._value if source is None else source
        last = self.drafts[-1]
        bare = last.activation == "none" and not last.add and last.weight is not None
        if source is None and bare:
            scale, shift = affine[:, :1, None], affine[:, 1:, None]
            last.affine = torch.cat(
                [last.affine[:, :1] * scale, last.affine[:, 1:] * scale + shift], dim=1
            )
        else:
            channels, size = self._shape(origin)
            self.drafts.append(_Draft(origin, size, channels, 1, affine[:, :, None]))
        return self._value

    def _normed(self, module: nn.Module, source: int) -> int:
        """Norm and ReLU of a value that is also needed without; a layer of its own."""
        channels, _ = self._shape(source)
        bare = isinstance(module, nn.Identity)
        affine = _plain(channels) if bare else _scale_and_shift(module)
        value = self._norm(affine, source)
        self._activate("relu")
        return value

    def _up_block(self, block: UpBlock) -> None:
        start = self._value
        shortcut = self._add(_convolution(block.shortcut), block.shortcut.bias, 1, start)
        hidden = self._normed(block.norm_1, start)
        self._add(_enlarged_halves(block.conv_1.weight), block.conv_1.bias, 2, hidden)
        self.read(block.norm_2)
        self._activate("relu")
        self._add(_convolution(block.conv_2), block.conv_2.bias, 1)
        self.drafts[-1].add = shortcut


def _convolution(module: nn.Conv2d) -> Tensor:
    """(out, in, k, k) to (1, k^2, in, out)."""
    return module.weight.permute(2, 3, 1, 0).flatten(0, 1)[None]


def _transposed_halves(weight: Tensor) -> Tensor:
    """A 4x4 kernel of stride 2 and padding 1, (in, out, 4, 4), to (4, 4, in, out).

    Along each axis place 2m + r of the output is made of places m + r - 1 + t of the input, t = 0
    and 1, with entry 3 - r - 2t of the kernel.
    """
    entries = [[3 - r - 2 * t for t in range(2)] for r in range(2)]
    return _quarters(weight.permute(2, 3, 0, 1), entries)


def _enlarged_halves(weight: Tensor) -> Tensor:
    """A 3x3 kernel after an enlargement by repeating, (out, in, 3, 3), to (4, 4, in, out).

    Entries that see copies of the same place are summed: 0 and 1 + 2 where r = 0, 0 + 1 and 2 where
    r = 1.
    """
    kernel = weight.permute(2, 3, 1, 0)
    spread = torch.tensor([[1.0, 0, 0], [0, 1, 1], [1, 1, 0], [0, 0, 1]])  # (2r + t, entry)
    summed = torch.einsum("ay,bx,yxio->abio", spread, spread, kernel)
    return _quarters(summed, [[0, 1], [2, 3]])


def _quarters(kernel: Tensor, entries: list[list[int]]) -> Tensor:
    """(k, k, in, out) to (phases, taps, in, out), for the entry of each (phase, tap) of an axis."""
    rows = kernel[torch.tensor(entries)]  # (2, 2, k, in, out)
    both = rows[:, :, torch.tensor(entries)]  # (row phase, row tap, column phase, column tap, ...)
    return both.transpose(1, 2).flatten(2, 3).flatten(0, 1)


def _plain(channels: int) -> Tensor:
    return torch.stack([torch.ones(channels), torch.zeros(channels)])[None]


def _scale_and_shift(norm: nn.Module) -> Tensor:
    """A norm of eval mode as (rows, 2, channels)."""
    if isinstance(norm, ConditionalBatchNorm):
        return _batch_norm(norm.norm, norm.scale.weight, norm.shift.weight)
    if isinstance(norm, nn.BatchNorm1d | nn.BatchNorm2d):
        return _batch_norm(norm, norm.weight[None], norm.bias[None])
    raise UnsupportedError(_why_not(norm))


def _batch_norm(norm: nn.BatchNorm1d | nn.BatchNorm2d, gain: Tensor, bias: Tensor) -> Tensor:
    assert norm.running_mean is not None
    assert norm.running_var is not None
    scale = gain.double() / (norm.running_var.double() + norm.eps).sqrt()
    shift = bias.double() - norm.running_mean.double() * scale
    return torch.stack([scale, shift], dim=1).detach()


def _why_not(module: nn.Module) -> str:
    if isinstance(module, SelfAttention):
        return "self-attention compares every place with every other, which is not written yet"
    if isinstance(module, VirtualBatchNorm):
        return "virtual batch norm needs its reference batch beside every image"
    if isinstance(module, nn.InstanceNorm2d | nn.GroupNorm):
        return "instance and layer norm measure every image anew and cannot be folded into weights"
    return f"its layer {type(module).__name__} is not known to the browser's runtime"
