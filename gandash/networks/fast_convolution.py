"""The 4x4 convolutions of the DCGAN: torch's own, but for what a matrix product does sooner on a
CPU.

The first of G sees one place only, so that it is a product altogether: on 2 cores 0.7 ms forth and
back instead of 5, 100 numbers to 256 channels in batches of 128. The others have stride 2 and
padding 1. For the gradient of their weights in bf16 oneDNN multiplies the rows of a map one by one,
which leaves most of an AMX unit idle where rows are short: from 128 channels of 8x8 to 256 of 4x4
it takes 7 ms, from 256 to 512 it takes 36. Cut into patches first and multiplied in one go they
take 2.3 and 8. For larger maps the patches cost more than they save.

At the other end a gray image has one channel, and oneDNN none to spread over a vector register when
it makes one: as a product with 16 columns, one for each place of the kernel, that are summed up
where they overlap, the last map of G becomes 128 images of 32x32 in 1.5 ms instead of 4.4 in fp32,
and D's gradient by them takes 1.6 instead of 4.6.
"""

from __future__ import annotations

from typing import Any

import torch
from torch import Tensor, nn
from torch.autograd.function import once_differentiable
from torch.nn.functional import pad

KERNEL = 4
STRIDE = 2
PADDING = 1
SHORT_ROW = 4  # places in a row of the smaller map


class Project(nn.ConvTranspose2d):
    """Vectors (N, a, 1, 1) to maps (N, b, 4, 4)."""

    def __init__(self, a: int, b: int, *, bias: bool) -> None:
        super().__init__(a, b, KERNEL, bias=bias)

    def forward(self, x: Tensor, _output_size: list[int] | None = None) -> Tensor:
        # (a, 4, 4, b): the order in which channels-last weights lie
        last = self.weight.permute(0, 2, 3, 1)
        maps = (x.flatten(1) @ last.flatten(1)).view(-1, *last.shape[1:]).permute(0, 3, 1, 2)
        return _with_bias(maps, self.bias)


