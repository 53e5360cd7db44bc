"""U-Net, residual translator and PatchGAN: shapes, skips, chance, and what each output sees."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import conv2d, conv_transpose2d, leaky_relu, relu

from gandash.config import parse_config
from gandash.networks import Translator, build_translation
from gandash.networks.patchgan import PatchGAN
from gandash.networks.residual import Residual
from gandash.networks.unet import UNet


def batch_norm(channels: int) -> nn.Module:
    return nn.BatchNorm2d(channels)


def no_norm(_channels: int) -> nn.Module:
    return nn.Identity()


@pytest.mark.parametrize("patch", [1, 16, 34, 70])
def test_each_output_of_a_patchgan_sees_a_patch_of_its_size(patch: int) -> None:
    """70 pixels is the paper's D (appendix 6.1.2); seen is what has a gradient."""
    size = 160 if patch == 70 else 64
    D = PatchGAN(1, 2, patch, no_norm).double()
    for weight in D.parameters():
        nn.init.constant_(weight, 0.1)  # nothing cancels
    images = torch.zeros(1, 1, size, size, dtype=torch.double, requires_grad=True)
    logits = D(images)
    assert logits.shape[1:] == (logits.shape[1],) * 2
    middle = logits.shape[1] // 2
    logits[0, middle, middle].backward()
    assert images.grad is not None
    seen = images.grad[0, 0].nonzero()
    assert (seen.amax(0) - seen.amin(0) + 1).tolist() == [patch, patch]


@pytest.mark.parametrize("size", [16, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_a_u_net_goes_down_to_one_place_and_back(size: int, channels: int) -> None:
    G = UNet(channels, size, 4, batch_norm, 0.5)
    places: list[int] = []
    for down in G.down:
        down.register_forward_hook(lambda _m, _i, made: places.append(made.shape[-1]))
    made = G.eval()(torch.rand(3, channels, size, size) * 2 - 1)
    assert made.shape == (3, channels, size, size)
    assert made.abs().max() <= 1
    assert places == [size >> number for number in range(1, size.bit_length())]
    assert [shape[1:] for shape in G.dropped] == [(2, 2), (4, 4), (8, 8)]


def test_a_u_net_is_that_of_the_paper_written_out() -> None:
    """16 pixels, without norms: C4-C8-C16-C32 down, up with skips, in torch's functions."""
    G = UNet(1, 16, 4, no_norm, 0.0)
    x = torch.rand(2, 1, 16, 16) * 2 - 1
    d = [layer.convolution for layer in G.down]
    assert [layer.out_channels for layer in d] == [4, 8, 16, 32]
    maps: list[Tensor] = []
    seen = x
    for number, layer in enumerate(d):
        given = leaky_relu(seen, 0.2) if number else seen
        seen = conv2d(given, layer.weight, layer.bias, 2, 1)
        maps.append(seen)
    for number, layer in enumerate([*(up.convolution for up in G.up), G.to_image.convolution]):
        seen = conv_transpose2d(relu(seen), layer.weight, layer.bias, 2, 1)
        if number < len(G.up):
            seen = torch.cat([seen, maps[-2 - number]], 1)
    torch.testing.assert_close(G(x), seen.tanh(), rtol=1e-4, atol=1e-6)


def test_chance_drops_what_its_numbers_say() -> None:
    G = UNet(1, 16, 4, no_norm, 0.5)
    x = torch.rand(4, 1, 16, 16)
    nothing = [torch.ones(4, *shape) for shape in G.dropped]
    half = [torch.rand(4, *shape) for shape in G.dropped]
    kept = G(x)
    torch.testing.assert_close(G(x, ()), kept)
    assert not torch.allclose(G(x, half), kept)
    G.dropout = 0.0
    torch.testing.assert_close(G(x, nothing), kept)


def test_the_residual_translator_works_at_a_quarter_of_the_size() -> None:
    G = Residual(3, 4, 2, batch_norm)
    sizes: set[int] = set()
    for module in G.modules():
        if isinstance(module, nn.Conv2d) and module.in_channels == 16:
            module.register_forward_hook(lambda _m, _i, made: sizes.add(made.shape[-1]))
    made = G(torch.rand(2, 3, 32, 32))
    assert made.shape == (2, 3, 32, 32)
    assert sizes == {8}


@pytest.mark.parametrize("translator", ["pix2pix", "cyclegan"])
@pytest.mark.parametrize("net", ["unet", "residual"])
def test_the_seed_decides_the_weights(translator: str, net: str) -> None:
    config = parse_config(
        {
            "data": {"dataset": "pairs:edges-mnist", "size": 16},
            "network": {"g_width": 4, "d_width": 4, "d_spectral_norm": True},
            "translation": {"translator": translator, "translator_net": net, "blocks": 1},
        }
    )
    torch.manual_seed(0)
    first = build_translation(config, (2, 1, 16, 16))
    torch.manual_seed(1)
    second = build_translation(config, (2, 1, 16, 16))
    for one, other in zip(first, second, strict=True):
        same = other.state_dict()
        assert all(torch.equal(tensor, same[name]) for name, tensor in one.state_dict().items())
    G, D = first
    assert isinstance(G, Translator)
    assert (G.back is not None) == (D.of_source is not None) == (translator == "cyclegan")
    seen = torch.zeros(2, 1 if translator == "cyclegan" else 2, 16, 16)
    assert D(seen).shape[0] == 2
