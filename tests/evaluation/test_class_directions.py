"""Directions toward classes: a planted one is found, shipped generators move, files are kept."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
import torch

import gandash
from gandash import latent
from gandash.evaluation import class_directions
from gandash.evaluation.class_directions import ClassDirections, find
from gandash.evaluation.progress import Progress
from gandash.latent import directions
from gandash.storage.paths import classifiers_root


def test_a_planted_direction_is_found() -> None:
    """Of a probability that rises along one vector alone."""
    z = latent.draw(0, 2000, 20)
    planted = torch.nn.functional.normalize(latent.draw(1, 2, 20), dim=1)
    found = directions.toward(z, (z @ planted.T).sigmoid())
    assert ((found * planted).sum(1) > 0.98).all()
    assert found.norm(dim=1) == pytest.approx([1, 1])


def test_what_never_changes_has_no_direction() -> None:
    assert directions.toward(latent.draw(0, 100, 5), torch.full((100, 1), 0.3)).norm() == 0


def test_too_few_vectors_are_refused() -> None:
    with pytest.raises(ValueError, match="needs more vectors than that, not 5"):
        directions.toward(torch.zeros(5, 5), torch.zeros(5, 1))


def last(items: Any) -> tuple[list[Progress], ClassDirections]:
    *before, result = items
    assert isinstance(result, ClassDirections)
    return before, result


@pytest.mark.parametrize("name", ["mnist-half-dcgan-seed-0"])
def test_a_shipped_generator_moves_toward_each_class(name: str, tmp_path: Path) -> None:
    """Each class becomes at least three times as likely, and the second time all is in a file."""
    checkpoint = gandash.load(name)
    told, result = last(find(tmp_path, checkpoint, classifiers_root()))
    assert (result.after > 3 * result.before).all()
    assert result.before.sum() == pytest.approx(1, abs=1e-4)
    steps = [progress.step for progress in told]
    assert steps == list(range(1, told[-1].steps + 1))
    again, kept = last(find(tmp_path, checkpoint, classifiers_root()))
    assert not again
    assert torch.equal(kept.directions, result.directions)
    assert len(list((tmp_path / class_directions.FOLDER).iterdir())) == 1


@pytest.mark.parametrize(
    ("name", "reason"),
    [("mnist-conditional", "is told the class")],
)
def test_others_are_refused_with_the_reason(name: str, reason: str, tmp_path: Path) -> None:
    with pytest.raises(ValueError, match=reason):
        next(find(tmp_path, gandash.load(name), classifiers_root()))
    assert reason in class_directions.why_not(gandash.load(name), classifiers_root())
