"""Projection finds the vectors of generated images, and says what is far from what G makes."""

from __future__ import annotations

import statistics

import pytest
import torch

import gandash
from gandash import latent
from gandash.checkpoints import weights
from gandash.data import to_uint8
from gandash.latent.projection import FEATURES, Aim, Projected, decibels_of, project
from gandash.networks import Generator

CASES = 20


def generator(name: str) -> Generator:
    return weights.load_generator(gandash.load(name))


def last(G: Generator, image: torch.Tensor, label: int | None = None) -> Projected:
    *_, result = project(G, image, label)
    return result


@pytest.mark.parametrize(
    ("name", "cases"), [("mnist-conditional", CASES), ("mnist-half-dcgan-seed-0", 2)]
)
def test_the_vectors_of_generated_images_are_found(name: str, cases: int) -> None:
    """To at least 25 dB in most cases; what is told is what the picture has."""
    G = generator(name)
    results = []
    for number in range(cases):
        label = number % G.classes if G.classes else None
        image = latent.generate(G, latent.draw(1000 + number, 1, G.latent_dim), label)[0]
        found = last(G, image, label)
        again = G(found.z[None], None if label is None else torch.tensor([label]))
        error = float((again - image.float()[None] / 127.5 + 1).square().mean())
        assert found.decibels == pytest.approx(decibels_of(error), abs=0.01)
        results.append(found.decibels)
    assert sum(value >= 25 for value in results) > cases / 2
    assert statistics.median(results) >= 30


def test_it_gets_better_and_says_how_far_it_is() -> None:
    G = generator("mnist-half-dcgan-seed-0")
    image = latent.generate(G, latent.draw(1003, 1, G.latent_dim))[0]
    told = list(project(G, image))
    assert [each.step for each in told] == sorted(each.step for each in told)
    assert told[-1].step == told[-1].steps
    found = [each.decibels for each in told]
    assert found == sorted(found)
    assert found[0] == told[0].at_start


def test_noise_is_far_from_what_a_generator_makes() -> None:
    G = generator("mnist-half-dcgan-seed-0")
    noise = to_uint8(latent.draw(5, 1, 1024).view(1, 1, 32, 32).clamp(-1, 1))[0]
    assert last(G, noise).decibels < 12


def test_another_shape_is_one_sentence() -> None:
    G = generator("mnist-half-dcgan-seed-0")
    with pytest.raises(ValueError, match=r"must have the shape .*32, 32.*: resize it"):
        next(project(G, torch.zeros(3, 32, 32, dtype=torch.uint8)))


def _means(images: torch.Tensor) -> torch.Tensor:
    return images.mean((2, 3))


def test_features_count_relative_to_their_length() -> None:
    rng = torch.Generator().manual_seed(0)
    target, made = torch.rand((2, 1, 3, 4, 4), generator=rng)
    pixels = float((made - target).square().sum())
    assert float(Aim(target, None).missed_by(made)) == pytest.approx(pixels)
    for extractor in (_means, lambda images: 1000 * _means(images)):
        means = Aim(target, extractor)
        gap = (made - target).mean((2, 3)).square().sum() / target.mean((2, 3)).square().sum()
        expected = pixels + FEATURES * 48 * float(gap)
        assert float(means.missed_by(made)) == pytest.approx(expected, rel=1e-5)


def test_generated_images_are_found_by_features_as_well() -> None:
    checkpoint = gandash.load("mnist-half-dcgan-seed-0")
    G, (D, *_) = weights.load_generator(checkpoint), weights.load_discriminator(checkpoint).members
    image = latent.generate(G, latent.draw(1000, 1, G.latent_dim))[0]
    *_, found = project(G, image, features=D.features)
    assert found.decibels >= 30
