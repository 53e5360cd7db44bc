"""A network as a short list of layers that a browser can run.

Few kinds of layer are enough for every architecture here. All else is a matter of where the weights
lie:

- ``linear`` makes every place of its output from ``taps`` x ``taps`` places of its input, which lie
  ``stride`` places apart from one place of the output to the next. The places of the output fall
  into ``phases`` x ``phases`` kinds with weights of their own. A 4x4 transposed convolution of
  stride 2 is four 2x2 ones, one a phase; so is a 3x3 convolution of a map that was enlarged twice
  before; a product with a matrix that makes maps of s x s has s x s phases, one that reads maps of
  s x s has s x s taps and stride s; a 3x3 convolution and the mean of 2x2 places behind it are one
  of 4x4 and stride 2.
- ``norm`` scales and shifts each channel, where that cannot be folded into the layer before.
- ``layer-norm`` and ``instance-norm`` first bring all values, or those of each channel, to mean 0
  and variance 1.
- ``pad`` puts ``margin`` places of black around maps, or takes them away where it is negative.
- ``enlarge`` doubles the side of maps by bilinear interpolation.

A ``linear`` layer of several ``blocks`` makes each share of its outputs from the same share of its
inputs: a grouped convolution. Where it is ``mirrored`` maps go on as their mirror image beyond
their border, and as zeros where it is not. A ``norm`` of several phases repeats every place so
often, each with a scale of its own: a learned picture whose channels a vector scales.

Styles are vectors that scale the channels of maps before and after a convolution: ``unit`` divides
a vector by the root of its mean square, ``times`` multiplies maps with a number a channel, those of
the value ``factor``. A generator with styles has a style of its own for each of its stages, all
behind one another, so that coarse stages may have another's (style mixing): its ``latent`` numbers
stand once for every stage at the input, and the layers that map them have so many blocks. A
``norm`` that is ``styled`` then mixes its rows by numbers of the visitor: the styles as they are,
their mean (truncation), and the directions in which they vary most.

Norms of eval mode are folded into one scale and one shift a channel, for each class where the norm
is conditional. The weights themselves stay what they were, so that those of a half-precision
checkpoint arrive in the browser bit for bit.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

import torch
from torch import Tensor, nn
from torch.nn.functional import pad

from gandash.latent import directions
from gandash.networks import Discriminator, Ensemble, Generator, modern, residual, style
from gandash.networks.layers import (
    ConditionalBatchNorm,
    Equalized,
    Half,
    SelfAttention,
    Twice,
    VirtualBatchNorm,
)
from gandash.networks.players import Head
from gandash.networks.resnet import DownBlock, SumPlaces, UpBlock
from gandash.networks.unet import Down, UNet, Up

FORMAT = 2
SLOPE = 0.2  # of the leaky rectifiers of the networks here
EPSILON = 1e-5  # of norms that measure, as the browser knows it
Activation = Literal["none", "relu", "leaky", "tanh", "square", "rsqrt"]
Labels = Literal["none", "beside", "norms"]
Kind = Literal["linear", "norm", "layer-norm", "instance-norm", "pad", "enlarge", "unit", "times"]
Measuring = nn.InstanceNorm2d | nn.GroupNorm


class UnsupportedError(ValueError):
    """A network that the browser cannot run, and why."""


@dataclass(frozen=True)
class Layer:
    """One layer; value 0 is the input, value n the output of the n-th layer.

    ``source`` is the value that it reads, maps of ``size`` x ``size`` with ``inputs`` channels; it
    makes maps of ``phases * size / stride + 2 margin`` with ``outputs`` channels. ``add`` is the
    value that is added before the activation, enlarged to this size by repeating; 0 if none is.
    ``rows`` is 1 or the number of classes: ``affine`` has a scale and a shift for each. ``slope``
    is that of a leaky rectifier. A ``styled`` layer has rows for the styles as they are, for their
    mean and for each direction in which they vary.
    """

    kind: Kind
    source: int
    size: int
    inputs: int
    outputs: int
    phases: int
    stride: int
    taps: int
    rows: int
    margin: int
    blocks: int
    mirrored: bool
    styled: bool
    factor: int
    add: int
    activation: Activation
    slope: float
    weight: str
    affine: str


@dataclass(frozen=True)
class Program:
    """What a browser needs to know of a network; ``weights`` are the tensors by name.

    The input of a generator is z of ``latent`` numbers, that of a translator an image of as many,
    (``side``, ``side``, channels), that of a discriminator (``latent`` 0) a sample of ``shape``;
    the one-hot class is behind it, at every place, where ``labels`` is "beside". Weights are
    (phases^2, taps^2, inputs / blocks, outputs), affines (rows, 2, phases^2, outputs): scale and
    shift. ``styles`` are the stages of a generator with styles, ``sways`` the directions in which
    these may be moved; 0 of others.
    """

    latent: int
    classes: int
    labels: Labels
    shape: tuple[int, ...]
    layers: tuple[Layer, ...]
    weights: dict[str, Tensor] = field(repr=False, compare=False)
    side: int = 1
    styles: int = 0
    sways: int = 0

    def description(self) -> dict[str, Any]:
        """All but the weights, ready for JSON."""
        fields = {key: value for key, value in vars(self).items() if key != "weights"}
        return {"format": FORMAT} | fields | {"layers": [asdict(layer) for layer in self.layers]}


def describe(G: Generator) -> Program:
    """The program of a generator in eval mode; ``UnsupportedError`` says why there is none."""
    if G.embedding is not None:
        raise UnsupportedError("norms that are told the class and a piece of z are not written yet")
    labels: Labels = "none"
    if G.classes:
        labels = "beside" if G.appended else "norms"
    stages = next((len(it.stages) for it in G.modules() if isinstance(it, style.Synthesis)), 0)
    inputs = G.latent_dim + (G.classes if labels == "beside" else 0)
    writer = _Writer(inputs * max(stages, 1), stages=stages)
    for module in _flat(G.layers):
        writer.read(module)
    layers, weights = writer.written()
    sways = next((layer.rows - 2 for layer in layers if layer.styled), 0)
    return Program(
        G.latent_dim,
        G.classes,
        labels,
        tuple(G.shape),
        layers,
        weights,
        styles=stages,
        sways=sways,
    )


def describe_translator(network: nn.Module, shape: tuple[int, ...]) -> Program:
    """The program of one direction of a translator of images of ``shape`` (C, S, S), in eval mode,
    without dropout; ``UnsupportedError`` says why there is none.
    """
    channels, side, _ = shape
    writer = _Writer(channels, side)
    if isinstance(network, UNet):
        writer.u_net(network)
    else:
        for module in _flat(network):
            writer.read(module)
    layers, weights = writer.written()
    numbers = channels * side * side
    return Program(numbers, 0, "none", tuple(shape), layers, weights, side)


def describe_discriminator(D: Discriminator | Ensemble, shape: tuple[int, ...]) -> Program:
    """The program of a discriminator of single samples of ``shape``, in eval mode.

    Its outputs are such that log sum exp of them is the logit: one, or a score for each class.
    ``UnsupportedError`` says why there is none.
    """
    reason = _why_not_one_by_one(D, shape)
    if reason or isinstance(D, Ensemble):
        raise UnsupportedError(reason)
    head = D.head
    labels: Labels = "norms" if head.embedding is not None else "none"
    classes = 0 if head.embedding is None else head.embedding.num_embeddings
    if D.classes:
        labels = "beside"
        classes = D.classes
    writer = _Writer(shape[0] + D.classes, shape[-1] if len(shape) > 1 else 1)
    for module in _flat(D.layers):
        writer.read(module)
    writer.head(head)
    layers, weights = writer.written()
    return Program(0, classes, labels, tuple(shape), layers, weights)


def _why_not_one_by_one(D: Discriminator | Ensemble, shape: tuple[int, ...]) -> str:
    """Why a discriminator has no opinion on a single sample; empty where it has one."""
    if isinstance(D, Ensemble):
        return "several discriminators have several opinions"
    if tuple(D.shape) != tuple(shape):
        return "it judges several samples at a time"
    if D.head.places > 1:
        return "it judges places and not the sample"
    if D.head.outcomes > 1:
        return "it gives a distribution and not one number"
    if D.head.minibatch != "none":
        return "it compares the samples of a batch with one another"
    return ""


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
    weight: Tensor | None = None  # (phases^2, taps^2, inputs / blocks, outputs); None for a norm
    kind: Kind = "linear"
    stride: int = 1
    margin: int = 0
    blocks: int = 1
    mirrored: bool = False
    styled: bool = False
    factor: int = 0
    add: int = 0
    activation: Activation = "none"
    slope: float = 0.0

    @property
    def outputs(self) -> int:
        return self.affine.shape[-1]

    @property
    def side(self) -> int:
        """Of the output."""
        return self.phases * self.size // self.stride + 2 * self.margin

    def layer(self, number: int) -> Layer:
        taps = 1 if self.weight is None else math.isqrt(self.weight.shape[1])
        return Layer(
            kind=self.kind,
            source=self.source,
            size=self.size,
            inputs=self.inputs,
            outputs=self.outputs,
            phases=self.phases,
            stride=self.stride,
            taps=taps,
            margin=self.margin,
            blocks=self.blocks,
            mirrored=self.mirrored,
            styled=self.styled,
            factor=self.factor,
            rows=len(self.affine),
            add=self.add,
            activation=self.activation,
            slope=self.slope,
            weight="" if self.weight is None else f"{number}.weight",
            affine=f"{number}.affine",
        )


class _Writer:
    """Reads modules in their order and writes layers."""

    def __init__(self, inputs: int, size: int = 1, *, stages: int = 0) -> None:
        self.drafts: list[_Draft] = []
        self.enlarged = False
        self.mirrored = 0  # places beyond the border that the next convolution sees
        self.input = (inputs, size)
        self.stages = stages  # with a style of its own each

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
        known = next((kind for kind in type(module).__mro__ if kind in self.readers), None)
        if known is None:
            self._norm(module)
        else:
            self.readers[known](module)

    @property
    def readers(self) -> Mapping[type, Callable[[Any], object]]:
        """What is known beside norms."""
        return {
            UpBlock: self._up_block,
            DownBlock: self._down_block,
            modern.Start: self._start,
            modern.Block: self._modern_block,
            style.Mapping: self._mapping,
            style.Synthesis: self._synthesis,
            modern.Weighted: lambda it: self._one_by_one(_places_of(it.weight), self._size),
            residual.Block: self._residual_block,
            nn.Linear: lambda it: self._product(it.weight, it.bias),
            nn.ConvTranspose2d: self._transposed,
            nn.Conv2d: self._convolution,
            nn.Upsample: self._enlarge,
            Twice: lambda _: self._double(),
            Half: lambda _: self._halve(self._value),
            Equalized: self._equalized,
            style.Active: lambda _: self._activate_scaled(),
            style.Block: self._style_block,
            nn.ConstantPad2d: self._pad,
            nn.ReflectionPad2d: self._mirror,
            nn.Unflatten: self._unflatten,
            nn.ReLU: lambda _: self._activate("relu"),
            SumPlaces: lambda _: self._activate("relu"),  # the head sums up
            nn.LeakyReLU: lambda it: self._activate("leaky", it.negative_slope),
            nn.Tanh: lambda _: self._activate("tanh"),
            nn.Identity: lambda _: None,
            nn.Flatten: lambda _: None,  # products read maps as they are
        }

    def u_net(self, network: UNet) -> None:
        """Write a U-Net: a product with maps and those that skipped beside them is the sum of two
        products.
        """
        skipped: list[int] = []
        for down in network.down:
            assert isinstance(down, Down)
            if not down.first:
                self._activated("leaky", self._value)
            self._convolution(down.convolution)
            self.read(down.norm)
            skipped.append(self._value)
        self._activated("relu", skipped.pop())
        for up in [*network.up, network.to_image]:
            deep = self._value
            channels, _ = self._shape(deep)
            added = 0
            if up is not network.up[0]:
                self._activated("relu", skipped.pop())
                added = self._halves(up, channels, None)
                self.drafts[-1].affine[:, 1] = 0.0
            self._halves(up, 0, channels, deep)
            self.drafts[-1].add = added
            if isinstance(up.norm, Measuring):
                self._own_norm(up.norm, self._value)
            self._activate("tanh" if up is network.to_image else "relu")

    def _halves(self, up: Up, first: int, last: int | None, source: int | None = None) -> int:
        """What some of the input's channels give to maps of twice the size, normed but by a norm
        that measures: that needs the whole.
        """
        weight = up.convolution.weight[first:last]
        self._add(_transposed_halves(weight), up.convolution.bias, 2, source)
        if not isinstance(up.norm, Measuring | nn.Identity):
            self._norm(up.norm)
        return self._value

    def _activated(self, activation: Activation, source: int) -> int:
        """An activation of a value that is also needed without; a layer of its own."""
        self._append_norm(_plain(self._shape(source)[0]), source)
        self._activate(activation)
        return self._value

    def head(self, head: Head) -> None:
        """Write D's output stage; what it only says of classes is left out."""
        features = self._value
        channels, _ = self._shape(features)
        told = 0
        if head.embedding is not None:
            scales = head.embedding.weight.detach()
            affine = torch.stack([scales, torch.zeros_like(scales)], dim=1)
            self._append_norm(affine, features)
            told = self._product(torch.ones(1, channels), None)
        self._product(*head.matrix(), features)
        self.drafts[-1].add = told

    @property
    def _value(self) -> int:
        """The newest value: the output of the last layer, or the input."""
        return len(self.drafts)

    def _shape(self, value: int) -> tuple[int, int]:
        """Channels and side of a value."""
        if not value:
            return self.input
        draft = self.drafts[value - 1]
        return draft.outputs, draft.side

    @property
    def _channels(self) -> int:
        return self._shape(self._value)[0]

    @property
    def _size(self) -> int:
        return self._shape(self._value)[1]

    def _add(
        self,
        weight: Tensor,
        bias: Tensor | None,
        phases: int,
        source: int | None = None,
        stride: int = 1,
    ) -> int:
        """A linear layer with a bias a channel; returns its value."""
        origin = self._value if source is None else source
        inputs, size = self._shape(origin)
        outputs = weight.shape[-1]
        shift = torch.zeros(outputs) if bias is None else bias.detach()
        affine = torch.stack([torch.ones(outputs), shift])
        affine = affine[None, :, None].repeat(1, 1, phases**2, 1)
        draft = _Draft(origin, size, inputs, phases, affine, weight.detach(), stride=stride)
        self.drafts.append(draft)
        return self._value

    def _product(self, weight: Tensor, bias: Tensor | None, source: int | None = None) -> int:
        """A matrix (out, in) times all entries of maps, or times their sums over all places."""
        channels, size = self._shape(self._value if source is None else source)
        places = weight.shape[1] // channels
        rows = weight.view(len(weight), channels, places).expand(-1, -1, size**2)
        return self._add(rows.permute(2, 1, 0)[None], bias, 1, source, stride=size)

    def _convolution(self, module: nn.Conv2d) -> None:
        kernel, stride, padding = (it[0] for it in _shape_of(module))
        mirrored, self.mirrored = self.mirrored, 0
        if self.enlarged and (stride, mirrored) == (1, 0) and 2 * padding == kernel - 1:
            self.enlarged = False
            self._add(_enlarged(module.weight), module.bias, 2)
        elif self.enlarged or not self._divides(kernel, stride, padding + mirrored):
            raise UnsupportedError(_GEOMETRY.format(kernel, stride))
        else:  # of a kernel that reaches further to one side, the other is filled up with zeros
            filled = pad(module.weight, (0, (kernel - stride) % 2) * 2)
            self._add(_kernel(filled), module.bias, 1, stride=stride)
            self.drafts[-1].mirrored = mirrored > 0
        self.drafts[-1].blocks = module.groups

    def _divides(self, kernel: int, stride: int, padding: int) -> bool:
        """Whether a convolution makes maps of the stride's part of the side."""
        _, size = self._shape(self._value)
        keeps = stride > 1 or kernel % 2 == 1
        return keeps and padding == (kernel - 1) // 2 and size % stride == 0

    def _transposed(self, module: nn.ConvTranspose2d) -> None:
        _, size = self._shape(self._value)
        kernel, stride, padding = (it[0] for it in _shape_of(module))
        extra = module.output_padding[0]
        if (kernel, stride, padding, extra) == (4, 2, 1, 0):
            self._add(_transposed_halves(module.weight), module.bias, phases=2)
        elif kernel - 2 * padding + extra == stride and size > 1:
            self._add(_transposed_phases(module.weight, stride, padding), module.bias, stride)
        elif size == 1 and (stride, padding, extra) == (1, 0, 0):
            # k x k from a single place: (in, out, k, k) to k^2 phases of one tap
            weight = module.weight.permute(2, 3, 0, 1).flatten(0, 1)[:, None]
            self._add(weight, module.bias, phases=kernel)
        else:
            raise UnsupportedError(_GEOMETRY.format(kernel, stride))

    def _enlarge(self, module: nn.Upsample) -> None:
        """Maps of twice the side, which the convolution behind them takes in."""
        if module.scale_factor != 2 or module.mode not in ("nearest", "bilinear"):
            raise UnsupportedError("its maps are enlarged by other means than those known here")
        if module.mode == "nearest":
            self.enlarged = True
        else:
            self._double()

    def _double(self, source: int | None = None) -> int:
        """Maps of twice the side, by bilinear interpolation."""
        origin = self._value if source is None else source
        self._append_norm(_plain(self._shape(origin)[0]), origin, "enlarge")
        last = self.drafts[-1]
        last.phases = 2
        last.affine = last.affine.repeat(1, 1, 4, 1)
        return self._value

    def _one_by_one(self, weight: Tensor, stride: int, source: int | None = None) -> int:
        """Each channel by itself: weights (1, taps^2, 1, channels)."""
        self._add(weight, None, 1, source, stride)
        self.drafts[-1].blocks = weight.shape[-1]
        return self._value

    def _halve(self, source: int) -> int:
        """The means of 2x2 places."""
        return self._one_by_one(torch.full((1, 4, 1, self._shape(source)[0]), 0.25), 2, source)

    def _start(self, module: modern.Start) -> None:
        """A learned picture, each channel scaled by a number that a matrix makes."""
        self._scaled_picture(module.basis, self._product(module.scale.weight, None))

    def _scaled_picture(self, picture: Tensor, scales: int) -> int:
        """A picture (C, k, k) whose channels the vector ``scales`` multiplies."""
        places = picture.detach().flatten(1).T  # (places, channels)
        self._append_norm(_plain(len(picture)), scales)
        last = self.drafts[-1]
        last.affine = torch.stack([places, torch.zeros_like(places)])[None]
        last.phases = picture.shape[-1]
        return self._value

    def _mapping(self, mapping: style.Mapping) -> None:
        if len(mapping.parts) > 1:
            raise UnsupportedError("a class that is mapped to a style is not written yet")
        stages = self.stages
        self._append_norm(_plain(self._channels), self._value, "unit")
        self.drafts[-1].blocks = stages
        for layer in mapping.layers:
            assert isinstance(layer, Equalized)
            self._add(layer.weight.T.repeat(1, stages)[None, None], None, 1)
            self._scale(layer, stages)
            self.drafts[-1].blocks = stages
            self._activate_scaled()
        rows = [torch.full_like(mapping.mean, mapping.psi), (1 - mapping.psi) * mapping.mean]
        moves = [mapping.mean, *directions.of_styles(mapping)]
        affine = torch.stack([torch.stack(rows), *(torch.stack([it * 0, it]) for it in moves)])
        self._append_norm(affine.repeat(1, 1, stages), self._value)
        self.drafts[-1].styled = True

    def _synthesis(self, synthesis: style.Synthesis) -> None:
        w = self._value
        features = image = 0
        for number, stage in enumerate(synthesis.stages):
            assert isinstance(stage, style.Stage)
            if stage.first is not None:
                features = self._modulated(stage.first, self._double(features), w, number)
            start = features if number else None
            features = self._modulated(stage.second, start, w, number, synthesis.start)
            enlarged = self._double(image) if image else 0
            image = self._modulated(stage.to_image, features, w, number, active=False)
            self.drafts[image - 1].add = enlarged

    def _modulated(
        self,
        module: style.Modulated,
        source: int | None,
        w: int,
        stage: int,
        picture: Tensor | None = None,
        *,
        active: bool = True,
    ) -> int:
        """A convolution whose input's and output's channels a style scales; of ``picture`` where
        there is no source yet. ``w`` has the styles of all stages, of which it reads one.
        """
        matrix = module.style.weight.detach()
        wide = torch.zeros(len(matrix), self.stages, matrix.shape[1])
        wide[:, stage] = matrix
        scales = self._product(wide.flatten(1), None, w)
        self._scale(module.style)
        if source is None:
            assert picture is not None
            self._scaled_picture(picture, scales)
        else:
            self._times(source, scales)
        convolution = self._equalized(module.convolution)
        if module.demodulate:
            self._append_norm(_plain(self._shape(scales)[0]), scales)
            self._activate("square")
            weight = module.convolution.weight * module.convolution.scale
            norms = self._product(weight.square().sum((2, 3)), None)
            self.drafts[-1].affine[:, 1] = style.EPS
            self._activate("rsqrt")
            self._times(convolution, norms)
        self.drafts[-1].affine[:, 1] = module.bias.detach()
        if active:
            self._activate_scaled()
        return self._value

    def _times(self, source: int, factor: int) -> int:
        """Maps, each channel times a number of the vector ``factor``."""
        self._append_norm(_plain(self._shape(source)[0]), source, "times")
        self.drafts[-1].factor = factor
        return self._value

    def _equalized(self, layer: Equalized, source: int | None = None) -> int:
        """A matrix or a convolution, scaled where it is used."""
        if layer.weight.dim() == 2:
            self._product(layer.weight, None, source)
        else:
            self._add(_kernel(layer.weight), None, 1, source)
        self._scale(layer)
        return self._value

    def _scale(self, layer: Equalized, times: int = 1) -> None:
        """Scale and shift the newest value as a layer does, which has been written so often."""
        last = self.drafts[-1]
        last.affine[:, 0] = layer.scale
        if layer.bias is not None:
            last.affine[:, 1] = (layer.bias.detach() * layer.rate).repeat(times)

    def _style_block(self, block: style.Block) -> None:
        start = self._value
        for layer in (block.first, block.second):
            self._equalized(layer)
            self._activate_scaled()
        halved = self._halve(self._value)
        self.drafts[-1].affine /= math.sqrt(2)
        self._equalized(block.beside, self._halve(start))
        self.drafts[-1].affine /= math.sqrt(2)
        self.drafts[-1].add = halved

    def _activate_scaled(self) -> None:
        """A leaky rectifier and its gain, which may as well come before it."""
        self.drafts[-1].affine *= style.GAIN
        self._activate("leaky", style.SLOPE)

    def _modern_block(self, block: modern.Block) -> None:
        start = self._value
        for convolution in (block.inwards, block.across):
            self._convolution(convolution)
            self._activate("leaky", modern.SLOPE)
        self._convolution(block.outwards)
        self.drafts[-1].add = start

    def _residual_block(self, block: residual.Block) -> None:
        start = self._value
        for module in block.layers:
            self.read(module)
        self.drafts[-1].add = start

    def _pad(self, module: nn.ConstantPad2d) -> None:
        margin = module.padding[0]
        if module.value != -1:
            raise UnsupportedError("its maps have a margin that is not black")
        self._append_norm(_plain(self._shape(self._value)[0]), self._value, "pad")
        self.drafts[-1].margin = margin

    def _mirror(self, module: nn.ReflectionPad2d) -> None:
        self.mirrored = module.padding[0]

    def _unflatten(self, module: nn.Unflatten) -> None:
        """Entries of a vector become places of maps."""
        last = self.drafts[-1]
        channels, side, _ = module.unflattened_size
        if last.weight is None:
            raise UnsupportedError("a norm stands between its matrix and its maps")
        last.phases = int(side)
        weight = last.weight.view(last.inputs, channels, side * side)
        last.weight = weight.permute(2, 0, 1)[:, None]
        last.affine = last.affine.view(-1, 2, channels, side * side).transpose(2, 3)

    def _activate(self, activation: Activation, slope: float = SLOPE) -> None:
        self.drafts[-1].activation = activation
        self.drafts[-1].slope = slope if activation == "leaky" else 0.0

    def _norm(self, module: nn.Module) -> None:
        """A norm: into the layer before where nothing stands between."""
        if not self.drafts:
            raise UnsupportedError(_why_not(module))  # no norm comes first: it is something else
        last = self.drafts[-1]
        bare = last.activation == "none" and not last.add and last.weight is not None
        if bare and not isinstance(module, Measuring):
            affine = _scale_and_shift(module)
            scale, shift = affine[:, :1, None], affine[:, 1:, None]
            last.affine = torch.cat(
                [last.affine[:, :1] * scale, last.affine[:, 1:] * scale + shift], dim=1
            )
        else:
            self._own_norm(module, self._value)

    def _own_norm(self, module: nn.Module, source: int) -> None:
        """A norm as a layer of its own."""
        kind: Kind = "norm"
        if isinstance(module, Measuring):
            kind = "instance-norm" if isinstance(module, nn.InstanceNorm2d) else "layer-norm"
            affine = torch.stack([module.weight, module.bias])[None].detach()
        elif isinstance(module, nn.Identity):
            affine = _plain(self._shape(source)[0])
        else:
            affine = _scale_and_shift(module)
        self._append_norm(affine, source, kind)

    def _append_norm(self, affine: Tensor, source: int, kind: Kind = "norm") -> None:
        """A layer of scales and shifts (rows, 2, channels)."""
        channels, size = self._shape(source)
        self.drafts.append(_Draft(source, size, channels, 1, affine[:, :, None], kind=kind))

    def _normed(self, module: nn.Module, source: int) -> int:
        """Norm and ReLU of a value that is also needed without; a layer of its own."""
        self._own_norm(module, source)
        self._activate("relu")
        return self._value

    def _up_block(self, block: UpBlock) -> None:
        start = self._value
        shortcut = self._add(_kernel(block.shortcut.weight), block.shortcut.bias, 1, start)
        hidden = self._normed(block.norm_1, start)
        self._add(_enlarged_halves(block.conv_1.weight), block.conv_1.bias, 2, hidden)
        self.read(block.norm_2)
        self._activate("relu")
        self._add(_kernel(block.conv_2.weight), block.conv_2.bias, 1)
        self.drafts[-1].add = shortcut

    def _down_block(self, block: DownBlock) -> None:
        start = self._value
        stride = 2 if block.down else 1
        shortcut = start
        if isinstance(block.shortcut, nn.Conv2d):
            weight = _halving(block.shortcut.weight, stride)
            shortcut = self._add(_kernel(weight), block.shortcut.bias, 1, start, stride)
        hidden = start if block.first else self._normed(block.norm_1, start)
        self._add(_kernel(block.conv_1.weight), block.conv_1.bias, 1, hidden)
        self.read(block.norm_2)
        self._activate("relu")
        weight = _halving(block.conv_2.weight, stride)
        self._add(_kernel(weight), block.conv_2.bias, 1, stride=stride)
        self.drafts[-1].add = shortcut


