"""Answers in parts: how far they are, what is asked for at last, problems as one sentence."""

from __future__ import annotations

import itertools
import json
from collections.abc import Iterable
from typing import Any

import pytest

from gandash.app import told_in_parts


def read(items: Iterable[Any]) -> list[Any]:
    return [json.loads(line) for line in told_in_parts.lines(items)]


def test_directions_are_told_in_parts(runs_root: Any) -> None:
    *steps, last = read(told_in_parts.classes_of("mnist-half-dcgan-seed-0"))
    assert steps[-1]["step"] == steps[-1]["steps"]
    assert [each["name"] for each in last["classes"]] == [str(digit) for digit in range(10)]
    assert {len(each["direction"]) for each in last["classes"]} == {32}
    assert all(each["after"] > each["before"] for each in last["classes"])
    assert read(told_in_parts.classes_of("mnist-half-dcgan-seed-0")) == [last], "it was kept"


@pytest.mark.parametrize(
    ("name", "sentence"),
    [
        ("mnist-conditional", "this generator is told the class"),
        ("nowhere", "There is no checkpoint"),
        ("..", "There is no checkpoint"),
    ],
)
def test_a_problem_is_one_sentence(name: str, sentence: str, runs_root: Any) -> None:
    (line,) = read(told_in_parts.classes_of(name))
    assert sentence in line["problem"]


def test_a_visitor_who_leaves_makes_room_for_the_next() -> None:
    endless = told_in_parts.lines({"step": n, "steps": 9} for n in itertools.count())
    next(endless)
    assert told_in_parts.COMPUTING.locked()
    endless.close()
    assert not told_in_parts.COMPUTING.locked()


def test_those_who_wait_are_told_so() -> None:
    first = told_in_parts.lines({"step": n, "steps": 9} for n in itertools.count(1))
    next(first)
    second = told_in_parts.lines(iter([{"done": True}]))
    assert json.loads(next(second)) == {"step": 0, "steps": 1}
    first.close()
    assert json.loads(next(second)) == {"done": True}
    second.close()
