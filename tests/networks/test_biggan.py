"""BigGAN's ideas on the ResNet pair: first weights, angles, the shared embedding, spectra."""

from __future__ import annotations

from itertools import pairwise
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from gandash import training
from gandash.browser.program import UnsupportedError, describe
from gandash.config import Config, parse_config
from gandash.data import Dataset
from gandash.losses.regularizers import off_diagonal
from gandash.networks import Generator, build_pair
from gandash.networks.layers import EmbeddedBatchNorm
from gandash.networks.matrices import matrices_of
from gandash.networks.resnet import UpBlock
from gandash.training import Report, averaging, spectra
from tests.conftest import ConfigFactory

CLASSES = 3
NETWORK: dict[str, Any] = {
    "architecture": "resnet",
    "latent_dim": 8,
    "g_width": 8,
    "d_width": 4,
    "d_norm": "none",
}
SHARED = {"conditioning": "projection", "g_labels": "shared"}


def noise(*shape: int, seed: int = 0, dtype: torch.dtype = torch.float32) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed), dtype=dtype)


def config_of(**network: Any) -> Config:
    return parse_config({"network": NETWORK | network, "labels": SHARED})


def generator_of(**network: Any) -> Generator:
    return build_pair(config_of(**network), (1, 32, 32), CLASSES)[0]


# First weights


@pytest.mark.parametrize("architecture", ["resnet", "dcgan", "mlp"])
def test_orthogonal_first_weights_have_rows_or_columns_at_right_angles(architecture: str) -> None:
    values = {"architecture": architecture, "first_weights": "orthogonal", "g_width": 8}
    pair = build_pair(parse_config({"network": values | {"d_width": 4}}), (1, 32, 32))
    layers = [
        module
        for network in pair
        for module in network.modules()
        if isinstance(module, nn.Conv2d | nn.ConvTranspose2d | nn.Linear)
    ]
    assert len(layers) > 5
    for layer in layers:
        matrix = layer.weight.detach().flatten(1).double()
        few = min(matrix.shape)
        gram = matrix @ matrix.T if len(matrix) == few else matrix.T @ matrix
        torch.testing.assert_close(gram, torch.eye(few).double(), rtol=0, atol=1e-5)
        assert layer.bias is None or not layer.bias.any()


def test_embeddings_of_labels_are_orthogonal_too_and_the_seed_decides() -> None:
    config = config_of(first_weights="orthogonal")
    G, D = build_pair(config, (1, 32, 32), CLASSES)
    for embedding in (G.embedding, D.members[0].head.embedding):
        assert embedding is not None
        gram = embedding.weight @ embedding.weight.T
        torch.testing.assert_close(gram, torch.eye(CLASSES), rtol=0, atol=1e-5)
    again, _ = build_pair(config, (1, 32, 32), CLASSES)
    assert all(torch.equal(a, b) for a, b in zip(G.parameters(), again.parameters(), strict=True))


# Angles


def test_the_off_diagonal_penalty_is_the_papers_formula() -> None:
    matrices = [noise(*shape, seed=seed, dtype=torch.float64).requires_grad_()
                for seed, shape in enumerate([(3, 5), (6, 2), (1, 4)])]  # fmt: skip
    expected = 0.0
    for matrix in matrices:
        filters = matrix.detach()
        for i in range(len(filters)):
            for j in range(len(filters)):
                expected += float(filters[i] @ filters[j]) ** 2 if i != j else 0.0
    penalty = off_diagonal(matrices)
    assert float(penalty.detach()) == pytest.approx(expected, rel=1e-12)
    assert torch.autograd.gradcheck(lambda *given: off_diagonal(given), matrices)


def test_filters_at_right_angles_cost_nothing_whatever_their_lengths() -> None:
    rows = torch.linalg.qr(noise(6, 6, dtype=torch.float64))[0][:4]
    stretched = rows * torch.tensor([0.1, 1.0, 5.0, 30.0], dtype=torch.float64)[:, None]
    assert float(off_diagonal([stretched]).detach()) == pytest.approx(0, abs=1e-20)
    assert float(off_diagonal([rows[:1].repeat(2, 1)]).detach()) == pytest.approx(2)


