"""Layers that make a network see more than its own input.

Its batch, a reference, its labels, far places.
"""

from __future__ import annotations

import math
from collections.abc import Callable

import torch
from torch import Tensor, nn
from torch.nn.functional import avg_pool2d, conv2d, interpolate, linear, one_hot, softmax

from gandash.config import Norm

NormFactory = Callable[[int], nn.Module]
WIDEST = 4  # times the width beside the image
REFERENCE = 64  # examples in the reference batch of virtual batch norm


class MinibatchDiscrimination(nn.Module):
    """Features (N, A) to (N, A + B): beside each one's own, how near it is to the rest of its
    batch.

    o_i = sum over j != i of exp(-|M_i - M_j|_1) with M = f T, T (A, B, C) drawn from N(0, 0.05)
    (Salimans et al. 2016, arXiv:1606.03498, section 3.2). Real and generated images must come
    in batches of their own.
    """

    def __init__(self, features: int, kernels: int = 100, dim: int = 5) -> None:
        super().__init__()
        self.shape = (kernels, dim)
        self.T = nn.Parameter(torch.empty(features, kernels * dim))

    def reset(self, rng: torch.Generator) -> None:
        nn.init.normal_(self.T, 0.0, 0.05, generator=rng)

    def forward(self, features: Tensor) -> Tensor:
        products = (features @ self.T.to(features.dtype)).view(-1, *self.shape)  # (N, B, C)
        M = products.permute(2, 0, 1).contiguous()  # (C, N, B): the short axis first is faster
        distances = (M[:, :, None] - M[:, None]).abs().sum(0)  # (N, N, B)
        closeness = (-distances).exp().sum(1) - 1  # each is at distance 0 of itself
        return torch.cat([features, closeness], dim=1)


def minibatch_stddev(features: Tensor) -> Tensor:
    """Features (N, C, H, W) or (N, C) with one more channel: the batch's mean standard deviation.

    The deviation over the batch is taken per place and averaged to one number (Karras et al. 2018,
    arXiv:1710.10196, section 3).
    """
    deviation = (features.var(0, unbiased=False) + 1e-8).sqrt().mean()
    return torch.cat([features, deviation.expand_as(features[:, :1])], dim=1)


class VirtualBatchNorm(nn.Module):
    """Normalize each example with a fixed reference batch and itself (Salimans et al. 2016, section
    3.5).

    Takes the reference's R features in front of the batch's, (R + N, C, ...): both went through the
    same layers with today's weights. Statistics of an example are c times its own and 1 - c times
    the reference's, c = 1 / (R + 1); the reference itself is normalized with its own.
    """

    def __init__(self, channels: int, reference: int, eps: float = 1e-5) -> None:
        super().__init__()
        self.reference = reference
        self.eps = eps
        self.weight = nn.Parameter(torch.ones(channels))
        self.bias = nn.Parameter(torch.zeros(channels))

    def forward(self, features: Tensor) -> Tensor:
        r = features[: self.reference]
        x = features[self.reference :]
        places = tuple(range(2, features.dim()))
        mean_r = r.mean((0, *places), keepdim=True)
        square_r = r.square().mean((0, *places), keepdim=True)
        own_mean = x.mean(places, keepdim=True) if places else x
        own_square = x.square().mean(places, keepdim=True) if places else x.square()
        c = 1 / (self.reference + 1)
        mean = c * own_mean + (1 - c) * mean_r
        square = c * own_square + (1 - c) * square_r
        normalized = torch.cat(
            [self._normalize(r, mean_r, square_r), self._normalize(x, mean, square)]
        )
        shape = (1, -1, *[1] * len(places))
        return normalized * self.weight.view(shape) + self.bias.view(shape)

    def _normalize(self, x: Tensor, mean: Tensor, square: Tensor) -> Tensor:
        return (x - mean) * ((square - mean.square()).clamp(min=0) + self.eps).rsqrt()


