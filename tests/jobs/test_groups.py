"""Groups of runs: in the queue whole or not at all, stopped and resumed together."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pandas as pd
import pytest

from gandash import runs
from gandash.config import sweeps
from gandash.jobs import control, groups, queue
from gandash.runs import METRICS
from gandash.runs.metrics_file import ALWAYS
from tests.conftest import ConfigFactory


@pytest.fixture
def served(tmp_path: Path) -> Iterator[Path]:
    """A folder whose worker's lock is taken, so that nothing is launched for it."""
    root = tmp_path / "runs"
    root.mkdir()
    with queue.worker_of(root).serve():
        yield root


@pytest.fixture
def members(tiny_config: ConfigFactory) -> list[sweeps.Member]:
    """Two arms of two seeds."""
    return [
        sweeps.Member(f"g-{arm}-s{seed}", f"alpha {arm}", tiny_config(seed=seed))
        for arm in (0, 1)
        for seed in (0, 1)
    ]


def test_a_group_waits_in_order_and_is_known_by_its_name(
    served: Path, members: list[sweeps.Member]
) -> None:
    made = groups.submit(served, "g", members)
    assert queue.waiting(served) == made
    assert groups.names(served) == ["g"]
    assert [status.arm for _, status in groups.of(served, "g")] == [it.arm for it in members]


def test_a_group_that_cannot_be_put_in_whole_leaves_nothing(
    served: Path, members: list[sweeps.Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    runs.create(served, members[0].config, members[3].name)
    with pytest.raises(ValueError, match="is taken"):
        groups.submit(served, "g", members)
    monkeypatch.setattr(queue, "MAX_QUEUED", 3)
    with pytest.raises(ValueError, match=r"At most 3 runs may wait, and 0 do \(and these are 4\)"):
        groups.submit(served, "h", [sweeps.Member(f"h{it.name}", "", it.config) for it in members])
    assert len(runs.find(served)) == 1


def test_a_disk_that_fails_in_between_leaves_nothing(
    served: Path, members: list[sweeps.Member], monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = runs.create

    def fail_at_last(*arguments: object, **named: object) -> runs.Run:
        if arguments[2] == members[3].name:
            raise OSError(28, "No space left on device")
        return whole(*arguments, **named)  # type: ignore[arg-type]

    monkeypatch.setattr(runs, "create", fail_at_last)
    with pytest.raises(OSError, match="No space"):
        groups.submit(served, "g", members)
    assert runs.find(served) == []


def test_a_taken_group_is_refused(served: Path, members: list[sweeps.Member]) -> None:
    groups.submit(served, "g", members[:1])
    with pytest.raises(ValueError, match="A group's name must be new, and 'g' is taken"):
        groups.submit(served, "g", members[1:])
    with pytest.raises(ValueError, match="No group is called 'h'"):
        groups.of(served, "h")


def test_all_stop_and_resume_together(served: Path, members: list[sweeps.Member]) -> None:
    made = groups.submit(served, "g", members)
    other = control.submit(served, members[0].config, "other")
    made[0].update(phase="running")
    assert groups.stop(served, "g") == 4
    assert made[0].stop_requested  # it saves and leaves at its next report
    assert [run.status().phase for run in made[1:]] == ["stopped"] * 3
    assert queue.waiting(served) == [other]
    made[0].update(phase="finished", place=None)
    assert groups.resume(served, "g") == 3
    assert queue.waiting(served) == [other, *made[1:]]


def test_an_arm_tells_mean_and_spread_over_its_seeds(
    served: Path, members: list[sweeps.Member]
) -> None:
    made = groups.submit(served, "g", members)
    for run, distances in zip(made, ([9.0, 4.0], [6.0, 8.0], [5.0, None]), strict=False):
        table = pd.DataFrame({name: [1, 2] for name in ALWAYS} | {"frechet": distances})
        table.to_csv(run.folder / METRICS, index=False)
    made[0].update(phase="finished")
    first, second = groups.arms(groups.of(served, "g"))
    assert (first.title, first.runs, first.finished) == ("alpha 0", 2, 1)
    assert first.distances == (4.0, 6.0)
    assert (first.mean, first.deviation) == (5.0, pytest.approx(2**0.5))
    assert (second.mean, second.deviation) == (5.0, None)


@pytest.mark.parametrize("damage", [b"", b"{", b"\xff" * 40, None])
def test_a_renewed_status_keeps_its_group(
    served: Path, members: list[sweeps.Member], damage: bytes | None
) -> None:
    run = groups.submit(served, "g", members)[1]
    path = run.folder / runs.STATUS
    if damage is None:
        path.unlink()
    else:
        path.write_bytes(damage)
    control.renew(run)
    renewed = run.status()
    assert (renewed.group, renewed.arm) == ("g", members[1].arm)
    assert renewed.phase == "stopped"
    assert run in [member for member, _ in groups.of(served, "g")]


def test_a_renewed_status_keeps_its_engine(served: Path, members: list[sweeps.Member]) -> None:
    run = runs.create(served, members[0].config, "far", group="g", elsewhere=True)
    (run.folder / runs.STATUS).unlink()
    assert run.renew_status().elsewhere


def test_a_run_of_no_group_is_renewed_without_one(
    served: Path, members: list[sweeps.Member]
) -> None:
    run = control.submit(served, members[0].config, "alone")
    (run.folder / runs.STATUS).unlink()
    control.renew(run)
    assert run.status().group == ""
