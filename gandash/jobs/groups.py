"""Groups: the runs of a sweep, which start, stop and resume together.

A group is known by its name, which stands in the status of each of its runs.
"""

from __future__ import annotations

import shutil
import statistics
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from gandash import runs
from gandash.config.sweeps import Member
from gandash.jobs import control, queue
from gandash.jobs.queue import gate
from gandash.runs import Run, Status

if TYPE_CHECKING:
    import pandas as pd

IDLE = ("stopped", "failed")


@dataclass(frozen=True)
class Arm:
    """An arm of a group over its seeds.

    ``distances`` are the least Fréchet distances of the runs that were measured while they trained.
    """

    title: str
    runs: int
    finished: int
    distances: tuple[float, ...]

    @property
    def mean(self) -> float | None:
        """Of the distances; None if there are none."""
        return statistics.fmean(self.distances) if self.distances else None

    @property
    def deviation(self) -> float | None:
        """The standard deviation over seeds; None of fewer than two."""
        return statistics.stdev(self.distances) if len(self.distances) > 1 else None


def submit(root: Path, group: str, members: Sequence[Member]) -> list[Run]:
    """Put all runs of a group at the end of the queue, or none of them.

    ``ValueError`` if a name is taken or the queue has not as many places.
    """
    with gate(root):
        check_new(root, group, members)
        place = queue.new_place(root, len(members))
        made: list[Run] = []
        try:
            for number, member in enumerate(members):
                made.append(
                    runs.create(
                        root,
                        member.config,
                        member.name,
                        place + number,
                        group=group,
                        arm=member.arm,
                    )
                )
        except BaseException:
            for run in made:
                shutil.rmtree(run.folder, ignore_errors=True)
            raise
        control.launch_if_needed(root)
    return made


def check_new(root: Path, group: str, members: Sequence[Member]) -> None:
    """``ValueError`` if the name of a group or of one of its runs is not allowed or taken."""
    runs.check_name(group)
    if any(status.group == group for _, status in queue.statuses(root)):
        raise ValueError(f"A group's name must be new, and {group!r} is taken: choose another")
    for member in members:
        runs.check_new(root, member.name)


def names(root: Path) -> list[str]:
    """All groups, in alphabetical order."""
    return sorted({status.group for _, status in queue.statuses(root) if status.group})


def of(root: Path, group: str) -> list[tuple[Run, Status]]:
    """The runs of a group by name; ``ValueError`` if it has none."""
    found = [(run, status) for run, status in queue.statuses(root) if status.group == group]
    if not found:
        raise ValueError(f"No group is called {group!r}: `gandash list` shows the runs there are")
    return found


def stop(root: Path, group: str) -> int:
    """Stop what waits or trains of a group; how many were asked.

    What waits goes first, so that no other begins when the one that trains has ended.
    """
    active = [(run, status) for run, status in of(root, group) if status.under_way]
    for run, _ in sorted(active, key=lambda pair: pair[1].phase == "running"):
        control.stop(run)
    return len(active)


def resume(root: Path, group: str) -> int:
    """Put what was stopped or has failed of a group back into the queue; how many there were."""
    idle = [run for run, status in of(root, group) if status.phase in IDLE and not run.held]
    for run in idle:
        control.resume(run)
    return len(idle)


def arms(found: Sequence[tuple[Run, Status]]) -> list[Arm]:
    """The arms of a group's runs, in order."""
    by_title: dict[str, list[tuple[Run, Status]]] = {}
    for run, status in found:
        by_title.setdefault(status.arm, []).append((run, status))
    return [_arm(title, its) for title, its in by_title.items()]


def _arm(title: str, its: Sequence[tuple[Run, Status]]) -> Arm:
    distances = (best_distance(run) for run, _ in its)
    return Arm(
        title,
        runs=len(its),
        finished=sum(status.phase == "finished" for _, status in its),
        distances=tuple(value for value in distances if value is not None),
    )


def best_distance(run: Run) -> float | None:
    """The least Fréchet distance of a run while it trained, by the protocol in its folder.

    None if it was not measured yet.
    """
    return least_distance(run.metrics())


def least_distance(metrics: pd.DataFrame) -> float | None:
    """The least Fréchet distance in a run's metrics; None if it was not measured yet."""
    if "frechet" not in metrics or metrics.frechet.isna().all():
        return None
    return float(metrics.frechet.min())