class ConditionalBatchNorm(nn.Module):
    """Batch norm (N, C, H, W) whose scale and shift depend on the label (Dumoulin et al. 2017,
    arXiv:1610.07629).
    """

    def __init__(self, channels: int, classes: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale = nn.Embedding(classes, channels)
        self.shift = nn.Embedding(classes, channels)

    def reset(self, _rng: torch.Generator) -> None:
        nn.init.ones_(self.scale.weight)
        nn.init.zeros_(self.shift.weight)

    def forward(self, features: Tensor, labels: Tensor) -> Tensor:
        scale = self.scale(labels)[:, :, None, None]
        shift = self.shift(labels)[:, :, None, None]
        return self.norm(features) * scale + shift  # type: ignore[no-any-return]


class EmbeddedBatchNorm(nn.Module):
    """Batch norm (N, C, H, W) whose scale, 1 + A c, and shift, B c, are linear in a vector c
    (N, inputs) of what an image is to be (Brock et al. 2019, arXiv:1809.11096, appendix B.1).
    """

    def __init__(self, channels: int, inputs: int) -> None:
        super().__init__()
        self.norm = nn.BatchNorm2d(channels, affine=False)
        self.scale = nn.Linear(inputs, channels, bias=False)
        self.shift = nn.Linear(inputs, channels, bias=False)

    def forward(self, features: Tensor, wanted: Tensor) -> Tensor:
        scale = 1 + self.scale(wanted)[:, :, None, None]
        shift = self.shift(wanted)[:, :, None, None]
        return self.norm(features) * scale + shift  # type: ignore[no-any-return]


class SelfAttention(nn.Module):
    """Each place looks at all others: x + gamma o(softmax(f(x)^T g(x)) h(x)) (Zhang et al. 2019,
    arXiv:1805.08318).

    f and g have C / 8 channels, h has C / 2; gamma starts at 0, so that a new layer changes
    nothing.
    """

    def __init__(self, channels: int) -> None:
        super().__init__()
        narrow = max(channels // 8, 1)
        middle = max(channels // 2, 1)
        self.f = nn.Conv2d(channels, narrow, 1, bias=False)
        self.g = nn.Conv2d(channels, narrow, 1, bias=False)
        self.h = nn.Conv2d(channels, middle, 1, bias=False)
        self.o = nn.Conv2d(middle, channels, 1, bias=False)
        self.gamma = nn.Parameter(torch.zeros(()))

    def forward(self, x: Tensor) -> Tensor:
        n, _, height, width = x.shape
        f = self.f(x).flatten(2)  # (N, c, HW), as g and h
        g = self.g(x).flatten(2)
        h = self.h(x).flatten(2)
        attention = softmax(g.transpose(1, 2) @ f, dim=-1)  # (N, HW, HW): where place i looks
        seen = (attention @ h.transpose(1, 2)).transpose(1, 2).reshape(n, -1, height, width)
        return x + self.gamma * self.o(seen)  # type: ignore[no-any-return]


class LabelledSequential(nn.Sequential):
    """Layers in a row, of which some also take the labels."""

    def forward(self, features: Tensor, labels: Tensor | None = None) -> Tensor:
        for layer in self:
            takes_labels = isinstance(layer, LabelledSequential | ConditionalBatchNorm)
            features = layer(features, labels) if takes_labels else layer(features)
        return features


class Equalized(nn.Module):
    """Weights (outputs, inputs, k, k) or (outputs, inputs) of N(0, 1), scaled by 1 / sqrt(fan-in)
    where they are used, so that Adam moves all of them alike; ``rate`` scales how fast they learn.
    Biases begin as ``start``.
    """

    def __init__(
        self, *shape: int, rate: float = 1.0, start: float = 0.0, bias: bool = True
    ) -> None:
        super().__init__()
        self.weight = nn.Parameter(torch.empty(shape))
        self.bias = nn.Parameter(torch.empty(shape[0])) if bias else None
        self.rate = rate
        self.start = start
        self.scale = rate / math.sqrt(math.prod(shape[1:]))

    def reset(self, rng: torch.Generator) -> None:
        nn.init.normal_(self.weight, 0.0, 1 / self.rate, generator=rng)
        if self.bias is not None:
            nn.init.constant_(self.bias, self.start / self.rate)

    def used(self) -> tuple[Tensor, Tensor | None]:
        """Weights and biases as they are used."""
        return self.weight * self.scale, None if self.bias is None else self.bias * self.rate

    def forward(self, features: Tensor) -> Tensor:
        weight, bias = self.used()
        if weight.dim() == 2:
            return linear(features, weight, bias)
        return conv2d(features, weight, bias, padding=weight.shape[-1] // 2)


class Twice(nn.Module):
    """Maps of twice the size, by bilinear interpolation."""

    def forward(self, features: Tensor) -> Tensor:
        return interpolate(features, scale_factor=2, mode="bilinear", align_corners=False)


class Half(nn.Module):
    """Maps of half the size: bilinear interpolation, which is the mean of 2x2 places here."""

    def forward(self, features: Tensor) -> Tensor:
        return avg_pool2d(features, 2)


def append_labels(x: Tensor, labels: Tensor, classes: int) -> Tensor:
    """Vectors (N, d) or images (N, C, H, W) with the one-hot label as further entries or constant
    channels.
    """
    hot = one_hot(labels, classes).to(x.dtype)
    hot = hot.view(*hot.shape, *[1] * (x.dim() - 2)).expand(-1, -1, *x.shape[2:])
    return torch.cat([x, hot], dim=1)


def pack(images: Tensor, count: int) -> Tensor:
    """Join every ``count`` samples of a batch (N, C, ...) along the channels: (N / count, count C,
    ...).

    D then judges packs instead of single samples (Lin et al. 2018, PacGAN, arXiv:1712.04086).
    """
    return images if count == 1 else images.reshape(len(images) // count, -1, *images.shape[2:])


def widths_by_size(width: int, size: int) -> list[int]:
    """Channels at each size from the image's to 4 pixels: twice as many each, up to four times."""
    return [min(width << number, WIDEST * width) for number in range((size // 4).bit_length())]


def norm_layer(
    kind: Norm, channels: int, *, flat: bool = False, classes: int = 0, embedded: int = 0
) -> nn.Module:
    """A normalization by its name, for maps or (``flat``) for vectors; conditional if there are
    ``classes``, or on a vector of ``embedded`` numbers.

    Batch norm uses the batch, virtual batch norm a reference, instance norm each image and channel,
    layer norm each image (or vector).
    """
    if kind == "batch":
        if embedded:
            return EmbeddedBatchNorm(channels, embedded)
        if classes:
            return ConditionalBatchNorm(channels, classes)
        return nn.BatchNorm1d(channels) if flat else nn.BatchNorm2d(channels)
    if kind == "virtual":
        return VirtualBatchNorm(channels, REFERENCE)
    if kind == "instance":
        return nn.InstanceNorm2d(channels, affine=True)
    return nn.GroupNorm(1, channels) if kind == "layer" else nn.Identity()
