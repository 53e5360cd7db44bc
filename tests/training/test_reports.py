"""A row of metrics against the same numbers taken one by one with NumPy."""

from __future__ import annotations

import math
from dataclasses import fields

import numpy as np
import pytest
import torch
from torch import Tensor

from gandash.training import Report
from gandash.training.reports import COLUMNS, FOLD, Measured, Window

LEVELS = {"q05": 0.05, "q25": 0.25, "q50": 0.5, "q75": 0.75, "q95": 0.95}


def steps(count: int, *, d: bool = True, g: bool = True, accuracy: bool = False) -> list[Measured]:
    """Made-up steps; every second one lacks the gradient norm of a player that takes turns."""
    rng = torch.Generator().manual_seed(count)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=rng) * 2

    return [
        Measured(
            draw(),
            draw(),
            draw(9),
            draw(9),
            draw() if d or number % 2 else None,
            draw() if g or not number % 2 else None,
            draw().sigmoid() if accuracy else None,
            draw().abs() if accuracy else None,
        )
        for number in range(count)
    ]


def expected_row(rows: list[Measured]) -> dict[str, float]:
    values: dict[str, float] = {}
    for name in ("d_loss", "g_loss", "d_grad_norm", "g_grad_norm", "accuracy", "distance"):
        known = [float(value) for row in rows if (value := getattr(row, name)) is not None]
        key = "d_accuracy" if name == "accuracy" else name
        values[key] = float(np.mean(known)) if known else math.nan
        if name.endswith("loss"):
            values |= {f"{name}_min": min(known), f"{name}_max": max(known)}
    for who in ("real", "fake"):
        logits = [getattr(row, f"{who}_logits").double().numpy() for row in rows]
        values[f"d_{who}"] = float(np.mean([1 / (1 + np.exp(-x)) for x in logits]))
        values |= {
            f"{who}_{q}": float(np.mean([np.quantile(x, level) for x in logits]))
            for q, level in LEVELS.items()
        }
    return values


@pytest.mark.parametrize("count", [1, 3, FOLD - 1, FOLD, 2 * FOLD + 1])
@pytest.mark.parametrize("takes_turns", [False, True])
def test_a_window_is_the_mean_of_its_steps_however_long_it_is(
    count: int, takes_turns: bool
) -> None:
    rows = steps(count, d=not takes_turns, g=not takes_turns, accuracy=takes_turns)
    window = Window()
    for row in rows:
        window.add(row, 2, 3)
        assert len(window.pending) < FOLD, "logits are not kept for ever"
    values, others = window.read(torch.tensor(0.25), torch.tensor(4.0))
    assert values == pytest.approx(expected_row(rows), rel=1e-5, abs=1e-6, nan_ok=True)
    assert others == [0.25, 4.0]
    assert (window.d_updates, window.g_updates) == (2 * count, 3 * count)


def test_a_window_starts_anew_when_it_is_cleared() -> None:
    window = Window()
    assert not window
    for row in steps(5):
        window.add(row, 1, 1)
    assert window
    assert str(window.read()) == str(window.read()), "what was read is still there"
    window.clear()
    assert not window
    rows = steps(2)
    for row in rows:
        window.add(row, 1, 0)
    assert window.read()[0] == pytest.approx(expected_row(rows), rel=1e-5, abs=1e-6, nan_ok=True)
    assert (window.d_updates, window.g_updates) == (2, 0)


def test_a_window_goes_on_from_its_steps() -> None:
    """Read in between or not, kept elsewhere or not: the row is the same to the bit."""
    rows = steps(FOLD + 7)
    whole = Window()
    parted = Window()
    for number, row in enumerate(rows):
        whole.add(row, 1, 1)
        parted.add(row, 1, 1)
        if number in (2, 50):
            parted.read()
            parted = Window([], [parted.steps()], parted.d_updates, parted.g_updates)
    assert str(parted.read()) == str(whole.read())
    assert parted.d_updates == whole.d_updates
    earlier = Window.restored(whole.steps()[:, :-1], whole.d_updates, whole.g_updates)
    values, _ = earlier.read()
    assert math.isnan(values.pop("distance")), "a version that did not measure it yet"
    assert str(values) == str({k: v for k, v in whole.read()[0].items() if k != "distance"})


def test_what_was_not_measured_is_not_a_number_and_spoils_nothing() -> None:
    rows = [
        Measured(*(torch.ones(()) for _ in range(2)), *(torch.zeros(4) for _ in range(2)))
        for _ in range(3)
    ]
    window = Window()
    for row in rows:
        window.add(row, 1, 1)
    values, _ = window.read()
    assert {name for name, value in values.items() if math.isnan(value)} == {
        "d_grad_norm",
        "g_grad_norm",
        "d_accuracy",
        "distance",
    }
    assert (values["d_loss"], values["d_real"], values["real_q95"]) == (1.0, 0.5, 0.0)


@pytest.mark.parametrize("bad", [math.nan, math.inf])
def test_one_bad_loss_shows(bad: float) -> None:
    """The mean leaves NaN out; least and greatest do not."""
    window = Window()
    for number, row in enumerate(steps(4)):
        loss = torch.tensor(bad) if number == 2 else row.d_loss
        window.add(Measured(loss, *(getattr(row, f.name) for f in fields(row)[1:])), 1, 1)
    values, _ = window.read()
    assert not math.isfinite(values["d_loss_max"])
    assert math.isfinite(values["g_loss_max"])


def test_every_measured_column_is_one_of_the_report() -> None:
    assert set(COLUMNS) <= {field.name for field in fields(Report)}
    assert len(set(COLUMNS)) == len(COLUMNS)
