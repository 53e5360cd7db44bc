"""D's outputs as histograms: what quantiles keep of a distribution, and what is drawn of it."""

from __future__ import annotations

import re

import numpy as np
import pandas as pd
import pytest

from gandash.pictures.outputs import BINS, LEVELS, Outputs, histograms, in_words, shares

EDGES = np.linspace(0, 1, 11)


def quantiles(logits: np.ndarray) -> np.ndarray:
    return np.quantile(logits, LEVELS)[None]


def metrics(real: float, fake: float, rows: int = 40) -> pd.DataFrame:
    """A run whose logits are normal around two means; the first half of it far from that."""
    rng = np.random.default_rng(0)
    columns = {}
    for who, mean in (("real", real), ("fake", fake)):
        found = np.quantile(rng.normal(mean, 1, 4000), LEVELS)
        for level, value in zip(LEVELS, found, strict=True):
            early = np.where(np.arange(rows) < rows // 2, 9.0, value)
            columns[f"{who}_q{round(100 * level):02d}"] = early
    return pd.DataFrame(columns)


def test_shares_are_those_of_the_samples_at_the_quantiles() -> None:
    """Where an edge is a quantile the share below it is exact, and all shares sum to one."""
    logits = np.random.default_rng(0).normal(1, 2, 4000)
    at = 1 / (1 + np.exp(-np.quantile(logits, LEVELS)))
    found = shares(quantiles(logits), np.array([0, *at, 1.0]))
    assert found == pytest.approx([0.05, 0.2, 0.25, 0.25, 0.2, 0.05])


@pytest.mark.parametrize(("mean", "std"), [(0, 1), (2, 1.5), (-3, 0.5)])
def test_shares_are_near_those_of_all_samples(mean: float, std: float) -> None:
    logits = np.random.default_rng(0).normal(mean, std, 20_000)
    true, _ = np.histogram(1 / (1 + np.exp(-logits)), EDGES)
    found = shares(quantiles(logits), EDGES)
    assert found.sum() == pytest.approx(1)
    assert np.abs(found - true / len(logits)).max() < 0.06


def test_a_sure_d_has_all_in_the_last_cell() -> None:
    assert shares(np.full((3, 5), 50.0), EDGES)[-1] == 1
    assert shares(np.full((3, 5), -50.0), EDGES)[0] == 1


def test_arms_stand_side_by_side_with_d_star_and_the_spread_of_seeds() -> None:
    arms = {
        "hard <b>": Outputs([metrics(2, -2), metrics(2.4, -2)], (0.0, 0.5, 1.0)),
        "soft": Outputs([metrics(1, -1)], (0.1, 0.5, 0.9)),
    }
    figure = histograms(arms)
    assert len(figure.data) == 4
    assert all(len(bars.y) == BINS for bars in figure.data)
    assert [bars.error_y.array is not None for bars in figure.data] == [True, True, False, False]
    assert float(np.dot(figure.data[0].x, figure.data[0].y)) > 0.8  # of the end, not of the start
    assert sorted(line.x0 for line in figure.layout.shapes) == [0.0, 0.1, 0.5, 0.5, 0.9, 1.0]
    assert figure.layout.annotations[0].text == "hard &lt;b&gt;"


def test_the_figure_in_words_has_the_shares_above_one_half() -> None:
    """Of N(2, 1) and N(-2, 1) 97.7 % and 2.3 % lie above 0."""
    said = in_words({"hard <b>": Outputs([metrics(2, -2)], (0.0, 0.5, 1.0))})
    assert said.startswith("hard <b>: D says more than one half to ")
    real, fake = (int(number) for number in re.findall(r"(\d+)%", said))
    assert real == pytest.approx(97.7, abs=1.5)
    assert fake == pytest.approx(2.3, abs=1.5)
