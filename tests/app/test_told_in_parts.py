"""Answers in parts: how far they are, what is asked for at last, problems as one sentence."""

from __future__ import annotations

import asyncio
import itertools
import json
import shutil
from collections.abc import Iterable
from typing import Any

import pytest
import torch

from gandash import latent
from gandash.app import generators, told_in_parts
from gandash.checkpoints import weights
from gandash.checkpoints.card import CARD
from gandash.storage.paths import pretrained_root


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


def test_the_vector_of_a_picture_is_found(runs_root: Any) -> None:
    name = "mnist-conditional"
    G = generators.network(generators.find(name))
    sample = latent.generate(G, latent.draw(1001, 1, G.latent_dim), 7)[0]
    pixels = torch.cat([sample.expand(3, -1, -1), torch.full_like(sample, 255)])
    rows = pixels.permute(1, 2, 0).contiguous().numpy().tobytes()
    *told, last = read(told_in_parts.projection_of(name, rows, 7))
    assert last["decibels"] >= 25 > last["at_start"]
    assert len(last["z"]) == G.latent_dim
    assert told[0]["step"] == 0
    assert told[-1]["step"] == told[-1]["steps"]
    (problem,) = read(told_in_parts.projection_of(name, rows[:-4], 7))
    assert "has 4096 bytes, not 4092: send one that fits" in problem["problem"]


def test_pixels_are_left_where_the_discriminator_is_damaged(runs_root: Any) -> None:
    """The generator is whole, and it is its vector that is looked for."""
    shutil.copytree(pretrained_root() / "mnist-half-dcgan-seed-0", runs_root / "damaged")
    card = runs_root / "damaged" / CARD
    card.write_text(card.read_text().replace('"mnist-half-dcgan-seed-0"', '"damaged"'))
    D = runs_root / "damaged" / weights.DISCRIMINATOR
    D.write_bytes(D.read_bytes()[:1000])
    G = generators.network(generators.find("damaged"))
    sample = latent.generate(G, latent.draw(1001, 1, G.latent_dim))[0]
    pixels = torch.cat([sample.expand(3, -1, -1), torch.full_like(sample, 255)])
    rows = pixels.permute(1, 2, 0).contiguous().numpy().tobytes()
    *_, last = read(told_in_parts.projection_of("damaged", rows, 0))
    assert last["decibels"] >= 25
    assert last["note"].startswith("Looked for by pixels alone: ")
    assert str(runs_root) not in last["note"]


def test_a_visitor_who_leaves_makes_room_for_the_next() -> None:
    endless = told_in_parts.lines({"step": n, "steps": 9} for n in itertools.count())
    next(endless)
    assert told_in_parts.COMPUTING.locked()
    endless.close()
    assert not told_in_parts.COMPUTING.locked()


class Visitor:
    """One who leaves after so many lines."""

    def __init__(self, patience: int) -> None:
        self.patience = patience

    async def is_disconnected(self) -> bool:
        self.patience -= 1
        return self.patience < 0


def test_nothing_is_computed_for_who_has_left() -> None:
    """Neither told on nor in the way of the next one."""
    made = itertools.count()
    items = ({"step": n, "steps": 9} for n in made)
    response: Any = told_in_parts.told(Visitor(3), items)  # type: ignore[arg-type]

    async def heard() -> list[bytes]:
        return [line async for line in response.body_iterator]

    assert len(asyncio.run(heard())) == 3
    assert next(made) == 4, "one line too many was made, and no more"
    assert not told_in_parts.COMPUTING.locked()


def test_those_who_wait_are_told_so() -> None:
    first = told_in_parts.lines({"step": n, "steps": 9} for n in itertools.count(1))
    next(first)
    second = told_in_parts.lines(iter([{"done": True}]))
    assert json.loads(next(second)) == {"step": 0, "steps": 1}
    first.close()
    assert json.loads(next(second)) == {"done": True}
    second.close()
