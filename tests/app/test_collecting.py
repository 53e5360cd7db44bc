"""Garbage goes while the server runs, and what lives is not looked at meanwhile."""

from __future__ import annotations

import asyncio
import gc
import weakref
from collections.abc import Iterator

import pytest

from gandash.app import collecting


class Loop:
    """Refers to itself, so that only a collection finds it."""

    def __init__(self) -> None:
        self.itself = self


@pytest.fixture(autouse=True)
def as_before() -> Iterator[None]:
    before = gc.get_threshold()
    yield
    gc.set_threshold(*before)
    gc.unfreeze()


def test_what_was_frozen_while_it_lived_goes_later() -> None:
    left = Loop()
    gone = weakref.ref(left)
    collecting.collect()
    assert gc.get_freeze_count() > 0
    del left
    assert gone() is not None
    collecting.collect()
    assert gone() is None


def test_it_is_collected_again_and_again(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(collecting, "EVERY_SECONDS", 0.01)

    async def served() -> weakref.ref[Loop]:
        async with collecting.collecting():
            gone = weakref.ref(Loop())
            for _ in range(200):
                await asyncio.sleep(0.02)
                if gone() is None:
                    break
        return gone

    assert asyncio.run(served())() is None


def test_threads_may_share_heaps() -> None:
    collecting.share_heaps()
