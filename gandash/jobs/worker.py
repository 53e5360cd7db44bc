"""The background process that trains waiting runs, one at a time and independent of the web server.

The functions are for the app and start the process where one is needed; ``python -m
gandash.jobs.worker FOLDER`` is the process itself. One worker serves a folder: it holds a lock that
the system releases whatever the process dies of. A worker leaves only when the line is empty,
and looks at it under the same lock as those who put runs in, so no run is left waiting.
"""

from __future__ import annotations

import logging
import os
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import threading
import time
import unicodedata
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from gandash.config import Config
from gandash.jobs import queue, task
from gandash.jobs.queue import alive, gate
from gandash.runs import execution
from gandash.runs.execution import Run

LAUNCH, LOG, TRASH = ".worker.launch", ".worker.log", ".removed"
LAUNCH_SECONDS = 60.0  # a launched worker that has not taken its lock by then is given up
LOCK_SECONDS = 5.0
MAX_LOG_BYTES = 1_000_000
NAME_LENGTH = 63
log = logging.getLogger("gandash.worker")
_launched: dict[Path, subprocess.Popen[bytes]] = {}


def submit(root: Path, config: Config, name: str) -> Run:
    """Put a new run at the end of the line; ``ValueError`` if its name is taken or the line is full."""
    with gate(root):
        run = execution.create(root, config, name, queue.new_place(root))
        _launch_if_needed(root)
    return run


def resume(run: Run) -> None:
    """Put a stopped or failed run at the end of the line; ``ValueError`` if it is not one or the line is full."""
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
    """Put a finished run at the end of the line again, with more epochs or steps; see :func:`gandash.runs.extend`."""
    with gate(run.folder.parent):
        execution.extend(run, more)
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
            raise ValueError(f"A run must not be removed while it runs, and {run.name!r} is running: stop it first")
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
    """Start a worker if runs wait and none lives; does not wait for it. Cheap enough to call at any time."""
    with gate(root):
        _launch_if_needed(root)


def fresh_name(root: Path, pretrained_root: Path, wish: str) -> str:
    """The free run name closest to ``wish``: a-z, 0-9 and hyphens, with -2, -3 … if it is taken."""
    plain = unicodedata.normalize("NFKD", wish).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:NAME_LENGTH].rstrip("-") or "run"
    name, number = slug, 1
    while any((folder / name).exists() for folder in (root, pretrained_root)):
        number += 1
        name = f"{slug[: NAME_LENGTH - len(str(number)) - 1].rstrip('-')}-{number}"
    return name


def _launch_if_needed(root: Path) -> None:
    """Within the gate, so that two callers launch one worker."""
    if queue.waiting(root) and not alive(root) and not _is_launching(root):
        _launch(root)


def _is_launching(root: Path) -> bool:
    """Whether a worker was launched a moment ago and is still importing: its lock is not taken yet."""
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
    _trim_log(root)
    (root / LAUNCH).touch()
    _launched[root] = task.launch("gandash.jobs.worker", root / LOG, str(root))


def _trim_log(root: Path) -> None:
    """Start the log afresh once it is long; whoever writes to it appends."""
    path = root / LOG
    if path.exists() and path.stat().st_size > MAX_LOG_BYTES:
        os.truncate(path, 0)


def main(root: Path) -> None:
    """Serve ``root`` until nothing waits, or until SIGTERM or SIGINT; leave at once if another worker does."""
    interrupted = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: interrupted.set())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    lock = FileLock(root / queue.WORKER)
    try:
        lock.acquire(timeout=LOCK_SECONDS)
    except Timeout:
        return
    (root / LAUNCH).unlink(missing_ok=True)
    task.give_way()
    torch.set_num_threads(os.cpu_count() or 1)
    with gate(root, seconds=-1):
        queue.settle(root, served=False)
    while (run := _next(root, lock, interrupted)) is not None:
        _train(run, interrupted)
        _trim_log(root)


def _next(root: Path, lock: FileLock, interrupted: threading.Event) -> Run | None:
    """The next run; if there is none, the worker's lock is released before anybody can add one."""
    with gate(root, seconds=-1):
        run = None if interrupted.is_set() else queue.take(root)
        if run is None:
            lock.release()
    return run


def _train(run: Run, interrupted: threading.Event) -> None:
    """Train one run; whatever it ends in stands in its status, and the worker goes on."""
    log.info("%s: started", run.name)
    try:
        for _ in execution.execute(run, interrupted):
            pass
        log.info("%s: %s", run.name, run.status().phase)
    except execution.BusyError as busy:
        log.info("%s: %s", run.name, busy)
    except Exception:
        log.exception("%s: failed", run.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
