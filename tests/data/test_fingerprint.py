"""Fingerprints: equal for equal data, and changed by whatever changes what a run learns from."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch

from gandash.data import Dataset

IMAGES = torch.randint(
    0, 256, (12, 3, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(0)
)
DATASET = Dataset("mine", "Mine", "mine", IMAGES, torch.arange(12) % 2, ("a", "b"))


def darker(images: torch.Tensor) -> torch.Tensor:
    """The same images but for one pixel by one level."""
    images = images.clone()
    images[7, 1, 3, 4] ^= 1
    return images


def test_the_same_data_have_the_same_fingerprint() -> None:
    again = replace(DATASET, name="other", title="Other", images=IMAGES.clone())
    assert again.fingerprint == DATASET.fingerprint
    assert len(DATASET.fingerprint) == 64
    channels_last = IMAGES.contiguous(memory_format=torch.channels_last)
    assert replace(DATASET, images=channels_last).fingerprint == DATASET.fingerprint


@pytest.mark.parametrize(
    "changed",
    [
        replace(DATASET, images=darker(IMAGES)),
        replace(DATASET, images=IMAGES.flip(0)),
        replace(DATASET, images=IMAGES[:11], labels=torch.arange(11) % 2),
        replace(DATASET, images=IMAGES.view(12, 3, 8, 32)),
        replace(DATASET, labels=torch.arange(12) // 2 % 2),
        replace(DATASET, labels=None),
        replace(DATASET, classes=("a", "c")),
    ],
    ids=["a pixel", "the order", "one less", "the shape", "labels", "no labels", "classes"],
)
def test_other_data_have_another(changed: Dataset) -> None:
    assert changed.fingerprint != DATASET.fingerprint


def test_points_have_one_too() -> None:
    points = torch.randn(20, 2, generator=torch.Generator().manual_seed(0))
    dataset = Dataset("ring", "Ring", "mine", points)
    assert dataset.fingerprint == replace(dataset).fingerprint
    assert dataset.fingerprint != replace(dataset, images=points * 1.0000001).fingerprint
