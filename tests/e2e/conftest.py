"""A real server and a real Chromium for the browser tests."""

from __future__ import annotations

import os
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from playwright.sync_api import Browser, Page, Route, expect

from gandash import runs
from gandash.config import Config, LossConfig
from gandash.runs import execution
from gandash.storage.paths import PROJECT
from tests.ports import free_port

ARMS = {"plain": (0.0, 0.0), "one-sided": (0.1, 0.0), "two-sided": (0.1, 0.1)}
START_SECONDS = 600  # as long as it lives: on a busy machine importing alone takes minutes
WAIT_MS = 90_000
expect.set_options(timeout=WAIT_MS)


@pytest.fixture(scope="session")
def site(
    tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., Config]
) -> Iterator[str]:
    """The address of a server over three tiny arms and an empty folder of runs."""
    folder = tmp_path_factory.mktemp("site")
    for name, (alpha, beta) in ARMS.items():
        config = tiny_config(loss=LossConfig(alpha=alpha, beta=beta))
        list(execution.execute(runs.create(folder / "pretrained", config, name)))
    with serve(folder / "pretrained", folder / "runs") as url:
        yield url


class serve:  # noqa: N801 - used as a function
    """Run the real app on a free port, below a path if there is one, until left.

    Its workers end with it.
    """

    def __init__(self, pretrained: Path, runs_root: Path, base: str = "") -> None:
        self.base = base
        self.environment = {
            **os.environ,
            "GANDASH_PRETRAINED": str(pretrained),
            "GANDASH_RUNS": str(runs_root),
        }
        self.runs_root = runs_root

    def __enter__(self) -> str:
        port = free_port()
        command = [
            sys.executable,
            "-m",
            "streamlit",
            "run",
            "streamlit_app.py",
            "--server.headless",
            "true",
        ]
        command += ["--server.port", str(port), "--server.address", "127.0.0.1"]
        command += ["--server.baseUrlPath", self.base]
        self.process = subprocess.Popen(command, cwd=PROJECT, env=self.environment)
        url = f"http://127.0.0.1:{port}/{self.base}".rstrip("/")
        self.wait(f"{url}/_stcore/health")
        return url

    def wait(self, url: str) -> None:
        deadline = time.monotonic() + START_SECONDS
        while self.process.poll() is None and time.monotonic() < deadline:
            try:
                with urllib.request.urlopen(url, timeout=5) as answer:
                    if answer.read() == b"ok":
                        return
            except OSError:
                time.sleep(0.3)
        self.process.kill()
        pytest.fail(f"The server ended, or did not answer within {START_SECONDS} s")

    def __exit__(self, *_: object) -> None:
        for run in runs.find(self.runs_root):
            run.request_stop()
        self.process.terminate()
        try:
            self.process.wait(60)
        except subprocess.TimeoutExpired:
            self.process.kill()


@pytest.fixture
def page(browser: Browser, request: pytest.FixtureRequest) -> Iterator[Page]:
    """A fresh visitor at 1440 pixels, who reaches nothing but the server under test."""
    opened = visit(browser, **getattr(request, "param", {}))
    yield opened
    opened.context.close()


def visit(browser: Browser, **options: Any) -> Page:
    """A visitor of their own, who waits as long as a busy machine needs."""
    context = browser.new_context(**{"viewport": {"width": 1440, "height": 1000}, **options})
    context.set_default_timeout(WAIT_MS)
    context.route("**/*", only_local)
    return context.new_page()


def only_local(route: Route) -> None:
    if is_local(route.request.url):
        route.continue_()
    else:
        route.abort()


def is_local(url: str) -> bool:
    """Whether a request stays on this machine."""
    here = tuple(f"{scheme}://127.0.0.1" for scheme in ("http", "https", "ws", "wss"))
    return url.startswith((*here, "data:", "blob:"))
