"""Convolutions written as products, beside torch's own."""

from __future__ import annotations

from collections.abc import Callable

import pytest
import torch
from torch import Tensor, nn

from gandash.networks import fast_convolution
from gandash.networks.fast_convolution import Conv2d, ConvTranspose2d, Project

ORDERS = pytest.mark.parametrize("order", [torch.contiguous_format, torch.channels_last])
BIASES = pytest.mark.parametrize("bias", [False, True])
Build = Callable[..., nn.Module]


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def results(layer: nn.Module, x: Tensor, *, bf16: bool) -> list[Tensor]:
    """What a layer makes of x, and the gradients of a function of it by x and its parameters."""
    x = x.clone().requires_grad_()
    with torch.autocast("cpu", torch.bfloat16, enabled=bf16):
        maps = layer(x)
    (maps.float() * noise(*maps.shape, seed=1)).sum().backward()
    assert x.grad is not None
    return [
        maps.detach(),
        x.grad,
        *(parameter.grad for parameter in layer.parameters() if parameter.grad is not None),
    ]


def pair_of(
    ours: Build, torchs: nn.Module, order: torch.memory_format, *, bias: bool
) -> tuple[nn.Module, nn.Module]:
    """Our layer and torch's, with the same weights."""
    layer = ours(5, 6, bias=bias)
    layer.load_state_dict(torchs.state_dict())
    return layer.to(memory_format=order), torchs.to(memory_format=order)


@ORDERS
@BIASES
def test_the_projection_is_a_transposed_convolution_of_one_place(
    order: torch.memory_format, bias: bool
) -> None:
    ours, torchs = pair_of(Project, nn.ConvTranspose2d(5, 6, 4, bias=bias), order, bias=bias)
    x = noise(3, 5, 1, 1)
    torch.testing.assert_close(results(ours, x, bf16=False), results(torchs, x, bf16=False))
    assert ours.eval()(x).is_contiguous(memory_format=torch.channels_last)


@ORDERS
@BIASES
@pytest.mark.parametrize("kind", ["Conv2d", "ConvTranspose2d"])
@pytest.mark.parametrize("bf16", [False, True])
def test_a_layer_gives_what_torchs_gives(
    kind: str, order: torch.memory_format, bias: bool, bf16: bool
) -> None:
    pair = pair_of(
        getattr(fast_convolution, kind),
        getattr(nn, kind)(5, 6, 4, 2, 1, bias=bias),
        order,
        bias=bias,
    )
    x = noise(3, 5, *{"Conv2d": (8, 8), "ConvTranspose2d": (4, 4)}[kind]).to(memory_format=order)
    mine, theirs = (results(layer, x, bf16=bf16) for layer in pair)
    assert [tensor.dtype for tensor in mine] == [tensor.dtype for tensor in theirs]
    tolerance = (
        {"rtol": 2e-2, "atol": 0.1} if bf16 else {}
    )  # bf16 has 8 bits, and sums of up to 48 terms reach 20
    torch.testing.assert_close(mine, theirs, **tolerance)


def gray(kind: str, *, bias: bool = False) -> tuple[nn.Module, nn.Module, Tensor]:
    """Our layer from or to gray images and torch's, with the same weights.

    And something to put in.
    """
    channels, side = {"Conv2d": ((1, 6), (8, 12)), "ConvTranspose2d": ((6, 1), (4, 6))}[kind]
    torchs = getattr(nn, kind)(*channels, 4, 2, 1, bias=bias)
    ours = getattr(fast_convolution, kind)(*channels, bias=bias)
    ours.load_state_dict(torchs.state_dict())
    return ours, torchs, noise(3, channels[0], *side)


@ORDERS
@BIASES
@pytest.mark.parametrize("kind", ["Conv2d", "ConvTranspose2d"])
def test_gray_images_give_what_torchs_give(
    kind: str, order: torch.memory_format, bias: bool
) -> None:
    *pair, x = gray(kind, bias=bias)
    x = x.to(memory_format=order)
    mine, theirs = (results(layer.to(memory_format=order), x, bf16=False) for layer in pair)
    torch.testing.assert_close(mine, theirs)


@pytest.mark.parametrize("kind", ["Conv2d", "ConvTranspose2d"])
def test_gradients_of_gray_images_have_gradients(kind: str) -> None:
    layer, _, x = gray(kind)
    layer, x = layer.double(), x[:1, :, :4, :4].double().requires_grad_()

    def function(x: Tensor, weight: Tensor) -> Tensor:
        maps: Tensor = torch.func.functional_call(layer, {"weight": weight}, (x,))
        return maps.tanh()

    assert torch.autograd.gradcheck(function, (x, layer.weight))
    assert torch.autograd.gradgradcheck(function, (x, layer.weight))


@pytest.mark.parametrize(
    ("large", "small"), [((3, 5, 8, 8), (3, 6, 4, 4)), ((2, 1, 4, 6), (2, 7, 2, 3))]
)
@ORDERS
def test_the_weight_gradient_in_double_precision(
    large: tuple[int, ...], small: tuple[int, ...], order: torch.memory_format
) -> None:
    x, grad = (
        noise(*shape, seed=i).double().to(memory_format=order)
        for i, shape in enumerate((large, small))
    )
    expected = torch.nn.grad.conv2d_weight(x, (small[1], large[1], 4, 4), grad, stride=2, padding=1)
    torch.testing.assert_close(fast_convolution.weight_gradient(x, grad), expected)


@pytest.mark.parametrize(
    ("layer", "side", "bf16", "own"),
    [
        (Conv2d, 8, True, True),
        (Conv2d, 16, True, False),
        (Conv2d, 8, False, False),
        (ConvTranspose2d, 4, True, True),
        (ConvTranspose2d, 8, True, False),
        (ConvTranspose2d, 4, False, False),
    ],
)
def test_only_short_rows_in_bf16_take_the_product(
    layer: Build, side: int, bf16: bool, own: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    calls = []
    product = fast_convolution.weight_gradient
    monkeypatch.setattr(
        fast_convolution, "weight_gradient", lambda *maps: calls.append(maps) or product(*maps)
    )
    results(layer(2, 3, bias=False), noise(2, 2, side, side), bf16=bf16)
    assert bool(calls) == own


def test_a_frozen_layer_computes_no_weight_gradient(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(
        fast_convolution, "weight_gradient", lambda *_: pytest.fail("nobody wants it")
    )
    layer = Conv2d(2, 3, bias=False).requires_grad_(requires_grad=False)
    assert len(results(layer, noise(2, 2, 8, 8), bf16=True)) == 2
