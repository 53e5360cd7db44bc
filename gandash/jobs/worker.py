"""The background process that trains waiting runs, one at a time and independent of the web server.

``python -m gandash.jobs.worker FOLDER SLOT`` is the process; :mod:`gandash.jobs.control` starts it.
One worker serves a slot of a folder, see :mod:`gandash.jobs.slots`. It leaves only when the queue
is empty, and looks at it under the same lock as those who put runs in, so no run is left waiting.
"""

from __future__ import annotations

import logging
import signal
import sys
import threading
from pathlib import Path

import torch
from filelock import FileLock

from gandash import runs
from gandash.jobs import control, queue, slots
from gandash.jobs.queue import gate, worker_of
from gandash.runs import Run, execution, loading

log = logging.getLogger("gandash.worker")


def main(root: Path, slot: int = 0) -> None:
    """Serve a slot of ``root`` until nothing waits, or until SIGTERM or SIGINT.

    Leave at once if another worker does.
    """
    interrupted = threading.Event()
    for number in (signal.SIGTERM, signal.SIGINT):
        signal.signal(number, lambda *_: interrupted.set())
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    with worker_of(root, slot).serve() as lock:
        if lock is None:
            return
        torch.set_num_threads(slots.threads())
        with gate(root, seconds=-1):  # what the slot had before is lost
            queue.settle(root, queue.serving(root) - {slot})
        serve(root, lock, interrupted, slot)


def serve(root: Path, lock: FileLock, interrupted: threading.Event, slot: int = 0) -> None:
    """Train what waits, one run after the other."""
    while (run := take(root, lock, interrupted, slot)) is not None:
        worker_of(root, slot).mark_begun()
        train(run, interrupted)
        # Its memory and its processor are free only when this process ends.
        if loading.is_left_behind() and not interrupted.is_set():
            hand_over(root, lock, slot)
            return


def take(root: Path, lock: FileLock, interrupted: threading.Event, slot: int = 0) -> Run | None:
    """The next run; if there is none, the worker's lock is released before anybody can add one."""
    with gate(root, seconds=-1):
        run = None if interrupted.is_set() else queue.take(root, slot)
        if run is None:
            worker_of(root, slot).mark_begun()
            lock.release()
    return run


def train(run: Run, interrupted: threading.Event) -> None:
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


def hand_over(root: Path, lock: FileLock, slot: int) -> None:
    """Leave, and have another worker launched in the slot if runs wait."""
    with gate(root, seconds=-1):
        lock.release()
        if slot in queue.wanted(root):
            control.launch(root, slot)


if __name__ == "__main__":
    main(Path(sys.argv[1]), int(sys.argv[2]))
