"""The pairs: shapes, the rules of their papers.

And what D's output stage and an ensemble compute.
"""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor, nn

from gandash.config import IMAGE_SIZES, Config, parse_config
from gandash.networks import Discriminator, Ensemble, Generator, build_pair
from gandash.networks.layers import LabelledSequential, SelfAttention

PAIRS = [(size, channels) for size in IMAGE_SIZES for channels in (1, 3)]


def config_of(seed: int = 0, *, size: int = 16, **sections: Any) -> Config:
    """The smallest config with these sections, for images of ``size`` pixels."""
    network = {"latent_dim": 7, "g_width": 4, "d_width": 5} | sections.pop("network", {})
    return parse_config({"seed": seed, "data": {"size": size}, "network": network, **sections})


def pair_of(config: Config, channels: int = 1, classes: int = 0) -> tuple[Generator, Discriminator]:
    G, D = build_pair(config, (channels, config.data.size, config.data.size), classes)
    assert isinstance(D, Discriminator)
    return G, D


def points_pair(dim: int, **network: Any) -> tuple[Generator, Discriminator]:
    config = config_of(network={"architecture": "mlp", **network})
    G, D = build_pair(config, (dim,))
    assert isinstance(D, Discriminator)
    return G, D


def leaves(network: nn.Module) -> list[nn.Module]:
    return [module for module in network.modules() if not list(module.children())]


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(*shape, generator=torch.Generator().manual_seed(seed))


def count(network: nn.Module) -> int:
    return sum(parameter.numel() for parameter in network.parameters())


# DCGAN


@pytest.mark.parametrize(("size", "channels"), PAIRS)
def test_shapes_and_ranges(size: int, channels: int) -> None:
    G, D = pair_of(config_of(size=size), channels)
    images = G(noise(3, 7))
    assert images.shape == (3, channels, size, size)
    assert images.abs().max() <= 1
    logits = D(images)
    assert logits.shape == (3,)
    assert (G.latent_dim, G.shape, D.shape) == (7, (channels, size, size), (channels, size, size))


@pytest.mark.parametrize("size", IMAGE_SIZES)
def test_widths_double_up_to_sixteenfold_while_sides_halve(size: int) -> None:
    G, D = pair_of(config_of(size=size), 3)
    times = {16: 2, 32: 3, 64: 4, 128: 5, 256: 6}[size]
    widths = [min(2**k, 16) for k in range(times)]
    g = [m for m in leaves(G) if isinstance(m, nn.ConvTranspose2d)]
    d = [m for m in leaves(D) if isinstance(m, nn.Conv2d)]
    assert [m.out_channels for m in g] == [4 * width for width in reversed(widths)] + [3]
    assert [m.out_channels for m in d] == [5 * width for width in widths]
    assert D.head.output.in_features == d[-1].out_channels * 16


