"""What befell a run is kept beside its metrics; no other line is taken for it."""

from __future__ import annotations

from pathlib import Path

import pytest

from gandash import runs
from gandash.runs import Event, events, execution, read_events
from tests.conftest import ConfigFactory
from tests.runs.test_execution import finish, train_to

pytestmark = pytest.mark.usefixtures("plain_arithmetic")


def test_a_run_keeps_where_it_was_resumed_prolonged_and_broke(
    runs_root: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = runs.create(runs_root, tiny_config(steps=6), "mine")
    train_to(run, 4)
    assert read_events(run.folder) == []
    finish(run)
    assert read_events(run.folder) == [Event(4, "resumed")]
    runs.extend(run, 2)

    def broken(*_: object) -> None:
        raise RuntimeError("broken")

    monkeypatch.setattr(execution, "append_metrics", broken)
    with pytest.raises(RuntimeError, match="broken"):
        finish(run)
    ends = [Event(6, "prolonged"), Event(6, "resumed"), Event(6, "broke")]
    assert read_events(run.folder)[1:] == ends


def test_lines_that_say_nothing_are_passed_over(tmp_path: Path) -> None:
    assert read_events(tmp_path) == []
    events.note(tmp_path, 7, "resumed")
    events.note(tmp_path, 7, "resumed")
    with (tmp_path / events.EVENTS).open("ab") as file:
        file.write(b"\xff\xfe,\n,\n5,gone\n-3,broke\n9,broke\n\xc2\xb2,broke\n12,bro")
    assert read_events(tmp_path) == [Event(7, "resumed"), Event(9, "broke")]