def test_weights_as_matrices_have_a_row_for_each_output() -> None:
    convolution = nn.Conv2d(3, 5, 2)
    transposed = nn.ConvTranspose2d(3, 5, 2)
    (one, other) = matrices_of(nn.Sequential(convolution, nn.ReLU(), transposed))
    assert torch.equal(one[4], convolution.weight[4].flatten())
    assert torch.equal(other[4], transposed.weight[:, 4].flatten())
    assert one.requires_grad


def test_the_penalty_teaches_g_alone_and_brings_its_filters_to_right_angles(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    angles = {}
    for weight in (0.0, 10.0):
        config = tiny_config(regularizer={"orthogonal": weight}, steps=30, report_every=30)
        state = training.new_state(config, tiny_dataset)
        (report,) = (it for it in training.train(state, tiny_dataset) if isinstance(it, Report))
        angles[weight] = [
            float(off_diagonal(matrices_of(it)).detach()) for it in (state.G, state.D)
        ]
        assert report.g_loss < 10, "the loss that is told is without the penalty"
    assert angles[10.0][0] < 0.5 * angles[0.0][0]
    assert angles[10.0][1] == pytest.approx(angles[0.0][1], rel=0.2)


# The shared embedding


def test_each_block_is_told_the_class_and_a_piece_of_z_of_its_own() -> None:
    """The whole generator, written out."""
    G = generator_of().double().eval()
    for module in G.modules():
        if isinstance(module, nn.BatchNorm2d):
            assert module.running_mean is not None
            assert module.running_var is not None
            module.running_mean.copy_(noise(len(module.running_mean), seed=1))
            module.running_var.copy_(noise(len(module.running_var), seed=2).square() + 0.5)
    z = noise(4, 8, dtype=torch.float64)
    labels = torch.tensor([0, 1, 2, 1])
    assert G.embedding is not None
    linear, _, *blocks, last, _, to_image, _ = G.layers
    with torch.no_grad():
        features = (z[:, :2] @ linear.weight.T + linear.bias).view(4, 8, 4, 4)
        for number, block in enumerate(blocks, 1):
            assert isinstance(block, UpBlock)
            wanted = torch.cat(
                [G.embedding.weight[labels], z[:, 2 * number : 2 * number + 2]], dim=1
            )

            def normed(norm: Any, maps: Tensor, wanted: Tensor = wanted) -> Tensor:
                mean, var = norm.norm.running_mean, norm.norm.running_var
                scaled = (maps - mean[:, None, None]) / (var[:, None, None] + 1e-5).sqrt()
                gain = 1 + wanted @ norm.scale.weight.T
                shift = wanted @ norm.shift.weight.T
                return scaled * gain[:, :, None, None] + shift[:, :, None, None]

            hidden = normed(block.norm_1, features).relu()
            hidden = hidden.repeat_interleave(2, 2).repeat_interleave(2, 3)
            hidden = block.conv_2(normed(block.norm_2, block.conv_1(hidden)).relu())
            beside = block.shortcut(features).repeat_interleave(2, 2).repeat_interleave(2, 3)
            features = hidden + beside
        expected = to_image(last(features).relu()).tanh()
        torch.testing.assert_close(G(z, labels), expected)


def test_all_blocks_share_one_embedding() -> None:
    G = generator_of()
    norms = [module for module in G.modules() if isinstance(module, EmbeddedBatchNorm)]
    assert len(norms) == 6
    assert {norm.scale.in_features for norm in norms} == {128 + 2}
    assert sum(isinstance(module, nn.Embedding) for module in G.modules()) == 1
    with pytest.raises(ValueError, match="makes images of 3 classes"):
        G(noise(2, 8))


def test_the_browser_says_that_it_does_not_know_the_shared_embedding() -> None:
    with pytest.raises(UnsupportedError, match="a piece of z are not written yet"):
        describe(generator_of().eval())


# Spectral norm on G


def test_spectral_norm_on_g_divides_by_the_largest_singular_value() -> None:
    G = generator_of(g_spectral_norm=True).requires_grad_(False)
    for _ in range(100):  # each pass is one power iteration
        G(noise(4, 8), torch.tensor([0, 1, 2, 0]))
    G.eval()
    layers = [it for it in G.modules() if parametrize.is_parametrized(it, "weight")]
    assert not any(isinstance(it, nn.Embedding) for it in layers)
    assert len(layers) == len(matrices_of(G))
    for layer in layers:
        sigma = torch.linalg.matrix_norm(layer.weight.flatten(1), 2)  # type: ignore[operator]
        assert float(sigma) == pytest.approx(1, abs=0.02)


def test_the_moving_average_is_divided_by_its_own_largest_singular_value(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    """The mean of singular vectors is shorter than they are: as it is, weights would be larger."""
    network = {"latent_dim": 8, "g_width": 4, "d_width": 4, "g_spectral_norm": True}
    config = tiny_config(network=network, ema=0.9, steps=20, report_every=20)
    state = training.new_state(config, tiny_dataset)
    list(training.train(state, tiny_dataset))
    assert state.ema is not None
    average = state.ema.module.eval()
    for layer in average.modules():
        if parametrize.is_parametrized(layer, "weight"):
            weight = layer.weight.detach()  # type: ignore[operator, union-attr]
            sides = (0, 1) if isinstance(layer, nn.ConvTranspose2d) else (0,)
            matrix = weight.transpose(*sides).flatten(1) if len(sides) == 2 else weight.flatten(1)
            assert float(torch.linalg.matrix_norm(matrix, 2)) == pytest.approx(1, abs=0.1)
    buffers = [it for name, it in average.named_buffers() if name.endswith("._u")]
    assert buffers
    for buffer in buffers:
        assert float(buffer.norm()) == pytest.approx(1)
    averaging.renew_directions(state.ema)
    assert all(
        torch.equal(a, b)
        for a, b in zip(
            buffers, [it for n, it in average.named_buffers() if n.endswith("._u")], strict=True
        )
    )


# Spectra


def test_the_largest_singular_values_are_those_of_the_layer_with_the_largest() -> None:
    known = [[0.5, 0.4, 0.3], [7.0, 2.0, 1.0, 0.1], [6.9, 6.8]]
    layers = []
    for seed, values in enumerate(known):
        layer = nn.Conv2d(2, len(values), 2, bias=False)
        left = torch.linalg.qr(noise(len(values), len(values), seed=seed))[0]
        right = torch.linalg.qr(noise(8, len(values), seed=10 + seed))[0]
        layer.weight.data = (left @ torch.diag(torch.tensor(values)) @ right.T).view_as(
            layer.weight
        )
        layers.append(layer)
    torch.testing.assert_close(
        spectra.largest(nn.Sequential(*layers)), torch.tensor([7.0, 2.0, 1.0])
    )
    headed = nn.Sequential(*layers, nn.Linear(9, 1))
    nn.init.constant_(headed[-1].weight, 9.0)  # type: ignore[arg-type]
    assert float(spectra.largest(headed)[0]) == pytest.approx(7), "one output has one alone"
    two = spectra.largest(layers[2])
    torch.testing.assert_close(two[:2], torch.tensor([6.9, 6.8]))
    assert two[2].isnan()


def test_spectra_are_told_where_they_are_asked_for_and_change_nothing(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    told = {}
    for asked in (False, True):
        config = tiny_config(steps=4, report_every=2, spectra=asked)
        state = training.new_state(config, tiny_dataset)
        told[asked] = [it for it in training.train(state, tiny_dataset) if isinstance(it, Report)]
        sigma = max(
            float(torch.linalg.matrix_norm(it, 2))
            for it in matrices_of(state.G.eval().requires_grad_(False))
        )
    assert [report.d_loss for report in told[True]] == [report.d_loss for report in told[False]]
    assert all(report.g_sigma0 != report.g_sigma0 for report in told[False])  # NaN
    last = told[True][-1]
    assert last.g_sigma0 == pytest.approx(sigma, rel=1e-5)
    for who in "gd":
        values = [getattr(last, f"{who}_sigma{number}") for number in range(3)]
        assert all(a > b > 0 for a, b in pairwise(values))


def test_spectra_look_at_weights_before_spectral_norm() -> None:
    G = generator_of(g_spectral_norm=True)
    raw = [value for name, value in G.named_parameters() if name.endswith(".original")]
    largest = max(float(torch.linalg.matrix_norm(it.detach().flatten(1), 2)) for it in raw)
    assert float(spectra.largest(G)[0]) == pytest.approx(largest, rel=1e-5)
    assert largest > 1.5
