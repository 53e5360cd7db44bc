"""The queue as the app sees it: put runs in, take them out.

And start the worker where one is needed.
"""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
from pathlib import Path

from gandash import runs
from gandash.config import Config
from gandash.jobs import process, queue
from gandash.jobs.queue import alive, gate
from gandash.runs import Run

LAUNCH, LOG, TRASH = ".worker.launch", ".worker.log", ".removed"
LAUNCH_SECONDS = 60.0  # a launched worker that has not taken its lock by then is given up
MAX_LOG_BYTES = 1_000_000
_launched: dict[Path, subprocess.Popen[bytes]] = {}


def submit(root: Path, config: Config, name: str) -> Run:
    """Put a new run at the end of the line.

    ``ValueError`` if its name is taken or the line is full.
    """
    with gate(root):
        run = runs.create(root, config, name, queue.new_place(root))
        _launch_if_needed(root)
    return run


def resume(run: Run) -> None:
    """Put a stopped or failed run at the end of the line.

    ``ValueError`` if it is not one or the line is full.
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
        run.clear_stop()
        run.update(phase="queued", place=queue.new_place(root), lost=0, message="")
        _launch_if_needed(root)


def train_longer(run: Run, more: int) -> None:
    """Put a finished run at the end of the line again, with more epochs or steps.

    See :func:`gandash.runs.extend`.
    """
    with gate(run.folder.parent):
        runs.extend(run, more)
    resume(run)


def stop(run: Run) -> None:
    """Take a waiting run out of the line; ask a running one to save and end at its next report."""
    with gate(run.folder.parent):
        if queue.is_running(run):
            run.request_stop()
        elif run.status().phase in ("queued", "running"):
            queue.cancel(run)


def remove(run: Run) -> None:
    """Delete a run's folder; ``ValueError`` while it is running.

    It leaves the list at once and whole: it is moved aside before its files are deleted.
    """
    root = run.folder.parent
    with gate(root):
        if queue.is_running(run):
            raise ValueError(
                f"A run must not be removed while it runs, and {run.name!r} is running: stop it "
                "first"
            )
        (root / TRASH).mkdir(exist_ok=True)
        run.folder.rename(Path(tempfile.mkdtemp(dir=root / TRASH)) / run.name)
    shutil.rmtree(root / TRASH, ignore_errors=True)


def recover(root: Path) -> None:
    """To be called when a server starts: runs whose process was killed go on, next in line."""
    if not root.is_dir():
        return
    with gate(root):
        (root / LAUNCH).unlink(missing_ok=True)  # of a launch before the restart, perhaps
        queue.settle(root, served=alive(root))
        _launch_if_needed(root)


def ensure_worker(root: Path) -> None:
    """Start a worker if runs wait and none lives; does not wait for it.

    Cheap enough to call at any time.
    """
    with gate(root):
        _launch_if_needed(root)


def _launch_if_needed(root: Path) -> None:
    """Within the gate, so that two callers launch one worker."""
    if queue.waiting(root) and not alive(root) and not _is_launching(root):
        _launch(root)


def _is_launching(root: Path) -> bool:
    """Whether a worker was launched a moment ago and is still importing.

    Its lock is not taken yet.
    """
    child = _launched.get(root.resolve())
    if child is not None and child.poll() is not None:
        return False
    try:
        age = time.time() - (root / LAUNCH).stat().st_mtime
    except FileNotFoundError:
        return False
    return 0 <= age < LAUNCH_SECONDS


def _launch(root: Path) -> None:
    root = root.resolve()
    trim_log(root)
    (root / LAUNCH).touch()
    _launched[root] = process.launch("gandash.jobs.worker", root / LOG, str(root))


def trim_log(root: Path) -> None:
    """Start the log afresh once it is long; whoever writes to it appends."""
    path = root / LOG
    if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
        os.truncate(path, 0)
