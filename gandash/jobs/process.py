"""Processes beside the web server: in a session of their own, at the lowest priority."""

from __future__ import annotations

import os
import subprocess
import sys
from contextlib import suppress
from pathlib import Path

from gandash import malloc
from gandash.storage.paths import PROJECT


def launch(module: str, output: Path, *arguments: str) -> subprocess.Popen[bytes]:
    """Run a module in a session of its own, so that it outlives the server and its terminal."""
    path = os.pathsep.join(filter(None, [str(PROJECT), os.environ.get("PYTHONPATH")]))
    # Threads that spin while they wait for each other burn the little time that others leave: 4
    # times slower.
    environment = {
        "OMP_WAIT_POLICY": "PASSIVE",
        **malloc.ENVIRONMENT,
        **os.environ,
        "PYTHONPATH": path,
    }
    with output.open("ab") as stream:
        return subprocess.Popen(
            [sys.executable, "-m", module, *arguments],
            stdin=subprocess.DEVNULL,
            stdout=stream,
            stderr=stream,
            env=environment,
            start_new_session=True,
        )


def give_way() -> None:
    """Take only the time that nobody else wants.

    Page views stay as quick as without this process.
    """
    if sys.platform == "linux":
        with suppress(OSError):  # a sandbox may refuse
            os.sched_setscheduler(0, os.SCHED_IDLE, os.sched_param(0))
            return
    if sys.platform != "win32":
        os.nice(10)
