"""Starting the dashboard from the command line."""

from __future__ import annotations

import os
import socket
import subprocess
import sys

from gandash.storage.paths import shipped_root


def app(host: str = "localhost", port: int = 8501) -> None:
    """Start the dashboard; its last line is the address to open. Ctrl-C ends it.

    Args:
        host: Address to listen on; 0.0.0.0 for all, so that others can open it too.
        port: Port to listen on.
    """
    if not 1 <= port <= 65535:
        raise ValueError(f"port must be 1 to 65535, not {port}: choose another")
    if _is_taken(host, port):
        raise ValueError(
            f"port {port} is in use: choose another one with --port NUMBER (make app PORT=NUMBER)"
        )
    command = [sys.executable, "-m", "streamlit", "run", str(shipped_root() / "streamlit_app.py")]
    command += ["--server.address", host, "--server.port", str(port), "--server.headless", "true"]
    if os.name == "posix":
        os.execv(command[0], command)  # noqa: S606 - this process becomes the server
    if status := subprocess.call(command):
        raise ValueError(f"the server ended with status {status}: see what it said above")


def _is_taken(host: str, port: int) -> bool:
    """Whether something listens there already."""
    address = "127.0.0.1" if host in ("0.0.0.0", "localhost") else host  # noqa: S104 - asked for
    with socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET) as probe:
        probe.settimeout(1)
        return probe.connect_ex((address, port)) == 0
