"""One job at a time beside the server.

Who may start one, what is known of it, and what it ends in.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from gandash import records
from gandash.evaluation.progress import Progress
from gandash.jobs import supervisor, task
from gandash.jobs.measuring import MODULE
from gandash.jobs.supervisor import Supervisor
from gandash.jobs.task import Job

# As a server of an earlier version left it, whose modules had other names.
OLD = (
    '{"module": "measuring", "folder": "/a", "what": "measuring it", "doing": "Drawing samples", '
    '"step": 1, "steps": 8, "problem": "", "started": "2026-01-02T03:04:05Z"}'
)


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What would have been started; a process that does nothing is."""
    asked: list[tuple[str, ...]] = []
    launch = Supervisor.launch

    def launch_idle(process: Supervisor, module: str, *arguments: str) -> None:
        asked.append((module, *arguments))
        launch(process, "tests.jobs.idle_process")

    monkeypatch.setattr(Supervisor, "launch", launch_idle)
    return asked


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    if task.process_of(tmp_path).child is not None:
        end_child(tmp_path)


def end_child(root: Path) -> None:
    child = task.process_of(root).child
    assert child is not None
    child.kill()
    child.wait()


def write(root: Path, **changes: object) -> Job:
    job = Job(module=MODULE, folder=str(root / "a"), what="measuring 'a'", started=records.now())
    job = job.model_copy(update=changes)
    task.write(root, job)
    return job


def steps(*, fail: Exception | None = None) -> Iterator[Progress]:
    yield Progress("First", 1, 2)
    yield Progress("Second", 2, 2)
    if fail is not None:
        raise fail


def test_a_job_is_started_once_and_a_second_is_refused(
    root: Path, launched: list[tuple[str, ...]]
) -> None:
    assert task.current(root) is None
    answers: list[str] = []

    def click(name: str) -> None:
        try:
            task.start(root, MODULE, root / name, f"measuring {name!r}")
        except ValueError as error:
            answers.append(str(error))

    clicks = [threading.Thread(target=click, args=(name,)) for name in "abcd"]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    ((module, folder),) = launched
    assert module == "gandash.jobs.measuring"
    assert len(answers) == 3
    name = Path(folder).name
    assert set(answers) == {
        f"One job runs beside the server at a time, and it is measuring {name!r}: try again when "
        "that is done"
    }
    job = task.current(root)
    assert job is not None
    assert job.concerns(MODULE, root / name)
    assert not job.concerns(MODULE, root / "other")
    assert not job.concerns("jobs.nearest_images", root / name)
    assert (job.step, job.problem) == (0, "")


def test_progress_is_written_and_a_done_job_is_forgotten(
    root: Path, launched: list[tuple[str, ...]]
) -> None:
    write(root)
    seen = []

    def watched() -> Iterator[Progress]:
        for item in steps():
            yield item
            job = task.current(root)
            assert job is not None
            seen.append((job.doing, job.step, job.steps, job.problem))

    task.run(root, watched())
    assert seen == [("First", 1, 2, ""), ("Second", 2, 2, "")]
    assert task.current(root) is None


def test_a_stopped_job_ends_at_its_next_step_without_a_result(
    root: Path, launched: list[tuple[str, ...]]
) -> None:
    job = write(root)
    seen = []

    def watched() -> Iterator[Progress]:
        for item in steps():
            yield item
            seen.append(item.doing)
            task.stop(root, job)
            assert task.is_stopping(root)
        pytest.fail("its result must not be reached")

    task.run(root, watched())
    assert seen == ["First"]
    assert task.current(root) is None
    task.start(root, MODULE, root / "b", "measuring 'b'")
    assert not task.is_stopping(root), "the next one is not meant"


def test_only_the_job_that_was_seen_is_stopped(root: Path, launched: list[tuple[str, ...]]) -> None:
    """A page may be old: by the time of its click another job runs, or none."""
    old = write(root)
    task.stop(root, old.model_copy(update={"started": old.started - timedelta(seconds=1)}))
    assert not task.is_stopping(root)
    task.run(root, steps())
    task.stop(root, old)
    assert not task.is_stopping(root)


def test_a_failure_is_kept_in_one_sentence_until_the_next_start(
    root: Path, launched: list[tuple[str, ...]]
) -> None:
    write(root)
    task.run(root, steps(fail=ValueError("It must be so, and it is not:\n change it")))
    job = task.current(root)
    assert job is not None
    assert job.problem == "It must be so, and it is not: change it"
    task.start(root, MODULE, root / "b", "measuring 'b'")
    job = task.current(root)
    assert job is not None
    assert job.problem == ""


def test_a_killed_process_is_noticed_and_another_may_start(
    root: Path, launched: list[tuple[str, ...]]
) -> None:
    write(root, step=3, steps=5)
    with task.process_of(root).serve():
        job = task.current(root)
        assert job is not None
        assert not job.problem
    job = task.current(root)
    assert job is not None
    assert job.problem.startswith("The process for measuring 'a' was cut off")
    task.start(root, MODULE, root / "b", "measuring 'b'")
    assert len(launched) == 1


def test_a_process_has_time_to_start_unless_it_is_known_to_have_ended(
    root: Path, launched: list[tuple[str, ...]]
) -> None:
    task.start(root, MODULE, root / "b", "measuring 'b'")
    job = task.current(root)
    assert job is not None
    assert not job.problem
    end_child(root)
    ended = task.current(root)
    assert ended is not None
    assert ended.problem


@pytest.mark.parametrize("content", ["", "{", '{"module": 3}', OLD])
def test_a_file_that_nobody_can_read_or_of_an_older_server_is_of_a_job_that_has_ended(
    root: Path, content: str, launched: list[tuple[str, ...]]
) -> None:
    (root / task.JOB).write_text(content)
    assert task.current(root) is None
    with (
        task.process_of(root).serve(),
        pytest.raises(ValueError, match="one of an earlier version"),
    ):
        task.start(root, MODULE, root / "b", "measuring 'b'")
    task.start(root, MODULE, root / "b", "measuring 'b'")
    assert len(launched) == 1


def test_a_second_process_leaves_the_job_alone(root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(supervisor, "LOCK_SECONDS", 0.1)
    job = write(root, step=1)
    with task.process_of(root).serve():
        task.run(root, steps())
        assert task.current(root) == job
