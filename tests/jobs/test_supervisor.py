"""Processes beside the server: launched once, known to live, given up, at the lowest priority."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from gandash import startup
from gandash.jobs import supervisor
from gandash.jobs.supervisor import Supervisor
from gandash.storage.paths import PROJECT
from tests.waiting import wait_for, wait_for_end

IDLE = "tests.jobs.idle_process"


@pytest.fixture
def process(tmp_path: Path) -> Iterator[Supervisor]:
    """A process that has not been launched yet, and does not outlive the test."""
    made = Supervisor(tmp_path, "test")
    yield made
    end(made)


def end(process: Supervisor) -> None:
    if process.child is not None:
        process.child.kill()
        process.child.wait()


def test_a_process_has_time_to_begin_and_then_is_known_by_its_lock(process: Supervisor) -> None:
    assert not process.is_there()
    process.launch(IDLE)
    assert process.is_there()
    assert not process.serves()
    with process.serve() as lock:  # as the process would, from here
        assert lock is not None
        process.mark_begun()
        assert process.serves()
        assert process.is_there()
        with Supervisor(process.root, process.name).serve() as second:
            assert second is None
        lock.release()
        assert not process.is_there()


def test_a_process_that_is_killed_while_it_serves_is_gone_at_once(process: Supervisor) -> None:
    process.launch(IDLE)
    with process.serve():
        process.mark_begun()
    end(process)
    assert not process.is_there()
    assert not process.has_failed()


def test_a_launch_that_comes_to_nothing_is_known_and_forgotten_in_time(
    process: Supervisor,
) -> None:
    process.launch("no.such.module")
    wait_for_end(process)
    assert process.has_failed()
    assert (
        "no.such.module" in process.log.read_text() or "No module named" in process.log.read_text()
    )
    marker = process.root / ".test.launch"
    old = marker.stat().st_mtime - supervisor.LAUNCH_SECONDS - 1
    os.utime(marker, (old, old))
    assert not process.has_failed()
    assert not process.is_there()


def test_a_launch_by_another_server_counts_for_a_while(process: Supervisor) -> None:
    marker = process.root / ".test.launch"
    marker.touch()
    assert process.is_there()
    old = marker.stat().st_mtime - supervisor.LAUNCH_SECONDS - 1
    os.utime(marker, (old, old))
    assert not process.is_there()


def test_a_stop_is_for_the_process_that_was_meant(process: Supervisor) -> None:
    process.request_stop()
    assert process.stop_requested
    process.launch(IDLE)
    assert not process.stop_requested


def test_a_long_log_is_begun_afresh(process: Supervisor) -> None:
    process.log.write_bytes(b"x" * (supervisor.MAX_LOG_BYTES + 1))
    process.launch(IDLE)
    assert process.log.stat().st_size < supervisor.MAX_LOG_BYTES


def test_a_process_has_its_settings_a_session_and_nothing_of_the_terminal(
    process: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    (process.root / "told.py").write_text(
        "import os, sys\n"
        "names = ('GLIBC_TUNABLES', 'OMP_WAIT_POLICY')\n"
        "print(sys.argv[1:], [os.environ[name] for name in names], os.getsid(0) == os.getpid())"
    )
    monkeypatch.setenv("PYTHONPATH", f"{process.root}{os.pathsep}{PROJECT}")
    for name in startup.ENVIRONMENT:
        monkeypatch.delenv(name, raising=False)
    process.launch("told", "an argument")
    wait_for_end(process)
    settings = list(startup.ENVIRONMENT.values())
    expected = f"{[str(process.root), 'an argument']} {settings} True"
    assert process.log.read_text().strip() == expected


@pytest.mark.skipif(sys.platform != "linux", reason="only Linux has this priority")
def test_a_process_gives_way_to_all_others(
    process: Supervisor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Seen from outside and then ended: nobody waits for what an idle priority leaves over."""
    (process.root / "gives_way.py").write_text(
        "import sys, time\n"
        "from pathlib import Path\n"
        "from gandash.jobs.supervisor import Supervisor\n"
        "with Supervisor(Path(sys.argv[1]), 'test').serve():\n"
        "    time.sleep(600)\n"
    )
    monkeypatch.setenv("PYTHONPATH", f"{process.root}{os.pathsep}{PROJECT}")
    for priority in ("normal", ""):
        monkeypatch.setenv(supervisor.PRIORITY, priority)
        process.launch("gives_way")
        child = process.child
        assert child is not None
        wait_for(process.serves, process)
        if priority == "normal":
            assert os.sched_getscheduler(child.pid) == os.SCHED_OTHER
        else:
            pid = child.pid
            wait_for(lambda: os.sched_getscheduler(pid) == os.SCHED_IDLE, process)  # noqa: B023
        end(process)
