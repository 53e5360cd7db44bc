"""The pair without normalization: shapes, how it begins, and what its parts compute."""

from __future__ import annotations

import math

import pytest
import torch
from torch import nn
from torch.nn.functional import interpolate

from gandash.config import Config, parse_config
from gandash.networks import build_pair, modern


def config(size: int, width: int = 16) -> Config:
    return parse_config(
        {
            "data": {"size": size},
            "network": {
                "architecture": "modern",
                "latent_dim": 8,
                "g_width": width,
                "d_width": width,
                "g_norm": "none",
                "d_norm": "none",
            },
        }
    )


@pytest.mark.parametrize("size", [16, 32, 64])
@pytest.mark.parametrize("channels", [1, 3])
def test_images_in_and_out(size: int, channels: int) -> None:
    G, D = build_pair(config(size), (channels, size, size))
    images = G(torch.randn(3, 8))
    assert images.shape == (3, channels, size, size)
    assert D(images).shape == (3,)


def test_a_block_begins_as_the_identity() -> None:
    block = modern.Block(8, blocks=4)
    for module in block.modules():
        if isinstance(module, modern.Scaled):
            module.reset(torch.Generator().manual_seed(0))
    features = torch.randn(2, 8, 5, 5)
    assert torch.equal(block(features), features)
    block.outwards.weight.data.normal_()
    assert not torch.equal(block(features), features)


def test_weights_begin_as_fixup_says() -> None:
    """N(0, gain^2 / fan-in), the gain of a leaky ReLU times L^(-1/4) within blocks."""
    G, _ = build_pair(config(32, 64), (3, 32, 32))
    blocks = [module for module in G.modules() if isinstance(module, modern.Block)]
    assert len(blocks) == 2 * 4
    gain = math.sqrt(2 / 1.04) * len(blocks) ** -0.25
    for block in blocks:
        for layer in (block.inwards, block.across):
            fan_in = layer.weight[0].numel()
            assert layer.weight.std().item() == pytest.approx(gain / math.sqrt(fan_in), rel=0.05)
            assert not layer.bias.any()
        assert not block.outwards.weight.any()


def test_3x3_convolutions_mix_groups_of_16() -> None:
    assert modern.Block(64, 1).across.weight.shape == (128, 16, 3, 3)
    assert modern.Block(6, 1).across.weight.shape == (12, 4, 3, 3)


def test_the_start_is_one_picture_scaled_by_z() -> None:
    start = modern.Start(2, 3)
    nn.init.normal_(start.basis)
    z = torch.tensor([[1.0, 0], [0, 1], [1, 1]])
    maps = start(z)
    torch.testing.assert_close(maps[0] + maps[1], maps[2])
    ratio = maps[0] / start.basis
    torch.testing.assert_close(ratio, start.scale.weight[:, 0].view(3, 1, 1).expand(3, 4, 4))


def test_sizes_change_by_bilinear_interpolation() -> None:
    maps = torch.randn(2, 3, 8, 8, dtype=torch.float64)
    half = interpolate(maps, scale_factor=0.5, mode="bilinear", align_corners=False)
    torch.testing.assert_close(modern.Half()(maps), half)
    assert modern.Twice()(maps).shape == (2, 3, 16, 16)


def test_no_image_depends_on_the_rest_of_its_batch() -> None:
    G, D = build_pair(config(32), (1, 32, 32))
    for network in (G, D):
        for parameter in network.parameters():
            parameter.data.normal_(0, 0.05)
    z = torch.randn(4, 8)
    torch.testing.assert_close(G(z)[:1], G(z[:1]))
    torch.testing.assert_close(D(G(z))[:1], D(G(z[:1])))
    assert not D.members[0].coupled


def test_the_pair_is_small_where_its_width_is() -> None:
    """Widths double towards 4 pixels up to four times that beside the image."""
    G, _ = build_pair(config(32, 8), (1, 32, 32))
    blocks = [module for module in G.modules() if isinstance(module, modern.Block)]
    assert [block.inwards.in_channels for block in blocks] == [32, 32, 32, 32, 16, 16, 8, 8]
