"""The benchmarks of the server and of its pages, shortened, over three tiny arms."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gandash import runs
from gandash.config import LossConfig
from gandash.runs import execution
from gandash.storage.paths import PROJECT
from tests.conftest import ConfigFactory
from tests.e2e.conftest import ARMS

Measure = Callable[..., list[dict[str, Any]]]


@pytest.fixture
def measured(tmp_path: Path, tiny_config: ConfigFactory) -> Measure:
    """A benchmark's rows, of its name and what it is called with."""
    for name, (alpha, beta) in ARMS.items():
        config = tiny_config(loss=LossConfig(alpha=alpha, beta=beta))
        list(execution.execute(runs.create(tmp_path / "pretrained", config, name)))

    def measure(name: str, *arguments: str) -> list[dict[str, Any]]:
        ended = subprocess.run(
            [sys.executable, f"benchmarks/{name}.py", *arguments, "--json"],
            cwd=PROJECT,
            env={**os.environ, "GANDASH_PRETRAINED": str(tmp_path / "pretrained")},
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, ended.stderr
        rows: list[dict[str, Any]] = json.loads(ended.stdout)["rows"]
        return rows

    return measure


@pytest.mark.timeout(900)
def test_two_visitors_meet_no_error(measured: Measure) -> None:
    """Every page is opened and changed once while it warms up; then two visitors come."""
    (row,) = measured("server", "--visitors", "2", "--seconds", "6")
    assert not row["errors"], row["error_texts"]
    assert row["first_load"]["count"] == row["visitors"] == 2
    for asked in (row["first_load"], row["interactions"]):
        assert 0 < asked["p50_ms"] <= asked["p95_ms"] <= asked["p99_ms"] <= asked["worst_ms"]
        assert asked["messages"] > 3
    seconds = row["seconds"]
    assert 0 < row["processor_cores"] * seconds <= (os.cpu_count() or 1) * seconds
    memory = row["rss_mb"]
    assert 50 < memory["start"] <= memory["peak"]
    assert memory["end"] <= memory["peak"]


@pytest.mark.timeout(900)
def test_pages_are_opened_with_the_runs_that_are_named(measured: Measure) -> None:
    pages = ("learn?2", "curves")
    rows = measured("pages", "--openings", "2", "--pages", *pages, "--runs", *ARMS)
    assert tuple(row["page"] for row in rows) == pages
    for row in rows:
        assert row["count"] == 2
        assert not row["errors"]
        assert 0 < row["p50_ms"] <= row["p95_ms"]
    lesson, curves = rows
    assert curves["messages"] > lesson["messages"]
