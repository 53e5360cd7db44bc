"""The public face: what ``import gandash`` offers a notebook."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

import gandash
from gandash.config import Config
from gandash.evaluation import after_training
from gandash.evaluation.progress import Progress
from gandash.training import Report
from tests.conftest import measured


def test_all_that_is_offered_is_there() -> None:
    for name in gandash.__all__:
        assert getattr(gandash, name), name
        assert name in dir(gandash)
    with pytest.raises(AttributeError, match="no attribute 'smaple'"):
        gandash.smaple  # noqa: B018


def test_to_import_gandash_loads_next_to_nothing() -> None:
    heavy = "{'torch', 'numpy', 'pydantic', 'pandas', 'streamlit'}"
    code = f"import sys, gandash; sys.exit(bool({heavy} & set(sys.modules)))"
    assert subprocess.run([sys.executable, "-c", code], check=False).returncode == 0


def test_samples_are_the_same_for_a_name_a_folder_and_a_checkpoint() -> None:
    checkpoint = gandash.load("mnist-dcgan")
    samples = gandash.sample(checkpoint, 3, seed=7)
    assert samples.shape == (3, 32, 32)
    assert samples.dtype == np.uint8
    for same in ("mnist-dcgan", checkpoint.folder, str(checkpoint.folder)):
        assert np.array_equal(gandash.sample(same, 3, seed=7), samples)
    assert np.array_equal(gandash.sample("mnist-dcgan", 2, seed=7), samples[:2])
    assert gandash.sample("tinyhero-dcgan", 2).shape == (2, 64, 64, 3)


def test_a_class_can_be_asked_for() -> None:
    threes = gandash.sample("mnist-conditional", 4, label=3)
    in_turn = gandash.sample("mnist-conditional", 4)
    assert np.array_equal(threes[3], in_turn[3])
    assert not np.array_equal(threes[0], in_turn[0])


def test_a_walk_begins_and_ends_at_its_seeds() -> None:
    frames = gandash.walk("mnist-dcgan", 3, 4, steps=5)
    assert frames.shape == (5, 32, 32)
    ends = [gandash.sample("mnist-dcgan", 1, seed=seed)[0] for seed in (3, 4)]
    for frame, end in zip(frames[[0, -1]], ends, strict=True):
        assert np.abs(frame.astype(int) - end).max() <= 1  # another batch size, another rounding


@pytest.mark.parametrize(
    ("call", "sentence"),
    [
        (lambda: gandash.load("mnist-dcgna"), "No checkpoint is called 'mnist-dcgna': choose one"),
        (lambda: gandash.sample("mnist-dcgan", 0), "count must be 1 to 4096, not 0"),
        (lambda: gandash.sample("mnist-dcgan", seed=-1), "seed must be 0 to 4294967295, not -1"),
        (lambda: gandash.walk("mnist-dcgan", steps=1), "steps must be 2 to 4096, not 1"),
        (lambda: gandash.walk("mnist-dcgan", end=2**32), "start and end must be 0 to"),
    ],
)
def test_bad_input_is_one_sentence(call: Callable[[], object], sentence: str) -> None:
    with pytest.raises(ValueError, match=f"^{sentence}"):
        call()


def test_train_returns_the_checkpoint_of_its_run(
    runs_root: Path, tiny_config: Callable[..., Config]
) -> None:
    rows: list[Report] = []
    checkpoint = gandash.train(tiny_config(), "mine", rows.append)
    assert checkpoint.folder == runs_root / "mine"
    assert [row.step for row in rows][-1] == checkpoint.card.step == 6
    assert gandash.load("mine") == checkpoint
    assert gandash.sample(checkpoint, 2).shape[:3] == (2, 16, 16)
    with pytest.raises(ValueError, match="mine"):
        gandash.train(tiny_config(), "mine")


def test_evaluate_yields_figures_and_reports_progress(monkeypatch: pytest.MonkeyPatch) -> None:
    figures = measured(5.0)
    steps = [Progress("samples", 1, 2), figures]
    monkeypatch.setattr(after_training, "evaluate", lambda *_, **_named: iter(steps))
    reported: list[Progress] = []
    assert gandash.evaluate("mnist-dcgan", 1000, progress=reported.append) == figures
    assert reported == steps[:1]


def test_what_cannot_be_measured_is_one_sentence() -> None:
    with pytest.raises(ValueError, match="at least 1,000 samples, not 10"):
        gandash.evaluate("mnist-dcgan", 10)
