"""The training images nearest to a picture that a visitor's browser has made."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import numpy as np
import pytest
import torch

from gandash import data, runs
from gandash.app import near
from gandash.app.assets import STORE
from gandash.app.hosting import permissions, visitors
from gandash.runs import execution
from tests.conftest import ConfigFactory


@pytest.fixture
def run(runs_root: object, tiny_config: ConfigFactory) -> Any:
    """A finished run on images that were handed in."""
    made = runs.create(runs_root, tiny_config(), "theirs")  # type: ignore[arg-type]
    list(execution.execute(made))
    return made


@pytest.fixture
def image(tiny_config: ConfigFactory) -> torch.Tensor:
    """The fifth image that it was trained on, (1, 16, 16)."""
    return data.load(tiny_config().data).images[4]


def rows_of(image: torch.Tensor) -> bytes:
    """Pixels with alpha, row by row."""
    pixels = torch.cat([image.expand(3, -1, -1), torch.full_like(image, 255)])
    return pixels.permute(1, 2, 0).contiguous().numpy().tobytes()


def test_a_training_image_is_nearest_to_itself(run: Any, image: torch.Tensor) -> None:
    told: Any = near.answer("theirs", rows_of(image), "")
    (space,) = told["spaces"]
    assert space["title"] == "pixels"
    first = space["near"][0]
    assert (first["number"], first["distance"]) == (4, 0)
    assert STORE.get(first["picture"]) is not None
    distances = [each["distance"] for each in space["near"]]
    assert distances == sorted(distances)
    assert len(distances) == near.SHOWN


@pytest.mark.parametrize("count", [0, 16 * 16, 4 * 16 * 16 + 1])
def test_another_size_is_one_sentence(count: int, run: Any) -> None:
    with pytest.raises(ValueError, match="A picture of 'theirs' has 1024 bytes, not"):
        near.answer("theirs", bytes(np.zeros(count, np.uint8)), "")


def test_a_real_image_is_one_of_the_data(run: Any, tiny_config: ConfigFactory) -> None:
    everything = {rows_of(each) for each in data.load(tiny_config().data).images}
    assert near.real("theirs", "") in everything


def test_what_makes_no_images_has_none_to_show() -> None:
    with pytest.raises(ValueError, match="makes pairs: choose another checkpoint"):
        near.real("edges-fashion-pix2pix", "")


@pytest.fixture
def private(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("GANDASH_PUBLIC", "1")
    monkeypatch.setenv("GANDASH_UPLOADS", "private")
    permissions.limits.cache_clear()
    yield
    permissions.limits.cache_clear()


def test_private_images_are_shown_to_their_owner_alone(
    run: Any, image: torch.Tensor, private: None, monkeypatch: pytest.MonkeyPatch
) -> None:
    somebody, another = visitors.name_of("a cookie"), visitors.name_of("another")
    with pytest.raises(ValueError, match="handed in privately"):
        near.answer("theirs", rows_of(image), visitors.name_of(""))
    monkeypatch.setattr(visitors, "visitor", lambda: somebody)
    visitors.own(run)
    assert near.answer("theirs", rows_of(image), somebody)
    for who in (another, visitors.name_of("")):
        with pytest.raises(ValueError, match="only who did may see them"):
            near.answer("theirs", rows_of(image), who)
        with pytest.raises(ValueError, match="only who did may see them"):
            near.real("theirs", who)
