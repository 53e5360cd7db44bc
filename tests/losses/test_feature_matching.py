"""Feature matching against its formula, and an update of G by it against one written out."""

from __future__ import annotations

import copy

import pytest
import torch
from torch import Tensor, nn

from gandash import training
from gandash.data import Dataset
from gandash.losses.feature_matching import feature_matching
from gandash.training.games import NoiseGame
from gandash.training.source import Batch, Source
from tests.conftest import ConfigFactory


def drawn(*shape: int, seed: int = 0) -> Tensor:
    rng = torch.Generator().manual_seed(seed)
    return torch.randn(shape, generator=rng, dtype=torch.float64)


def test_it_is_the_squared_distance_of_the_mean_features() -> None:
    real, fake = drawn(5, 2, 3, 3), drawn(7, 2, 3, 3, seed=1)
    expected = 0.0
    for channel in range(2):
        for y in range(3):
            for x in range(3):
                gap = real[:, channel, y, x].sum() / 5 - fake[:, channel, y, x].sum() / 7
                expected += float(gap) ** 2
    assert float(feature_matching(real, fake)) == pytest.approx(expected, rel=1e-12)
    assert float(feature_matching(real, real[[4, 3, 2, 1, 0]])) == pytest.approx(0, abs=1e-25)


def test_only_gs_samples_have_a_gradient() -> None:
    real, fake = drawn(4, 3).requires_grad_(), drawn(4, 3, seed=1).requires_grad_()
    feature_matching(real, fake).backward()
    assert real.grad is None
    gap = fake.detach().mean(0) - real.detach().mean(0)
    torch.testing.assert_close(fake.grad, (2 * gap / 4).expand(4, 3))


def test_gs_update_is_that_of_the_paper(tiny_config: ConfigFactory, tiny_dataset: Dataset) -> None:
    """Adam down the gradient of the formula, with D as it stands, which stays."""
    config = tiny_config(loss={"feature_matching": True})
    state = training.new_state(config, tiny_dataset)
    batch: Batch = Source(config, tiny_dataset, state.device, state.arithmetic).batch(
        torch.arange(config.batch_size), 0
    )
    z = torch.randn(config.batch_size, 8, generator=torch.Generator().manual_seed(0))
    G, D = copy.deepcopy(state.G), copy.deepcopy(state.D)
    layers = D.layers
    assert isinstance(layers, nn.Module)
    gap = layers(batch.real).detach().mean(0) - layers(G(z)).mean(0)
    loss = gap.square().sum()
    optimizer = torch.optim.Adam(G.parameters(), lr=2e-4, betas=(0.5, 0.999))
    loss.backward()
    optimizer.step()
    before = [it.detach().clone() for it in state.D.parameters()]
    verdict = NoiseGame(state).update_g(state.G(z), batch)
    assert float(verdict.g_loss.detach()) == pytest.approx(float(loss.detach()), rel=1e-4)
    assert verdict.logits.shape == (config.batch_size,)
    for ours, theirs in zip(state.G.parameters(), G.parameters(), strict=True):
        torch.testing.assert_close(ours, theirs, rtol=1e-4, atol=2e-6)
    for now, then in zip(state.D.parameters(), before, strict=True):
        assert torch.equal(now, then)
