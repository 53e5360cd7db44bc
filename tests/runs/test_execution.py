"""A run's folder: what is in it, what survives a crash, and resuming bit for bit."""

from __future__ import annotations

import csv
import errno
import json
import os
import re
import shutil
import sys
import threading
import time
from collections.abc import Callable
from dataclasses import fields
from itertools import pairwise
from pathlib import Path
from typing import Literal

import numpy as np
import pandas as pd
import pytest
import torch
from PIL import Image
from safetensors import safe_open
from safetensors.torch import load_file, save_file
from torch import Tensor

from gandash import data, runs, training
from gandash.checkpoints import Checkpoint, find, load_card
from gandash.checkpoints.weights import DISCRIMINATOR, GENERATOR, load_generator
from gandash.config import Config
from gandash.data import Dataset
from gandash.runs import Run, Status, as_checkpoint, execution, metrics_file, saved_state
from gandash.runs.folder import CONFIG, STATE
from gandash.runs.loading import is_left_behind
from gandash.training import Arithmetic, Report, Snapshot
from tests.conftest import ConfigFactory
from tests.waiting import PATIENCE

pytestmark = pytest.mark.usefixtures("plain_arithmetic")
TIMING = {"seconds", "images_per_second"}


def finish(run: Run) -> Run:
    for _ in execution.execute(run):
        pass
    return run


class Until(threading.Event):
    """Set from a run's ``step`` on, or from the next that is looked at."""

    def __init__(self, run: Run, step: int) -> None:
        super().__init__()
        self.run, self.step = run, step

    def is_set(self) -> bool:
        reported = bool((self.run.metrics().step >= self.step).any())
        return reported or self.run.status().step >= self.step


def train_to(run: Run, step: int) -> Run:
    """Train up to the report at ``step`` and leave the run there, saved."""
    for _ in execution.execute(run, Until(run, step)):
        pass
    assert run.status().step == step
    return run


def rows(run: Run) -> list[dict[str, str]]:
    """The metrics as text, without what the clock decides."""
    with (run.folder / runs.METRICS).open(newline="") as file:
        return [{k: v for k, v in row.items() if k not in TIMING} for row in csv.DictReader(file)]


def state_of(run: Run) -> dict[str, Tensor]:
    """The tensors of a saved state; what was not measured is -1 there, as NaN equals nothing."""
    tensors = load_file(run.folder / STATE)
    if "window" in tensors:
        tensors["window"] = tensors["window"].nan_to_num(nan=-1)
    return tensors


def assert_same_run(one: Run, other: Run) -> None:
    """Both networks, both optimizers, the moving average, metrics, samples: all to the bit."""
    a, b = state_of(one), state_of(other)
    assert a.keys() == b.keys()
    assert {name.split(".")[0] for name in a} >= {"G", "D", "optimizer_G", "optimizer_D"}
    for name in a:
        assert torch.equal(a[name], b[name]), name
    assert rows(one) == rows(other)
    snapshots = [
        {step: path.read_bytes() for step, path in run.snapshots().items()} for run in (one, other)
    ]
    assert snapshots[0] == snapshots[1]
    for name in (GENERATOR, DISCRIMINATOR):
        assert (one.folder / name).read_bytes() == (other.folder / name).read_bytes()


def refusal(action: Callable[[], object]) -> str:
    with pytest.raises(ValueError, match=r"^.+$") as caught:
        action()
    assert "\n" not in str(caught.value)
    return str(caught.value)


# A run's life


def test_a_new_run_is_queued(runs_root: Path, tiny_config: ConfigFactory) -> None:
    config = tiny_config(seed=3)
    run = runs.create(runs_root, config, "first")
    assert (run.name, run.folder) == ("first", runs_root / "first")
    assert run.config() == config
    assert (run.status().phase, run.status().step, run.resumable) == ("queued", 0, False)
    assert run.metrics().empty
    assert list(run.metrics().columns) == metrics_file.COLUMNS == [f.name for f in fields(Report)]
    assert run.snapshots() == {}
    assert runs.find(runs_root) == [run]
    assert runs.find(runs_root / "nowhere") == []


@pytest.mark.parametrize("name", ["", "-a", "A", "a b", "a/b", "../a", "a" * 64, "é", "a\n", "a."])
def test_a_name_that_could_leave_the_folder_is_refused(
    runs_root: Path, tiny_config: ConfigFactory, name: str
) -> None:
    with pytest.raises(ValueError, match="must be 1 to 63 of a-z, 0-9 and hyphens"):
        runs.create(runs_root, tiny_config(), name)
    assert not runs_root.exists()


def test_a_name_that_is_taken_is_refused(runs_root: Path, tiny_config: ConfigFactory) -> None:
    run = runs.create(runs_root, tiny_config(seed=1), "mine")
    for action in (runs.create, lambda root, _, name: runs.check_new(root, name)):
        sentence = refusal(lambda action=action: action(runs_root, tiny_config(seed=2), "mine"))  # type: ignore[misc]
        assert (
            sentence == "A run's name must be new, and 'mine' is taken: choose another or remove it"
        )
    assert run.config().seed == 1


