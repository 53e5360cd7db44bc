"""The shipped checkpoints: what they are, and training them turn about."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pytest
import torch

from gandash import data, runs
from gandash.checkpoints import find, load_card
from gandash.checkpoints.weights import GENERATOR
from gandash.config import LossConfig
from gandash.networks import build_pair, build_players
from gandash.networks.footprint import shape_of
from gandash.runs import Run, folder
from gandash.storage.paths import PROJECT
from gandash.training import Report
from gandash.zoo import ZOO, Entry, entries, rebuild
from tests.conftest import ConfigFactory

pytestmark = pytest.mark.usefixtures("plain_arithmetic")


COLORED = ("cifar10", "tinyhero", "noto-emoji", "crawl-tiles")
ARMS = ["mnist-dcgan{}", *(f"mnist-half-dcgan{{}}-seed-{seed}" for seed in range(3))]


@pytest.mark.parametrize("name", ARMS)
def test_the_three_arms_differ_in_smoothing_alone(name: str) -> None:
    arms = {arm: entry for arm, entry in ZOO.items() if entry.group == name.format("")}
    assert {
        arm: (entry.config.loss.alpha, entry.config.loss.beta) for arm, entry in arms.items()
    } == {
        name.format(""): (0.0, 0.0),
        name.format("-one-sided"): (0.1, 0.0),
        name.format("-two-sided"): (0.1, 0.1),
    }
    assert (
        len({entry.config.model_copy(update={"loss": LossConfig()}) for entry in arms.values()})
        == 1
    )


def test_the_seeds_of_an_arm_differ_in_the_seed_alone() -> None:
    arms = [ZOO[name.format("")].config for name in ARMS[1:]]
    assert [config.seed for config in arms] == [0, 1, 2]
    assert len({config.model_copy(update={"seed": 0}) for config in arms}) == 1


@pytest.mark.parametrize("name", ZOO)
def test_every_entry_can_be_shown_and_built(name: str) -> None:
    entry = ZOO[name]
    assert entry.title
    assert entry.note.endswith(".")
    assert runs.check_name(name)
    if entry.config.translation.on:
        assert data.SOURCES[entry.config.data.dataset].title
        build_players(entry.config, (2, 1, 32, 32))
        return
    size = entry.config.data.size
    shape = (3 if entry.config.data.dataset in COLORED else 1, size, size)
    G, D = build_pair(entry.config, shape, 10)
    labels = torch.zeros(2, dtype=torch.int64)
    images = G(torch.zeros(2, G.latent_dim), labels)
    assert images.shape == (2, *shape)
    assert D(images, labels).shape == (2,)


@pytest.mark.parametrize("name", [name for name in ZOO if (PROJECT / "pretrained" / name).is_dir()])
def test_what_ships_is_trained_to_the_end_of_its_entry(name: str) -> None:
    entry, card = ZOO[name], load_card(PROJECT / "pretrained" / name)
    assert (card.title, card.note, card.config) == (entry.title, entry.note, entry.config)
    assert (card.last_step or card.step) == entry.config.total_steps(card.data.images)
    figures = card.translation if entry.config.translation.on else card.measured
    assert figures is not None


def test_the_zoo_stays_small() -> None:
    """Half-precision weights of all entries, about 0.6 MB an entry for metrics and snapshots.

    Three classifiers.
    """
    total = 0
    for entry in ZOO.values():
        dataset = entry.config.data.dataset
        colored = any(name in dataset for name in COLORED)
        shape = shape_of(entry.config, 3 if colored else 1)
        players = build_players(entry.config, shape, 10)
        total += sum(2 * value.numel() for player in players for value in player.parameters())
    assert total + 0.6e6 * len(ZOO) + 3e6 < 100e6


def test_groups_keep_together_what_is_compared() -> None:
    assert entries.groups(["mnist-dcgan-two-sided", "mnist-minimax", "mnist-dcgan"]) == [
        ["mnist-dcgan-two-sided", "mnist-dcgan"],
        ["mnist-minimax"],
    ]
    assert [len(group) for group in entries.groups([])][:2] == [3, 1]


def steps(reports: list[tuple[str, Report]]) -> list[tuple[str, int]]:
    return [(name, report.step) for name, report in reports]


def test_arms_advance_in_turn_and_are_exported_after_every_turn(
    runs_root: Path, pretrained_root: Path, tiny_zoo: dict[str, Entry]
) -> None:
    seen: list[tuple[str, int]] = []
    for name, report in rebuild.train([], runs_root, pretrained_root):
        seen.append((name, report.step))
        if (name, report.step) == ("plain", 4):
            found, _ = find(pretrained_root)
            assert [(c.name, c.card.step) for c in found] == [("plain", 3), ("smoothed", 3)]
    assert seen == [
        ("plain", 1),
        ("plain", 2),
        ("plain", 3),
        ("smoothed", 1),
        ("smoothed", 2),
        ("smoothed", 3),
    ] + [(name, step) for name in ("plain", "smoothed") for step in (4, 5, 6)]
    found, broken = find(pretrained_root)
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
    list(rebuild.train([], whole, tmp_path / "elsewhere"))
    loop = rebuild.train([], runs_root, pretrained_root)
    before = [next(loop) for _ in range(5)]
    loop.close()
    after = list(rebuild.train([], runs_root, pretrained_root))
    assert steps(before)[-1] == ("smoothed", 2)
    assert steps(after)[0] == ("smoothed", 1), "its state was never saved"
    assert steps(after)[-1] == ("smoothed", 6)
    for name in tiny_zoo:
        states = [(root / name / folder.STATE) for root in (whole, runs_root)]
        weights = [(root / name / GENERATOR).read_bytes() for root in (whole, runs_root)]
        assert all(path.is_file() for path in states)
        assert weights[0] == weights[1]
    assert list(rebuild.train([], runs_root, pretrained_root)) == []


def test_an_entry_that_counts_steps_is_trained_to_the_last(
    runs_root: Path,
    pretrained_root: Path,
    tiny_zoo: dict[str, Entry],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Also where they are more than its epochs, which steps replace."""
    config = tiny_zoo["plain"].config.model_copy(update={"steps": 9, "epochs": 1})
    counted = replace(tiny_zoo["plain"], config=config, group="")
    monkeypatch.setattr("gandash.zoo.entries.ZOO", {"counted": counted})
    list(rebuild.train([], runs_root, pretrained_root))
    assert load_card(pretrained_root / "counted").step == 9


