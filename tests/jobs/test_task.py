"""One job at a time beside the server.

Who may start one, what is known of it, and what it ends in.
"""

from __future__ import annotations

import subprocess
import sys
import threading
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from filelock import FileLock

from gandash import records
from gandash.evaluation.progress import Progress
from gandash.jobs import process, task
from gandash.jobs.task import Job


@pytest.fixture
def launched(monkeypatch: pytest.MonkeyPatch) -> list[tuple[str, ...]]:
    """What would have been started; nothing is."""
    found: list[tuple[str, ...]] = []

    def launch(module: str, _output: Path, *arguments: str) -> subprocess.Popen[bytes]:
        found.append((module, *arguments))
        return subprocess.Popen(
            [sys.executable, "-c", "import sys; sys.stdin.read()"], stdin=subprocess.PIPE
        )

    monkeypatch.setattr("gandash.jobs.task.launch", launch)
    monkeypatch.setattr(process, "give_way", lambda: None)
    return found


@pytest.fixture
def root(tmp_path: Path) -> Iterator[Path]:
    yield tmp_path
    if tmp_path.resolve() in task._started:
        end_child(tmp_path)
        del task._started[tmp_path.resolve()]


def end_child(root: Path) -> None:
    child = task._started[root.resolve()]
    assert child.stdin is not None
    child.stdin.close()
    child.wait(60)


def write(root: Path, **changes: object) -> Job:
    job = Job(
        module="measuring", folder=str(root / "a"), what="measuring 'a'", started=records.now()
    )
    job = job.model_copy(update=changes)
    task._write(root, job)
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
            task.start(root, "measuring", root / name, f"measuring {name!r}")
        except ValueError as error:
            answers.append(str(error))

    clicks = [threading.Thread(target=click, args=(name,)) for name in "abcd"]
    for thread in clicks:
        thread.start()
    for thread in clicks:
        thread.join()
    ((module, where, folder),) = launched
    assert (module, where) == ("gandash.measuring", str(root))
    assert len(answers) == 3
    name = Path(folder).name
    assert set(answers) == {
        f"One job runs beside the server at a time, and it is measuring {name!r}: try again when "
        "that is done"
    }
    job = task.current(root)
    assert job is not None
    assert job.concerns("measuring", root / name)
    assert not job.concerns("measuring", root / "other")
    assert not job.concerns("other", root / name)
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
    task.start(root, "measuring", root / "b", "measuring 'b'")
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
    task.start(root, "measuring", root / "b", "measuring 'b'")
    job = task.current(root)
    assert job is not None
    assert job.problem == ""


def test_a_killed_process_is_noticed_and_another_may_start(
    root: Path, launched: list[tuple[str, ...]]
) -> None:
    write(root, step=3, steps=5)
    with FileLock(root / task.LOCK):
        job = task.current(root)
        assert job is not None
        assert not job.problem
    job = task.current(root)
    assert job is not None
    assert job.problem.startswith("The process for measuring 'a' was cut off")
    task.start(root, "measuring", root / "b", "measuring 'b'")
    assert len(launched) == 1


def test_a_process_has_time_to_start_unless_it_is_known_to_have_ended(
    root: Path, launched: list[tuple[str, ...]]
) -> None:
    job = write(root)
    assert task.current(root) == job
    write(root, started=job.started - timedelta(seconds=task.START_SECONDS + 1))
    late = task.current(root)
    assert late is not None
    assert late.problem
    task.start(root, "measuring", root / "b", "measuring 'b'")
    end_child(root)
    ended = task.current(root)
    assert ended is not None
    assert ended.problem


@pytest.mark.parametrize("content", ["", "{", '{"module": 3}'])
def test_a_file_that_nobody_can_read_says_nothing(root: Path, content: str) -> None:
    (root / task.JOB).write_text(content)
    assert task.current(root) is None


def test_a_second_process_leaves_the_job_alone(
    root: Path, launched: list[tuple[str, ...]], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(task, "LOCK_SECONDS", 0.1)
    job = write(root, step=1)
    with FileLock(root / task.LOCK):
        task.run(root, steps())
        assert task.current(root) == job