def test_a_finished_run_is_a_checkpoint_with_metrics_and_samples(
    runs_root: Path, tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    run = runs.create(runs_root, tiny_config(ema=0.9), "mine")
    reports = list(execution.execute(run))
    status = run.status()
    assert (status.phase, status.step, status.total, status.message) == ("finished", 6, 6, "")
    metrics = run.metrics()
    assert list(metrics.columns) == metrics_file.COLUMNS
    assert metrics.step.tolist() == [2, 4, 6]
    assert metrics.d_loss.tolist() == pytest.approx([r.d_loss for r in reports], rel=1e-6)
    (found,), broken = find(runs_root)
    assert not broken
    assert (found.card.step, found.card.epochs, found.card.weights) == (6, 2.0, "fp32")
    assert (found.card.data.images, found.card.data.shape) == (24, (1, 16, 16))
    assert found.card.data.classes == tiny_dataset.classes == ("left", "right")
    state = state_of(run)
    for name, tensor in load_generator(found).state_dict().items():
        assert torch.equal(tensor, state[f"ema.module.{name}"]), (
            "the checkpoint is the moving average"
        )
    assert list(run.snapshots()) == [0, 1, 3, 6]
    for path in run.snapshots().values():
        with Image.open(path) as image:
            assert image.size == (128, 128)


def test_a_snapshot_on_disk_is_the_sample_to_the_bit(
    runs_root: Path, tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    run = finish(runs.create(runs_root, tiny_config(), "mine"))
    state = training.new_state(tiny_config(), tiny_dataset)
    snapshots = [e for e in training.train(state, tiny_dataset) if isinstance(e, Snapshot)]
    for snapshot in snapshots:
        with Image.open(run.snapshots()[snapshot.step]) as image:
            pixels = np.asarray(image.convert("L"))
        tiles = pixels.reshape(8, 16, 8, 16).transpose(0, 2, 1, 3).reshape(64, 16, 16)
        assert np.array_equal(tiles, snapshot.images[:, 0].numpy())


def test_executing_a_finished_run_again_changes_nothing(
    runs_root: Path, tiny_config: ConfigFactory
) -> None:
    run = finish(runs.create(runs_root, tiny_config(), "mine"))
    before, metrics = state_of(run), (run.folder / runs.METRICS).read_bytes()
    assert list(execution.execute(run)) == []
    assert run.status().phase == "finished"
    assert all(torch.equal(tensor, before[name]) for name, tensor in state_of(run).items())
    assert (run.folder / runs.METRICS).read_bytes() == metrics


# Resuming


@pytest.mark.parametrize("first", [[6], [7], [1, 6, 7]], ids=str)
def test_a_finished_run_trained_longer_is_one_that_was_as_long_from_the_start(
    runs_root: Path, tiny_config: ConfigFactory, first: list[int]
) -> None:
    """Its rows too, wherever in a row of 2 steps it ended before."""
    whole = finish(runs.create(runs_root, tiny_config(steps=9), "whole"))
    parted = finish(runs.create(runs_root, tiny_config(steps=first[0]), "parted"))
    for earlier, later in pairwise([*first, 9]):
        runs.extend(parted, later - earlier)
        assert parted.status().phase == "stopped"
        assert parted.metrics().step.max() == earlier, "nothing is lost before it goes on"
        finish(parted)
    assert (parted.status().phase, parted.config()) == ("finished", whole.config())
    before, after = state_of(whole), state_of(parted)
    assert before.keys() == after.keys()
    assert all(torch.equal(tensor, after[name]) for name, tensor in before.items())
    assert rows(parted) == rows(whole)
    assert [row["step"] for row in rows(parted)] == ["2", "4", "6", "8", "9"]
    assert (parted.metrics().images_per_second > 0).all()
    assert load_card(parted.folder).config == whole.config()


def test_a_run_trained_longer_can_be_left_before_its_first_row(
    runs_root: Path, tiny_config: ConfigFactory
) -> None:
    whole = finish(runs.create(runs_root, tiny_config(steps=9), "whole"))
    parted = finish(runs.create(runs_root, tiny_config(steps=7), "parted"))
    runs.extend(parted, 2)
    loop = execution.execute(parted)
    assert next(loop).step == 8
    loop.close()  # the process ends before it saves
    assert rows(finish(parted)) == rows(whole)


def test_epochs_are_added_where_steps_are_not_given(
    runs_root: Path, tiny_config: ConfigFactory
) -> None:
    passes = finish(runs.create(runs_root, tiny_config(steps=None, epochs=1), "passes"))
    runs.extend(passes, 3)
    assert passes.config().epochs == 4


def test_only_a_finished_run_without_noise_is_trained_longer(
    runs_root: Path, tiny_config: ConfigFactory
) -> None:
    parted = train_to(runs.create(runs_root, tiny_config(), "parted"), 2)
    with pytest.raises(
        ValueError, match="Only a finished run can be trained longer, and 'parted' is stopped"
    ):
        runs.extend(parted, 1)
    noisy = finish(
        runs.create(runs_root, tiny_config(regularizer={"instance_noise": 0.1}), "noisy")
    )
    with pytest.raises(ValueError, match="'noisy' has it: train a new run with more epochs"):
        runs.extend(noisy, 1)
    assert noisy.status().phase == "finished"
    (noisy.folder / STATE).unlink()
    with pytest.raises(ValueError, match="from its saved state, and 'noisy' has none"):
        runs.extend(noisy, 1)


KINDS = [
    (0.9, Arithmetic()),
    (0.0, Arithmetic()),
    (0.9, Arithmetic(channels_last=True)),
    (0.9, Arithmetic(bf16=True)),
    (0.9, Arithmetic(bf16=True, channels_last=True)),
]


@pytest.mark.parametrize("step", [2, 4])
@pytest.mark.parametrize("kind", KINDS, ids=lambda kind: f"ema {kind[0]}, {kind[1]}")
def test_a_run_goes_on_bit_for_bit(
    runs_root: Path,
    tiny_config: ConfigFactory,
    monkeypatch: pytest.MonkeyPatch,
    step: int,
    kind: tuple[float, Arithmetic],
) -> None:
    ema, arithmetic = kind
    monkeypatch.setattr("gandash.training.start.choose_arithmetic", lambda *_: arithmetic)
    config = tiny_config(
        ema=ema, snapshots=7, network={"latent_dim": 8, "g_width": 8, "d_width": 8}
    )
    whole = finish(runs.create(runs_root, config, "whole"))
    parted = train_to(runs.create(runs_root, config, "parted"), step)
    status = parted.status()
    assert (status.phase, status.message) == (
        "stopped",
        f"Stopped at step {step} of 6; it can be resumed.",
    )
    assert max(parted.snapshots()) == step
    monkeypatch.setattr(
        "gandash.training.start.choose_arithmetic",
        lambda *_: pytest.fail("it must keep its arithmetic"),
    )
    assert_same_run(finish(parted), whole)


def test_stopping_at_every_report_is_the_same_run(
    runs_root: Path, tiny_config: ConfigFactory
) -> None:
    config = tiny_config(ema=0.5, report_every=1, snapshots=7)
    whole = finish(runs.create(runs_root, config, "whole"))
    parted = runs.create(runs_root, config, "parted")
    for step in range(1, 7):
        train_to(parted, step)
    assert parted.status().phase == "finished"
    assert_same_run(parted, whole)


def test_a_stop_that_is_requested_is_obeyed_at_the_next_report(
    runs_root: Path, tiny_config: ConfigFactory
) -> None:
    run = runs.create(runs_root, tiny_config(), "mine")
    seen = []
    for report in execution.execute(run):
        seen.append(report.step)
        run.request_stop()
    assert seen == [2, 4]
    assert (run.status().phase, run.status().step, run.stop_requested) == ("stopped", 4, False)


def test_a_crash_between_saves_is_made_good(
    runs_root: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rows and samples beyond the saved state, and half a row.

    Are on disk when the run is taken up.
    """
    config = tiny_config(ema=0.9, snapshots=7)
    whole = finish(runs.create(runs_root, config, "whole"))
    run = train_to(runs.create(runs_root, config, "mine"), 2)
    saved = (run.folder / STATE).read_bytes()
    train_to(run, 4)
    (run.folder / STATE).write_bytes(saved)
    run.update(phase="running")
    with (run.folder / runs.METRICS).open("a") as file:
        file.write("6,48,0.6")
    assert run.metrics().step.tolist() == [2, 4]
    assert_same_run(finish(run), whole)


@pytest.mark.parametrize("cut", ["nothing", "half the header", "half the first row"])
def test_a_crash_before_the_first_save_is_made_good(
    runs_root: Path, tiny_config: ConfigFactory, cut: str
) -> None:
    whole = finish(runs.create(runs_root, tiny_config(), "whole"))
    run = runs.create(runs_root, tiny_config(), "mine")
    header = ",".join(metrics_file.COLUMNS)
    torn = {"nothing": "", "half the header": header[:20], "half the first row": header + "\n2,16"}[
        cut
    ]
    (run.folder / runs.METRICS).write_text(torn)
    assert run.metrics().empty
    assert_same_run(finish(run), whole)


def test_rows_that_are_kept_stay_as_they_were_written(
    runs_root: Path, tiny_config: ConfigFactory
) -> None:
    run = train_to(runs.create(runs_root, tiny_config(report_every=1, steps=40), "mine"), 20)
    before = (run.folder / runs.METRICS).read_text().splitlines()
    metrics_file.truncate_metrics(run.folder, 15)
    assert (run.folder / runs.METRICS).read_text() == "\n".join(before[:16]) + "\n"


def test_a_run_can_be_stopped_before_its_first_step(
    runs_root: Path, tiny_config: ConfigFactory
) -> None:
    run = runs.create(runs_root, tiny_config(), "mine")
    interrupted = threading.Event()
    interrupted.set()
    assert list(execution.execute(run, interrupted)) == []
    assert (run.status().phase, run.status().step) == ("stopped", 0)
    assert finish(run).status().phase == "finished"


def test_a_long_run_is_saved_now_and_then(
    runs_root: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "SAVE_EVERY_SECONDS", 0.0)
    run = runs.create(runs_root, tiny_config(report_every=1), "mine")
    for report in execution.execute(run):
        with safe_open(run.folder / STATE, framework="pt") as file:
            assert json.loads(file.metadata()["state"])["step"] == report.step
    assert report.step == 6


# Damage


def one_missing(path: Path) -> None:
    edit_state(path, lambda tensors: tensors.pop("G.layers.0.0.weight"))


def one_moment_missing(path: Path) -> None:
    edit_state(path, lambda tensors: tensors.pop("optimizer_G.0.exp_avg_sq"))


def no_moments(path: Path) -> None:
    def drop(tensors: dict[str, Tensor]) -> None:
        for name in [name for name in tensors if name.startswith("optimizer_")]:
            del tensors[name]

    edit_state(path, drop)


def moment_of_another_shape(path: Path) -> None:
    edit_state(path, lambda tensors: tensors.update({"optimizer_D.0.exp_avg": torch.zeros(3, 3)}))


def edit_state(path: Path, edit: Callable[[dict[str, Tensor]], object]) -> None:
    with safe_open(path, framework="pt") as file:
        metadata = file.metadata()
    tensors = load_file(path)
    edit(tensors)
    save_file(tensors, path, metadata=metadata)


def facts_with(**changes: object) -> Callable[[Path], None]:
    """Give a state other facts than it was saved with."""

    def change(path: Path) -> None:
        with safe_open(path, framework="pt") as file:
            facts = json.loads(file.metadata()["state"]) | changes
        save_file(load_file(path), path, metadata={"state": json.dumps(facts)})

    change.__name__ = f"facts_with_{changes}"
    return change


def no_facts(path: Path) -> None:
    save_file(load_file(path), path)


def nonsense_for_facts(path: Path) -> None:
    save_file(load_file(path), path, metadata={"state": "[1, 2]"})


def no_json_for_facts(path: Path) -> None:
    save_file(load_file(path), path, metadata={"state": "{"})


def truncated(path: Path) -> None:
    path.write_bytes(path.read_bytes()[:-5])


def emptied(path: Path) -> None:
    path.write_bytes(b"")


def nonsense(path: Path) -> None:
    path.write_bytes(b"\x80\x04nonsense" * 100)


DAMAGES = [
    one_missing, one_moment_missing, no_moments, moment_of_another_shape, no_facts,
    nonsense_for_facts,
    no_json_for_facts, truncated, emptied, nonsense, facts_with(step=-5), facts_with(step="x"),
    facts_with(seconds=float("inf")), facts_with(previous=[1.0]), facts_with(best={"step": -1}),
]  # fmt: skip


@pytest.mark.parametrize("damage", DAMAGES, ids=lambda damage: damage.__name__)
def test_a_damaged_state_is_refused_in_one_sentence(
    runs_root: Path, tiny_config: ConfigFactory, damage: Callable[[Path], None]
) -> None:
    run = train_to(runs.create(runs_root, tiny_config(), "mine"), 4)
    damage(run.folder / STATE)
    before = rows(run)
    sentence = refusal(lambda: finish(run))
    assert sentence.startswith("The saved state of run 'mine' cannot be used (")
    assert sentence.endswith(
        f"): restore {run.folder / STATE} from a copy, or remove that file to start the run afresh"
    )
    assert len(sentence) < 1000
    assert run.status().phase == "stopped"
    assert rows(run) == before


@pytest.mark.parametrize(
    "content",
    [b"", b"{", b"\xff\xfe", b"[]", b'{"seed": -1}', b"[" * 100_000, b" " * 1_000_001],
)
@pytest.mark.parametrize("file", [CONFIG, runs.STATUS])
def test_a_damaged_config_or_status_is_one_sentence(
    runs_root: Path, tiny_config: ConfigFactory, file: str, content: bytes
) -> None:
    run = runs.create(runs_root, tiny_config(), "mine")
    (run.folder / file).write_bytes(content)
    (run.folder / STATE).touch()
    sentence = refusal(run.config if file == CONFIG else run.status)
    assert sentence.startswith(f"The {Path(file).stem} of run 'mine' cannot be read (")
    assert sentence.endswith(
        "): restore its config.json from a copy, its saved state is kept"
        if file == CONFIG
        else "): resume it, and it gets a new one"
    )
    assert runs.find(runs_root) == [run]


def test_damaged_metrics_are_one_sentence(runs_root: Path, tiny_config: ConfigFactory) -> None:
    run = train_to(runs.create(runs_root, tiny_config(), "mine"), 4)
    with (run.folder / runs.METRICS).open("ab") as file:
        file.write(b"\xff\x00" + b"," * 99 + b"\n")
    for action in (run.metrics, lambda: finish(run)):
        assert refusal(action).startswith("The metrics of 'mine' are damaged (")


def test_failures_stay_in_the_status_in_one_sentence(
    runs_root: Path, tiny_config: ConfigFactory, image_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def fail(*_: object) -> object:
        raise RuntimeError("first line\n\tand   second")

    run = runs.create(
        runs_root, tiny_config(data={"dataset": str(image_folder / "nowhere"), "size": 16}), "data"
    )
    assert refusal(lambda: finish(run)) == run.status().message
    assert run.status().phase == "failed"
    run = runs.create(runs_root, tiny_config(), "error")
    monkeypatch.setattr("gandash.runs.execution.train", fail)
    with pytest.raises(RuntimeError, match="first line"):
        finish(run)
    assert (run.status().phase, run.status().message) == ("failed", "first line and second")


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"images_per_second": "inf"}, "images_per_second"),
        ({"seconds": -1}, "seconds"),
        ({"created": "2026-01-02T03:04:05"}, "created"),
        ({"step": -5}, "step"),
        ({"phase": "asleep"}, "phase"),
    ],
)
def test_a_status_that_cannot_be_is_one_sentence(
    runs_root: Path, tiny_config: ConfigFactory, changes: dict[str, object], words: str
) -> None:
    run = train_to(runs.create(runs_root, tiny_config(), "mine"), 2)
    path = run.folder / runs.STATUS
    path.write_text(json.dumps(json.loads(path.read_text()) | changes))
    assert words in refusal(run.status)
    run.renew_status()
    assert finish(run).status().phase == "finished"


# Refusals change nothing


def test_a_relative_path_is_found_from_any_folder(
    runs_root: Path,
    tiny_config: ConfigFactory,
    image_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(image_folder.parent)
    config = tiny_config(data={"dataset": image_folder.name, "size": 16})
    run = runs.create(runs_root, config, "mine")
    assert run.config().data.dataset == str(image_folder)
    monkeypatch.chdir(tmp_path)
    assert finish(run).status().phase == "finished"
    assert runs.create(runs_root, Config(), "named").config() == Config()


@pytest.mark.parametrize("step", [2, 6])
def test_a_run_that_cannot_go_on_from_here_stays_as_it_was(
    tiny_config: ConfigFactory,
    image_folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    step: int,
) -> None:
    """As runs of earlier versions do, whose relative paths were kept."""
    run = train_to(runs.create(tmp_path / "runs", tiny_config(), "mine"), step)
    run.write_config(tiny_config(data={"dataset": image_folder.name, "size": 16}))
    before = everything_in(run.folder)
    monkeypatch.chdir(tmp_path)
    for action in (lambda: finish(run), lambda: execution.prepare_resume(run)):
        assert refusal(action).endswith(f"and not from {tmp_path}: resume it from there")
        assert everything_in(run.folder) == before
    monkeypatch.chdir(image_folder.parent)
    execution.prepare_resume(run)
    assert finish(run).status().phase == "finished"


def test_data_that_have_changed_are_noticed(
    runs_root: Path, tiny_config: ConfigFactory, image_folder: Path, tmp_path: Path
) -> None:
    images = tmp_path / "images"
    shutil.copytree(image_folder, images)
    config = tiny_config(data={"dataset": str(images), "size": 16})
    run = train_to(runs.create(runs_root, config, "mine"), 2)
    before = everything_in(run.folder)
    extra = images / "left" / "99.png"
    shutil.copy(images / "left" / "00.png", extra)
    assert refusal(lambda: finish(run)) == (
        "A run goes on with the data that it was trained on, and those of 'mine' have changed "
        "since (25 images now): restore them, or train a new run"
    )
    assert everything_in(run.folder) == before
    extra.unlink()
    execution.prepare_resume(run)
    facts_with(data="")(run.folder / STATE)  # as states of earlier versions are
    shutil.copy(images / "left" / "00.png", extra)
    assert finish(run).status().phase == "finished"


def test_a_state_beyond_the_end_of_its_config_is_refused(
    runs_root: Path, tiny_config: ConfigFactory
) -> None:
    run = train_to(runs.create(runs_root, tiny_config(), "mine"), 4)
    run.write_config(tiny_config(steps=3))
    assert refusal(lambda: finish(run)) == (
        "The saved state of run 'mine' is of step 4, and its config ends at step 3: restore the "
        "config that it was trained by"
    )
    assert run.status().phase == "stopped"


def test_a_run_that_was_removed_is_one_sentence_and_does_not_come_back(
    runs_root: Path, tiny_config: ConfigFactory
) -> None:
    run = runs.create(runs_root, tiny_config(), "mine")
    shutil.rmtree(run.folder)
    actions = (run.status, run.config, run.request_stop, run.update, lambda: finish(run))
    for action in actions:
        with pytest.raises(runs.GoneError, match="No run is called 'mine' any more"):
            action()
        assert not run.folder.exists()


# Processes that are killed


def test_a_stop_is_heard_while_data_load(
    runs_root: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    loading = threading.Event()
    never = threading.Event()

    def hang(*_: object, **__: object) -> Dataset:
        loading.set()
        never.wait()
        raise AssertionError("nobody waits for it")

    monkeypatch.setattr(execution, "prepare", hang)
    run = runs.create(runs_root, tiny_config(), "mine")
    run.update(phase="running", place=1)
    stopper = threading.Thread(target=lambda: (loading.wait(), run.request_stop()))
    stopper.start()
    assert list(execution.execute(run)) == []
    stopper.join()
    assert (run.status().phase, run.stop_requested, run.held) == ("stopped", False, False)
    assert is_left_behind()
    never.set()


def test_a_creation_that_is_cut_off_takes_no_name(
    runs_root: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def kill(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", kill)
        patched.setattr(shutil, "rmtree", lambda *_args, **_options: None)  # no time for it either
        with pytest.raises(KeyboardInterrupt):
            runs.create(runs_root, tiny_config(), "mine")
    (left,) = runs_root.iterdir()
    assert runs.find(runs_root) == []
    runs.create(runs_root, tiny_config(), "mine")
    os.utime(left, (0, 0))
    runs.create(runs_root, tiny_config(), "other")
    assert not left.exists()


def test_what_a_killed_write_left_is_removed_when_the_run_goes_on(
    runs_root: Path, tiny_config: ConfigFactory
) -> None:
    run = train_to(runs.create(runs_root, tiny_config(), "mine"), 2)
    left = [f".{STATE}.a1b2c3_4", f".{GENERATOR}.abcdefgh", "snapshots/.00000003.webp.abcdefgh"]
    for name in left:
        (run.folder / name).write_bytes(b"half")
    of_several = [run.folder / f".{name}.abcdefgh" for name in (runs.STATUS, "card.json")]
    for path in of_several:
        path.write_bytes(b"half")
        os.utime(path, (0, 0))
    under_way = run.folder / f".{runs.STATUS}.12345678"  # by another process, just now
    under_way.write_bytes(b"half")
    finish(run)
    assert not [name for name in left if (run.folder / name).exists()]
    assert [path.exists() for path in (*of_several, under_way)] == [False, False, True]
    assert run.resumable


def test_rows_lost_in_a_power_cut_are_told_of(runs_root: Path, tiny_config: ConfigFactory) -> None:
    """A state beyond the end of the metrics, as saving before the flush could leave it."""
    run = train_to(runs.create(runs_root, tiny_config(report_every=1), "mine"), 5)
    lines = (run.folder / runs.METRICS).read_text().splitlines(keepends=True)
    (run.folder / runs.METRICS).write_text("".join(lines[:3]))
    finish(run)
    assert run.status().message == (
        "Metrics of 3 reports from step 3 to 5 are missing, lost when the machine went down "
        "perhaps; the weights are not concerned."
    )
    assert run.metrics().step.tolist() == [1, 2, 6]


@pytest.mark.skipif(sys.platform != "linux", reason="files are named by their descriptors there")
def test_metrics_and_samples_are_on_disk_before_the_state(
    runs_root: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    flushed: list[str] = []
    fsync = os.fsync

    def watch(descriptor: int) -> None:
        flushed.append(Path(f"/proc/self/fd/{descriptor}").resolve().name)
        fsync(descriptor)

    monkeypatch.setattr(os, "fsync", watch)
    train_to(runs.create(runs_root, tiny_config(), "mine"), 2)
    state = next(n for n, name in enumerate(flushed) if name.startswith(f".{STATE}."))
    assert flushed[state - 3 : state] == [runs.METRICS, "snapshots", "mine"]
    assert flushed[state + 1] == "mine"


def test_a_run_that_diverges_keeps_its_last_good_state(
    runs_root: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train_to(runs.create(runs_root, tiny_config(), "mine"), 2)
    edit_state(run.folder / STATE, lambda tensors: tensors["D.layers.0.weight"].fill_(float("nan")))
    saved = (run.folder / STATE).read_bytes()
    with pytest.raises(FloatingPointError, match="The losses must stay finite, but at step 4"):
        finish(run)
    assert run.status().phase == "failed"
    assert run.status().message.startswith("The losses must stay finite, but at step 4")
    assert (run.folder / STATE).read_bytes() == saved
    assert run.metrics().step.tolist() == [2]


def disk_full(*_: object) -> None:
    raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))


def everything_in(folder: Path) -> dict[str, bytes]:
    return {
        str(path.relative_to(folder)): path.read_bytes()
        for path in folder.rglob("*")
        if path.is_file()
    }


def test_a_full_disk_leaves_the_earlier_state_and_no_partial_file(
    runs_root: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(ema=0.9, snapshots=7)
    whole = finish(runs.create(runs_root, config, "whole"))
    run = train_to(runs.create(runs_root, config, "mine"), 2)
    before = everything_in(run.folder)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", disk_full)
        with pytest.raises(OSError, match="No space left on device"):
            finish(run)
    assert everything_in(run.folder) == before
    assert_same_run(finish(run), whole)


def test_a_disk_that_fills_up_while_a_row_is_written_leaves_whole_rows(
    runs_root: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """write(2) may take a part of a row and say so by its count alone."""
    config = tiny_config(snapshots=7)
    whole = finish(runs.create(runs_root, config, "whole"))
    run = train_to(runs.create(runs_root, config, "mine"), 2)
    before = (run.folder / runs.METRICS).read_bytes()
    write = os.write
    with monkeypatch.context() as patched:
        patched.setattr(os, "write", lambda descriptor, content: write(descriptor, content[:10]))
        with pytest.raises(OSError, match="No space left on device"):
            finish(run)
    assert (run.folder / runs.METRICS).read_bytes() == before
    assert run.status().phase == "failed"
    assert (
        run.status().message
        == "A run needs free disk space, and there is none left: free some and resume"
    )
    assert_same_run(finish(run), whole)


# Export


def test_export_is_a_small_checkpoint_of_the_latest_state(
    runs_root: Path, tmp_path: Path, tiny_config: ConfigFactory
) -> None:
    run = train_to(runs.create(runs_root, tiny_config(ema=0.9), "mine"), 4)
    (run.folder / "snapshots" / "00000006.webp").write_bytes(b"beyond the state")
    with (run.folder / runs.METRICS).open("a") as file:
        file.write("6" + ",0" * (len(metrics_file.COLUMNS) - 1) + "\n")
    target = tmp_path / "shipped" / "small"
    (target / "snapshots").mkdir(parents=True)
    (target / "snapshots" / "00000002.webp").write_bytes(b"of an earlier export")
    card = as_checkpoint.export(run, target, "A title", "A note.")
    assert card == load_card(target)
    assert (card.name, card.title, card.note, card.weights, card.step) == (
        "small",
        "A title",
        "A note.",
        "fp16",
        4,
    )
    weights = load_file(target / GENERATOR)
    assert {t.dtype for t in weights.values() if t.is_floating_point()} == {torch.float16}
    state = state_of(run)
    for name, tensor in load_generator(Checkpoint(target, card)).state_dict().items():
        torch.testing.assert_close(tensor, state[f"ema.module.{name}"], rtol=2**-11, atol=1e-7)
    pd.testing.assert_frame_equal(runs.read_metrics(target), run.metrics()[:2])
    assert {s: p.read_bytes() for s, p in runs.read_snapshots(target).items()} == {
        step: path.read_bytes() for step, path in run.snapshots().items() if step <= 4
    }


@pytest.mark.parametrize("write", range(14))
def test_an_export_over_an_export_that_is_cut_off_is_whole_or_no_checkpoint(
    runs_root: Path,
    tmp_path: Path,
    tiny_config: ConfigFactory,
    monkeypatch: pytest.MonkeyPatch,
    write: int,
) -> None:
    run = train_to(runs.create(runs_root, tiny_config(), "mine"), 4)
    target = tmp_path / "shipped" / "small"
    as_checkpoint.export(run, target, "First")
    first = everything_in(target)
    finish(run)
    replace = Path.replace
    left = [write]

    def cut_off(path: Path, place: Path) -> Path:
        if not left[0]:
            raise KeyboardInterrupt
        left[0] -= 1
        return replace(path, place)

    with monkeypatch.context() as patched:
        patched.setattr(Path, "replace", cut_off)
        patched.setattr(shutil, "rmtree", lambda *_args, **_options: None)
        with pytest.raises(KeyboardInterrupt):
            as_checkpoint.export(run, target, "Second")
    found, broken = find(target.parent)
    assert not broken
    if found:
        assert everything_in(target) == first
    card = as_checkpoint.export(run, target, "Second")
    (found_now,), broken = find(target.parent)
    assert (found_now.card, broken) == (card, [])
    assert [path.name for path in target.parent.iterdir()] == ["small"]


def test_an_exported_card_names_what_trained_the_run_and_not_what_exports_it(
    tmp_path: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.create(tmp_path, tiny_config(), "elsewhere")
    list(execution.execute(run))
    here = saved_state.device_title(torch.device("cpu"))
    monkeypatch.setattr(saved_state, "device_title", lambda _: "another machine")
    assert as_checkpoint.export(run, tmp_path / "shipped", "Title").device == here


def test_what_cannot_be_exported_is_refused_and_writes_nothing(
    runs_root: Path, tmp_path: Path, tiny_config: ConfigFactory
) -> None:
    run = runs.create(runs_root, tiny_config(), "mine")
    assert refusal(lambda: as_checkpoint.export(run, tmp_path / "out", "T")).endswith(
        "'mine' has none: train it first"
    )
    finish(run)
    for target in (Path(), tmp_path / "Not Allowed"):
        assert refusal(lambda target=target: as_checkpoint.export(run, target, "T")).startswith(
            "A run's name must be"
        )
    assert not (tmp_path / "out").exists()
    assert not (tmp_path / "Not Allowed").exists()


# Preparing, statuses


def test_prepare_says_why_a_run_cannot_start(
    tiny_config: ConfigFactory, image_folder: Path
) -> None:
    assert len(execution.prepare(tiny_config())) == 24
    assert "it is 25 for 24 images" in refusal(
        lambda: execution.prepare(tiny_config(batch_size=25, steps=1))
    )
    missing = tiny_config(data={"dataset": str(image_folder / "nowhere"), "size": 16})
    assert "check the spelling" in refusal(lambda: execution.prepare(missing))
    if not torch.cuda.is_available():
        assert "not available on this machine" in refusal(
            lambda: execution.prepare(tiny_config(device="cuda"))
        )


def test_a_data_set_that_is_given_is_not_loaded_again(
    runs_root: Path,
    tiny_config: ConfigFactory,
    tiny_dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(data, "load", lambda *_: pytest.fail("it was loaded again"))
    run = runs.create(runs_root, tiny_config(), "mine")
    assert [report.step for report in execution.execute(run, None, tiny_dataset)] == [2, 4, 6]


def test_updates_keep_the_rest_and_move_the_clock(
    runs_root: Path, tiny_config: ConfigFactory
) -> None:
    run = runs.create(runs_root, tiny_config(), "mine")
    first = run.status()
    run.update(step=3, message="hello")
    second = run.status()
    assert (second.step, second.message, second.phase, second.created) == (
        3,
        "hello",
        "queued",
        first.created,
    )
    assert second.updated >= first.updated
    assert Status.model_validate_json(second.model_dump_json()) == second


def test_the_config_on_disk_is_readable_and_complete(
    runs_root: Path, tiny_config: ConfigFactory
) -> None:
    run = runs.create(runs_root, tiny_config(), "mine")
    content = json.loads((run.folder / CONFIG).read_text())
    assert Config.model_validate(content) == tiny_config()
    assert set(content) == set(Config.model_fields)


@pytest.mark.gpu
def test_a_run_on_cuda_goes_on_where_it_was_left_and_its_checkpoint_opens_on_a_cpu(
    runs_root: Path, tiny_config: ConfigFactory
) -> None:
    config = tiny_config(steps=40, report_every=10, ema=0.9, device="cuda")
    whole = finish(runs.create(runs_root, config, "whole"))
    parted = finish(train_to(runs.create(runs_root, config, "parted"), 20))
    assert saved_state.read_facts(parted).device == torch.cuda.get_device_name()
    for name, value in load_file(whole.folder / GENERATOR).items():
        there = load_file(parted.folder / GENERATOR)[name]
        torch.testing.assert_close(there, value, rtol=1e-2, atol=1e-3, msg=name)
    checkpoints, _ = find(runs_root)
    generator = load_generator(checkpoints[0])
    with torch.no_grad():
        images = generator(torch.zeros(2, 8))
    assert images.device.type == "cpu"
    assert images.isfinite().all()


def test_a_run_that_pauses_goes_on_row_by_row_and_ends_as_without(
    tmp_path: Path, tiny_config: ConfigFactory
) -> None:
    config = tiny_config(report_every=1)
    straight = runs.create(tmp_path, config, "straight")
    list(execution.execute(straight))
    run = runs.create(tmp_path, config, "run")
    run.update(phase="running", place=1)  # as the worker takes one
    run.request_pause()
    trainer = threading.Thread(target=lambda: list(execution.execute(run)))
    trainer.start()
    for step in (1, 2):
        wait_for_words(run, f"Paused at step {step}; its state is saved.")
        assert saved_state.read_facts(run).step == step
        assert step in run.snapshots()
        if step == 1:
            run.request_advance()
    run.end_pause()
    trainer.join()
    assert run.status().phase == "finished"
    for name in (GENERATOR, DISCRIMINATOR):
        one, other = (load_file(it.folder / name) for it in (straight, run))
        assert all(torch.equal(tensor, other[key]) for key, tensor in one.items())


def test_single_steps_end_as_without_and_one_player_is_updated_alone(
    tmp_path: Path, tiny_config: ConfigFactory
) -> None:
    config = tiny_config(report_every=3, steps=6, epochs=1)
    straight = runs.create(tmp_path, config, "straight")
    list(execution.execute(straight))
    run = runs.create(tmp_path, config, "run")
    run.update(phase="running", place=1)
    run.request_pause()
    trainer = threading.Thread(target=lambda: list(execution.execute(run)))
    trainer.start()
    wait_for_words(run, "Paused at step 3; its state is saved.")
    for step in (4, 5):
        run.request_advance("step")
        wait_for_words(run, f"Paused at step {step}; its state is saved.")
        assert saved_state.read_facts(run).step == step
    run.request_stop()  # it goes on from within a row
    trainer.join()
    assert run.status().step == 5
    finish(run)
    for name in (GENERATOR, DISCRIMINATOR):
        one, other = (load_file(it.folder / name) for it in (straight, run))
        assert all(torch.equal(tensor, other[key]) for key, tensor in one.items())
    assert run.metrics().d_loss.tolist() == straight.metrics().d_loss.tolist()


@pytest.mark.parametrize("who", ["D", "G"])
def test_one_player_is_updated_alone(
    tmp_path: Path, tiny_config: ConfigFactory, who: Literal["D", "G"]
) -> None:
    ended = []
    for name in ("run", "again"):
        run = runs.create(tmp_path, tiny_config(report_every=1, ema=0.5), name)
        run.update(phase="running", place=1)
        run.request_pause()
        trainer = threading.Thread(target=lambda run=run: list(execution.execute(run)))
        trainer.start()
        wait_for_words(run, "Paused at step 1; its state is saved.")
        before = load_file(run.folder / STATE)
        run.request_advance(who)
        more = "1 update of one player alone."
        wait_for_words(run, f"Paused at step 1; its state is saved. {more}")
        after = load_file(run.folder / STATE)
        changed = {key.partition(".")[0] for key, it in after.items() if _moved(before, key, it)}
        assert who in changed
        assert {"D": "G", "G": "D"}[who] not in changed
        assert [event.what for event in runs.read_events(run.folder)] == [f"updated {who} alone"]
        run.end_pause()
        trainer.join()
        assert run.status().phase == "finished"
        assert load_card(run.folder).alone == 1
        ended.append(load_file(run.folder / GENERATOR))
    assert all(torch.equal(it, ended[1][key]) for key, it in ended[0].items())


def _moved(before: dict[str, torch.Tensor], key: str, after: torch.Tensor) -> bool:
    """Whether a weight is another; the norms' memory moves with every pass."""
    return "running" not in key and "num_batches" not in key and not torch.equal(before[key], after)


def test_grids_are_kept_as_often_as_is_asked_while_a_run_trains(
    tmp_path: Path, tiny_config: ConfigFactory
) -> None:
    config = tiny_config(report_every=2, steps=12, snapshots=2)
    straight = runs.create(tmp_path, config, "straight")
    list(execution.execute(straight))
    run = runs.create(tmp_path, config, "run")
    trained = execution.execute(run)
    assert next(trained).step == 2
    run.request_grids(3)
    assert next(trained).step == 4
    assert next(trained).step == 6
    run.request_grids(0)
    list(trained)
    assert list(run.snapshots()) == [0, 3, 6, 12]
    one, other = (load_file(it.folder / GENERATOR) for it in (straight, run))
    assert all(torch.equal(tensor, other[key]) for key, tensor in one.items())


def test_a_run_that_pauses_can_be_stopped(tmp_path: Path, tiny_config: ConfigFactory) -> None:
    run = runs.create(tmp_path, tiny_config(report_every=1), "run")
    run.update(phase="running", place=1)
    run.request_pause()
    trainer = threading.Thread(target=lambda: list(execution.execute(run)))
    trainer.start()
    wait_for_words(run, "Paused at step 1; its state is saved.")
    run.request_stop()
    trainer.join()
    assert run.status().phase == "stopped"
    assert not run.pause_requested  # else it would wait again as soon as it is resumed


def test_a_run_is_paused_and_stopped_within_a_row_and_ends_as_without(
    tmp_path: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    config = tiny_config(report_every=100, steps=6, epochs=1)
    straight = finish(runs.create(tmp_path, config, "straight"))
    monkeypatch.setattr(execution, "LOOK_SECONDS", 0.0)
    run = runs.create(tmp_path, config, "run")
    run.update(phase="running", place=1)
    run.request_pause()
    trainer = threading.Thread(target=lambda: list(execution.execute(run)))
    trainer.start()
    wait_for_words(run, "Paused at step 1; its state is saved.")
    assert run.status().paused
    run.request_advance("step")
    wait_for_words(run, "Paused at step 2; its state is saved.")
    run.request_stop()
    trainer.join()
    status = run.status()
    assert (status.phase, status.paused, status.step) == ("stopped", False, 2)
    list(execution.execute(run, Until(run, 4)))  # heard at the step after it
    assert (run.status().phase, saved_state.read_facts(run).step) == ("stopped", 5)
    finish(run)
    for name in (GENERATOR, DISCRIMINATOR):
        one, other = (load_file(it.folder / name) for it in (straight, run))
        assert all(torch.equal(tensor, other[key]) for key, tensor in one.items())
    assert run.metrics().d_loss.tolist() == straight.metrics().d_loss.tolist()


def test_a_run_that_is_to_go_on_to_its_next_row_does_not_wait_before(
    tmp_path: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(execution, "LOOK_SECONDS", 0.0)
    run = runs.create(tmp_path, tiny_config(report_every=4, steps=6, epochs=1), "run")
    run.update(phase="running", place=1)
    run.request_pause()
    trainer = threading.Thread(target=lambda: list(execution.execute(run)))
    trainer.start()
    wait_for_words(run, "Paused at step 1; its state is saved.")
    run.request_advance("row")
    wait_for_words(run, "Paused at step 4; its state is saved.")
    run.end_pause()
    trainer.join()
    assert run.status().phase == "finished"


def wait_for_words(run: Run, message: str) -> None:
    since = time.monotonic()
    while run.status().message != message:
        assert time.monotonic() - since < PATIENCE, run.status().message
        time.sleep(0.02)


def test_weights_that_are_no_numbers_never_replace_the_last_good_state(
    tmp_path: Path, tiny_config: ConfigFactory
) -> None:
    run = train_to(runs.create(tmp_path, tiny_config(), "run"), 2)
    before = (run.folder / STATE).read_bytes()
    config = run.config()
    state = saved_state.load_state(run, config, data.load(config.data))
    with torch.no_grad():
        next(state.D.parameters()).view(-1)[0] = float("nan")
    with pytest.raises(FloatingPointError, match=r"at step 2 D's .* is not: lower"):
        saved_state.save_state(run, state)
    assert (run.folder / STATE).read_bytes() == before


def test_a_disk_that_is_too_small_is_foreseen(
    tmp_path: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.create(tmp_path, tiny_config(), "run")
    usage = shutil.disk_usage(tmp_path)._replace(free=1_000_000)
    monkeypatch.setattr(shutil, "disk_usage", lambda _: usage)
    with pytest.raises(ValueError, match=r"this one about \d+ MB, and 1 MB are left: free some"):
        list(execution.execute(run))
    assert run.status().phase == "failed"
    assert not run.resumable
    monkeypatch.undo()
    list(execution.execute(run))
    assert run.status().phase == "finished"


def test_a_run_for_which_memory_is_out_says_by_how_much_to_shrink(
    runs_root: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    def out_of_memory(*_: object) -> object:
        raise torch.OutOfMemoryError("CUDA out of memory. Tried to allocate 20 GiB")

    monkeypatch.setattr(execution, "train", out_of_memory)
    run = runs.create(runs_root, tiny_config(batch_size=16), "run")
    assert re.fullmatch(
        r"A run must fit into memory, and a step of this one takes about \d+ MB: "
        r"set batch_size to [842] or less, or choose fewer filters",
        refusal(lambda: finish(run)),
    )
    assert run.status().phase == "failed"
