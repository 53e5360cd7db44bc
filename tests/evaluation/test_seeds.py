"""Arms over seeds: means, spread, and what may be compared at all."""

from __future__ import annotations

from typing import Any

from gandash import checkpoints
from gandash.checkpoints import Card
from gandash.config import LossConfig
from gandash.evaluation.seeds import over_seeds
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
