"""Samples of a generator: which class, in which batches, and how points and images are shown."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from gandash import data, kinds, latent, records
from gandash.checkpoints import Card, Checkpoint, DataFacts, samples, weights
from gandash.config import Config, parse_config
from gandash.latent import sampling
from gandash.networks import Generator, build_pair
from gandash.pictures.raster import grid, scatter

NETWORK = {"latent_dim": 6, "g_width": 4, "d_width": 4}
POINTS = {
    "data": {"dataset": "ring", "limit": 100},
    "network": NETWORK | {"architecture": "mlp", "g_norm": "none"},
}


def generator(shape: tuple[int, ...] = (1, 16, 16), classes: int = 0, **sections: Any) -> Generator:
    G, _ = build_pair(
        parse_config({"data": {"size": 16}, "network": NETWORK} | sections), shape, classes
    )
    return G.eval()


def conditioned() -> Generator:
    return generator(classes=3, labels={"conditioning": "concat"})


def test_a_class_is_made_when_asked_for() -> None:
    G, z = conditioned(), latent.draw(0, 5, 6)
    made = [latent.generate(G, z, label) for label in range(3)]
    with torch.no_grad():
        for label in range(3):
            assert torch.equal(made[label], data.to_uint8(G(z, torch.full((5,), label))))
    assert not torch.equal(made[0], made[1])


def test_all_classes_come_in_turn_when_none_is_asked_for() -> None:
    G, z = conditioned(), latent.draw(0, 5, 6)
    with torch.no_grad():
        expected = data.to_uint8(G(z, torch.tensor([0, 1, 2, 0, 1])))
    assert torch.equal(latent.generate(G, z), expected)


@pytest.mark.parametrize("label", [-1, 3])
def test_a_class_that_is_not_there_is_refused(label: int) -> None:
    with pytest.raises(ValueError, match=rf"^A class must be 0 to 2, not {label}: choose another$"):
        latent.generate(conditioned(), latent.draw(0, 1, 6), label)


def test_a_class_of_a_generator_that_was_told_none_is_refused() -> None:
    with pytest.raises(ValueError, match=r"was not: leave out the class 1$"):
        latent.generate(generator(), latent.draw(0, 3, 6), 1)


@pytest.mark.parametrize("norm", ["batch", "virtual"])
def test_samples_do_not_depend_on_how_many_are_made(norm: str) -> None:
    """Images are made in batches of 256, each with the labels of its own rows."""
    G = (
        generator(classes=3, labels={"conditioning": "concat"})
        if norm == "batch"
        else generator(network=NETWORK | {"g_norm": norm})
    )
    z = latent.draw(0, sampling.BATCH + 3, 6)
    many = latent.generate(G, z)
    label = (sampling.BATCH + 2) % 3 if G.classes else None
    last = latent.generate(G, z[-1:], label)
    assert len(many) == sampling.BATCH + 3
    assert int((many[-1:].int() - last.int()).abs().max()) <= 1, "up to rounding"


def test_points_stay_points() -> None:
    G, z = generator((2,), **POINTS), latent.draw(0, 4, 6)
    made = latent.generate(G, z)
    assert (made.shape, made.dtype) == ((4, 2), torch.float32)
    with torch.no_grad():
        assert torch.equal(made, G(z))


def checkpoint(
    folder: Path, values: dict[str, Any], shape: tuple[int, ...], classes: tuple[str, ...] = ()
) -> Checkpoint:
    config: Config = parse_config(values)
    G, D = build_pair(config, shape, len(classes))
    facts = DataFacts(
        name="made-up", title="Made up", licence="MIT", images=6000, shape=shape, classes=classes
    )
    card = Card(
        name="mine",
        title="Mine",
        config=config,
        data=facts,
        step=1,
        epochs=1,
        seconds=1,
        device="CPU",
        arithmetic="fp32",
        weights="fp32",
        versions={},
        created=records.now(),
    )
    weights.save(folder / "mine", G, D, card)
    return Checkpoint(folder / "mine", card)


def test_images_are_shown_as_a_grid(tmp_path: Path) -> None:
    values = {"data": {"size": 16}, "network": NETWORK, "labels": {"conditioning": "concat"}}
    found = checkpoint(tmp_path, values, (1, 16, 16), ("a", "b"))
    G = weights.load_generator(found)
    z = latent.draw(3, 6, 6)
    for label in (None, 1):
        expected = grid(latent.generate(G, z, label), 3)
        assert np.array_equal(samples.picture(found, G, 3, 6, 3, label=label), expected)
    expected = grid(latent.generate(G, latent.within(z, 0.5)), 3)
    assert np.array_equal(samples.picture(found, G, 3, 6, 3, threshold=0.5), expected)


def test_points_are_shown_over_their_data(tmp_path: Path) -> None:
    found = checkpoint(tmp_path, POINTS, (2,))
    G = weights.load_generator(found)
    truth = data.load(found.card.config.data).images
    picture = samples.picture(found, G, 3, 6, 3)
    assert np.array_equal(
        picture, scatter(latent.generate(G, latent.draw(3, kinds.POINTS.snapshot, 6)), truth)
    )
