"""The server starts whatever checkpoint it warms up with."""

from __future__ import annotations

import gc
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from gandash import runs
from gandash.app import cached, server
from gandash.checkpoints import weights
from gandash.runs import execution
from gandash.storage.paths import PROJECT
from tests.conftest import ConfigFactory

pytestmark = pytest.mark.usefixtures("plain_arithmetic")


@pytest.fixture(autouse=True)
def as_before(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setattr(cached, "use_all_cores", lambda: None)
    yield
    gc.unfreeze()


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"labels": {"conditioning": "concat"}},
        {"labels": {"conditioning": "concat", "g_labels": "batch-norm"}},
    ],
    ids=["plain", "labels appended", "labels in norms"],
)
def test_it_warms_up_with_any_generator(
    settings: dict[str, Any], runs_root: Path, pretrained_root: Path, tiny_config: ConfigFactory
) -> None:
    assert not runs_root.exists()
    list(execution.execute(runs.create(pretrained_root, tiny_config(**settings), "first")))
    server.warm_up()
    assert gc.get_freeze_count() > 0


def test_damaged_weights_do_not_keep_it_from_starting(
    runs_root: Path, pretrained_root: Path, tiny_config: ConfigFactory
) -> None:
    run = runs.create(pretrained_root, tiny_config(), "first")
    list(execution.execute(run))
    (run.folder / weights.GENERATOR).write_bytes(b"nonsense")
    server.warm_up()
    assert gc.get_freeze_count() > 0
    assert list(runs_root.glob("*")) == []


def test_without_checkpoints_it_starts_too(runs_root: Path, pretrained_root: Path) -> None:
    server.warm_up()
    assert gc.get_freeze_count() > 0
    assert not any(root.exists() and list(root.iterdir()) for root in (runs_root, pretrained_root))


def test_what_is_cached_is_imported_once_the_server_has_its_runtime() -> None:
    """Earlier, Streamlit warns of each function that is cached: a newcomer's first lines."""
    code = "import sys, streamlit_app; sys.exit('gandash.app.cached' in sys.modules)"
    assert subprocess.run([sys.executable, "-c", code], cwd=PROJECT, check=False).returncode == 0
