"""Nearest rows against a plain search: of features and of pixels, in parts, far from the origin."""

from __future__ import annotations

from pathlib import Path

import pytest
import torch
from torch import Tensor

from gandash import data
from gandash.config import DataConfig
from gandash.data import to_unit
from gandash.evaluation import distances
from gandash.evaluation.distances import nearest


def normal(count: int, dim: int, seed: int, shift: float = 0.0) -> Tensor:
    return torch.randn(count, dim, generator=torch.Generator().manual_seed(seed)) + shift


def test_the_nearest_of_a_few_points() -> None:
    square = torch.tensor([[0.0, 0.0], [3.0, 0.0], [0.0, 4.0]])
    found, places = nearest(torch.tensor([[2.9, 0.0], [0.0, 1.0]]), square)
    torch.testing.assert_close(found, torch.tensor([[0.1], [1.0]]), rtol=1e-4, atol=1e-5)
    assert places.tolist() == [[1], [0]]


@pytest.mark.parametrize("shift", [0.0, 3.0, 1000.0])
@pytest.mark.parametrize("count", [1, 3])
@pytest.mark.parametrize("chunk", [100, 4096])
def test_nearest_is_that_of_double_precision(
    monkeypatch: pytest.MonkeyPatch, chunk: int, count: int, shift: float
) -> None:
    """Far from the origin too, where differences of products have lost the digits of small
    distances.
    """
    monkeypatch.setattr(distances, "CHUNK", chunk)
    references = normal(1500, 32, 43, shift)
    samples = torch.cat(
        [normal(300, 32, 44, shift), references[200:300] + 1e-3, references[700:800]]
    )
    expected = torch.cdist(
        samples.double(), references.double(), compute_mode="donot_use_mm_for_euclid_dist"
    ).sort(1)
    found, places = nearest(samples, references, count)
    assert torch.equal(places, expected.indices[:, :count])
    torch.testing.assert_close(found, expected.values[:, :count].float(), rtol=1e-5, atol=1e-6)
    assert not found[400:, 0].any(), "copies are at no distance at all"


@pytest.mark.parametrize("kind", ["pixels", "half-precision features"])
def test_it_finds_what_a_plain_search_finds_over_many_parts(
    kind: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(distances, "CHUNK", 7)
    rng = torch.Generator().manual_seed(0)
    if kind == "pixels":
        references = torch.randint(0, 256, (50, 1, 4, 4), dtype=torch.uint8, generator=rng)
        rows = to_unit(references).flatten(1).double()
    else:
        references = torch.randn(50, 16, generator=rng).half()
        rows = references.double()
    found, places = nearest(references[[3, 40]], references, 5)
    plain = (rows[[3, 40], None] - rows[None]).square().sum(2).sqrt().sort(1)
    assert places.tolist() == plain.indices[:, :5].tolist()
    assert places[:, 0].tolist() == [3, 40]
    torch.testing.assert_close(found.double(), plain.values[:, :5], atol=1e-5, rtol=1e-5)


def test_copies_are_at_distance_0() -> None:
    rng = torch.Generator().manual_seed(0)
    references = torch.randint(0, 256, (300, 1, 32, 32), dtype=torch.uint8, generator=rng)
    found, places = nearest(references, references, 3)
    assert not found[:, 0].any()
    assert torch.equal(places[:, 0], torch.arange(300))


def test_there_are_no_more_neighbors_than_references() -> None:
    found, places = nearest(torch.zeros(1, 2), torch.tensor([[3.0, 4.0], [0.0, 1.0]]), 5)
    assert found.tolist() == [[1.0, 5.0]]
    assert places.tolist() == [[1, 0]]


def test_copies_of_real_digits_are_at_no_distance(mnist: Path) -> None:
    images = data.load(DataConfig(limit=5000)).images
    found, places = nearest(images[1000:1500], images)
    assert torch.equal(places[:, 0], torch.arange(1000, 1500))
    assert not found.any()
