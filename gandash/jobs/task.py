"""One job at a time beside the web server, for a folder of runs.

A job is a module that is run as ``python -m gandash.MODULE ROOT FOLDER`` on a checkpoint's folder.
What it is doing stands in one small file; its process is known as :mod:`gandash.jobs.supervisor`
says.
"""

from __future__ import annotations

import logging
import os
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict
from datetime import datetime
from pathlib import Path
from typing import Literal

import torch
from pydantic import Field, ValidationError

from gandash.evaluation.progress import Progress
from gandash.jobs.queue import gate
from gandash.jobs.supervisor import Supervisor
from gandash.records import Section, explain, now
from gandash.storage.files import read_facts, write_whole

JOB = ".job.json"
Module = Literal["jobs.measuring", "jobs.nearest_images"]
log = logging.getLogger("gandash.background")


class Job(Section):
    """What ``module`` does with the checkpoint in ``folder``: ``what`` in words, and how far it is.

    ``problem`` says in one sentence why it ended without a result; a job that ended with one is
    forgotten.
    """

    module: Module
    folder: str
    what: str
    doing: str = "Starting"
    step: int = Field(0, ge=0)
    steps: int = Field(1, ge=1)
    problem: str = ""
    started: datetime

    def concerns(self, module: Module, folder: Path) -> bool:
        """Whether this is the job of ``module`` on a checkpoint's folder."""
        return (self.module, self.folder) == (module, str(folder.resolve()))


def process_of(root: Path) -> Supervisor:
    """The process that does the job of a folder of runs."""
    return Supervisor(root, "job")


def start(root: Path, module: Module, folder: Path, what: str) -> None:
    """Start a job in a process of its own and leave it.

    ``ValueError`` while another one is under way.
    """
    process = process_of(root)
    with gate(root):
        job = current(root)
        busy = (job is not None and not job.problem) or process.serves()
        if busy:
            doing = "one of an earlier version" if job is None else job.what
            raise ValueError(
                f"One job runs beside the server at a time, and it is {doing}: try again when "
                "that is done"
            )
        write(root, Job(module=module, folder=str(folder.resolve()), what=what, started=now()))
        process.launch(f"gandash.{module}", str(folder.resolve()))


def stop(root: Path, job: Job) -> None:
    """Ask a job to end at its next step, without a result.

    Nothing to do if it has ended or is another one by now.
    """
    with gate(root):
        present = current(root)
        if present is not None and present.started == job.started and not present.problem:
            process_of(root).request_stop()


def is_stopping(root: Path) -> bool:
    """Whether the job under way has been asked to end."""
    return process_of(root).stop_requested


def current(root: Path) -> Job | None:
    """The job under way, or the last one if it ended with a problem; None if there is nothing to
    say.

    Costs two looks at files: cheap enough to be asked for every second.
    """
    there = process_of(root).is_there()
    job = _read(root)
    if job is None or job.problem or there or process_of(root).is_there():
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
    process = process_of(root)
    with process.serve() as lock:
        if lock is None:
            log.info("Another process does the job")
            return
        job = _read(root)
        if job is not None:
            process.mark_begun()
            torch.set_num_threads(os.cpu_count() or 1)
            _do(root, job, work)


def _do(root: Path, job: Job, work: Iterator[Progress]) -> None:
    try:
        for progress in work:
            if is_stopping(root):
                log.info("%s: stopped", job.what)
                break
            write(root, job.model_copy(update=asdict(progress)))
    except Exception as error:
        log.exception("%s: failed", job.what)
        write(root, job.model_copy(update={"problem": explain(error)}))
    else:
        (root / JOB).unlink(missing_ok=True)


def _read(root: Path) -> Job | None:
    """The job's file; one that is missing, or names a module of another version, says nothing."""
    with suppress(OSError, ValidationError):
        return Job.model_validate_json(read_facts(root / JOB))
    return None


def write(root: Path, job: Job) -> None:
    """Say what the job of a folder of runs is doing."""
    write_whole(root / JOB, job.model_dump_json(indent=2).encode())
