"""A D that judges places: its logits written out, and what is made of them."""

from __future__ import annotations

from typing import Any

import pytest
import torch
from torch import Tensor

from gandash import training
from gandash.browser.program import UnsupportedError, describe_discriminator
from gandash.config import parse_config
from gandash.data import Dataset
from gandash.losses.objectives import cross_entropy_d, non_saturating_g
from gandash.networks import Discriminator, build_pair
from gandash.networks.layers import minibatch_stddev
from gandash.training.games import NoiseGame
from gandash.training.source import Source
from tests.conftest import ConfigFactory


def noise(*shape: int, seed: int = 0) -> Tensor:
    return torch.randn(shape, generator=torch.Generator().manual_seed(seed))


def d_of(classes: int = 0, **sections: Any) -> Discriminator:
    network = {"g_width": 4, "d_width": 4, "d_norm": "none", "d_places": True}
    _, D = build_pair(parse_config({"network": network} | sections), (1, 32, 32), classes)
    assert isinstance(D, Discriminator)
    return D.requires_grad_(False)


def test_each_place_has_a_logit_of_its_own_features() -> None:
    D = d_of()
    images = noise(3, 1, 32, 32)
    features = D.layers(images)
    weight = D.head.output.weight[0]
    logits, scores = D.judge(images)
    assert scores is None
    assert logits.shape == (3, 16)
    for y in range(4):
        for x in range(4):
            torch.testing.assert_close(logits[:, 4 * y + x], features[:, :, y, x] @ weight)
    torch.testing.assert_close(D(images), logits.mean(1))


def test_a_label_is_compared_with_each_place() -> None:
    D = d_of(3, labels={"conditioning": "projection"})
    images = noise(2, 1, 32, 32)
    labels = torch.tensor([2, 0])
    features = D.layers(images)
    assert D.head.embedding is not None
    vector = D.head.embedding.weight[labels] + D.head.output.weight
    expected = torch.stack(
        [(features[:, :, place // 4, place % 4] * vector).sum(1) for place in range(16)], dim=1
    )
    torch.testing.assert_close(D.judge(images, labels)[0], expected)


def test_the_deviation_of_a_batch_stands_beside_each_place() -> None:
    D = d_of(collapse={"minibatch": "stddev"})
    images = noise(4, 1, 32, 32)
    seen = minibatch_stddev(D.layers(images)).flatten(2)
    expected = torch.einsum("ncp,c->np", seen, D.head.output.weight[0])
    torch.testing.assert_close(D.judge(images)[0], expected)


def test_losses_are_means_over_places_and_reports_over_images(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    network = {"latent_dim": 8, "g_width": 4, "d_width": 4, "d_norm": "none", "d_places": True}
    config = tiny_config(network=network)
    state = training.new_state(config, tiny_dataset)
    game = NoiseGame(state)
    batch = Source(config, tiny_dataset, state.device, state.arithmetic).batch(
        torch.arange(config.batch_size), 0
    )
    fake = state.G(noise(config.batch_size, 8)).detach()
    assert isinstance(state.D, Discriminator)
    real_places, fake_places = (state.D.judge(it)[0].detach() for it in (batch.real, fake))
    seen = game.judge(batch, fake)
    torch.testing.assert_close(seen.d_loss.detach(), cross_entropy_d(real_places, fake_places))
    torch.testing.assert_close(seen.real_logits.detach(), real_places.mean(1))
    verdict = game.update_g(state.G(noise(config.batch_size, 8)), batch)
    torch.testing.assert_close(verdict.g_loss.detach(), non_saturating_g(fake_places))
    torch.testing.assert_close(verdict.logits.detach(), fake_places.mean(1))


def test_the_browser_has_no_one_opinion_of_it() -> None:
    with pytest.raises(UnsupportedError, match="it judges places"):
        describe_discriminator(d_of().eval(), (1, 32, 32))
