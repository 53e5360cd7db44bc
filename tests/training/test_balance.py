"""The rules that choose who is updated."""

from __future__ import annotations

import pytest

from gandash.training.balance import player

RATES = [
    # d_loss before and now, g_loss before and now, ratio, who
    ((1.0, 1.0), (1.2, 1.1), 1.0, "D"),
    ((1.0, 1.0), (1.1, 1.2), 1.0, "G"),
    ((1.0, 1.0), (0.8, 1.1), 1.0, "D"),  # a fall is as much of a change as a rise
    ((1.0, 1.0), (0.9, 0.8), 1.0, "G"),
    ((0.1, 10.0), (0.15, 11.0), 1.0, "D"),  # shares of the loss, not differences: 50 % against 10 %
    ((10.0, 0.1), (11.0, 0.15), 1.0, "G"),
    ((1.0, 1.0), (1.2, 1.1), 1.9, "D"),
    ((1.0, 1.0), (1.2, 1.1), 2.1, "G"),
    ((-1.0, -1.0), (-1.2, -1.1), 1.0, "D"),  # critics have losses below 0
    ((-1.0, -1.0), (-1.1, -1.2), 1.0, "G"),
    ((1.0, 1.0), (1.0, 1.0), 1.0, "G"),
    ((0.0, 1.0), (0.1, 2.0), 1.0, "D"),
]


@pytest.mark.parametrize(("previous", "losses", "ratio", "who"), RATES)
def test_the_loss_rate_rule_updates_d_where_its_loss_changes_by_the_larger_share(
    previous: tuple[float, float], losses: tuple[float, float], ratio: float, who: str
) -> None:
    assert player("loss-rate", losses, previous, ratio) == who


@pytest.mark.parametrize("losses", [(0.1, 9.0), (9.0, 0.1)])
def test_the_loss_rate_rule_begins_with_d(losses: tuple[float, float]) -> None:
    assert player("loss-rate", losses, None, 1.0) == "D"


@pytest.mark.parametrize(
    ("losses", "ratio", "who"),
    [
        ((1.5, 0.7), 1.0, "D"),  # d_loss is of two images: 0.75 each
        ((1.3, 0.7), 1.0, "G"),
        ((1.4, 0.7), 1.0, "G"),
        ((1.5, 0.7), 1.1, "G"),
        ((1.3, 0.7), 0.9, "D"),
    ],
)
@pytest.mark.parametrize("previous", [None, (0.0, 100.0)])
def test_the_worse_player_is_the_one_with_the_higher_loss_per_image(
    losses: tuple[float, float], ratio: float, who: str, previous: tuple[float, float] | None
) -> None:
    assert player("worse", losses, previous, ratio) == who
