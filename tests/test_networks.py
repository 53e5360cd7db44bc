"""The DCGAN pair: shapes and the architecture rules of Radford et al. 2016."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from gandash.config import IMAGE_SIZES, NetworkConfig
from gandash.networks import Discriminator, Generator, build_pair

PAIRS = [(size, channels) for size in IMAGE_SIZES for channels in (1, 3)]


def leaves(network: nn.Module) -> list[nn.Module]:
    return [module for module in network.modules() if not list(module.children())]


@pytest.mark.parametrize(("size", "channels"), PAIRS)
def test_shapes_and_ranges(size: int, channels: int) -> None:
    G, D = build_pair(NetworkConfig(latent_dim=7, g_width=4, d_width=5), size, channels, seed=0)
    images = G(torch.randn(3, 7))
    assert images.shape == (3, channels, size, size)
    assert images.abs().max() <= 1
    logits = D(images)
    assert logits.shape == (3,)
    assert (G.latent_dim, G.size, G.channels) == (7, size, channels)


@pytest.mark.parametrize("size", IMAGE_SIZES)
def test_widths_double_while_sides_halve(size: int) -> None:
    G, D = Generator(size, 3, 7, 4), Discriminator(size, 3, 5)
    blocks = {16: 2, 32: 3, 64: 4, 128: 5}[size]
    g = [m for m in leaves(G) if isinstance(m, nn.ConvTranspose2d)]
    d = [m for m in leaves(D) if isinstance(m, nn.Conv2d)]
    assert [m.out_channels for m in g] == [4 * 2**k for k in reversed(range(blocks))] + [3]
    assert [m.out_channels for m in d] == [5 * 2**k for k in range(blocks)] + [1]


@pytest.mark.parametrize("size", IMAGE_SIZES)
def test_architecture_rules(size: int) -> None:
    """Strides instead of pooling, no dense layers; batch norm all but at G's output and D's input."""
    G, D = Generator(size, 1, 7, 4), Discriminator(size, 1, 4)
    allowed = (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d, nn.ReLU, nn.LeakyReLU, nn.Tanh)
    assert all(isinstance(module, allowed) for module in leaves(G) + leaves(D))
    g, d = [type(m) for m in leaves(G)], [type(m) for m in leaves(D)]
    assert g[-2:] == [nn.ConvTranspose2d, nn.Tanh]
    assert g[:-2] == [nn.ConvTranspose2d, nn.BatchNorm2d, nn.ReLU] * (len(g) // 3)
    assert d[:2] == [nn.Conv2d, nn.LeakyReLU]
    assert d[2:-1] == [nn.Conv2d, nn.BatchNorm2d, nn.LeakyReLU] * ((len(d) - 3) // 3)
    assert d[-1] is nn.Conv2d
    assert {m.negative_slope for m in leaves(D) if isinstance(m, nn.LeakyReLU)} == {0.2}


def test_d_answers_with_logits_not_probabilities() -> None:
    """Linear in the last layer's weights, without bound on either side."""
    _, D = build_pair(NetworkConfig(d_width=4), 16, 1, seed=0)
    images = torch.randn(64, 1, 16, 16, generator=torch.Generator().manual_seed(0))
    small = D(images)
    *_, last = D.parameters()
    last.data.mul_(-100)
    torch.testing.assert_close(D(images), -100 * small)
    assert D(images).abs().max() > 1


def test_initial_weights_have_the_papers_distribution() -> None:
    G, D = build_pair(NetworkConfig(), 64, 3, seed=1)
    for module in leaves(G) + leaves(D):
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d):
            n = module.weight.numel()
            assert module.bias is None
            assert module.weight.std().item() == pytest.approx(0.02, abs=5 * 0.02 / (2 * n) ** 0.5)
            assert abs(module.weight.mean().item()) < 5 * 0.02 / n**0.5
        elif isinstance(module, nn.BatchNorm2d):
            n = module.weight.numel()
            assert module.weight.std().item() == pytest.approx(0.02, abs=5 * 0.02 / (2 * n) ** 0.5)
            assert module.weight.mean().item() == pytest.approx(1, abs=5 * 0.02 / n**0.5)
            assert not module.bias.any()


def test_the_seed_alone_decides_the_weights() -> None:
    config = NetworkConfig(latent_dim=7, g_width=4, d_width=4)
    first = build_pair(config, 16, 1, seed=3)
    torch.manual_seed(99)  # the global stream must not matter
    second = build_pair(config, 16, 1, seed=3)
    other = build_pair(config, 16, 1, seed=4)
    for a, b, c in zip(first, second, other, strict=True):
        for name, weight in a.named_parameters():
            assert torch.equal(weight, b.get_parameter(name))
            if not name.endswith("bias"):
                assert not torch.equal(weight, c.get_parameter(name))


def test_a_size_that_no_network_has_is_refused() -> None:
    with pytest.raises(ValueError, match=r"^size must be one of 16, 32, 64, 128, not 48: resize the images$"):
        Generator(48, 1)
