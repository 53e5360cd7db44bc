"""Points that were drawn: what their name holds, and what it does not."""

from __future__ import annotations

import numpy as np
import pytest

from gandash import data
from gandash.config import DataConfig
from gandash.theory import drawn, toy_data
from gandash.theory.densities import Cells


def test_a_name_holds_its_points() -> None:
    """Cells of 3/64, from the bottom left: the corners, and the middle's upper right cell."""
    name = drawn.named([(0, 0), (63, 0), (63, 63), (32, 32)])
    assert name == "drawn:AA_A__gg"
    edge = 1.5 - 1.5 / 64
    middle = 1.5 / 64
    expected = [[-edge, -edge], [edge, -edge], [edge, edge], [middle, middle]]
    np.testing.assert_allclose(drawn.read(name), expected)


@pytest.mark.parametrize(
    ("name", "said"),
    [
        ("ring", "holds none"),
        ("drawn:", "holds none"),
        ("drawn:AAB", "holds none"),
        ("drawn:A/", "holds none"),
        ("drawn:" + "AA" * 401, "At most 400 points can be drawn, not 401"),
    ],
)
def test_what_holds_no_points_is_one_sentence(name: str, said: str) -> None:
    with pytest.raises(ValueError, match=said) as refused:
        drawn.read(name)
    assert len(str(refused.value)) < 200


def test_points_lie_around_those_that_were_drawn() -> None:
    """As Gaussians of the density that D* is computed from."""
    study = drawn.study_of(drawn.named([(10, 10), (50, 40)]))
    assert study is not None
    points = toy_data.points_of(study)
    assert points.shape == (50_000, 2)
    centers = study.centers()
    distances = np.linalg.norm(points[:, None] - centers[None], axis=-1)
    assert np.bincount(distances.argmin(1)) / len(points) == pytest.approx([0.5, 0.5], abs=0.01)
    assert points[distances.argmin(1) == 0].std(0) == pytest.approx([drawn.STD] * 2, rel=0.02)
    cells = Cells(2, 2.0, 32)
    masses = cells.of_gaussians(centers, study.std)
    assert np.abs(masses - cells.of_points(points)).max() < 0.01


def test_the_first_drawing_is_a_heart_of_forty_points() -> None:
    points = drawn.read(drawn.heart())
    assert points.shape == (40, 2)
    assert np.abs(points).max() < drawn.REACH
    assert points[0, 1] < points[:, 1].max(), "two arcs, and between them a dent"
    assert abs(points[:, 0].mean()) < 0.1


def test_a_drawn_dataset_is_loaded_by_its_name() -> None:
    dataset = data.load(DataConfig(dataset=drawn.heart()))
    assert dataset.title == "Drawn points"
    assert dataset.images.shape == (50_000, 2)
    with pytest.raises(ValueError, match="draw them on the Playground page"):
        data.load(DataConfig(dataset="drawn:?"))
