"""Figures in words: with what stands behind their ±, and what they are held against."""

from __future__ import annotations

from gandash.checkpoints.scores import HALVES, Gauges
from tests.conftest import measured


def test_a_figure_is_shown_with_its_noise_where_that_was_measured() -> None:
    figures = measured(12.34)
    assert figures.shown("frechet") == "12.3 ± 0.3"
    assert figures.shown("precision") == "0.500 ± 0.004"
    assert figures.shown("kernel") == "0.10 ± 0.01"
    assert figures.shown("coverage") == "0.300"
    earlier = figures.model_copy(update={"spread": {}, "kernel_error": None, "kernel_std": 1.7})
    assert (earlier.shown("frechet"), earlier.shown("kernel")) == ("12.3", "0.10")


def test_nothing_is_said_of_gauges_that_are_not_there() -> None:
    assert Gauges().beside(measured(1.0).protocol) == []
    assert Gauges(real=measured(1.0)).beside(measured(1.0).protocol) == [], "it is in the table"


def test_halves_of_the_test_split_are_told_from_training_images() -> None:
    real = measured(0.8, fake=5000)
    (trained,) = Gauges(real=real).beside(measured(1.0).protocol)
    assert trained.startswith("Training images in place of samples reach Fréchet 0.8 ± 0.3, kernel")
    assert trained.endswith(f"a hint and no rank: {real.protocol}.")
    halved = real.protocol.model_copy(update={"split": HALVES})
    gauges = Gauges(real=real.model_copy(update={"protocol": halved}), noise=measured(900.0))
    halves, noise = gauges.beside(measured(1.0).protocol)
    assert halves.startswith("One half of the test split in place of samples, against the other")
    assert "With 5,000 images a side, halved anew 3 times" in halves
    assert noise.startswith("Images of gray noise, about what an untrained generator makes, reach")
