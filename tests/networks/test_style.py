"""The style-based pair against explicit computations."""

from __future__ import annotations

import pytest
import torch
from torch import Tensor
from torch.nn.functional import conv2d

from gandash.config import parse_config
from gandash.latent import generate, truncated
from gandash.networks import Discriminator, Generator, build_pair, style
from gandash.networks.layers import Equalized
from gandash.networks.pair import initialize


def drawn(module: torch.nn.Module, seed: int = 0) -> torch.nn.Module:
    """A module with its first weights."""
    initialize(module, "style", torch.Generator().manual_seed(seed))
    return module


@pytest.fixture
def generator() -> Generator:
    config = parse_config(
        {
            "network": {
                "architecture": "style", "latent_dim": 8, "g_width": 8, "d_width": 8,
                "g_norm": "none", "d_norm": "none", "depth": 2,
            },
            "data": {"size": 16},
        }
    )  # fmt: skip
    return build_pair(config, (3, 16, 16))[0]


def noise(*shape: int, seed: int = 1) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def test_modulation_is_a_convolution_with_weights_of_each_samples_own() -> None:
    layer = drawn(style.Modulated(5, 6, 7))
    assert isinstance(layer, style.Modulated)
    features, w = noise(4, 6, 9, 9), noise(4, 5, seed=2)
    made = layer(features, w)
    for number in range(4):
        s = layer.style(w)[number]
        weight = layer.convolution.weight * layer.convolution.scale * s[None, :, None, None]
        weight = weight / weight.square().sum((1, 2, 3), keepdim=True).add(1e-8).sqrt()
        expected = conv2d(features[number : number + 1], weight, layer.bias, padding=1)
        torch.testing.assert_close(made[number : number + 1], expected, rtol=1e-4, atol=1e-5)


def test_demodulation_undoes_what_scales_every_channel() -> None:
    layer = drawn(style.Modulated(5, 6, 7))
    assert isinstance(layer, style.Modulated)
    features, w = noise(2, 6, 8, 8), noise(2, 5, seed=2)
    before = layer(features, w)
    layer.style.weight.data *= 3
    assert layer.style.bias is not None
    layer.style.bias.data *= 3
    torch.testing.assert_close(layer(features, w), before, rtol=1e-4, atol=1e-5)


def test_layers_that_are_equalized_keep_the_variance_and_begin_as_said() -> None:
    layer = drawn(Equalized(300, 200, rate=0.01, start=1.0))
    assert isinstance(layer, Equalized)
    assert layer.weight.std().item() == pytest.approx(100, rel=0.02)
    made = layer(noise(500, 200))
    assert made.mean().item() == pytest.approx(1, abs=0.05)
    assert made.std().item() == pytest.approx(1, rel=0.05)


def test_a_step_moves_the_mapping_a_hundredth_as_far() -> None:
    """Adam's step is about the learning rate for every weight; what is used is scaled after it."""
    slow, fast = (drawn(Equalized(4, 16, rate=rate)) for rate in (0.01, 1.0))
    moved = []
    for layer in (slow, fast):
        assert isinstance(layer, Equalized)
        optimizer = torch.optim.Adam(layer.parameters(), lr=1e-3)
        before = layer.weight.detach() * layer.scale
        layer(noise(8, 16)).sum().backward()
        optimizer.step()
        moved.append((layer.weight.detach() * layer.scale - before).abs().mean().item())
    assert moved[0] / moved[1] == pytest.approx(0.01, rel=1e-2)


@pytest.mark.parametrize(
    ("architecture", "equalized"), [("style", True), ("progressive", True), ("modern", False)]
)
def test_the_last_layer_of_d_learns_as_the_others_do(architecture: str, equalized: bool) -> None:
    """Drawn from N(0, 1) and scaled where it is used."""
    network = {"architecture": architecture, "d_width": 8, "g_norm": "none", "d_norm": "none"}
    _, D = build_pair(parse_config({"network": network}), (1, 32, 32))
    assert isinstance(D, Discriminator)
    output = D.head.output
    weight, bias = D.head.matrix()
    assert bias is not None
    assert isinstance(output, Equalized) == equalized
    if isinstance(output, Equalized):
        assert output.weight.std().item() == pytest.approx(1, rel=0.1)
        torch.testing.assert_close(weight, output.weight / weight.shape[1] ** 0.5)
    images = noise(8, 32 * 32).view(8, 1, 32, 32)
    expected = D.features(images).flatten(1) @ weight.T + bias
    torch.testing.assert_close(D(images), expected.flatten(), rtol=1e-4, atol=1e-5)


def test_a_label_behind_z_has_a_weight_of_its_own() -> None:
    """However long z is, and whatever its length."""
    mapping = drawn(style.Mapping(100, 10, 1))
    labels = torch.eye(10)
    z = noise(1, 100).expand(10, -1)
    w = mapping(torch.cat([z, labels], dim=1))
    torch.testing.assert_close(w, mapping(torch.cat([5 * z, labels], dim=1)))
    assert (w - w.mean(0)).square().mean().sqrt() > 0.2


def test_truncation_draws_samples_to_that_of_the_mean_style(generator: Generator) -> None:
    mapping, synthesis = generator.layers
    z = noise(6, 8)
    for number in range(3000):
        mapping.train()(noise(6, 8, seed=number))
    generator.eval()
    with torch.no_grad():
        w = mapping(noise(4000, 8, seed=3))
        assert (mapping.mean - w.mean(0)).norm() < 0.2 * w.std(0).norm()
        plain = generator(z)
        mapping.psi = 0.0
        torch.testing.assert_close(
            generator(z), synthesis(mapping.mean[None]).expand(6, -1, -1, -1)
        )
        mapping.psi = 0.5
        half = generator(z)
        mapping.psi = 1.0
        assert torch.equal(generator(z), plain)
    assert half.std(0).mean() < plain.std(0).mean()


def test_a_generator_is_truncated_for_a_while(generator: Generator) -> None:
    z = noise(4, 8)
    plain = generate(generator.eval(), z)
    generator.layers[0].mean += 1.0  # type: ignore[operator]
    with truncated(generator, 0.0):
        typical = generate(generator, z)
    assert torch.equal(typical[0], typical[3])
    assert torch.equal(generate(generator, z), plain)
    with pytest.raises(ValueError, match=r"from 0 to 1, not 1\.5"), truncated(generator, 1.5):
        pass


def test_without_styles_there_is_nothing_to_truncate() -> None:
    G, _ = build_pair(parse_config({"network": {"g_width": 8}}), (1, 32, 32))
    with pytest.raises(ValueError, match="this one has none: leave it at 1"), truncated(G, 0.5):
        pass
    with truncated(G, 1.0):
        pass


def test_styles_are_mixed_by_stage(generator: Generator) -> None:
    """One style for all stages is that style; coarse and fine ones of two samples make a third."""
    mapping, synthesis = generator.eval().layers
    with torch.no_grad():
        one, other = (mapping(noise(1, 8, seed=seed)) for seed in (1, 2))
        stages = len(synthesis.stages)
        assert stages == 3
        alone = one[:, None].expand(-1, stages, -1)
        assert torch.equal(synthesis(alone), synthesis(one))
        mixed = torch.stack([one, other, other], dim=1)
        images = [synthesis(w) for w in (one, other, mixed)]
    assert not torch.equal(images[2], images[0])
    assert not torch.equal(images[2], images[1])
    features, image = synthesis.stages[0](synthesis.start[None], None, one)
    for stage in synthesis.stages[1:]:
        features, image = stage(features, image, other)
    torch.testing.assert_close(image, images[2])
