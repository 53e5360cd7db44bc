"""What is kept is made once, and the oldest goes first."""

from __future__ import annotations

import pytest

from gandash.app.kept import Kept


def test_it_is_made_once_and_the_oldest_goes_first() -> None:
    made: list[str] = []

    def make(name: str) -> str:
        made.append(name)
        return name.upper()

    kept = Kept[str](2)
    assert [kept.get(it, lambda it=it: make(it)) for it in "abaca"] == list("ABACA")
    assert made == ["a", "b", "c"]  # a was asked for again before c came
    kept.get("b", lambda: make("b"))
    assert made == ["a", "b", "c", "b"]


def test_what_fails_is_not_kept_and_one_may_be_made_of_another() -> None:
    kept = Kept[int](2)
    with pytest.raises(ZeroDivisionError):
        kept.get("a", lambda: 1 // 0)
    assert kept.get("a", lambda: kept.get("b", lambda: 2) + 1) == 3
