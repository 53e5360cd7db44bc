"""What an autoencoder makes of images: which images, which labels, which way, and the histogram."""

from __future__ import annotations

import math
from pathlib import Path

import numpy as np
import pytest
import torch

from gandash import checkpoints, data, latent, runs
from gandash.checkpoints import Checkpoint, weights
from gandash.evaluation import codes
from gandash.runs import execution
from tests.conftest import ConfigFactory


@pytest.fixture
def autoencoder(small_mnist: Path, runs_root: Path, small_config: ConfigFactory) -> Checkpoint:
    """A tiny autoencoder of the small files, told the class."""
    settings = {"autoencoder": {"encoder": True}, "labels": {"conditioning": "concat"}}
    list(execution.execute(runs.create(runs_root, small_config(**settings), "coded")))
    return checkpoints.find(runs_root)[0][0]


def test_z_is_of_test_images_and_its_images_have_the_labels_that_are_said(
    autoencoder: Checkpoint,
) -> None:
    G = weights.load_generator(autoencoder)
    seen = codes.codes(autoencoder, G)
    test = data.load(autoencoder.card.config.data, "test")
    assert seen.held_out
    assert len(seen.images) == len(test) == 400
    assert torch.equal(seen.images, test.images)
    assert torch.equal(seen.z, latent.encode(G, test.images))
    index = 5
    label = int(seen.labels[index])
    made = codes.again(G, seen, index)
    z = seen.z[index : index + 1]
    assert len(made) == 1 + G.classes
    assert torch.equal(made[0], made[1 + label])
    for other in range(G.classes):
        assert torch.equal(made[1 + other], latent.generate(G, z, other)[0])


def test_a_walk_begins_and_ends_at_the_images_z(autoencoder: Checkpoint) -> None:
    G = weights.load_generator(autoencoder)
    seen = codes.codes(autoencoder, G)
    way = codes.walk(G, seen, 0, 1, 5)
    assert len(way) == 10, "with the label of either"
    assert torch.equal(way[0], codes.again(G, seen, 0)[0])
    assert torch.equal(way[-1], codes.again(G, seen, 1)[0])


def test_a_histogram_is_a_density_beside_that_of_the_prior() -> None:
    values = torch.randn(20_000, generator=torch.Generator().manual_seed(0)) * 0.5
    x, density, prior = codes.histogram(values)
    width = x[1] - x[0]
    assert density.sum() * width == pytest.approx(1.0)
    assert prior.sum() * width == pytest.approx(1.0, abs=0.001)
    assert np.allclose(density, 2 * np.exp(-2 * x**2) / math.sqrt(2 * math.pi), atol=0.05)
    assert (x[0] - width / 2, x[-1] + width / 2) == pytest.approx((-4.0, 4.0))
    wide, _, _ = codes.histogram(torch.tensor([0.0, 9.0]))
    assert wide[-1] + (wide[1] - wide[0]) / 2 == pytest.approx(9.0)
