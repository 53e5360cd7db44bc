"""Tests during which no lines are counted: of the app, of a browser, of the documents, and of every
entry of the config.

Counting takes a fifth to a third of their time, and the lines of the core that they run have tests
of their own, which are counted.
"""

from __future__ import annotations

import os
from collections.abc import Generator
from pathlib import Path

import pytest
from coverage import Coverage

UNCOUNTED = ("app", "docs", "e2e", "networks/test_entries.py")
TESTS = Path(__file__).parent
PROCESSES = "COVERAGE_PROCESS_CONFIG"  # coverage's word to the processes that a test starts
paused: list[Coverage] = []
told: list[str] = []


@pytest.hookimpl(wrapper=True)
def pytest_runtest_protocol(
    item: pytest.Item, nextitem: pytest.Item | None
) -> Generator[None, object, object]:
    if not counted(item):
        pause()
    try:
        return (yield)
    finally:
        if nextitem is None or counted(nextitem):
            resume()


def counted(item: pytest.Item) -> bool:
    return not any(item.path.is_relative_to(TESTS / part) for part in UNCOUNTED)


def pause() -> None:
    """Stop whatever counts here: in a worker of xdist there are two, one of which resumes when the
    other stops.
    """
    while (counting := Coverage.current()) is not None:
        counting.stop()
        paused.append(counting)
    if PROCESSES in os.environ:
        told.append(os.environ.pop(PROCESSES))


def resume() -> None:
    while told:
        os.environ[PROCESSES] = told.pop()
    while paused:
        paused.pop().start()