class Conv2d(nn.Conv2d):
    """Maps (N, a, 2H, 2W) to (N, b, H, W)."""

    def __init__(self, a: int, b: int, *, bias: bool) -> None:
        super().__init__(a, b, KERNEL, STRIDE, PADDING, bias=bias)

    def forward(self, x: Tensor) -> Tensor:
        if self.in_channels == 1 and x.device.type == "cpu" and not _in_bf16():
            return _with_bias(_Gray.apply(x, self.weight, False), self.bias)
        if not _is_short(x, x.shape[-1] // STRIDE):
            return super().forward(x)
        return _with_bias(_Convolve.apply(x.bfloat16(), self.weight.bfloat16(), False), self.bias)


class ConvTranspose2d(nn.ConvTranspose2d):
    """Maps (N, a, H, W) to (N, b, 2H, 2W)."""

    def __init__(self, a: int, b: int, *, bias: bool) -> None:
        super().__init__(a, b, KERNEL, STRIDE, PADDING, bias=bias)

    def forward(self, x: Tensor, output_size: list[int] | None = None) -> Tensor:
        if output_size is not None:
            return super().forward(x, output_size)
        if self.out_channels == 1 and x.device.type == "cpu" and not _in_bf16():
            return _with_bias(_Gray.apply(x, self.weight, True), self.bias)
        if not _is_short(x, x.shape[-1]):
            return super().forward(x)
        return _with_bias(_Convolve.apply(x.bfloat16(), self.weight.bfloat16(), True), self.bias)


def _is_short(x: Tensor, row: int) -> bool:
    """Whether a weight gradient may be wanted that is faster as one product."""
    return row <= SHORT_ROW and x.device.type == "cpu" and torch.is_grad_enabled() and _in_bf16()


def _in_bf16() -> bool:
    return torch.is_autocast_enabled("cpu") and torch.get_autocast_dtype("cpu") == torch.bfloat16


def _to_gray(maps: Tensor, weight: Tensor) -> Tensor:
    """The transposed convolution of maps (N, a, H, W) to gray images (N, 1, 2H, 2W).

    With a weight (a, 1, 4, 4).
    """
    n, channels, height, width = maps.shape
    columns = weight.flatten(1).t() @ maps.permute(0, 2, 3, 1).reshape(-1, channels).t()
    # places 0, 2 and 1, 3 of the kernel share no pixel
    parts = columns.view(2, STRIDE, 2, STRIDE, n, height, width)
    wide = parts.new_zeros(STRIDE, STRIDE, n, height + 1, width + 1)
    for i in range(2):
        for j in range(2):
            wide[..., i : i + height, j : j + width] += parts[i, :, j]
    images = wide.permute(2, 3, 0, 4, 1).reshape(n, 1, STRIDE * (height + 1), STRIDE * (width + 1))
    return images[..., PADDING:-PADDING, PADDING:-PADDING]


class _Gray(torch.autograd.Function):
    """torch's own convolution of gray images (transposed: to gray images), but for what makes gray
    images.

    Its gradients have gradients, as a penalty on D's gradient asks for.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, transposed: bool) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.transposed = transposed
        if transposed:
            return _to_gray(x, weight)
        return torch.ops.aten.convolution(x, weight, None, *_geometry(transposed))  # type: ignore[no-any-return]

    @staticmethod
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor | None, Tensor | None, None]:
        (grad,) = grads
        x, weight = ctx.saved_tensors
        of_x, of_weight, _ = ctx.needs_input_grad
        wanted = [of_x and ctx.transposed, of_weight, False]
        geometry = _geometry(ctx.transposed)
        grad_x, grad_weight, _ = torch.ops.aten.convolution_backward(
            grad, x, weight, None, *geometry, wanted
        )
        if of_x and not ctx.transposed:
            grad_x = _Gray.apply(grad, weight, True)
        return grad_x, grad_weight, None


def _with_bias(maps: Tensor, bias: Tensor | None) -> Tensor:
    return maps if bias is None else maps + bias.to(maps.dtype).view(-1, 1, 1)


class _Convolve(torch.autograd.Function):
    """torch's own convolution (transposed or not) of bf16 maps.

    But for the gradient of its weight.
    """

    @staticmethod
    def forward(ctx: Any, x: Tensor, weight: Tensor, transposed: bool) -> Tensor:
        ctx.save_for_backward(x, weight)
        ctx.transposed = transposed
        return torch.ops.aten.convolution(x, weight, None, *_geometry(transposed))  # type: ignore[no-any-return]

    @staticmethod
    @once_differentiable
    def backward(ctx: Any, *grads: Any) -> tuple[Tensor | None, Tensor | None, None]:
        (grad,) = grads
        x, weight = ctx.saved_tensors
        grad_x = None
        grad_weight = None
        if ctx.needs_input_grad[0]:
            wanted = [True, False, False]
            grad_x = torch.ops.aten.convolution_backward(
                grad, x, weight, None, *_geometry(ctx.transposed), wanted
            )[0]
        if ctx.needs_input_grad[1]:
            grad_weight = weight_gradient(grad, x) if ctx.transposed else weight_gradient(x, grad)
        return grad_x, grad_weight, None


def _geometry(transposed: bool) -> tuple[object, ...]:
    """Stride, padding, dilation, whether it is transposed, output padding and groups.

    As torch takes them.
    """
    return [STRIDE] * 2, [PADDING] * 2, [1, 1], transposed, [0, 0], 1


def weight_gradient(large: Tensor, small: Tensor) -> Tensor:
    """Sum over images and places of small (N, b, H, W) times patches of large (N, a, 2H, 2W).

    (b, a, 4, 4).
    """
    wide = pad(large.permute(0, 2, 3, 1), (0, 0, *[PADDING] * 4))  # channels last
    image, row, column, channel = wide.stride()
    channels = large.shape[1]
    patches = wide.as_strided(
        (len(small), *small.shape[2:], KERNEL, KERNEL, channels),
        (image, STRIDE * row, STRIDE * column, row, column, channel),
    ).reshape(-1, KERNEL * KERNEL * channels)
    product = small.permute(1, 0, 2, 3).flatten(1) @ patches
    return product.view(-1, KERNEL, KERNEL, channels).permute(0, 3, 1, 2)
