"""Kinds of sample: their ranges, pictures and words, and that names and shapes agree on them."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from torch import Tensor

from gandash import data, kinds
from gandash.config import DataConfig
from gandash.kinds import IMAGES, OF_PAIRS, PAIRS, POINTS, Kind
from gandash.pictures.raster import grid, scatter
from gandash.theory.toy_data import STUDIES


def never() -> Tensor:
    raise AssertionError("images are shown without the data")


@pytest.mark.parametrize(
    ("shape", "kind"),
    [
        ((1, 16, 16), IMAGES),
        ((3, 32, 32), IMAGES),
        ((2, 1, 16, 16), PAIRS),
        ((2, 3, 64, 64), PAIRS),
        ((1,), POINTS),
        ((2,), POINTS),
    ],
)
def test_a_shape_has_a_kind_that_holds_it(shape: tuple[int, ...], kind: Kind) -> None:
    assert kinds.of_shape(shape) is kind
    assert kinds.of_batch(torch.zeros(5, *shape)) is kind
    assert kind.holds(shape)


@pytest.mark.parametrize(
    "shape",
    [
        (4, 32, 32),
        (0, 32, 32),
        (3, 32, 16),
        (3, 17, 17),
        (0,),
        (4,),
        (3, 1, 32, 32),
        (2, 2, 32, 32),
    ],
)
def test_a_shape_that_cannot_be_made_is_held_by_no_kind(shape: tuple[int, ...]) -> None:
    assert not PAIRS.holds(shape)
    assert not IMAGES.holds(shape)
    assert not POINTS.holds(shape)


@pytest.mark.parametrize("shape", [(), (2, 2), (1, 2, 3, 16, 16)])
def test_other_axes_are_those_of_no_kind(shape: tuple[int, ...]) -> None:
    with pytest.raises(ValueError, match=f"not {len(shape)}$"):
        kinds.of_shape(shape)


@pytest.mark.parametrize("name", list(STUDIES))
def test_the_name_of_a_dataset_and_its_samples_agree(name: str) -> None:
    config = DataConfig(dataset=name)
    assert config.kind is data.load(config).kind is POINTS


@pytest.mark.parametrize("name", [name for name in data.SOURCES if name.startswith(OF_PAIRS)])
def test_a_prefix_tells_pairs(name: str) -> None:
    assert kinds.of_dataset(name) is PAIRS
    assert kinds.of_dataset("pairs:/somewhere/maps.zip") is PAIRS


@pytest.mark.parametrize(
    "name", [name for name in data.SOURCES if name not in STUDIES and not name.startswith(OF_PAIRS)]
)
def test_every_other_dataset_holds_images(name: str) -> None:
    assert kinds.of_dataset(name) is IMAGES
    assert kinds.of_dataset(f"/somewhere/{name}.zip") is IMAGES


def test_images_are_whole_numbers_outside_and_in_the_unit_range_inside() -> None:
    kept = torch.arange(256, dtype=torch.uint8).view(1, 1, 16, 16)
    made = IMAGES.prepare(kept, torch.channels_last)
    assert made.is_contiguous(memory_format=torch.channels_last)
    torch.testing.assert_close(made.flatten(), torch.linspace(-1, 1, 256), rtol=0, atol=1e-6)
    assert torch.equal(IMAGES.keep(made), kept)
    assert IMAGES.keep(torch.tensor([-9.0, 9.0])).tolist() == [0, 255]


def test_points_stay_as_they_are() -> None:
    points = torch.tensor([[-7.5, 3.25]])
    assert torch.equal(POINTS.prepare(points, torch.channels_last), points)
    assert POINTS.keep(points.double()).dtype == torch.float32
    assert torch.equal(POINTS.keep(points.double()), points)


def test_images_are_shown_side_by_side_and_points_over_the_data() -> None:
    rng = torch.Generator().manual_seed(0)
    images = torch.randint(0, 256, (6, 3, 16, 16), generator=rng).byte()
    assert np.array_equal(IMAGES.picture(images, 3, never), grid(images, 3))
    cloud, points = torch.randn(50, 2, generator=rng), torch.randn(4, 2, generator=rng)
    assert np.array_equal(POINTS.picture(points, 3, lambda: cloud), scatter(points, cloud))
    assert IMAGES.shown(6) == 6
    rows = torch.randint(0, 256, (4, 3, 1, 16, 16), generator=rng).byte()  # three images each
    assert np.array_equal(PAIRS.picture(rows, 8, never), grid(rows.flatten(0, 1), 6))
    assert PAIRS.shown(6) == 6
    assert PAIRS.shown(600) == PAIRS.snapshot
    assert POINTS.shown(6) == POINTS.snapshot


def test_words() -> None:
    assert IMAGES.caption(1) == "1 image"
    assert IMAGES.caption(36) == "36 images"
    assert POINTS.caption(36) == "2,048 points"
    assert IMAGES.size((3, 64, 64)) == "64 pixels"
    assert IMAGES.extent(60_000, (1, 32, 32)) == "32×32, 60,000 images"
    assert POINTS.size((2,)) == "points"
    assert PAIRS.size((2, 1, 32, 32)) == "32 pixels"
    assert PAIRS.extent(798, (2, 3, 64, 64)) == "64×64, 798 pairs"
    assert PAIRS.caption(36) == "16 pairs"
    assert POINTS.extent(50_000, (2,)) == "50,000 points in 2-D"
