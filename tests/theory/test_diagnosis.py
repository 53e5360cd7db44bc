"""Signs in curves: named where they were made, on the runs that ship and on none that is well."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

from benchmarks.diagnosis import (
    BY_HEART,
    CASES,
    COPYING,
    LEARNED,
    MISSED,
    SEEDS,
    STALLED,
    STOPPING,
    is_right,
    watched,
)
from gandash.config import Config
from gandash.losses.objectives import OBJECTIVES
from gandash.theory.diagnosis import Finding, diagnose, remembered
from gandash.theory.smoothing import equilibrium_loss

SHIPPED = Path(__file__).parents[2] / "pretrained"
ROWS = 200


def healthy(**changes: Any) -> pd.DataFrame:
    """Metrics of a run that goes well, with some columns replaced."""
    rng = np.random.default_rng(0)
    noise = rng.normal(0, 0.02, ROWS)
    columns: dict[str, Any] = {
        "step": np.arange(10, 10 * (ROWS + 1), 10),
        "d_loss": 0.9 + noise,
        "d_real": 0.7 + noise,
        "d_fake": 0.3 - noise,
        "g_grad_norm": 5 + noise,
        "real_q05": np.full(ROWS, -1.0),
        "fake_q95": np.full(ROWS, 1.0),
    }
    return pd.DataFrame(columns | changes)


def bad(found: list[Finding]) -> list[str]:
    return [finding.title for finding in found if finding.changes]


def some(value: float, other: float, first: int, last: int) -> np.ndarray:
    """``value`` in the rows from ``first`` to ``last`` - 1, ``other`` elsewhere."""
    rows = np.arange(ROWS)
    return np.where((rows >= first) & (rows < last), value, other)


def test_a_run_that_goes_well_has_no_bad_sign() -> None:
    (finding,) = diagnose(healthy())
    assert finding.title == "Nobody is far ahead"
    assert (finding.first, finding.last) == (1010, 2000)
    assert "D(x) 0.70, D(G(z)) 0.30" in finding.says


def test_a_sure_d_is_named_with_its_steps() -> None:
    metrics = healthy(
        d_real=some(0.99, 0.7, 60, 120),
        d_fake=some(0.01, 0.3, 60, 120),
        d_loss=some(0.01, 0.9, 60, 120),
        real_q05=some(3.0, -1.0, 60, 120),
        fake_q95=some(-3.0, 1.0, 60, 120),
    )
    finding = next(it for it in diagnose(metrics) if it.title == "D is sure of everything")
    assert (finding.first, finding.last) == (610, 1200)
    assert "D(x) 0.990, D(G(z)) 0.010, D's loss 0.010" in finding.says
    assert {change.setting for change in finding.changes} >= {"optimizer.d_lr", "loss.alpha"}


def test_targets_move_what_sure_means() -> None:
    """With targets 0.9 and 0.1, a D that is sure says 0.9 and 0.1."""
    sure = healthy(
        d_real=np.full(ROWS, 0.9), d_fake=np.full(ROWS, 0.1), real_q05=np.full(ROWS, 2.0)
    )
    assert "D is sure of everything" in bad(diagnose(sure, 0.1, 0.1))
    assert "D is sure of everything" not in bad(diagnose(sure))


def test_a_gradient_that_is_gone() -> None:
    found = diagnose(healthy(g_grad_norm=some(0.001, 5.0, 100, ROWS)))
    (finding,) = [it for it in found if it.title == "G's gradient has vanished"]
    assert finding.first == 1010
    assert "0.001" in finding.says


def test_a_d_that_is_worse_than_a_guess() -> None:
    assert equilibrium_loss() == pytest.approx(2 * np.log(2))
    found = diagnose(healthy(d_loss=some(1.8, 0.9, 100, 180)))
    assert bad(found) == ["D is weaker than a guess"]
    assert "1.8" in found[0].says
    assert "1.39" in found[0].says
    assert not bad(diagnose(healthy(d_loss=np.full(ROWS, 1.3))))


def test_players_that_chase_each_other() -> None:
    rng = np.random.default_rng(1)
    swings = np.where(np.arange(ROWS) < 120, 0.3, 0.3 + rng.choice([-0.2, 0.2], ROWS))
    found = diagnose(healthy(d_fake=swings))
    assert bad(found) == ["The players chase each other"]
    assert found[0].first == pytest.approx(1200, abs=100)


def test_every_run_may_swing_at_its_start() -> None:
    rng = np.random.default_rng(1)
    swings = np.where(np.arange(ROWS) >= 45, 0.3, 0.3 + rng.choice([-0.2, 0.2], ROWS))
    assert not bad(diagnose(healthy(d_fake=swings)))


def test_a_distance_that_rose_again() -> None:
    frechet = np.full(ROWS, np.nan)
    frechet[19::20] = [90, 50, 30, 20, 25, 30, 35, 40, 45, 50]
    found = diagnose(healthy(frechet=frechet))
    assert bad(found) == ["Better before"]
    assert "20.0 at step 800 and is 50.0" in found[0].says
    frechet[19::20] = [90, 50, 30, 20, 21, 20.5, 22, 21, 20.2, 21]
    assert not bad(diagnose(healthy(frechet=frechet)))


def measured(*values: float) -> pd.DataFrame:
    """A run with these distances, evenly over its rows."""
    frechet = np.full(ROWS, np.nan)
    frechet[np.linspace(9, ROWS - 1, len(values)).astype(int)] = values
    return healthy(frechet=frechet)


STOP = "No more progress: a time to stop"


def test_a_distance_that_falls_no_more_is_a_time_to_stop_and_no_illness() -> None:
    found = diagnose(measured(90, 50, 30, 20, 19.5, 19.6, 19.8, 19.4, 19.7, 19.5, 19.9))
    (finding,) = [it for it in found if it.title == STOP]
    assert not bad(found)
    assert finding.last == 2000
    assert "the last 4 measurements, 19.4, is not 5% below the best before, 19.5" in finding.says


@pytest.mark.parametrize(
    "values",
    [
        (90, 50, 30, 20, 18, 16, 14, 13, 12),  # falls
        (90, 50, 30, 20, 19, 19, 19, 19, 15),  # fell just now
        (90, 60, 80, 50, 70, 40, 60, 41, 39.5, 39),  # up and down, and down on the whole
        (90, 50, 30, 20),  # too few to say
    ],
)
def test_who_still_gains_is_not_stopped(values: tuple[float, ...]) -> None:
    assert STOP not in [it.title for it in diagnose(measured(*values))]


def test_shipped_runs_that_were_watched_would_have_lost_nothing() -> None:
    """What going on would have brought after the rule says to stop, of all that measured."""
    said = {}
    for name, (metrics, _) in shipped().items():
        rows = metrics.dropna(subset=["frechet"]) if "frechet" in metrics else metrics.head(0)
        for count in range(6, len(rows) + 1):
            part = metrics[metrics.step <= rows.step.iloc[count - 1]]
            if STOP in [it.title for it in diagnose(part)]:
                rest = rows.frechet.iloc[count:]
                said[name] = 1 - rest.min() / rows.frechet.iloc[:count].min() if len(rest) else 0.0
                break
    assert {"mnist-dcgan", "mnist-conditional", "cifar10-dcgan"} <= said.keys()
    assert max(said.values()) <= MISSED


def test_what_is_short_or_rare_is_no_sign() -> None:
    short = healthy(g_grad_norm=some(0.001, 5.0, 100, 103))
    assert not bad(diagnose(short))
    assert diagnose(healthy().head(10)) == []


def test_a_row_between_does_not_end_a_stretch() -> None:
    norms = some(0.001, 5.0, 100, ROWS)
    norms[150] = 5.0
    (finding,) = [
        it for it in diagnose(healthy(g_grad_norm=norms)) if it.title == "G's gradient has vanished"
    ]
    assert (finding.first, finding.last) == (1010, 2000)


def shipped() -> dict[str, tuple[pd.DataFrame, Config]]:
    found = {}
    for path in sorted(SHIPPED.glob("*/metrics.csv")):
        config = Config.model_validate(
            json.loads((path.parent / "card.json").read_text())["config"]
        )
        if OBJECTIVES[config.loss.objective].cross_entropy:
            found[path.parent.name] = (pd.read_csv(path), config)
    return found


FAILURES = {
    "cifar10-dcgan": {"Better before"},  # the only one whose distance rises again
    "mnist-failure-collapse": {"The players chase each other"},
    "mnist-failure-strong-d": {"D is sure of everything", "G's gradient has vanished"},
}


@pytest.mark.parametrize("name", shipped())
def test_shipped_failures_are_named_and_no_other_run_is(name: str) -> None:
    metrics, config = shipped()[name]
    found = diagnose(metrics, config.loss.alpha, config.loss.beta)
    assert set(bad(found)) == FAILURES.get(name, set())
    assert found


def test_every_change_is_a_setting() -> None:
    metrics, config = shipped()["mnist-failure-strong-d"]
    for finding in diagnose(metrics):
        for change in finding.changes:
            section, _, name = change.setting.rpartition(".")
            assert name in type(getattr(config, section)).model_fields


SHORT = pd.read_csv(Path(__file__).with_name("short_runs.csv.gz"))


@pytest.mark.parametrize("seed", range(SEEDS))
@pytest.mark.parametrize("name", CASES)
def test_short_runs_that_were_made_to_fail_are_named_and_healthy_ones_are_not(
    name: str, seed: int
) -> None:
    """Twelve failures of four kinds and twelve healthy runs, as benchmarks/diagnosis.py made
    them.
    """
    table = SHORT[(SHORT.case == name) & (SHORT.seed == seed)]
    assert len(table) == 100
    assert is_right(CASES[name], table.reset_index(drop=True))


WATCHED = pd.read_csv(Path(__file__).with_name("stopping_runs.csv.gz"))


@pytest.mark.parametrize("name", STOPPING)
def test_short_runs_are_stopped_where_they_stand_still_and_not_before(name: str) -> None:
    """As benchmarks/diagnosis.py --stopping made them, with seeds that no bound was set on."""
    for seed, table in WATCHED[WATCHED.case == name].groupby("seed"):
        said = watched(table.reset_index(drop=True))
        assert (said is not None) == (name in STALLED), seed
        assert said is None or said[1] <= MISSED, seed


HELD = pd.read_csv(Path(__file__).with_name("copying_runs.csv.gz"))


@pytest.mark.parametrize("name", COPYING)
def test_runs_on_digits_are_called_learned_by_heart_where_they_are(name: str) -> None:
    """As benchmarks/diagnosis.py --copying made them, with seeds that no bound was set on."""
    for seed, table in HELD[HELD.case == name].groupby("seed"):
        metrics = table.reset_index(drop=True)
        assert (BY_HEART in bad(diagnose(metrics))) == (name in LEARNED), seed
        assert bool(remembered(metrics)) == (name in LEARNED), seed


def test_memory_is_said_with_its_numbers_and_only_where_images_are_held_out() -> None:
    fake = {"d_fake": np.full(ROWS, 0.3)}
    learned = healthy(d_train=np.full(ROWS, 0.8), d_held_out=some(0.35, 0.78, 100, 160), **fake)
    (finding,) = remembered(learned)
    assert 950 <= finding.first <= 1060
    assert 1550 <= finding.last <= 1650
    assert "0.80 on training images" in finding.says
    assert finding.changes[0].setting == "few.augment"
    assert not remembered(healthy())
    unknown = np.full(ROWS, np.nan)
    assert not remembered(healthy(d_train=unknown, d_held_out=unknown))
    above = healthy(d_train=np.full(ROWS, 0.6), d_held_out=np.full(ROWS, 0.7), **fake)
    assert not remembered(above)
