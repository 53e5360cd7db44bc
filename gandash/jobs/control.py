"""The queue as the app sees it: put runs in, take them out, and see that somebody trains them."""

from __future__ import annotations

import shutil
import tempfile
from pathlib import Path

from gandash import runs
from gandash.config import Config
from gandash.jobs import queue, slots
from gandash.jobs.queue import gate, worker_of
from gandash.runs import Advance, GoneError, Run

TRASH = ".removed"
MOST_GRIDS = 1_000
WORKER_MODULE = "gandash.jobs.worker"


def submit(root: Path, config: Config, name: str) -> Run:
    """Put a new run at the end of the queue.

    ``ValueError`` if its name is taken or the queue is full.
    """
    with gate(root):
        run = runs.create(root, config, name, queue.new_place(root))
        launch_if_needed(root)
    return run


def resume(run: Run) -> None:
    """Put a stopped or failed run at the end of the queue.

    ``ValueError`` if it is not one or the queue is full.
    """
    root = run.folder.parent
    with gate(root):
        status = run.status()
        foreground = status.phase == "queued" and status.place is None
        if run.held or not (foreground or status.phase in ("stopped", "failed")):
            raise ValueError(
                f"Only a stopped or failed run can be resumed, and {run.name!r} is "
                f"{'running' if run.held else status.phase}: submit a new run instead"
            )
        _put_in(run, queue.new_place(root))


def train_longer(run: Run, more: int) -> None:
    """Put a finished run at the end of the queue again, with more epochs or steps.

    ``ValueError`` as :func:`gandash.runs.longer` says, or if the queue is full; the run stays
    finished then.
    """
    root = run.folder.parent
    with gate(root):
        config = runs.longer(run, more)
        _put_in(run, queue.new_place(root), config)


def _put_in(run: Run, place: int, config: Config | None = None) -> None:
    """Within the gate, and when nothing can be refused any more."""
    run.clear_stop()
    run.update(phase="queued", place=place, lost=0, message="", elsewhere=False)
    if config is not None:
        run.write_config(config)
    launch_if_needed(run.folder.parent)


def stop(run: Run) -> None:
    """Take a waiting run out of the queue; ask a running one to save and end soon."""
    with gate(run.folder.parent):
        status = run.status()
        if queue.is_running(run):
            run.request_stop()
        elif status.phase in ("queued", "running"):
            queue.cancel(run)


def pause(run: Run) -> None:
    """Have a running run save and wait, within a step or so; it keeps its slot of the queue."""
    _check_runs(run)
    run.request_pause()


def go_on(run: Run) -> None:
    """Let a run that pauses go on."""
    run.end_pause()


def advance(run: Run, by: Advance = "row") -> None:
    """Let a run that pauses go on to its next row of metrics or step and pause there, or update one
    player alone.
    """
    _check_runs(run)
    run.request_advance(by)


def grids(run: Run, every: int) -> None:
    """Have a sample grid every so many steps from a run's next row of metrics on, beside those that
    its config keeps; 0: no more. ``ValueError`` where that were too many.
    """
    status = run.status()
    fewest = -(-status.total // MOST_GRIDS)
    if every and every < fewest:
        raise ValueError(
            f"A run of {status.total:,} steps may keep a grid every {fewest:,} steps or less "
            f"often, not every {every:,}: choose a larger number"
        )
    run.request_grids(every)


def _check_runs(run: Run) -> None:
    phase = run.status().phase
    if phase != "running":
        raise ValueError(f"Only a running run can pause, and {run.name!r} is {phase}: resume it")


def remove(run: Run) -> None:
    """Delete a run's folder; ``ValueError`` while it is running.

    It leaves the list at once and whole: it is moved aside before its files are deleted.
    """
    root = run.folder.parent
    with gate(root):
        if not run.folder.is_dir():
            raise GoneError(f"No run is called {run.name!r} any more: it has been removed")
        if queue.is_running(run):
            raise ValueError(
                f"A run must not be removed while it runs, and {run.name!r} is running: stop it "
                "first"
            )
        (root / TRASH).mkdir(exist_ok=True)
        run.folder.rename(Path(tempfile.mkdtemp(dir=root / TRASH)) / run.name)
    shutil.rmtree(root / TRASH, ignore_errors=True)


def rename(run: Run, name: str) -> Run:
    """Give a run another name; ``ValueError`` while it waits or runs, or if the name is taken."""
    with gate(run.folder.parent):
        phase = run.status().phase
        if phase in ("queued", "running") or run.held:
            raise ValueError(
                f"A run must not be renamed while it waits or runs, and {run.name!r} does: wait "
                "until it ends, or stop it first"
            )
        return runs.rename(run, name)


def renew(run: Run) -> None:
    """Give a run whose status cannot be read a new one; nothing to do if it can."""
    with gate(run.folder.parent):
        try:
            run.status()
        except GoneError:
            raise
        except ValueError:
            run.renew_status()


def recover(root: Path) -> None:
    """To be called when a server starts: runs whose process was killed go on, next in the queue."""
    if not root.is_dir():
        return
    shutil.rmtree(root / TRASH, ignore_errors=True)
    with gate(root):
        for slot in range(slots.count()):
            worker_of(root, slot).forget_launch()
        queue.settle(root, queue.serving(root))
        launch_if_needed(root)


def look_after(root: Path) -> None:
    """To be called whenever the queue is looked at: a process that was killed is noticed.

    Its run goes on, next in the queue; workers are launched if runs wait and slots are free. It
    does not wait for them, and costs a look at each run's status as long as nothing is amiss.
    """
    if root.is_dir() and queue.needs_care(root):
        with gate(root):
            queue.settle(root, queue.serving(root))
            for slot in queue.wanted(root):
                if not worker_of(root, slot).has_failed():  # tried again when that was a while ago
                    launch(root, slot)


def cannot_start(root: Path) -> bool:
    """Whether runs wait for workers that could not be started; that is tried every minute."""
    failed = all(worker_of(root, slot).has_failed() for slot in range(slots.count()))
    return failed and bool(queue.waiting(root))


def launch_if_needed(root: Path) -> None:
    """Launch workers if runs wait and slots are free. Within the gate, so that two callers launch
    each once.

    It does not wait for them.
    """
    for slot in queue.wanted(root):
        launch(root, slot)


def launch(root: Path, slot: int) -> None:
    """Launch the worker of a slot. Within the gate, and if it is wanted."""
    worker_of(root, slot).launch(WORKER_MODULE, str(slot), **slots.environment(slot))
