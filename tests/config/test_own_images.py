"""The preset for own images: whatever is handed in, its settings are valid and fit."""

from __future__ import annotations

import pytest

from gandash.config import DataConfig
from gandash.config.own_images import fitting, fitting_batch, fitting_size


@pytest.mark.parametrize("gpu", [False, True])
@pytest.mark.parametrize("images", [2, 3, 7, 60, 127, 1000, 20_000, 202_599])
def test_the_settings_fit_any_number_of_images(images: int, gpu: bool) -> None:
    config = fitting(images, 300, DataConfig(dataset="mine", flips=True), gpu=gpu)
    assert config.data.held_out == (0.1 if images >= 50 else 0)
    assert config.few.augment == ("diffaugment" if images <= 10_000 else "none")
    images -= round(config.data.held_out * images)
    assert config.steps_per_epoch(images) >= 1
    assert config.batch_size == 2 or 2 * config.batch_size <= images
    wanted = 20_000 if gpu else 3_000
    steps = config.total_steps(images)
    assert config.epochs == 1 or abs(steps - wanted) <= config.steps_per_epoch(images)
    assert steps >= wanted or config.epochs == 1 or steps > 0.8 * wanted
    assert config.ema_half_life < steps * config.batch_size
    assert (config.data.dataset, config.data.flips) == ("mine", True)


@pytest.mark.parametrize(
    ("side", "cpu", "gpu"), [(5, 16, 16), (28, 32, 32), (60, 64, 64), (72, 64, 64), (900, 64, 128)]
)
def test_the_size_hardly_enlarges(side: int, cpu: int, gpu: int) -> None:
    assert (fitting_size(side, gpu=False), fitting_size(side, gpu=True)) == (cpu, gpu)


def test_the_batch_is_a_power_of_two_that_leaves_several_steps() -> None:
    assert [fitting_batch(n, gpu=False) for n in (2, 4, 9, 60, 100, 10**6)] == [2, 2, 4, 16, 32, 32]
    assert fitting_batch(10**6, gpu=True) == 64
