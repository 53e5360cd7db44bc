"""Sweeps: which runs a file of settings stands for, and what is wrong with one."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest

from gandash.config import sweeps
from gandash.config.presets import PRESETS


def write(path: Path, text: str) -> Path:
    path.write_text(text)
    return path


def test_every_combination_is_an_arm_and_every_seed_a_run(tmp_path: Path) -> None:
    text = """
preset = "Quick digits"
steps = 40
seed = [0, 1]
[loss]
objective = ["non-saturating", "hinge"]
[optimizer]
g_lr = [0.001, 0.0005]
"""
    members = sweeps.members("heads", sweeps.read(write(tmp_path / "heads.toml", text)))
    assert len({member.name for member in members}) == len(members) == 8
    first, second, third, *_ = members
    assert first.name == "heads-non-saturating-0-001-s0"
    assert second.name == "heads-non-saturating-0-001-s1"
    assert first.arm == second.arm == "objective non-saturating, g_lr 0.001"
    assert third.arm == "objective non-saturating, g_lr 0.0005"
    assert members[-1].config.loss.objective == "hinge"
    assert members[-1].config.optimizer.g_lr == 0.0005
    assert {member.config.steps for member in members} == {40}
    assert first.config.network == PRESETS["Quick digits"].config.network


def test_json_and_the_names_of_flags_say_the_same(tmp_path: Path) -> None:
    toml = write(tmp_path / "a.toml", "[loss]\nalpha = [0.0, 0.1]\n")
    json = write(tmp_path / "a.json", '{"alpha": [0.0, 0.1]}')
    assert sweeps.members("a", sweeps.read(toml)) == sweeps.members("a", sweeps.read(json))


def test_a_name_that_grows_too_long_is_the_arms_number() -> None:
    values = ["relativistic", "non-saturating"]
    (one, _) = sweeps.members("g" * 50, {"objective": values})
    assert one.name == f"{'g' * 50}-1-s0"


def test_one_arm_is_as_given() -> None:
    members = sweeps.members("seeds", {"seed": [3, 4]})
    assert [member.name for member in members] == ["seeds-s3", "seeds-s4"]
    assert {member.arm for member in members} == {"as given"}


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        ({"objektive": ["hinge"]}, "'objektive' is not a setting: write one"),
        ({"objective": ["hinge", "hinge"]}, "must be at least one and differ"),
        ({"seed": []}, "must be at least one and differ"),
        ({"seed": list(range(51)), "epochs": [1, 2]}, "at most 100 runs, and 2 arms of 51 seeds"),
        ({"preset": "None"}, "There is no preset 'None': choose one of"),
        ({"epochs": [1, 0]}, "epochs should be greater than or equal to 1, not 0"),
        ({"objective": ["hinge", "hingee"]}, "hingee"),
    ],
)
def test_what_is_wrong_is_one_sentence(settings: dict[str, Any], sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence) as refused:
        sweeps.members("group", settings)
    assert "\n" not in str(refused.value)


@pytest.mark.parametrize(
    ("name", "text", "sentence"),
    [
        ("a.yaml", "", "must be .toml or .json, not 'a.yaml'"),
        ("a.toml", "seed = [", "'a.toml' cannot be read"),
        ("a.json", "[1]", "must be a table of settings"),
    ],
)
def test_a_file_that_is_none(tmp_path: Path, name: str, text: str, sentence: str) -> None:
    with pytest.raises(ValueError, match=sentence):
        sweeps.read(write(tmp_path / name, text))
