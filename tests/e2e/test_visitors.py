"""The benchmark of the server, shortened: two visitors for a few seconds, over three tiny arms."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

from gandash import runs
from gandash.config import LossConfig
from gandash.runs import execution
from gandash.storage.paths import PROJECT
from tests.conftest import ConfigFactory
from tests.e2e.conftest import ARMS


@pytest.mark.timeout(900)
def test_two_visitors_meet_no_error(tmp_path: Path, tiny_config: ConfigFactory) -> None:
    """Every page is opened and changed once while it warms up; then two visitors come."""
    for name, (alpha, beta) in ARMS.items():
        config = tiny_config(loss=LossConfig(alpha=alpha, beta=beta))
        list(execution.execute(runs.create(tmp_path / "pretrained", config, name)))
    command = [sys.executable, "benchmarks/server.py", "--visitors", "2", "--seconds", "6"]
    ended = subprocess.run(
        [*command, "--json"],
        cwd=PROJECT,
        env={**os.environ, "GANDASH_PRETRAINED": str(tmp_path / "pretrained")},
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 0, ended.stderr
    (row,) = json.loads(ended.stdout)["rows"]
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