_GEOMETRY = "its convolution of {0}x{0} with stride {1} is not known to the browser's runtime"


def _shape_of(module: nn.Conv2d | nn.ConvTranspose2d) -> tuple[tuple[int, ...], ...]:
    """Kernel, stride and padding along both axes."""
    paddings = module.padding if isinstance(module.padding, tuple) else (-1, -1)
    return module.kernel_size, module.stride, paddings


def _kernel(weight: Tensor) -> Tensor:
    """(out, in, k, k) to (1, k^2, in, out)."""
    return weight.permute(2, 3, 1, 0).flatten(0, 1)[None]


def _halving(weight: Tensor, stride: int) -> Tensor:
    """A kernel (out, in, k, k) with the mean of ``stride`` x ``stride`` places behind it.

    It sees k + stride - 1 places a side.
    """
    shifts = itertools.product(range(stride), repeat=2)
    more = stride - 1
    return (
        sum(
            (pad(weight, (x, more - x, y, more - y)) for y, x in shifts),
            start=torch.zeros(()),
        )
        / stride**2
    )


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


def _transposed_phases(weight: Tensor, stride: int, padding: int) -> Tensor:
    """Any kernel (in, out, k, k) that makes maps of ``stride`` times the side, to (stride^2,
    taps^2, in, out) with an odd number of taps.

    Along each axis place ``stride`` m + r of the output is made of places m + t of the input with
    entry r + padding - stride t of the kernel, and of nothing where there is no such entry.
    """
    size = weight.shape[-1]
    reach = max((stride - 1 + padding) // stride, (size - 1 - padding) // stride)
    kernel = pad(weight.permute(2, 3, 0, 1), (0, 0, 0, 0, 0, 1, 0, 1))  # the last entries are 0
    wanted = [[r + padding - stride * t for t in range(-reach, reach + 1)] for r in range(stride)]
    return _quarters(kernel, [[it if 0 <= it < size else size for it in row] for row in wanted])


def _enlarged(weight: Tensor) -> Tensor:
    """A kernel (out, in, k, k), k odd, after an enlargement by repeating, to (4, taps^2, in, out).

    Entry d sees place floor((r + d - k // 2) / 2) of the input from place m on.
    """
    size = weight.shape[-1]
    if size == 3:
        return _enlarged_halves(weight)
    half = size // 2
    reach = (half + 1) // 2
    taps = 2 * reach + 1
    spread = torch.zeros(2 * taps, size)
    for r in range(2):
        for d in range(size):
            spread[r * taps + (r + d - half) // 2 + reach, d] = 1.0
    summed = torch.einsum("ay,bx,yxio->abio", spread, spread, weight.permute(2, 3, 1, 0))
    return _quarters(summed, [list(range(taps)), list(range(taps, 2 * taps))])


def _quarters(kernel: Tensor, entries: list[list[int]]) -> Tensor:
    """(k, k, in, out) to (phases, taps, in, out), for the entry of each (phase, tap) of an axis."""
    rows = kernel[torch.tensor(entries)]  # (2, 2, k, in, out)
    both = rows[:, :, torch.tensor(entries)]  # (row phase, row tap, column phase, column tap, ...)
    return both.transpose(1, 2).flatten(2, 3).flatten(0, 1)


def _places_of(weight: Tensor) -> Tensor:
    """Weights of every place of every channel (C, k, k) to (1, k^2, 1, C)."""
    return weight.flatten(1).T[None, :, None]


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
    return f"its layer {type(module).__name__} is not known to the browser's runtime"
