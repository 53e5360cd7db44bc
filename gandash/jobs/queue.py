"""The queue of runs that wait for a worker: kept in their status files, changed under one lock.

A run is in the queue while its phase is queued and it has a place; the lowest place is next. It
keeps its place while a worker trains it, so that a run which is cut off is next again. There is a
worker for every slot (:mod:`gandash.jobs.slots`), and a run says which one took it.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path

from filelock import FileLock, Timeout

from gandash import runs
from gandash.jobs import slots
from gandash.jobs.supervisor import Supervisor
from gandash.runs import BusyError, Run, Status

GATE = ".line.lock"  # servers of earlier versions know it by this name
GATE_SECONDS = 10.0
MAX_QUEUED = 100
MAX_LOST = 3


@contextmanager
def gate(root: Path, seconds: float = GATE_SECONDS) -> Iterator[None]:
    """Be the one who changes the queue; held for milliseconds.

    Raises ``TimeoutError`` after ``seconds``.
    """
    root.mkdir(parents=True, exist_ok=True)
    lock = FileLock(root / GATE)
    try:
        lock.acquire(timeout=seconds)
    except Timeout as error:
        raise TimeoutError(
            f"The queue of runs must be free within {seconds:g} s, and another process changes "
            f"it ({root / GATE}): try again"
        ) from error
    try:
        yield
    finally:
        lock.release()


def worker_of(root: Path, slot: int = 0) -> Supervisor:
    """The process that trains runs of a folder in a slot, one after the other."""
    return Supervisor(root, f"worker-{slot}" if slot else "worker")


def serving(root: Path) -> frozenset[int]:
    """The slots whose workers live; there may be more than new workers are launched for."""
    return frozenset(slot for slot in range(slots.MOST) if worker_of(root, slot).serves())


def waiting(root: Path) -> list[Run]:
    """The runs in the queue, next first."""
    placed = [(status.place, run) for run, status in statuses(root) if _waits(status)]
    return [run for _, run in sorted(placed, key=lambda pair: (pair[0], pair[1].name))]


def position(root: Path, run: Run) -> int | None:
    """A run's place in the queue, 1 for the next; None if it does not wait."""
    names = [other.name for other in waiting(root)]
    return names.index(run.name) + 1 if run.name in names else None


def new_place(root: Path, count: int = 1) -> int:
    """The place at the end of the queue; ``ValueError`` if so many runs more have none.

    Call it within the gate.
    """
    length = len(waiting(root))
    if length + count > MAX_QUEUED:
        more = "" if count == 1 else f" (and these are {count})"
        raise ValueError(
            f"At most {MAX_QUEUED} runs may wait, and {length} do{more}: wait until one has "
            "started, or take one out of the queue"
        )
    places = [status.place for _, status in statuses(root) if status.place is not None]
    return max(places, default=0) + 1


def take(root: Path, slot: int = 0) -> Run | None:
    """Mark the next run as running in a slot and hand it over; one that was asked to stop is left
    out.

    Within the gate.
    """
    for run in waiting(root):
        if run.stop_requested:
            cancel(run)
        else:
            run.update(phase="running", slot=slot, paused=False, message="Loading the data.")
            return run
    return None


def cancel(run: Run, message: str = "Stopped while it was waiting; it can be resumed.") -> None:
    """Take a run that nobody trains out of the queue. Within the gate."""
    run.update(phase="stopped", place=None, message=message)
    run.clear_stop()


def is_running(run: Run) -> bool:
    """Whether a run is being trained, or about to be.

    A status may outlive its process, or be damaged.
    """
    served = serving(run.folder.parent)
    try:
        status = run.status()
    except ValueError:
        return run.held
    if status.elsewhere:
        return run.held
    return run.held or (status.phase == "running" and not is_lost(run, status, served))


def is_lost(run: Run, status: Status, served: Collection[int]) -> bool:
    """Whether a run that says running is not (killed).

    ``served`` are the slots whose workers live and may have it. Of a run trained elsewhere that
    engine knows.
    """
    if status.elsewhere or status.phase != "running" or run.held:
        return False
    return status.place is None or status.slot not in served


def needs_care(root: Path) -> bool:
    """Whether a run is lost, or runs wait and there are slots in which nobody trains."""
    served = serving(root)
    known = list(statuses(root))
    if any(is_lost(run, status, served) for run, status in known):
        return True
    return bool(_wanted(root, [status for _, status in known]))


def wanted(root: Path) -> list[int]:
    """The slots to launch workers in: as many that have none as runs wait, less those whose worker
    is there and has yet to take one.
    """
    return _wanted(root, [status for _, status in statuses(root)])


def _wanted(root: Path, known: Sequence[Status]) -> list[int]:
    waiting = sum(_waits(status) for status in known)
    if not waiting:
        return []
    served = [slot for slot in range(slots.count()) if worker_of(root, slot).is_there()]
    busy = {status.slot for status in known if status.phase == "running" and status.place}
    coming = sum(slot not in busy for slot in served)
    free = [slot for slot in range(slots.count()) if slot not in served]
    return free[: max(waiting - coming, 0)]


def settle(root: Path, served: Collection[int]) -> None:
    """Put lost runs of workers back to the head of the queue, and stop those of the foreground.

    Within the gate: no run is taken meanwhile. ``served`` are the slots whose workers live: the
    runs that they took are not lost.
    """
    for run, status in statuses(root):
        if is_lost(run, status, served):
            with suppress(BusyError), run.hold(seconds=0):  # who trains it ends with it just now
                _settle(run, run.status())


def _settle(run: Run, status: Status) -> None:
    where = f"Cut off after step {status.step:,} of {status.total:,}"
    if status.phase != "running":
        return
    if status.place is None or run.stop_requested:
        cancel(run, f"{where}; it can be resumed.")
    elif status.lost + 1 >= MAX_LOST:
        message = (
            f"A run must live until its state is saved, and this one was killed {MAX_LOST} times "
            f"before (too little memory?): {_smaller(run)}"
        )
        run.update(phase="failed", place=None, lost=0, message=message)
    else:
        run.update(phase="queued", lost=status.lost + 1, message=f"{where}; it goes on by itself.")


def _smaller(run: Run) -> str:
    """By how much to shrink a run that was killed, as if what it takes is more than there is."""
    from gandash.networks import footprint  # noqa: PLC0415 - torch comes with it

    try:
        config = run.config()
    except ValueError:
        return "choose a smaller batch_size or fewer filters"
    shape = footprint.shape_of(config, 3)
    room = footprint.least_bytes(config, shape)
    return footprint.remedy(config, shape, 0, room)


def _waits(status: Status) -> bool:
    return status.phase == "queued" and status.place is not None


def statuses(root: Path) -> Iterator[tuple[Run, Status]]:
    """All runs whose status can be read.

    A damaged one is for its page to report, and holds up nobody.
    """
    for run in runs.find(root):
        try:
            status = run.status()
        except ValueError:
            continue
        yield run, status
