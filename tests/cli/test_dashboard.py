"""``gandash app``: what it starts, and what it refuses. Its server is tested from the wheel."""

from __future__ import annotations

import os
import socket
import subprocess
from pathlib import Path

import pytest

from gandash.cli import main
from tests.ports import free_port


@pytest.fixture
def started(monkeypatch: pytest.MonkeyPatch) -> list[list[str]]:
    """The commands that would have become the server."""
    commands: list[list[str]] = []

    def become(_program: str, command: list[str]) -> None:
        commands.append(command)
        raise SystemExit(0)  # as far as this process is concerned

    monkeypatch.setattr(os, "execv", become)
    return commands


@pytest.mark.skipif(os.name != "posix", reason="the process becomes the server there alone")
def test_the_dashboard_listens_on_this_machine_unless_told_otherwise(
    started: list[list[str]],
) -> None:
    port = free_port()
    for flags, host in (([], "localhost"), (["--host", "0.0.0.0"], "0.0.0.0")):
        with pytest.raises(SystemExit):
            main.main(["app", "--port", str(port), *flags])
        command = started[-1]
        assert command[command.index("--server.address") + 1] == host
        assert command[command.index("--server.port") + 1] == str(port)
        entry = Path(command[command.index("run") + 1])
        assert "st.App(" in entry.read_text()


@pytest.mark.parametrize("port", ["0", "65536", "-1"])
def test_a_port_that_is_none_is_one_sentence(
    port: str, started: list[list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    assert main.main(["app", "--port", port]) == 2
    assert f"port must be 1 to 65535, not {port}: choose another" in capfd.readouterr().err
    assert not started


def test_a_port_in_use_is_one_sentence(
    started: list[list[str]], capfd: pytest.CaptureFixture[str]
) -> None:
    with socket.socket() as server:
        server.bind(("127.0.0.1", 0))
        server.listen()
        port = server.getsockname()[1]
        assert main.main(["app", "--port", str(port)]) == 2
    said = capfd.readouterr().err
    assert said.count("\n") == 1
    assert f"port {port} is in use: choose another one with --port NUMBER" in said
    assert not started


def test_elsewhere_the_server_is_a_process_of_its_own(
    monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(os, "name", "nt")
    monkeypatch.setattr(subprocess, "call", lambda _command: 3)
    assert main.main(["app", "--port", str(free_port())]) == 2
    assert "the server ended with status 3: see what it said above" in capfd.readouterr().err
