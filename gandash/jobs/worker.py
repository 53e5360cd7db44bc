"""The background process that trains waiting runs, one at a time and independent of the web server.

``python -m gandash.jobs.worker FOLDER`` is the process; :mod:`gandash.jobs.control` starts it. One
worker serves a
folder: it holds a lock that the system releases whatever the process dies of. A worker leaves only
when the queue is empty, and looks at it under the same lock as those who put runs in, so no run is
left waiting.
"""

from __future__ import annotations

import logging
import os
import signal
import sys
import threading
from pathlib import Path

import torch
from filelock import FileLock, Timeout

from gandash import runs
from gandash.jobs import process, queue
from gandash.jobs.control import LAUNCH, trim_log
from gandash.jobs.queue import gate
from gandash.runs import Run, execution

LOCK_SECONDS = 5.0
log = logging.getLogger("gandash.worker")


def main(root: Path) -> None:
    """Serve ``root`` until nothing waits, or until SIGTERM or SIGINT.

    Leave at once if another worker does.
    """
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
    process.give_way()
    torch.set_num_threads(os.cpu_count() or 1)
    with gate(root, seconds=-1):
        queue.settle(root, served=False)
    while (run := _next(root, lock, interrupted)) is not None:
        _train(run, interrupted)
        trim_log(root)


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
    except runs.BusyError as busy:
        log.info("%s: %s", run.name, busy)
    except Exception:
        log.exception("%s: failed", run.name)


if __name__ == "__main__":
    main(Path(sys.argv[1]))
