"""Several runs at a time: what a slot has of the machine, and that none takes another's run."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest
import torch
from safetensors.torch import load_file

from gandash import runs
from gandash.checkpoints import weights
from gandash.config import Config, DataConfig, NetworkConfig
from gandash.jobs import control, queue, slots
from gandash.jobs.queue import worker_of
from gandash.jobs.supervisor import Supervisor
from gandash.runs import Run
from tests.waiting import wait_for, wait_for_end

Launched = list[tuple[str, dict[str, str]]]
CONFIG = Config(
    data=DataConfig(dataset="ring"),
    network=NetworkConfig(architecture="mlp", latent_dim=2, g_width=8, d_width=8, g_norm="none"),
    steps=400,
    batch_size=16,
    report_every=2,
    snapshots=2,
    precision="fp32",
    device="cpu",
)


@pytest.fixture(autouse=True)
def no_gpu(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whatever this machine has."""
    monkeypatch.setenv(slots.VISIBLE, "")
    monkeypatch.delenv(slots.SLOTS, raising=False)


@pytest.fixture
def launches(monkeypatch: pytest.MonkeyPatch) -> Launched:
    """What would have been launched, and with which variables."""
    asked: Launched = []

    def launch(process: Supervisor, *_: str, **variables: str) -> None:
        asked.append((process.name, variables))

    monkeypatch.setattr(Supervisor, "launch", launch)
    return asked


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """An empty folder of runs; what was started for it is killed at the end."""
    folder = tmp_path / "runs"
    folder.mkdir()
    yield folder
    for slot in range(slots.MOST):
        child = worker_of(folder, slot).child
        if child is not None:
            child.kill()
            child.wait()


# What a slot has


def test_there_is_a_slot_for_each_gpu_and_one_without(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    assert slots.count() == 1
    monkeypatch.delenv(slots.VISIBLE)
    monkeypatch.setattr(slots, "DEVICES", tmp_path)
    assert slots.count() == 1
    for name in ("nvidia0", "nvidia1", "nvidiactl", "nvidia-uvm", "null"):
        (tmp_path / name).touch()
    assert slots.count() == 2
    assert [slots.environment(slot)[slots.VISIBLE] for slot in range(2)] == ["0", "1"]
    monkeypatch.setattr(slots, "DEVICES", tmp_path / "none")
    assert slots.gpus() == []


def test_slots_share_gpus_in_turn_and_each_sees_its_own(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(slots.VISIBLE, "GPU-a, 3")
    monkeypatch.setenv(slots.SLOTS, "3")
    found = [slots.environment(slot) for slot in range(3)]
    assert [each[slots.VISIBLE] for each in found] == ["GPU-a", "3", "GPU-a"]
    for name, value in found[1].items():  # as the worker of the slot finds it
        monkeypatch.setenv(name, value)
    assert (slots.gpus(), slots.count(), slots.environment(1)) == (["3"], 3, {})


@pytest.mark.parametrize(
    ("cores", "count", "threads"), [(8, 1, 8), (8, 2, 4), (8, 3, 2), (2, 4, 1), (None, 1, 1)]
)
def test_cores_are_shared_evenly(
    cores: int | None, count: int, threads: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(os, "cpu_count", lambda: cores)
    monkeypatch.setenv(slots.SLOTS, str(count))
    assert slots.threads() == threads


@pytest.mark.parametrize("wrong", ["0", "17", "-1", "two", "1.5", " "])
def test_another_number_of_slots_is_refused(wrong: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(slots.SLOTS, wrong)
    with pytest.raises(ValueError, match=rf"from 1 to 16, and it is '{wrong}': say how many"):
        slots.count()


# The queue


def test_as_many_workers_are_launched_as_runs_wait_and_slots_are_free(
    root: Path, launches: Launched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(slots.SLOTS, "3")
    with worker_of(root, 0).serve():
        a = control.submit(root, CONFIG, "a")
        assert launches == []  # the one that is there will take it
        assert queue.take(root, 0) == a
        b = control.submit(root, CONFIG, "b")
        assert launches == [("worker-1", {})]
        with worker_of(root, 1).serve():
            assert queue.take(root, 1) == b
            launches.clear()
            for name in ("c", "d"):
                control.submit(root, CONFIG, name)
            assert {name for name, _ in launches} == {"worker-2"}
            assert (a.status().slot, b.status().slot) == (0, 1)
            assert queue.is_running(a)
            assert queue.is_running(b)


def test_only_the_run_of_the_slot_whose_worker_was_killed_goes_back(
    root: Path, launches: Launched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(slots.SLOTS, "2")
    with worker_of(root, 0).serve():
        with worker_of(root, 1).serve():
            a, b = (control.submit(root, CONFIG, name) for name in "ab")
            assert [queue.take(root, slot) for slot in range(2)] == [a, b]
            control.look_after(root)
            assert launches == []
        control.look_after(root)
        assert (a.status().phase, b.status().phase) == ("running", "queued")
        assert launches == [("worker-1", {})]
        assert queue.take(root, 1) == b
        control.recover(root)  # as another server does when it starts
        assert a.status().phase == "running"
        assert b.status().phase == "queued"


def test_a_worker_of_a_slot_that_is_not_there_any_more_keeps_its_run(
    root: Path, launches: Launched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(slots.SLOTS, "2")
    with worker_of(root, 1).serve():
        run = control.submit(root, CONFIG, "run")
        assert queue.take(root, 1) == run
        monkeypatch.delenv(slots.SLOTS)
        control.look_after(root)
        assert queue.is_running(run)
        launches.clear()
        control.submit(root, CONFIG, "next")
        assert [name for name, _ in launches] == ["worker"]


def test_a_slot_that_cannot_start_leaves_the_others_at_work(
    root: Path, launches: Launched, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(slots.SLOTS, "2")
    monkeypatch.setattr(Supervisor, "has_failed", lambda process: process.name == "worker-1")
    with worker_of(root, 0).serve():
        a = control.submit(root, CONFIG, "a")
        assert queue.take(root, 0) == a
        runs.create(root, CONFIG, "b", queue.new_place(root))
        control.look_after(root)
        assert launches == []
        assert not control.cannot_start(root)
    monkeypatch.setattr(Supervisor, "has_failed", lambda _: True)
    assert control.cannot_start(root)


def test_two_runs_train_at_a_time_and_one_that_is_killed_ends_as_the_other(
    root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv(slots.SLOTS, "2")
    whole, killed = (control.submit(root, CONFIG, name) for name in ("whole", "killed"))
    process = worker_of(root, 1)
    wait_for(lambda: min(run.status().step for run in (whole, killed)) >= 4, process)
    assert {run.status().slot for run in (whole, killed)} == {0, 1}
    assert all(queue.is_running(run) for run in (whole, killed))
    hurt = worker_of(root, killed.status().slot)
    assert hurt.child is not None
    hurt.child.kill()
    hurt.child.wait()
    assert queue.is_running(whole)
    assert not queue.is_running(killed)
    control.look_after(root)
    for run in (whole, killed):
        wait_for(lambda run=run: run.status().phase == "finished", hurt)  # type: ignore[misc]
    for slot in range(2):
        wait_for_end(worker_of(root, slot))
    assert_same(whole, killed)


def assert_same(one: Run, other: Run) -> None:
    for name in (weights.GENERATOR, weights.DISCRIMINATOR):
        a, b = load_file(one.folder / name), load_file(other.folder / name)
        assert all(torch.equal(a[key], b[key]) for key in a)
