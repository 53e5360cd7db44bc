"""The shipped checkpoints: what they are, and training them turn about."""

from __future__ import annotations

from pathlib import Path

import pytest

from gandash import checkpoints, runs, zoo
from gandash.config import LossConfig
from gandash.reports import Report
from gandash.runs import Run
from gandash.zoo import ZOO, Entry
from tests.conftest import ConfigFactory

pytestmark = pytest.mark.usefixtures("plain_arithmetic")


@pytest.fixture
def tiny_zoo(monkeypatch: pytest.MonkeyPatch, tiny_config: ConfigFactory) -> dict[str, Entry]:
    """Two arms of two epochs of three steps."""
    arms = {
        name: Entry(
            f"Title of {name}", tiny_config(steps=None, epochs=2, report_every=1, loss={"alpha": alpha}), "Note."
        )
        for name, alpha in (("plain", 0.0), ("smoothed", 0.1))
    }
    monkeypatch.setattr(zoo, "ZOO", arms)
    return arms


def test_the_three_arms_differ_in_smoothing_alone() -> None:
    smoothing = {name: (entry.config.loss.alpha, entry.config.loss.beta) for name, entry in ZOO.items()}
    assert smoothing == {
        "mnist-dcgan": (0.0, 0.0),
        "mnist-dcgan-one-sided": (0.1, 0.0),
        "mnist-dcgan-two-sided": (0.1, 0.1),
    }
    assert len({entry.config.model_copy(update={"loss": LossConfig()}) for entry in ZOO.values()}) == 1
    assert all(entry.title and entry.note.endswith(".") and runs.check_name(name) for name, entry in ZOO.items())


def steps(reports: list[tuple[str, Report]]) -> list[tuple[str, int]]:
    return [(name, report.step) for name, report in reports]


def test_arms_advance_in_turn_and_are_exported_after_every_turn(
    runs_root: Path, pretrained_root: Path, tiny_zoo: dict[str, Entry]
) -> None:
    seen: list[tuple[str, int]] = []
    for name, report in zoo.train([], runs_root, pretrained_root):
        seen.append((name, report.step))
        if (name, report.step) == ("plain", 4):
            found, _ = checkpoints.find(pretrained_root)
            assert [(c.name, c.card.step) for c in found] == [("plain", 3), ("smoothed", 3)]
    assert seen == [("plain", 1), ("plain", 2), ("plain", 3), ("smoothed", 1), ("smoothed", 2), ("smoothed", 3)] + [
        (name, step) for name in ("plain", "smoothed") for step in (4, 5, 6)
    ]
    found, broken = checkpoints.find(pretrained_root)
    assert not broken
    for checkpoint in found:
        entry = tiny_zoo[checkpoint.name]
        card = checkpoint.card
        assert (card.title, card.note, card.config) == (entry.title, entry.note, entry.config)
        assert (card.step, card.epochs, card.weights) == (6, 2.0, "fp16")
        assert runs.read_metrics(checkpoint.folder).step.tolist() == [1, 2, 3, 4, 5, 6]
        assert list(runs.read_snapshots(checkpoint.folder)) == [0, 1, 3, 6]


def test_training_the_zoo_goes_on_where_it_was_left(
    runs_root: Path, pretrained_root: Path, tmp_path: Path, tiny_zoo: dict[str, Entry]
) -> None:
    whole = tmp_path / "whole"
    list(zoo.train([], whole, tmp_path / "elsewhere"))
    loop = zoo.train([], runs_root, pretrained_root)
    before = [next(loop) for _ in range(5)]
    loop.close()
    after = list(zoo.train([], runs_root, pretrained_root))
    assert steps(before)[-1] == ("smoothed", 2)
    assert steps(after)[0] == ("smoothed", 1), "its state was never saved"
    assert steps(after)[-1] == ("smoothed", 6)
    for name in tiny_zoo:
        states = [(root / name / runs.STATE) for root in (whole, runs_root)]
        weights = [(root / name / checkpoints.GENERATOR).read_bytes() for root in (whole, runs_root)]
        assert all(path.is_file() for path in states)
        assert weights[0] == weights[1]
    assert list(zoo.train([], runs_root, pretrained_root)) == []


def test_single_entries_can_be_trained(runs_root: Path, pretrained_root: Path, tiny_zoo: dict[str, Entry]) -> None:
    assert {name for name, _ in zoo.train(["smoothed"], runs_root, pretrained_root)} == {"smoothed"}
    assert [path.name for path in pretrained_root.iterdir()] == ["smoothed"]


def test_an_unknown_entry_is_refused(runs_root: Path, pretrained_root: Path, tiny_zoo: dict[str, Entry]) -> None:
    with pytest.raises(ValueError, match=r"^A zoo entry must be one of plain, smoothed, not 'x': check the spelling$"):
        list(zoo.train(["plain", "x"], runs_root, pretrained_root))
    assert not runs_root.exists()


def test_a_run_of_that_name_with_another_config_is_refused(
    runs_root: Path, pretrained_root: Path, tiny_zoo: dict[str, Entry], tiny_config: ConfigFactory
) -> None:
    run = runs.create(runs_root, tiny_config(seed=9), "plain")
    with pytest.raises(ValueError, match=r"must have the zoo's config, and it has another: remove"):
        list(zoo.train([], runs_root, pretrained_root))
    assert Run(runs_root / "plain").config() == run.config()
