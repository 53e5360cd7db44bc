"""The worker as it runs: real processes on tiny synthetic images.

And its queue, without a process.
"""

import errno
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from filelock import FileLock
from PIL import Image
from safetensors.torch import load_file

from gandash import checkpoints, data, runs
from gandash.checkpoints import weights
from gandash.config import Config, DataConfig, NetworkConfig
from gandash.jobs import control, queue, worker
from gandash.jobs.queue import worker_of
from gandash.jobs.supervisor import Supervisor
from gandash.runs import Run, execution, saved_state
from gandash.runs.folder import STATE
from gandash.runs.loading import StopHeardError, load_unless
from gandash.training import Report, State, new_state, train
from tests.waiting import wait_for, wait_for_end

STEPS = 60


@pytest.fixture(scope="module")
def images(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("images")
    random = np.random.default_rng(0)
    for number in range(32):
        Image.fromarray(random.integers(0, 256, (16, 16), dtype=np.uint8)).save(
            folder / f"{number:02d}.png"
        )
    return folder


@pytest.fixture(scope="module")
def uninterrupted(images: Path) -> State:
    """What the tests' usual run ends in when it is trained in this process.

    From step 0 without a break.
    """
    torch.set_num_threads(os.cpu_count() or 1)  # as the worker does
    config = make_config(images)
    dataset = data.load(config.data)
    state = new_state(config, dataset)
    for _ in train(state, dataset):
        pass
    return state


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    """An empty folder of runs; what was started for it is killed at the end."""
    folder = tmp_path / "runs"
    folder.mkdir()
    yield folder
    child = worker_of(folder).child
    if child is not None:
        child.kill()
        child.wait()


@pytest.fixture
def served(root: Path) -> Iterator[Path]:
    """A folder whose worker's lock is taken, so that nothing is launched for it."""
    with worker_of(root).serve():
        yield root


@pytest.fixture
def launches(monkeypatch: pytest.MonkeyPatch) -> list[Path]:
    """The folders that a worker would have been launched for."""
    asked: list[Path] = []
    monkeypatch.setattr(Supervisor, "launch", lambda process, *_, **__: asked.append(process.root))
    return asked


@pytest.fixture(autouse=True)
def one_thread() -> Iterator[None]:
    """Tiny networks in this process: threads that wait for each other cost more than they bring."""
    before = torch.get_num_threads()
    torch.set_num_threads(1)
    yield
    torch.set_num_threads(before)


def make_config(images: Path, steps: int = STEPS) -> Config:
    return Config(
        data=DataConfig(dataset=str(images), size=16, color="gray"),
        network=NetworkConfig(latent_dim=8, g_width=4, d_width=4),
        steps=steps,
        batch_size=8,
        report_every=2,
        snapshots=3,
        precision="fp32",
        device="cpu",
    )


def child_of(root: Path) -> subprocess.Popen[bytes]:
    child = worker_of(root).child
    assert child is not None
    return child


def wait_until(run: Run, phase: str) -> None:
    process = worker_of(run.folder.parent)
    wait_for(lambda: run.status().phase == phase, process)


def wait_until_gone(root: Path) -> None:
    wait_for_end(worker_of(root))


# The process


def test_runs_go_one_after_the_other_under_one_worker(
    root: Path, images: Path, uninterrupted: State
) -> None:
    first = control.submit(root, make_config(images), "first")
    broken = control.submit(root, make_config(images / "nowhere"), "broken")
    last = control.submit(root, make_config(images, 20), "last")
    child = child_of(root)
    callers = [threading.Thread(target=control.look_after, args=(root,)) for _ in range(8)]
    for caller in callers:
        caller.start()
    for caller in callers:
        caller.join()
    assert child_of(root) is child
    wait_until(first, "running")
    assert worker_of(root).serves()
    with subprocess.Popen(
        [sys.executable, "-m", "gandash.jobs.worker", str(root), "0"]
    ) as intruder:
        while worker_of(root).serves():
            phases = [
                run.status().phase for run in (last, broken, first)
            ]  # the last first: no move is seen twice
            assert phases.count("running") <= 1
            time.sleep(0.02)
    assert intruder.returncode == 0
    assert [run.status().phase for run in (first, broken, last)] == [
        "finished",
        "failed",
        "finished",
    ]
    assert "nowhere" in broken.status().message
    assert [found.name for found in checkpoints.find(root)[0]] == ["first", "last"]
    text = worker_of(root).log.read_text()
    assert text.count("started") == 3
    assert text.index("first: finished") < text.index("broken: started")
    assert text.index("broken: failed") < text.index("last: started")
    assert_same(first, uninterrupted)


def stop(run: Run) -> None:
    control.stop(run)
    wait_until(run, "stopped")
    assert run.resumable
    wait_until_gone(run.folder.parent)


def terminate(run: Run) -> None:
    child_of(run.folder.parent).send_signal(signal.SIGTERM)
    wait_until_gone(run.folder.parent)
    status = run.status()
    assert (status.phase, status.place) == ("queued", 1)
    assert run.resumable


def take_up(run: Run) -> None:
    control.recover(run.folder.parent)


@pytest.mark.parametrize(("cut", "go_on"), [(stop, control.resume), (terminate, take_up)])
def test_a_run_that_is_cut_off_ends_bit_for_bit_as_one_that_was_not(
    root: Path,
    images: Path,
    uninterrupted: State,
    cut: Callable[[Run], None],
    go_on: Callable[[Run], None],
) -> None:
    run = control.submit(root, make_config(images), "run")
    wait_for(lambda: run.status().step >= 4, worker_of(root))
    cut(run)
    assert 4 <= run.status().step < STEPS
    go_on(run)
    assert_finishes_as(run, uninterrupted)


def test_killing_the_worker_loses_only_the_steps_since_the_last_state(
    root: Path, images: Path, uninterrupted: State
) -> None:
    torch.set_num_threads(os.cpu_count() or 1)
    interrupted = threading.Event()
    run = runs.create(root, make_config(images), "run", place=1)
    for report in execution.execute(run, interrupted):
        if report.step == 2:
            interrupted.set()
    assert (run.status().phase, run.status().step) == ("queued", 4)
    saved = (run.folder / STATE).read_bytes()
    control.recover(root)
    wait_for(lambda: run.status().step >= 8, worker_of(root))
    child_of(root).kill()
    wait_until_gone(root)
    assert (run.folder / STATE).read_bytes() == saved
    assert run.status().phase == "running"
    assert not queue.is_running(run)
    control.look_after(root)  # as every look of a page at the queue does
    assert run.status().phase in ("queued", "running")
    assert_finishes_as(run, uninterrupted)


def assert_finishes_as(run: Run, expected: State) -> None:
    """To its end without a gap, and with both networks the same bit for bit."""
    wait_until(run, "finished")
    status = run.status()
    assert (status.step, status.place, status.lost) == (STEPS, None, 0)
    assert list(run.metrics().step) == list(range(2, STEPS + 1, 2))
    assert_same(run, expected)
    wait_until_gone(run.folder.parent)


def assert_same(run: Run, expected: State) -> None:
    assert checkpoints.load_card(run.folder).arithmetic == str(expected.arithmetic)
    for network, name in ((expected.G, weights.GENERATOR), (expected.D, weights.DISCRIMINATOR)):
        stored, tensors = load_file(run.folder / name), network.state_dict()
        assert stored.keys() == tensors.keys()
        assert all(torch.equal(stored[key], tensors[key].to(stored[key].dtype)) for key in stored)


# The queue


def test_a_worker_leaves_only_an_empty_queue(
    root: Path, images: Path, launches: list[Path]
) -> None:
    """A run put in before the worker looks is taken; one put in after it launches another."""
    with worker_of(root).serve() as lock:
        assert lock is not None
        run = control.submit(root, make_config(images), "before")
        assert worker.take(root, lock, threading.Event()) == run
        assert worker.take(root, lock, threading.Event()) is None
        assert not worker_of(root).serves()
    assert launches == []
    control.submit(root, make_config(images), "after")
    assert launches == [root]


def test_submitting_while_a_worker_leaves_loses_no_run(
    root: Path, images: Path, launches: list[Path]
) -> None:
    """Leaving and submitting at the same moment, many times.

    The run is taken, or a worker is launched.
    """
    for number in range(30):
        lock = FileLock(root / ".worker.lock", thread_local=False)
        lock.acquire()
        taken: list[Run | None] = []
        leaver = threading.Thread(
            target=lambda lock=lock, taken=taken: taken.append(
                worker.take(root, lock, threading.Event())
            )
        )
        before = len(launches)
        leaver.start()
        run = control.submit(root, make_config(images), f"run-{number}")
        leaver.join()
        assert (taken == [run]) != (len(launches) > before)
        lock.release()
        control.remove(run)


def test_queue_in_order_of_submission_with_resumed_runs_last(served: Path, images: Path) -> None:
    a, b, c = (control.submit(served, make_config(images), name) for name in ("c", "b", "a"))
    assert [queue.position(served, run) for run in (a, b, c)] == [1, 2, 3]
    control.stop(a)
    assert (a.status().phase, queue.position(served, a)) == ("stopped", None)
    control.resume(a)
    assert [queue.position(served, run) for run in (a, b, c)] == [3, 1, 2]
    assert queue.take(served) == b
    assert [queue.position(served, run) for run in (a, b, c)] == [2, None, 1]


def test_a_full_queue_refuses_and_leaves_no_trace(
    served: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "MAX_QUEUED", 3)
    for number in range(queue.MAX_QUEUED):
        last = control.submit(served, make_config(images), f"run-{number}")
    with pytest.raises(ValueError, match=r"At most 3 runs may wait, and 3 do: wait until .*"):
        control.submit(served, make_config(images), "one-more")
    assert not (served / "one-more").exists()
    control.stop(last)
    control.submit(served, make_config(images), "one-more")
    with pytest.raises(ValueError, match="At most 3"):
        control.resume(last)
    assert last.status().phase == "stopped"


def test_runs_of_the_foreground_are_not_in_the_queue(served: Path, images: Path) -> None:
    run = runs.create(served, make_config(images), "foreground")
    assert queue.take(served) is None
    control.resume(run)
    assert queue.take(served) == run


def test_a_stop_between_taking_and_training_wins(served: Path, images: Path) -> None:
    run = control.submit(served, make_config(images), "run")
    assert queue.take(served) == run
    control.stop(run)
    assert list(execution.execute(run)) == []
    assert run.status().phase == "stopped"
    assert not run.stop_requested
    control.resume(run)
    assert queue.position(served, run) == 1


def test_a_stop_marker_on_a_waiting_run_wins(served: Path, images: Path) -> None:
    run = control.submit(served, make_config(images), "run")
    run.request_stop()
    assert queue.take(served) is None
    assert run.status().phase == "stopped"


def test_only_one_process_trains_a_run(
    served: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("gandash.runs.folder.HOLD_SECONDS", 0.1)
    run = control.submit(served, make_config(images, 10), "run")
    reports = execution.execute(run)
    next(reports)
    assert run.held
    before = run.status()
    with pytest.raises(runs.BusyError, match="one process at a time"):
        next(execution.execute(run))
    with pytest.raises(ValueError, match="is running: stop it first"):
        control.remove(run)
    with pytest.raises(ValueError, match="'run' is running"):
        control.resume(run)
    assert run.status() == before
    list(reports)
    assert run.status().phase == "finished"
    assert not run.held
    with pytest.raises(ValueError, match="'run' is finished"):
        control.resume(run)


def test_lost_runs_go_to_the_head_of_the_queue_unless_stopped(root: Path, images: Path) -> None:
    with worker_of(root).serve():
        lost, wanted, waiting = (
            control.submit(root, make_config(images), name) for name in ("z", "y", "x")
        )
        foreground = runs.create(root, make_config(images), "foreground")
        for run in (lost, wanted, foreground):
            run.update(phase="running", step=5, total=10)
        wanted.request_stop()
        queue.settle(root, served={0})
        assert [run.status().phase for run in (lost, wanted, foreground)] == [
            "running",
            "running",
            "stopped",
        ]
    queue.settle(root, served=())
    assert [run.status().phase for run in (lost, wanted)] == ["queued", "stopped"]
    assert not wanted.stop_requested
    assert queue.waiting(root) == [lost, waiting]


def test_stopping_a_lost_run_settles_it_at_once(root: Path, images: Path) -> None:
    run = runs.create(root, make_config(images), "run", place=1)
    run.update(phase="running")
    control.stop(run)
    assert run.status().phase == "stopped"
    assert not run.stop_requested


def test_a_run_that_keeps_killing_its_worker_is_given_up(root: Path, images: Path) -> None:
    config = make_config(images).model_copy(update={"batch_size": 256})
    run = runs.create(root, config, "run", place=1)
    for _ in range(queue.MAX_LOST):
        assert queue.take(root) == run
        queue.settle(root, served=())
    assert run.status().phase == "failed"
    assert "killed 3 times" in run.status().message
    remedy = re.search(r": set batch_size to (\d+) or less, or", run.status().message)
    assert remedy is not None, run.status().message
    assert 2 <= int(remedy[1]) <= 128


@pytest.mark.parametrize(
    ("error", "sentence"),
    [
        (torch.OutOfMemoryError("CUDA out of memory. Tried"), "A run must fit into memory"),
        (
            RuntimeError("DefaultCPUAllocator: can't allocate memory: you tried"),
            "A run must fit into memory",
        ),
        (MemoryError(), "A run must fit into memory"),
        (OSError(errno.ENOSPC, "No space left on device"), "A run needs free disk space"),
        (KeyError("odd"), "odd"),
        (AssertionError(), "AssertionError"),
    ],
)
def test_no_failure_ends_the_worker(
    served: Path, images: Path, monkeypatch: pytest.MonkeyPatch, error: Exception, sentence: str
) -> None:
    def fail(*_: object) -> None:
        raise error

    monkeypatch.setattr("gandash.runs.execution.new_state", fail)
    run = control.submit(served, make_config(images), "run")
    worker.train(run, threading.Event())
    assert run.status().phase == "failed"
    assert sentence in run.status().message


def test_a_run_that_diverges_fails_in_one_sentence(served: Path, images: Path) -> None:
    run = control.submit(served, make_config(images, 10), "run")
    dataset = data.load(run.config().data)
    state = new_state(run.config(), dataset)
    next(event for event in train(state, dataset) if isinstance(event, Report))
    with torch.no_grad():
        next(state.G.parameters()).fill_(1e38)
    saved_state.save_state(run, state)
    worker.train(run, threading.Event())
    assert run.status().phase == "failed"
    assert "lower the learning rates" in run.status().message


def test_damaged_runs_hold_up_nobody_and_can_be_removed(served: Path, images: Path) -> None:
    damaged = control.submit(served, make_config(images), "damaged")
    good = control.submit(served, make_config(images), "good")
    (damaged.folder / runs.STATUS).write_text("{")
    queue.settle(served, served=())
    assert queue.waiting(served) == [good]
    control.remove(damaged)
    assert not damaged.folder.exists()
    assert runs.find(served) == [good]


def test_removing_a_run_frees_its_name(served: Path, images: Path) -> None:
    run = control.submit(served, make_config(images), "run")
    control.remove(run)
    assert runs.find(served) == []
    assert not (served / control.TRASH).exists()
    assert control.submit(served, make_config(images), "run") == run


def test_statuses_without_a_place_are_read(tmp_path: Path, images: Path) -> None:
    run = runs.create(tmp_path, make_config(images), "old")
    values = json.loads((run.folder / runs.STATUS).read_text())
    del values["place"], values["lost"]
    (run.folder / runs.STATUS).write_text(json.dumps(values))
    assert run.status().place is None


def test_a_busy_gate_is_an_error_in_one_sentence(root: Path) -> None:
    with (
        queue.gate(root),
        pytest.raises(TimeoutError, match="must be free within 0 s"),
        queue.gate(root, seconds=0),
    ):
        pass


def test_a_folder_that_is_not_there_has_no_worker(tmp_path: Path) -> None:
    control.recover(tmp_path / "none")
    control.look_after(tmp_path / "none")
    assert not (tmp_path / "none").exists()


def test_a_worker_that_was_killed_is_noticed_at_the_next_look(
    root: Path, images: Path, launches: list[Path]
) -> None:
    with worker_of(root).serve():
        run = control.submit(root, make_config(images), "run")
        waiting = control.submit(root, make_config(images), "waiting")
        assert queue.take(root) == run
        run.update(step=4, total=60)
        control.look_after(root)
        assert run.status().phase == "running"
        assert launches == []
    control.look_after(root)
    assert (run.status().phase, run.status().message) == (
        "queued",
        "Cut off after step 4 of 60; it goes on by itself.",
    )
    assert queue.waiting(root) == [run, waiting]
    assert launches == [root]


def test_a_run_in_the_foreground_that_was_killed_is_noticed_too(
    root: Path, images: Path, launches: list[Path]
) -> None:
    run = runs.create(root, make_config(images), "run")
    run.update(phase="running", step=4, total=60)
    with run.hold():
        control.look_after(root)
        assert run.status().phase == "running"
    control.look_after(root)
    assert run.status().message == "Cut off after step 4 of 60; it can be resumed."
    assert (run.status().phase, launches) == ("stopped", [])


def test_a_worker_that_cannot_start_is_tried_again_later_and_said_so(
    root: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "WORKER_MODULE", "no.such.module")
    control.submit(root, make_config(images), "run")
    child = child_of(root)
    wait_until_gone(root)
    assert control.cannot_start(root)
    control.look_after(root)
    assert child_of(root) is child
    launched = root / ".worker.launch"
    os.utime(launched, (0, 0))
    control.look_after(root)
    assert child_of(root) is not child


def test_a_stop_heard_while_data_load_hands_over_to_another_worker(
    root: Path, images: Path, launches: list[Path], monkeypatch: pytest.MonkeyPatch
) -> None:
    never = threading.Event()

    def hang(run: Run, _interrupted: threading.Event) -> None:
        with pytest.raises(StopHeardError):
            load_unless(lambda: True, never.wait)
        queue.cancel(run)

    with worker_of(root).serve() as lock:
        assert lock is not None
        stuck = control.submit(root, make_config(images), "stuck")
        waiting = control.submit(root, make_config(images), "waiting")
        monkeypatch.setattr(worker, "train", hang)
        worker.serve(root, lock, threading.Event())
        never.set()
    assert stuck.status().phase == "stopped"
    assert queue.waiting(root) == [waiting]
    assert launches == [root]


# Two visitors


def test_a_finished_run_that_cannot_be_trained_longer_stays_finished(
    served: Path, images: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(queue, "MAX_QUEUED", 3)
    run = runs.create(served, make_config(images, 6), "run")
    list(execution.execute(run))
    before = run.status()
    for number in range(queue.MAX_QUEUED):
        last = control.submit(served, make_config(images), f"run-{number}")
    with pytest.raises(ValueError, match="At most 3"):
        control.train_longer(run, 10)
    assert (run.status(), run.config().steps) == (before, 6)
    control.stop(last)
    with pytest.raises(ValueError, match="steps"):
        control.train_longer(run, 10**12)
    assert (run.status(), run.config().steps) == (before, 6)
    control.train_longer(run, 10)
    assert (run.status().phase, run.config().steps) == ("queued", 16)
    with pytest.raises(ValueError, match="'run' is queued"):
        control.train_longer(run, 10)
    assert run.config().steps == 16


def test_crossed_presses_are_a_sentence_each(served: Path, images: Path) -> None:
    run = control.submit(served, make_config(images), "run")
    control.stop(run)
    control.resume(run)
    with pytest.raises(ValueError, match="'run' is queued: submit a new run"):
        control.resume(run)
    control.remove(run)
    for press in (control.resume, control.remove, control.stop, control.renew):
        with pytest.raises(runs.GoneError, match="No run is called 'run' any more"):
            press(run)
    with pytest.raises(runs.GoneError, match="No run is called 'run' any more"):
        control.train_longer(run, 1)
    assert runs.find(served) == []
    assert not run.folder.exists()


def test_a_status_that_cannot_be_read_is_written_anew(served: Path, images: Path) -> None:
    run = control.submit(served, make_config(images), "run")
    before = run.status()
    control.renew(run)
    assert run.status() == before
    (run.folder / runs.STATUS).unlink()
    assert runs.find(served) == [run]
    control.renew(run)
    assert run.status().phase == "stopped"
    control.resume(run)
    assert queue.waiting(served) == [run]


@pytest.mark.parametrize(
    ("wish", "name"),
    [
        ("MNIST, no smoothing", "mnist-no-smoothing"),
        ("  Ünïcode  ", "unicode"),
        ("漢字", "run"),
        ("", "run"),
        ("../../etc", "etc"),
        ("taken", "taken-3"),
        ("x" * 80, "x" * 63),
        ("y" * 80, "y" * 61 + "-2"),
    ],
)
def test_fresh_names(tmp_path: Path, wish: str, name: str) -> None:
    root, pretrained = tmp_path / "runs", tmp_path / "pretrained"
    for folder in (root / "taken", pretrained / "taken-2", root / ("y" * 63)):
        folder.mkdir(parents=True)
    assert runs.fresh_name(root, pretrained, wish) == name
    assert runs.check_name(name) == name


def test_only_what_runs_pauses(served: Path, images: Path) -> None:
    run = control.submit(served, make_config(images), "run")
    for ask in (control.pause, control.advance):
        with pytest.raises(ValueError, match="Only a running run can pause, and 'run' is queued"):
            ask(run)
    assert not run.pause_requested
    run.update(phase="running")
    control.pause(run)
    control.advance(run)
    assert run.pause_requested
    assert run.take_advance()
    assert not run.take_advance()
    control.go_on(run)
    assert not run.pause_requested
