"""Runs as tasks of a Ray cluster, instead of one after the other through the queue.

Ray starts the processes, gives each its share of the processors and GPUs, and starts a task anew
where its process or its node is lost; the run then goes on from its last saved state. All else is
as ever: the run's folder, which lies where all nodes see it under the same path, holds progress
and state, and whoever asks a run to stop writes that there.

Ray is an extra, ``pip install 'gandash[ray]'``, and imported only here.
"""

from __future__ import annotations

import os
import threading
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from gandash import runs, startup
from gandash.config.sweeps import Member
from gandash.jobs import control, groups, queue
from gandash.jobs.queue import gate
from gandash.runs import BusyError, Run

HERE, RUNNING = "local", "auto"
"""Addresses: a Ray of this machine's own, and the cluster that this machine is a node of."""
RETRIES = 5
BUSY_SECONDS = 180.0  # until a lock is free that a lost node held
LOOK_SECONDS = 1.0


@dataclass(frozen=True)
class Share:
    """What each run gets: processors, which are its threads, and GPUs, which may be a part of one;
    and how often it is started anew when its process is lost.
    """

    cpus: float = 1.0
    gpus: float = 0.0
    retries: int = RETRIES

    def __post_init__(self) -> None:
        for name, value, least in (
            ("processors", self.cpus, 0.01), ("GPUs", self.gpus, 0.0), ("retries", self.retries, 0),
        ):  # fmt: skip
            if not value >= least:
                raise ValueError(
                    f"A run on Ray needs a number of {name} of at least {least:g}, and it is "
                    f"{value:g}: choose more"
                )


def submit(root: Path, group: str, members: Sequence[Member]) -> list[Run]:
    """The runs of a new group, which the queue leaves alone; ``ValueError`` if a name is taken."""
    with gate(root):
        groups.check_new(root, group, members)
        return [
            runs.create(
                root, member.config, member.name, group=group, arm=member.arm, elsewhere=True
            )
            for member in members
        ]


def unfinished(root: Path, group: str) -> list[Run]:
    """The runs of a group that can go on, made ready for it: those that nobody trains.

    They leave the queue, if they were in it.
    """
    with gate(root):
        found = [
            run
            for run, status in groups.of(root, group)
            if status.phase != "finished" and not run.held
        ]
        for run in found:
            run.clear_stop()
            run.update(phase="queued", place=None, lost=0, message="", elsewhere=True)
    return found


@contextmanager
def connected(address: str, share: Share) -> Iterator[Any]:
    """Ray at an address, to train on with each run getting that share.

    ``address`` is ``local``, ``auto``, or that of a cluster. ``ValueError`` if there is no Ray,
    none that answers, or none large enough.
    """
    ray = _ray()
    own = not ray.is_initialized()
    if own:
        _connect(ray, address, share)
    try:
        _check_room(ray.cluster_resources(), share)
        yield ray
    finally:
        if own:
            ray.shutdown()


def train_all(
    ray: Any, found: Sequence[Run], share: Share, interrupted: threading.Event
) -> Iterator[tuple[str, str]]:
    """Train runs on a connected Ray; the name of each with what it ended in, as they end.

    Once ``interrupted`` is set all are asked to save and stop. Ray ends the tasks of a process that
    ends; the runs' folders keep how far they are.
    """
    task = ray.remote(train_one).options(
        num_cpus=share.cpus, num_gpus=share.gpus, max_retries=share.retries
    )
    names = {task.remote(str(run.folder.resolve()), share.cpus): run.name for run in found}
    waiting = list(names)
    asked = False
    while waiting:
        ended, waiting = ray.wait(waiting, num_returns=1, timeout=LOOK_SECONDS)
        if interrupted.is_set() and not asked:
            asked = True
            _stop(found)
        for reference in ended:
            yield names[reference], _outcome(ray, reference)


def train_one(folder: str, cpus: float) -> str:
    """One run, from its state on; what it ended in. In a process of Ray's."""
    import torch

    from gandash.runs import execution

    torch.set_num_threads(max(1, int(cpus)))
    run = Run(Path(folder))
    deadline = time.monotonic() + BUSY_SECONDS
    while True:
        status = run.status()
        if status.phase in ("stopped", "finished"):  # before its turn came
            return status.phase
        if status.phase == "queued" and run.stop_requested:
            with gate(run.folder.parent):
                queue.cancel(run)
            return "stopped"
        try:
            for _ in execution.execute(run):
                pass
            return run.status().phase
        except BusyError:
            if time.monotonic() > deadline:
                raise
            time.sleep(LOOK_SECONDS)
        except (ValueError, OSError, FloatingPointError) as error:
            return f"failed: {error}"  # as its status says, too; to try again would not help


def _stop(found: Sequence[Run]) -> None:
    for run in found:
        if run.status().under_way:
            control.stop(run)


def _outcome(ray: Any, reference: Any) -> str:
    try:
        return str(ray.get(reference))
    except ray.exceptions.RayError as error:
        return f"lost: {str(error).splitlines()[0]}"


def _connect(ray: Any, address: str, share: Share) -> None:
    variables = {name: value for name, value in os.environ.items() if name.startswith("GANDASH_")}
    variables |= {**startup.ENVIRONMENT, "OMP_NUM_THREADS": str(max(1, int(share.cpus)))}
    try:
        ray.init(
            address=address,
            runtime_env={"env_vars": variables},
            include_dashboard=False if address == HERE else None,
            log_to_driver=False,
            logging_level="ERROR",
        )
    except (ConnectionError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"No Ray answers at {address!r} ({str(error).splitlines()[0]}): start one with `ray "
            f"start --head`, or say --ray {HERE} for one of this machine's own"
        ) from error


def _check_room(there: dict[str, float], share: Share) -> None:
    """``ValueError`` if no run could ever begin."""
    for name, wanted in (("CPU", share.cpus), ("GPU", share.gpus)):
        if wanted > there.get(name, 0.0):
            raise ValueError(
                f"A run is to get {wanted:g} {name}, and the Ray cluster has "
                f"{there.get(name, 0.0):g}: choose less, or add nodes"
            )


def _ray() -> Any:
    try:
        import ray
    except ImportError as error:
        raise ValueError(
            "A sweep on Ray needs Ray, which is not installed here: pip install 'gandash[ray]', or "
            "leave --ray away for the queue of this machine"
        ) from error
    return ray
