"""Processes beside the web server: launched, known to live, given up, stopped, with a log.

For a folder of runs there is one of each name at a time: a worker of the queue for every slot, and
a single job. Each runs in a session of its own, at the lowest priority, and holds a lock that the
system releases whatever it dies of.
"""

from __future__ import annotations

import os
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path

from filelock import FileLock, Timeout

from gandash import startup
from gandash.storage.files import write_whole
from gandash.storage.locks import is_held
from gandash.storage.paths import PROJECT

LAUNCH_SECONDS = 60.0  # one that has not begun its work by then is given up
LOCK_SECONDS = 5.0  # a look at the lock takes it for an instant
MAX_LOG_BYTES = 1_000_000
PRIORITY = "GANDASH_PRIORITY"  # "normal" leaves processes the priority that they were launched with
_children: dict[tuple[Path, str], subprocess.Popen[bytes]] = {}


@dataclass(frozen=True)
class Supervisor:
    """Looks after the process ``name`` of a folder of runs, from the server or from within it."""

    root: Path
    name: str

    def launch(self, module: str, *arguments: str, **variables: str) -> None:
        """Run a module for this folder, in a session of its own: it outlives the server.

        ``variables`` are set in its environment.
        """
        self._trim_log()
        self.clear_stop()
        self._launched.touch()
        with self.log.open("ab") as stream:
            _children[self._key] = subprocess.Popen(
                [sys.executable, "-m", module, str(self.root.resolve()), *arguments],
                stdin=subprocess.DEVNULL,
                stdout=stream,
                stderr=stream,
                env=environment() | variables,
                start_new_session=True,
            )

    @property
    def child(self) -> subprocess.Popen[bytes] | None:
        """The process that this one launched last; None if another server launched it."""
        return _children.get(self._key)

    def serves(self) -> bool:
        """Whether the process lives and has begun."""
        return is_held(self._lock)

    def is_there(self) -> bool:
        """Whether the process serves, or was launched a moment ago and is still importing."""
        return self.serves() or self._is_importing() or self.serves()

    def has_failed(self) -> bool:
        """Whether the last launch, not long ago, came to nothing: another would do no better."""
        return self._launched_lately() and not self.is_there()

    @contextmanager
    def serve(self) -> Iterator[FileLock | None]:
        """Be the process: yields its lock, to be released early if need be; None if one serves."""
        lock = FileLock(self._lock)
        try:
            lock.acquire(timeout=LOCK_SECONDS)
        except Timeout:
            yield None
            return
        try:
            give_way()
            yield lock
        finally:
            lock.release()

    def mark_begun(self) -> None:
        """The process has come to its work: the launch has succeeded."""
        self._launched.unlink(missing_ok=True)

    def forget_launch(self) -> None:
        """Whatever was launched before counts no longer, unless it serves."""
        self._launched.unlink(missing_ok=True)
        _children.pop(self._key, None)

    def request_stop(self) -> None:
        """Ask the process to end where it can."""
        write_whole(self._stop, b"")

    @property
    def stop_requested(self) -> bool:
        return self._stop.exists()

    def clear_stop(self) -> None:
        self._stop.unlink(missing_ok=True)

    @property
    def log(self) -> Path:
        """What the process writes on its way."""
        return self.root / f".{self.name}.log"

    def _is_importing(self) -> bool:
        child = self.child
        return self._launched_lately() and (child is None or child.poll() is None)

    def _launched_lately(self) -> bool:
        try:
            age = time.time() - self._launched.stat().st_mtime
        except FileNotFoundError:
            return False
        return 0 <= age < LAUNCH_SECONDS

    def _trim_log(self) -> None:
        """Start the log afresh once it is long; whoever writes to it appends."""
        if self.log.exists() and self.log.stat().st_size > MAX_LOG_BYTES:
            os.truncate(self.log, 0)

    @property
    def _key(self) -> tuple[Path, str]:
        return self.root.resolve(), self.name

    @property
    def _lock(self) -> Path:
        return self.root / f".{self.name}.lock"

    @property
    def _launched(self) -> Path:
        return self.root / f".{self.name}.launch"

    @property
    def _stop(self) -> Path:
        return self.root / f".{self.name}.stop"


def environment() -> dict[str, str]:
    """What a process beside the server finds in its environment."""
    path = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
    return {**startup.ENVIRONMENT, **os.environ, "PYTHONPATH": path}


def give_way() -> None:
    """Take only the time that nobody else wants: page views stay as quick as without this process.

    ``GANDASH_PRIORITY=normal`` leaves it as it is, for a machine whose other work never ends.
    """
    if os.environ.get(PRIORITY) == "normal":
        return
    if sys.platform == "linux":
        with suppress(OSError):  # a sandbox may refuse
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
            return
    if sys.platform != "win32":
        os.nice(10)
