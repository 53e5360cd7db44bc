"""Arms over seeds: means, spread, and what may be compared at all."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
from scipy.stats import ttest_ind

from gandash import checkpoints
from gandash.checkpoints import Card
from gandash.config import LossConfig
from gandash.evaluation.seeds import chance, over_seeds, verdict
from gandash.storage.paths import PROJECT
from tests.conftest import measured


def test_arms_are_compared_over_seeds_with_their_spread() -> None:
    card = checkpoints.load_card(PROJECT / "pretrained" / "mnist-half-dcgan-seed-0")

    def trained(alpha: float, seed: int, frechet: float, **changes: Any) -> Card:
        config = card.config.model_copy(
            update={"loss": LossConfig(alpha=alpha), "seed": seed, **changes}
        )
        return card.model_copy(update={"config": config, "evaluation": measured(frechet)})

    cards = [
        trained(0, 0, 18),
        trained(0, 1, 20),
        trained(0, 2, 22),
        trained(0.1, 0, 30),
        trained(0.1, 5, 31),
    ]
    alone = [
        trained(0.2, 0, 1),
        trained(0, 3, 99, batch_size=7),
        card.model_copy(update={"evaluation": None}),
    ]
    ((training, protocol, table),) = over_seeds(alone + cards)
    assert (
        training == f"{card.config.epochs} epochs in batches of 64, 32 base filters in G, 32 in D"
    )
    assert protocol == measured(1.0).protocol
    assert table["Targets (real, fake)"].tolist() == ["1, 0", "0.9, 0"]
    assert table.Seeds.tolist() == [3, 2]
    assert table.Fréchet.tolist() == ["20.0 ± 2.0", "30.5 ± 0.7"]
    assert not over_seeds(cards[:3])
    assert not over_seeds([cards[0], cards[3]])


@pytest.mark.parametrize(("first", "second"), [(3, 3), (2, 5), (10, 4)])
def test_chance_is_half_of_welchs_interval(first: int, second: int) -> None:
    """Against SciPy's own test: a difference that is twice the bound is as sure as it says."""
    rng = np.random.default_rng(first)
    a, b = rng.normal(0, 1, first), rng.normal(0, 3, second)
    interval = ttest_ind(a, b, equal_var=False).confidence_interval(0.95)
    assert chance(list(a), list(b)) == pytest.approx((interval.high - interval.low) / 2)
    wider = ttest_ind(a, b, equal_var=False).confidence_interval(1 - 0.05 / 3)
    assert chance(list(a), list(b), pairs=3) == pytest.approx((wider.high - wider.low) / 2)


def test_seeds_alone_are_seldom_called_a_difference() -> None:
    """Of three arms that are one, at most about one table in twenty is said to differ."""
    rng = np.random.default_rng(0)
    said = [
        verdict("Fréchet", {name: list(rng.normal(10, 1, 3)) for name in "abc"}) for _ in range(400)
    ]
    assert sum("no difference shown" not in it for it in said) <= 0.06 * 400


def test_a_verdict_names_the_numbers_and_the_seeds() -> None:
    alike = {"hard": [10.0, 11.0, 12.0], "soft": [10.5, 11.5, 12.5]}
    assert verdict("Fréchet", alike) == (
        "Fréchet: no difference shown. The means are at most 0.5 apart (hard 11.0, soft 11.5), and "
        "with 3 seeds each up to 2.3 may be chance."
    )
    apart = {"hard": [10.0, 11.0, 12.0], "soft": [20.5, 21.5, 22.5, 21.5]}
    assert verdict("Fréchet", apart).startswith(
        "Fréchet: hard (11.0) is below soft (21.5) by 10.5, where with 3 to 4 seeds up to "
    )
    assert "one seed" in verdict("Fréchet", {"hard": [10.0], "soft": [20.0, 21.0]})
    assert verdict("Fréchet", {"hard": [10.0, 12.0]}) == ""
    assert "by 1.0" in verdict("Fréchet", {"hard": [1.0, 1.0], "soft": [2.0, 2.0]})
