"""Data on the device: batches as the players take them, and whose labels D is shown."""

from __future__ import annotations

import dataclasses

import pytest
import torch

from gandash import data
from gandash.data import Dataset
from gandash.training import Arithmetic
from gandash.training.source import Source
from tests.conftest import ConfigFactory
from tests.training.whole_runs import (
    PLAIN,
)


def test_a_batch_is_what_the_index_names(tiny_config: ConfigFactory, tiny_dataset: Dataset) -> None:
    config = tiny_config(labels={"conditioning": "concat"})
    source = Source(config, tiny_dataset, torch.device("cpu"), PLAIN)
    index = torch.tensor([5, 0, 23])
    some = source.batch(index, 7, 0.25, reported=True)
    assert torch.equal(some.real, data.to_unit(tiny_dataset.images[index]))
    assert some.labels is not None
    assert tiny_dataset.labels is not None
    assert torch.equal(some.labels, tiny_dataset.labels[index])
    assert some.known is not None
    assert some.known.all()
    assert (some.number, some.progress, some.reported) == (7, 0.25, True)
    plain = Source(tiny_config(), tiny_dataset, torch.device("cpu"), PLAIN).batch(index, 0)
    assert (plain.labels, plain.known, plain.reported) == (None, None, False)


@pytest.mark.parametrize("order", [torch.channels_last, torch.contiguous_format])
def test_images_lie_in_the_order_that_the_arithmetic_asks_for(
    tiny_dataset: Dataset, tiny_config: ConfigFactory, order: torch.memory_format
) -> None:
    color = dataclasses.replace(tiny_dataset, images=tiny_dataset.images.expand(-1, 3, -1, -1))
    arithmetic = Arithmetic(channels_last=order == torch.channels_last)
    source = Source(tiny_config(), color, torch.device("cpu"), arithmetic)
    real = source.batch(torch.arange(4), 0).real
    assert real.is_contiguous(memory_format=order)
    assert torch.equal(real, data.to_unit(color.images[:4]))


def test_labels_that_d_is_shown_are_of_all_classes(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    """Of data sorted by class, too; the seed says which."""
    ordered = dataclasses.replace(tiny_dataset, labels=torch.arange(24) // 12)
    masks = []
    for seed in (0, 0, 1):
        config = tiny_config(labels={"conditioning": "d-only", "labelled": 8}, seed=seed)
        source = Source(config, ordered, torch.device("cpu"), PLAIN)
        assert source.known is not None
        assert source.known[:12].sum() == source.known[12:].sum() == 4
        masks.append(source.known)
    assert torch.equal(masks[0], masks[1])
    assert not torch.equal(masks[0], masks[2])


def test_flips_mirror_about_half_of_a_batch_always_the_same(
    tiny_dataset: Dataset, tiny_config: ConfigFactory
) -> None:
    config = tiny_config(data={"dataset": "mine", "size": 16, "flips": True})
    source = Source(config, tiny_dataset, torch.device("cpu"), PLAIN)
    index = torch.arange(24)
    kept = data.to_unit(tiny_dataset.images)
    flipped: list[list[bool]] = []
    for number in range(20):
        real = source.batch(index, number).real
        assert torch.equal(real, source.batch(index, number).real)
        flipped.append([torch.equal(a, b.flip(-1)) for a, b in zip(real, kept, strict=True)])
        as_it_was = [torch.equal(a, b) for a, b in zip(real, kept, strict=True)]
        assert all(a != b for a, b in zip(flipped[-1], as_it_was, strict=True))
    share = sum(map(sum, flipped)) / (20 * 24)
    assert abs(share - 0.5) < 4 * (0.25 / (20 * 24)) ** 0.5  # within 4 deviations