def test_single_entries_can_be_trained(
    runs_root: Path, pretrained_root: Path, tiny_zoo: dict[str, Entry]
) -> None:
    assert {name for name, _ in rebuild.train(["smoothed"], runs_root, pretrained_root)} == {
        "smoothed"
    }
    assert [path.name for path in pretrained_root.iterdir()] == ["smoothed"]


def test_an_unknown_entry_is_refused(
    runs_root: Path, pretrained_root: Path, tiny_zoo: dict[str, Entry]
) -> None:
    with pytest.raises(
        ValueError, match=r"one of the 2 in .*, and 'plan' is none: did you mean plain\?$"
    ):
        list(rebuild.train(["plain", "plan"], runs_root, pretrained_root))
    assert not runs_root.exists()


def test_a_run_of_that_name_with_another_config_is_refused(
    runs_root: Path, pretrained_root: Path, tiny_zoo: dict[str, Entry], tiny_config: ConfigFactory
) -> None:
    run = runs.create(runs_root, tiny_config(seed=9), "plain")
    with pytest.raises(ValueError, match=r"must have the zoo's config, and it has another: remove"):
        list(rebuild.train([], runs_root, pretrained_root))
    assert Run(runs_root / "plain").config() == run.config()


def test_an_entry_that_was_given_more_epochs_is_trained_on(
    runs_root: Path,
    pretrained_root: Path,
    tiny_zoo: dict[str, Entry],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    list(rebuild.train(["plain"], runs_root, pretrained_root))
    before = load_card(pretrained_root / "plain")
    longer = tiny_zoo["plain"].config.model_copy(update={"epochs": before.config.epochs + 1})
    monkeypatch.setitem(entries.ZOO, "plain", replace(tiny_zoo["plain"], config=longer))
    list(rebuild.train(["plain"], runs_root, pretrained_root))
    after = load_card(pretrained_root / "plain")
    assert (after.config, after.step) == (
        longer,
        before.step + longer.steps_per_epoch(after.data.images),
    )
