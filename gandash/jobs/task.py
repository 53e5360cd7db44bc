"""Work beside the web server: processes at the lowest priority, and one job at a time for a folder
of runs.

A job is a module that is run as ``python -m gandash.MODULE ROOT FOLDER`` on a checkpoint's folder.
What it is doing stands in one small file; it holds a lock that the system releases whatever the
process dies of.
"""

from __future__ import annotations

import logging
import os
import subprocess
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path

import torch
from filelock import FileLock, Timeout
from pydantic import Field, ValidationError

from gandash.evaluation.progress import Progress
from gandash.jobs.process import give_way, launch
from gandash.jobs.queue import gate
from gandash.records import Section, explain, now
from gandash.storage.files import write_whole
from gandash.storage.locks import is_held

JOB, LOCK, LOG, STOP = ".job.json", ".job.lock", ".job.log", ".job.stop"
START_SECONDS = 60.0  # a process that has not taken the lock by then is given up
LOCK_SECONDS = 5.0
log = logging.getLogger("gandash.background")
_started: dict[Path, subprocess.Popen[bytes]] = {}


class Job(Section):
    """What ``module`` does with the checkpoint in ``folder``: ``what`` in words, and how far it is.

    ``problem`` says in one sentence why it ended without a result; a job that ended with one is
    forgotten.
    """

    module: str
    folder: str
    what: str
    doing: str = "Starting"
    step: int = Field(0, ge=0)
    steps: int = Field(1, ge=1)
    problem: str = ""
    started: datetime

    def concerns(self, module: str, folder: Path) -> bool:
        """Whether this is the job of ``module`` on a checkpoint's folder."""
        return (self.module, self.folder) == (module, str(folder.resolve()))


def start(root: Path, module: str, folder: Path, what: str) -> None:
    """Start a job in a process of its own and leave it.

    ``ValueError`` while another one is under way.
    """
    root = root.resolve()
    with gate(root):
        job = current(root)
        if job is not None and not job.problem:
            raise ValueError(
                f"One job runs beside the server at a time, and it is {job.what}: try again when "
                "that is done"
            )
        _write(root, Job(module=module, folder=str(folder.resolve()), what=what, started=now()))
        for left in (LOG, STOP):
            (root / left).unlink(missing_ok=True)
        _started[root] = launch(f"gandash.{module}", root / LOG, str(root), str(folder.resolve()))


def stop(root: Path, job: Job) -> None:
    """Ask a job to end at its next step, without a result.

    Nothing to do if it has ended or is another one by now.
    """
    root = root.resolve()
    with gate(root):
        now = current(root)
        if now is not None and now.started == job.started and not now.problem:
            write_whole(root / STOP, b"")


def is_stopping(root: Path) -> bool:
    """Whether the job under way has been asked to end."""
    return (root / STOP).exists()


def current(root: Path) -> Job | None:
    """The job under way, or the last one if it ended with a problem; None if there is nothing to
    say.

    Costs two looks at files: cheap enough to be asked for every second.
    """
    root = root.resolve()
    held = is_held(root / LOCK)
    job = _read(root)
    if job is None or job.problem or held or _is_starting(root, job) or is_held(root / LOCK):
        return job
    return job.model_copy(
        update={
            "problem": f"The process for {job.what} was cut off (killed? too little memory?): "
            "start it again"
        }
    )


def run(root: Path, work: Iterator[Progress]) -> None:
    """Do the present job of ``root`` in this process.

    And write down how far it is and what it ends in.
    """
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(message)s")
    lock = FileLock(root / LOCK)
    try:
        lock.acquire(timeout=LOCK_SECONDS)
    except Timeout:
        log.info("Another process does the job")
        return
    job = _read(root)
    if job is not None:
        give_way()
        torch.set_num_threads(os.cpu_count() or 1)
        _do(root, job, work)
    lock.release()


def _do(root: Path, job: Job, work: Iterator[Progress]) -> None:
    try:
        for progress in work:
            if is_stopping(root):
                log.info("%s: stopped", job.what)
                break
            _write(root, job.model_copy(update=asdict(progress)))
    except Exception as error:
        log.exception("%s: failed", job.what)
        _write(root, job.model_copy(update={"problem": explain(error)}))
    else:
        (root / JOB).unlink(missing_ok=True)


def _is_starting(root: Path, job: Job) -> bool:
    """Whether the process was started a moment ago and is still importing.

    Its lock is not taken yet.
    """
    child = _started.get(root)
    if child is not None and child.poll() is not None:
        return False
    return job.step == 0 and 0 <= time.time() - job.started.timestamp() < START_SECONDS


def _read(root: Path) -> Job | None:
    """The job's file; one that is missing or of another version says nothing."""
    with suppress(OSError, ValidationError):
        return Job.model_validate_json((root / JOB).read_bytes())
    return None


def _write(root: Path, job: Job) -> None:
    write_whole(root / JOB, job.model_dump_json(indent=2).encode())
