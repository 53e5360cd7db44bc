"""Seeded subsets: even, the same every time, and each within the next larger."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest

from gandash.data.draws import draw_evenly


def test_sorted_classes_give_equally_many() -> None:
    classes = np.repeat(np.arange(10), 5000)
    drawn = draw_evenly(len(classes), 5000, classes)
    assert np.bincount(classes[drawn]).tolist() == [500] * 10
    assert (np.diff(drawn) > 0).all(), "in their order, none twice"


def test_small_classes_give_all_they_have() -> None:
    classes = np.repeat([0, 1, 2], [100, 3, 50])
    assert np.bincount(classes[draw_evenly(153, 43, classes)]).tolist() == [20, 3, 20]
    assert np.bincount(classes[draw_evenly(153, 5, classes)]).max() == 2
    assert len(draw_evenly(153, 1000, classes)) == 153


@pytest.mark.parametrize("classes", [None, np.arange(200) % 7])
def test_a_larger_limit_keeps_what_a_smaller_one_does(classes: np.ndarray | None) -> None:
    draws = [set(draw_evenly(200, limit, classes).tolist()) for limit in (1, 10, 50, 200)]
    assert [len(draw) for draw in draws] == [1, 10, 50, 200]
    assert all(small < large for small, large in pairwise(draws))


def test_without_classes_it_is_a_uniform_sample_and_not_the_first() -> None:
    drawn = draw_evenly(10_000, 2000)
    counts = np.histogram(drawn, 10, (0, 10_000))[0]
    assert (np.abs(counts - 200) < 60).all()  # 4.7 standard deviations
    assert np.array_equal(drawn, draw_evenly(10_000, 2000))


def test_the_subset_is_the_same_for_ever() -> None:
    assert draw_evenly(20, 5).tolist() == [0, 3, 5, 6, 12]
    assert draw_evenly(20, 5, np.repeat([0, 1], 10)).tolist() == [0, 3, 5, 12, 19]