@pytest.mark.parametrize("size", IMAGE_SIZES)
def test_architecture_rules(size: int) -> None:
    """Strides instead of pooling, no dense layer but the output.

    Batch norm all but at G's output and D's input.
    """
    G, D = pair_of(config_of(size=size))
    allowed = (nn.Conv2d, nn.ConvTranspose2d, nn.BatchNorm2d, nn.ReLU, nn.LeakyReLU, nn.Tanh)
    assert all(isinstance(module, allowed) for module in leaves(G) + leaves(D.layers))
    g, d = (
        [next(kind for kind in allowed if isinstance(m, kind)) for m in leaves(N)]
        for N in (G, D.layers)
    )
    assert g[-2:] == [nn.ConvTranspose2d, nn.Tanh]
    assert g[:-2] == [nn.ConvTranspose2d, nn.BatchNorm2d, nn.ReLU] * (len(g) // 3)
    assert d[:2] == [nn.Conv2d, nn.LeakyReLU]
    assert d[2:] == [nn.Conv2d, nn.BatchNorm2d, nn.LeakyReLU] * ((len(d) - 2) // 3)
    assert leaves(D.head) == [D.head.output]
    assert {m.negative_slope for m in leaves(D) if isinstance(m, nn.LeakyReLU)} == {0.2}


def test_the_output_stage_is_the_papers_last_convolution() -> None:
    """A 4x4 convolution on 4x4 features, written as a product."""
    _, D = pair_of(config_of(), 3)
    images = noise(6, 3, 16, 16)
    features = D.layers(images)
    assert D.head.output.bias is None
    last = D.head.output.weight.view(1, -1, 4, 4)
    torch.testing.assert_close(D(images), nn.functional.conv2d(features, last).flatten())


@pytest.mark.parametrize("collapse", ["none", "stddev"])
def test_the_order_of_features_in_memory_changes_nothing_but_speed(collapse: str) -> None:
    """Channels-last features get a gradient in their own order.

    So that no layer below has to turn it round.
    """
    _, D = pair_of(config_of(collapse={"minibatch": collapse}))
    features = noise(6, 10, 4, 4)
    results = []
    for order in (torch.contiguous_format, torch.channels_last):
        given = features.clone(memory_format=order).requires_grad_()
        logits = D.head(given, None)[0]
        gradients = torch.autograd.grad(logits.square().sum(), [given, D.head.output.weight])
        assert collapse == "stddev" or gradients[0].is_contiguous(memory_format=order)
        results.append((logits, *gradients))
    torch.testing.assert_close(*results)


def test_d_answers_with_logits_not_probabilities() -> None:
    """Linear in the last layer's weights, without bound on either side."""
    _, D = pair_of(config_of())
    images = noise(64, 1, 16, 16)
    small = D(images)
    *_, last = D.parameters()
    last.data.mul_(-100)
    torch.testing.assert_close(D(images), -100 * small)
    assert D(images).abs().max() > 1


def test_initial_weights_have_the_papers_distribution() -> None:
    G, D = pair_of(
        config_of(1, size=64, network={"latent_dim": 100, "g_width": 64, "d_width": 64}), 3
    )
    for module in leaves(G) + leaves(D):
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear):
            n = module.weight.numel()
            assert module.bias is None
            assert module.weight.std().item() == pytest.approx(0.02, abs=5 * 0.02 / (2 * n) ** 0.5)
            assert abs(module.weight.mean().item()) < 5 * 0.02 / n**0.5
        elif isinstance(module, nn.BatchNorm2d):
            n = module.weight.numel()
            assert module.weight.std().item() == pytest.approx(0.02, abs=5 * 0.02 / (2 * n) ** 0.5)
            assert module.weight.mean().item() == pytest.approx(1, abs=5 * 0.02 / n**0.5)
            assert not module.bias.any()


@pytest.mark.parametrize(
    "sections",
    [
        {},
        {"network": {"d_spectral_norm": True, "d_norm": "none", "attention": 8}},
        {
            "network": {"architecture": "mlp", "g_norm": "virtual"},
            "collapse": {"minibatch": "discrimination"},
        },
        {
            "size": 32,
            "network": {"architecture": "resnet"},
            "labels": {"conditioning": "projection"},
        },
        {"balance": {"discriminators": 2}},
    ],
    ids=[
        "dcgan",
        "spectral norm, attention",
        "mlp, virtual, minibatch",
        "resnet, projection",
        "ensemble",
    ],
)
def test_the_seed_alone_decides_the_weights(sections: dict[str, Any]) -> None:
    shape = (1, sections.get("size", 16), sections.get("size", 16))
    first = build_pair(config_of(3, **sections), shape, 2)
    torch.manual_seed(99)  # the global stream must not matter
    second = build_pair(config_of(3, **sections), shape, 2)
    other = build_pair(config_of(4, **sections), shape, 2)
    for a, b, c in zip(first, second, other, strict=True):
        assert all(
            torch.equal(value, b.state_dict()[name]) for name, value in a.state_dict().items()
        )
        drawn = [name for name, value in a.named_parameters() if value.dim() > 1]
        assert drawn
        assert all(not torch.equal(a.get_parameter(name), c.get_parameter(name)) for name in drawn)


def test_building_leaves_the_global_stream_alone() -> None:
    torch.manual_seed(5)
    expected = torch.randn(3)
    torch.manual_seed(5)
    build_pair(config_of(network={"d_spectral_norm": True}), (1, 16, 16))
    assert torch.equal(torch.randn(3), expected)


def test_a_size_that_no_network_has_is_refused() -> None:
    with pytest.raises(
        ValueError, match=r"^size must be one of 16, 32, 64, 128, 256, not 48: resize the images$"
    ):
        build_pair(config_of(), (1, 48, 48))


# ResNet


def resnet(channels: int = 3, classes: int = 0, **sections: Any) -> tuple[Generator, Discriminator]:
    network = {"architecture": "resnet"} | sections.pop("network", {})
    return pair_of(config_of(size=32, network=network, **sections), channels, classes)


@pytest.mark.parametrize("channels", [1, 3])
def test_resnet_shapes_and_ranges(channels: int) -> None:
    G, D = resnet(channels)
    images = G(noise(3, 7))
    assert images.shape == (3, channels, 32, 32)
    assert images.abs().max() <= 1
    assert D.layers(images).shape == (3, 5)
    assert D(images).shape == (3,)


def test_the_resnet_pair_has_the_papers_layers() -> None:
    """Table 4 of Miyato et al. 2018 counted by hand.

    Z of 128, 256 filters in G and 128 in D, no norm in D.
    """
    G, D = resnet(network={"latent_dim": 128, "g_width": 256, "d_width": 128, "d_norm": "none"})

    def conv(a: int, b: int, side: int) -> int:
        return a * b * side**2 + b

    norm = 2 * 256
    block = 2 * conv(256, 256, 3) + conv(256, 256, 1) + 2 * norm
    assert count(G) == (128 + 1) * 4 * 4 * 256 + 3 * block + norm + conv(256, 3, 3) == 4_276_739
    first = conv(3, 128, 3) + conv(128, 128, 3) + conv(3, 128, 1)
    second = 2 * conv(128, 128, 3) + conv(128, 128, 1)
    assert count(D) == first + second + 2 * 2 * conv(128, 128, 3) + 128 + 1 == 1_053_825


def test_d_of_the_resnet_pair_adds_up_over_places() -> None:
    """Global sum pooling: the features are sums of rectified ones.

    And the output is linear in them.
    """
    _, D = resnet(network={"d_norm": "none"})
    images = noise(4, 3, 32, 32)
    before = nn.Sequential(*D.layers[:-1])(images)
    assert before.shape == (4, 5, 8, 8)
    features = before.clamp(min=0).sum((2, 3))
    torch.testing.assert_close(D(images), features @ D.head.output.weight[0] + D.head.output.bias)


def test_resnet_blocks_keep_what_they_are_given() -> None:
    """With its last convolution at 0 a block is its shortcut, up- or downsampled."""
    G, D = resnet(network={"d_norm": "none"})
    up, down, same = G.layers[2], D.layers[1], D.layers[2]
    for block in (up, down, same):
        block.conv_2.weight.data.zero_()
    x = noise(2, 4, 4, 4)
    expected = nn.functional.conv2d(x, up.shortcut.weight, up.shortcut.bias)
    torch.testing.assert_close(up(x), expected.repeat_interleave(2, 2).repeat_interleave(2, 3))
    x = noise(2, 5, 8, 8)
    assert torch.equal(same(x), x)
    expected = nn.functional.conv2d(x, down.shortcut.weight, down.shortcut.bias)
    torch.testing.assert_close(down(x), expected.view(2, 5, 4, 2, 4, 2).mean((3, 5)))


def test_resnet_weights_start_as_glorot_and_bengio() -> None:
    """Uniform in ±gain sqrt(6 / (inputs + outputs)), gain sqrt 2 for 3x3 and 1 for the rest.

    Biases 0.
    """
    G, D = resnet(network={"latent_dim": 64, "g_width": 32, "d_width": 32})
    for module in leaves(G) + leaves(D):
        if isinstance(module, nn.Conv2d | nn.Linear):
            places = module.weight[0, 0].numel() if module.weight.dim() == 4 else 1
            fans = places * (module.weight.shape[0] + module.weight.shape[1])
            bound = (2 if places == 9 else 1) ** 0.5 * (6 / fans) ** 0.5
            assert module.weight.abs().max() <= bound
            if module.weight.numel() > 500:
                assert module.weight.std().item() == pytest.approx(bound / 3**0.5, rel=0.1)
            assert module.bias is not None
            assert not module.bias.any()


# MLP


@pytest.mark.parametrize("depth", [1, 3])
def test_an_mlp_makes_images(depth: int) -> None:
    config = config_of(network={"architecture": "mlp", "depth": depth})
    G, D = pair_of(config, 3)
    images = G(noise(6, 7))
    assert images.shape == (6, 3, 16, 16)
    assert images.abs().max() <= 1
    assert D(images).shape == (6,)
    assert [m.out_features for m in leaves(G) if isinstance(m, nn.Linear)] == [4] * depth + [768]
    assert [m.out_features for m in leaves(D) if isinstance(m, nn.Linear)] == [5] * depth + [1]
    assert sum(isinstance(m, nn.BatchNorm1d) for m in leaves(G)) == depth
    assert sum(isinstance(m, nn.BatchNorm1d) for m in leaves(D)) == depth - 1


@pytest.mark.parametrize("dim", [1, 2])
def test_an_mlp_makes_points_without_bound(dim: int) -> None:
    G, D = points_pair(dim, g_norm="none", d_norm="none")
    points = G(100 * noise(200, 7))
    assert points.shape == (200, dim)
    assert points.abs().max() > 1
    assert D(points).shape == (200,)
    x = noise(3, 7)
    hidden = x
    *linear, last = [m for m in leaves(G) if isinstance(m, nn.Linear)]
    for layer in linear:
        hidden = (hidden @ layer.weight.T + layer.bias).clamp(min=0)
    torch.testing.assert_close(G(x), hidden @ last.weight.T + last.bias)


def test_mlp_weights_start_as_he_et_al() -> None:
    G, D = points_pair(2, latent_dim=128, g_width=128, d_width=128)
    for module in leaves(G) + leaves(D):
        if isinstance(module, nn.Linear):
            expected, n = (2 / module.in_features) ** 0.5, module.weight.numel()
            assert module.weight.std().item() == pytest.approx(
                expected, abs=5 * expected / (2 * n) ** 0.5
            )
            assert not module.bias.any()


# Attention


def seen_by_attention(network: nn.Module, *inputs: Tensor) -> list[tuple[int, ...]]:
    """Shapes of what attention layers are given, one an attention layer."""
    shapes: list[tuple[int, ...]] = []
    for module in network.modules():
        if isinstance(module, SelfAttention):
            module.register_forward_pre_hook(lambda _, x: shapes.append(tuple(x[0].shape)))
    network(*inputs)
    return shapes


@pytest.mark.parametrize(
    ("architecture", "size", "resolution", "g_channels", "d_channels"),
    [
        ("dcgan", 16, 8, 4, 5),
        ("dcgan", 64, 8, 16, 20),
        ("dcgan", 64, 16, 8, 10),
        ("dcgan", 64, 32, 4, 5),
        ("dcgan", 128, 64, 4, 5),
        ("resnet", 32, 8, 4, 5),
        ("resnet", 32, 16, 4, 5),
    ],
)
def test_attention_stands_where_it_was_asked_for(
    architecture: str, size: int, resolution: int, g_channels: int, d_channels: int
) -> None:
    config = config_of(size=size, network={"architecture": architecture, "attention": resolution})
    G, D = pair_of(config)
    images = G(noise(2, 7))
    assert seen_by_attention(G, noise(2, 7)) == [(2, g_channels, resolution, resolution)]
    assert seen_by_attention(D, images) == [(2, d_channels, resolution, resolution)]
    plain = config_of(size=size, network={"architecture": architecture})
    assert not any(
        isinstance(m, SelfAttention) for network in pair_of(plain) for m in network.modules()
    )


# Labels


CONDITIONED: dict[str, dict[str, Any]] = {
    "concat": {"labels": {"conditioning": "concat"}},
    "projection": {"labels": {"conditioning": "projection"}},
    "batch norm": {"labels": {"conditioning": "projection", "g_labels": "batch-norm"}},
    "resnet, projection": {
        "labels": {"conditioning": "projection", "g_labels": "batch-norm"},
        "network": {"architecture": "resnet"},
        "size": 32,
    },
    "resnet, concat": {
        "labels": {"conditioning": "concat"},
        "network": {"architecture": "resnet"},
        "size": 32,
    },
    "mlp, concat": {"labels": {"conditioning": "concat"}, "network": {"architecture": "mlp"}},
    "mlp, projection": {
        "labels": {"conditioning": "projection"},
        "network": {"architecture": "mlp"},
    },
}


@pytest.mark.parametrize("sections", CONDITIONED.values(), ids=CONDITIONED)
def test_both_players_hear_the_label(sections: dict[str, Any]) -> None:
    """After the labels' weights moved from their start, the label changes both outputs.

    And only its own rows.
    """
    config = config_of(**sections)
    G, D = pair_of(config, classes=3)
    rng = torch.Generator().manual_seed(1)
    for module in (*G.modules(), *D.modules()):
        if isinstance(module, nn.Embedding):
            nn.init.normal_(module.weight, generator=rng)
    G.eval()
    D.eval()
    z, images = noise(4, 7), noise(4, 1, config.data.size, config.data.size)
    labels, others = torch.tensor([0, 1, 2, 0]), torch.tensor([0, 2, 1, 0])
    for network, x in ((G, z), (D, images)):
        a, b = network(x, labels).detach(), network(x, others).detach()
        change = (a - b).flatten(1).abs().amax(1) if a.dim() > 1 else (a - b).abs()
        assert change[[0, 3]].max() < 1e-6
        assert change[[1, 2]].min() > 1e-5


@pytest.mark.parametrize("sections", CONDITIONED.values(), ids=CONDITIONED)
def test_a_conditioned_g_wants_labels(sections: dict[str, Any]) -> None:
    G, _ = pair_of(config_of(**sections), classes=3)
    assert G.classes == 3
    with pytest.raises(
        ValueError,
        match=r"^This generator makes images of 3 classes: say of which, with labels \(N,\)$",
    ):
        G(noise(2, 7))


@pytest.mark.parametrize("kind", ["none", "d-only", "semi-supervised"])
def test_a_g_that_is_not_told_needs_no_labels(kind: str) -> None:
    G, _ = pair_of(config_of(labels={"conditioning": kind}), classes=3)
    plain, _ = pair_of(config_of())
    assert G.classes == 0
    assert torch.equal(G(noise(2, 7)), plain(noise(2, 7)))


def test_a_label_beside_z_is_a_one_hot_input() -> None:
    G, _ = pair_of(config_of(labels={"conditioning": "concat"}), classes=3)
    z, labels = noise(4, 7), torch.tensor([2, 0, 1, 2])
    hot = torch.eye(3)[labels]
    expected = G.layers(torch.cat([z, hot], dim=1)[:, :, None, None])
    torch.testing.assert_close(G(z, labels), expected)


def test_concat_gives_d_a_channel_a_class() -> None:
    _, D = pair_of(config_of(labels={"conditioning": "concat"}), 3, classes=2)
    images, labels = noise(4, 3, 16, 16), torch.tensor([1, 0, 0, 1])
    maps = torch.zeros(4, 2, 16, 16)
    for row, label in enumerate(labels):
        maps[row, label] = 1
    expected = D.head.output(D.layers(torch.cat([images, maps], dim=1)).flatten(1)).flatten()
    torch.testing.assert_close(D(images, labels), expected)


@pytest.mark.parametrize(
    "sections",
    [CONDITIONED[name] for name in ("projection", "resnet, projection", "mlp, projection")],
)
def test_the_projection_is_that_of_the_formula(sections: dict[str, Any]) -> None:
    """f(x, y) = <v_y, phi(x)> + psi(phi(x)), phi summed over places where there are any."""
    config = config_of(**sections)
    _, D = pair_of(config, classes=3)
    D.eval()
    images, labels = noise(4, 1, config.data.size, config.data.size), torch.tensor([2, 0, 1, 2])
    assert D.head.embedding is not None
    D.head.embedding.weight.data = noise(*D.head.embedding.weight.shape, seed=3)
    features = D.layers(images).detach()
    for row, label in enumerate(labels):
        phi = features[row].flatten(1).sum(1) if features.dim() == 4 else features[row]
        psi = D.head.output(features[row].flatten()[None])[0, 0]
        expected = psi + D.head.embedding.weight[label] @ phi
        torch.testing.assert_close(D(images, labels)[row], expected)


def test_a_semi_supervised_logit_makes_the_papers_probability() -> None:
    """D = Z / (Z + 1), Z = sum over classes of exp(score) (Salimans et al. 2016, section 5)."""
    config = config_of(network={"architecture": "mlp"}, labels={"conditioning": "semi-supervised"})
    _, D = pair_of(config, classes=4)
    D.head.output.weight.data.mul_(4)
    D.head.output.bias.data.fill_(-2)
    logits, scores = D.judge(noise(32, 1, 16, 16))
    assert scores is not None
    assert scores.shape == (32, 4)
    Z = scores.double().exp().sum(1)
    torch.testing.assert_close(logits.double().sigmoid(), Z / (Z + 1), rtol=1e-5, atol=1e-7)
    assert logits.min() < -0.5 < 0.5 < logits.max(), "both sides must be there"


def test_d_only_leaves_the_logit_as_it_is_and_adds_scores() -> None:
    _, D = pair_of(config_of(labels={"conditioning": "d-only"}), classes=4)
    images = noise(8, 1, 16, 16)
    logits, scores = D.judge(images, torch.zeros(8, dtype=torch.int64))
    features = D.layers(images).flatten(1)
    assert D.head.classify is not None
    torch.testing.assert_close(logits, D.head.output(features).flatten())
    torch.testing.assert_close(scores, features @ D.head.classify.weight.T)
    assert torch.equal(D(images), D(images, torch.ones(8, dtype=torch.int64)))


# What D sees of its batch


@pytest.mark.parametrize(
    ("minibatch", "more"), [("none", 0), ("stddev", 16), ("discrimination", 9)]
)
def test_minibatch_features_stand_beside_those_of_the_image(minibatch: str, more: int) -> None:
    collapse = {"minibatch": minibatch, "minibatch_kernels": 9}
    _, D = pair_of(config_of(network={"d_norm": "none"}, collapse=collapse))
    assert D.head.output.in_features == 10 * 16 + more
    assert D.coupled is (minibatch != "none")
    images = noise(6, 1, 16, 16)
    alone, together = D(images[:1]), D(images)[:1]
    assert torch.allclose(alone, together, atol=1e-6) == (minibatch == "none")


@pytest.mark.parametrize("minibatch", ["stddev", "discrimination"])
def test_minibatch_features_tell_a_collapsed_batch_from_a_varied_one(minibatch: str) -> None:
    """The same image judged among its copies and among others.

    Only the rest of the batch differs.
    """
    _, D = pair_of(
        config_of(network={"d_norm": "none", "d_width": 16}, collapse={"minibatch": minibatch})
    )
    images = noise(6, 1, 16, 16)
    varied, collapsed = D(images)[0].item(), D(images[:1].expand(6, -1, -1, -1))[0].item()
    assert abs(varied / collapsed - 1) > 0.01


@pytest.mark.parametrize("architecture", ["dcgan", "mlp"])
def test_virtual_norm_uses_the_reference_and_not_the_batch(architecture: str) -> None:
    network = {"architecture": architecture, "g_norm": "virtual", "d_norm": "virtual"}
    G, D = pair_of(config_of(network=network))
    assert G.reference is not None
    assert D.reference is not None
    assert not D.coupled
    assert G.reference.std().item() == pytest.approx(1, abs=0.15)
    D.reference.normal_(generator=torch.Generator().manual_seed(0))
    for network_, x in ((G, noise(5, 7)), (D, noise(5, 1, 16, 16))):
        whole, part = network_(x), network_(x[:2])
        assert len(whole) == 5
        torch.testing.assert_close(part, whole[:2], rtol=1e-4, atol=1e-6)
        network_.reference.add_(1.0)
        assert not torch.allclose(network_(x), whole, atol=1e-4)


def test_d_takes_packs_as_more_channels() -> None:
    _, D = pair_of(config_of(collapse={"pack": 2}), 3)
    assert D.shape == (6, 16, 16)
    assert D(noise(4, 6, 16, 16)).shape == (4,)
    config = parse_config(
        {"data": {"dataset": "ring"}, "network": {"architecture": "mlp"}, "collapse": {"pack": 4}}
    )
    _, D = build_pair(config, (2,))
    assert D(noise(4, 8)).shape == (4,)


# Several discriminators


def ensemble(count: int = 3) -> Ensemble:
    _, D = build_pair(config_of(balance={"discriminators": count}), (1, 16, 16))
    assert isinstance(D, Ensemble)
    return D


def test_members_start_different_and_equally_heavy() -> None:
    D = ensemble()
    assert len(D.members) == 3
    assert D.weights.tolist() == pytest.approx([1 / 3] * 3)
    first = [next(member.parameters()) for member in D.members]
    assert all(
        not torch.equal(a, b)
        for a, b in ((first[0], first[1]), (first[1], first[2]), (first[0], first[2]))
    )
    (alone,) = build_pair(config_of(), (1, 16, 16))[1].members
    assert torch.equal(next(alone.parameters()), first[0])


def test_the_ensemble_is_the_mean_weighted_by_softmax_of_minus_the_losses() -> None:
    D = ensemble()
    losses = torch.tensor([1.3, 0.2, 0.9])
    D.rate(losses)
    expected = (-losses.double()).exp() / (-losses.double()).exp().sum()
    torch.testing.assert_close(D.weights.double(), expected, rtol=1e-6, atol=0)
    assert D.weights.argmax() == 1, "the better a member does, the more it weighs"
    assert D.weights.argmin() == 0
    images = noise(6, 1, 16, 16)
    outputs = torch.stack([member(images) for member in D.members]).double()
    torch.testing.assert_close(
        D(images).double(), (expected[:, None] * outputs).sum(0), rtol=1e-5, atol=1e-7
    )


def test_what_an_ensemble_weighs_is_kept_with_it() -> None:
    D, other = ensemble(), ensemble()
    D.rate(torch.tensor([1.0, 2.0, 3.0]))
    other.load_state_dict(D.state_dict())
    assert torch.equal(other.weights, D.weights)
    assert not D.weights.requires_grad


def test_layers_in_a_row_hand_labels_to_those_that_take_them() -> None:
    G, _ = pair_of(
        config_of(labels={"conditioning": "concat", "g_labels": "batch-norm"}), classes=2
    )
    assert isinstance(G.layers, LabelledSequential)
    assert not G.appended
    z = noise(4, 7)
    assert torch.equal(
        G(z, torch.zeros(4, dtype=torch.int64)), G(z, torch.ones(4, dtype=torch.int64))
    ), "scales are 1"
