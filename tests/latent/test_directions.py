"""Directions: a planted one is found, and they are what they are called."""

from __future__ import annotations

import torch

from gandash import latent
from gandash.config import Config
from gandash.latent import directions
from gandash.networks import Generator, build_pair


def built(**network: object) -> Generator:
    G, _ = build_pair(Config.model_validate({"network": {"g_width": 8} | network}), (1, 32, 32))
    return G.eval()


def test_a_planted_direction_is_the_first() -> None:
    G = built(latent_dim=16, g_norm="none")
    planted = latent.draw(9, 1, 16)[0]
    planted /= planted.norm()
    weight = G.layers[0][0].weight  # type: ignore[index]
    with torch.no_grad():
        flat = weight.view(16, -1)
        flat += 20 * planted[:, None] * flat.std()
    found = directions.principal(G)
    assert found.shape == (8, 16)
    assert float((found[0] @ planted).abs()) > 0.99


def test_they_are_unit_vectors_and_the_same_every_time() -> None:
    G = built(latent_dim=5)
    found = directions.principal(G)
    assert found.shape == (5, 5)
    assert torch.allclose(found.norm(dim=1), torch.ones(5))
    torch.rand(3)
    assert torch.equal(directions.principal(G), found)
