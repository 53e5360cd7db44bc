"""The table of runs: what it says, and what can be done with ticked rows."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from gandash import runs
from gandash.app.parts import run_table
from gandash.app.parts.config_form import FIELDS
from gandash.checkpoints import load_card
from gandash.config import sweeps
from gandash.jobs import control, groups, queue
from gandash.runs import Run, execution
from tests.app.test_pages import assert_fine
from tests.app.visiting import visit
from tests.conftest import ConfigFactory


@pytest.fixture
def two(runs_root: Path, tiny_config: ConfigFactory) -> tuple[Run, Run]:
    """A finished run and a failed one."""
    finished = runs.create(runs_root, tiny_config(), "finished")
    list(execution.execute(finished))
    failed = runs.create(runs_root, tiny_config(seed=7), "broken")
    failed.update(phase="failed", message="Out of luck.")
    return finished, failed


def test_a_row_says_what_a_run_is_and_how_it_stands(two: tuple[Run, Run]) -> None:
    finished, failed = (run_table.row(run, run.status()) for run in two)
    assert finished["Run"] == "finished"
    assert finished["Phase"] == "finished"
    assert finished["Done"] == 1.0
    assert finished["Time left"] == ""
    assert failed["Done"] == 0.0
    assert failed["Trains with"].startswith("Non-saturating")


def test_the_best_distance_is_the_least_that_was_measured(two: tuple[Run, Run]) -> None:
    run, _ = two
    table = runs.read_metrics(run.folder).assign(frechet=[9.0, None, 7.5])
    table.to_csv(run.folder / runs.METRICS, index=False)
    assert run_table.row(run, run.status())["Best Fréchet distance"] == 7.5


def test_a_run_that_cannot_be_read_has_its_row(two: tuple[Run, Run]) -> None:
    _, failed = two
    (failed.folder / "config.json").write_text("{")
    assert run_table.row(failed, failed.status())["Trains with"] == ""


def test_time_left_is_that_of_the_images_left(two: tuple[Run, Run]) -> None:
    run, _ = two
    config = run.config()
    status = run.status().model_copy(
        update={"phase": "running", "step": 2, "total": 6, "images_per_second": 1.0}
    )
    assert run_table.time_left(status, config) == f"{4 * config.batch_size} s"
    assert (
        run_table.time_left(run.status().model_copy(update={"images_per_second": 0}), config) == ""
    )
    assert run_table.row(run, run.status())["Time left"] == "", "it has ended"


def test_the_page_has_the_table_where_there_are_several(two: tuple[Run, Run]) -> None:
    app = visit("train")
    assert_fine(app, "train")
    (table,) = app.dataframe
    assert isinstance(table.value, pd.DataFrame)
    assert sorted(table.value["Run"]) == ["broken", "finished"]


def test_renaming_takes_the_card_along(two: tuple[Run, Run]) -> None:
    run, failed = two
    renamed = control.rename(run, "digits-of-mine")
    assert not run.folder.exists()
    assert load_card(renamed.folder).name == "digits-of-mine"
    assert load_card(renamed.folder).title == "digits-of-mine"
    with pytest.raises(ValueError, match="digits-of-mine"):
        control.rename(failed, "digits-of-mine")
    with pytest.raises(ValueError, match="1 to 63 of a-z"):
        control.rename(failed, "../up")
    failed.update(phase="running")
    with pytest.raises(ValueError, match="must not be renamed while it waits or runs"):
        control.rename(failed, "other")
    assert failed.folder.is_dir()


def test_a_finished_run_resumes_its_life_under_its_new_name(two: tuple[Run, Run]) -> None:
    run, _ = two
    renamed = control.rename(run, "longer")
    runs.extend(renamed, 1)
    list(execution.execute(renamed))
    assert renamed.status().phase == "finished"
    assert load_card(renamed.folder).name == "longer"


def vary(app: AppTest, values: str) -> AppTest:
    """The form with several values of alpha."""
    title = FIELDS["loss.alpha"].title
    app.selectbox(key="train_vary").set_value(title).run()
    return app.text_input(key="train_values").set_value(values).run()


def test_a_form_with_values_and_seeds_starts_a_group(
    runs_root: Path, pretrained_root: Path
) -> None:
    with queue.worker_of(runs_root).serve():  # so that none is launched
        app = vary(visit("train"), "0, 0.1")
        app.number_input(key="train_seeds").set_value(2).run()
        app.text_input(key="train_name").set_value("smooth").run()
        start = app.button(key="train_start")
        assert start.label == "Start 4 runs"
        start.click().run()
        assert_fine(app, "train")
    assert [run.name for run in queue.waiting(runs_root)] == [
        f"smooth-{alpha}-s{seed}" for alpha in ("0", "0-1") for seed in (0, 1)
    ]
    assert [run.config().loss.alpha for run in queue.waiting(runs_root)] == [0.0, 0.0, 0.1, 0.1]


def test_values_that_cannot_be_are_refused_in_the_form(
    runs_root: Path, pretrained_root: Path
) -> None:
    app = vary(visit("train"), "0, 2")
    assert_fine(app, "train")
    assert "alpha" in app.error[0].value
    assert app.button(key="train_start").disabled


def test_ticked_runs_are_removed_and_a_group_is_stopped(
    runs_root: Path, tiny_config: ConfigFactory
) -> None:
    members = sweeps.members("g", {"seed": [0, 1]}, tiny_config())
    with queue.worker_of(runs_root).serve():
        made = groups.submit(runs_root, "g", members)
        app = AppTest.from_function(_group_of, kwargs={"name": "g"}).run()
        app.button(key="train_stop_g").click().run()
    assert [run.status().phase for run in made] == ["stopped", "stopped"]
    app = AppTest.from_function(_removal, kwargs={"names": [run.name for run in made]}).run()
    app.button(key="train_remove_ticked").click().run()
    assert not app.exception
    assert runs.find(runs_root) == []


def _group_of(name: str) -> None:
    from gandash.app.parts import run_table
    from gandash.jobs import groups
    from gandash.storage.paths import runs_root

    run_table.group(name, groups.of(runs_root(), name))


def _removal(names: list[str]) -> None:
    from gandash import runs
    from gandash.app.parts import run_table
    from gandash.storage.paths import runs_root

    found = [run for run in runs.find(runs_root()) if run.name in names]
    if found:
        run_table.removal([(run, run.status()) for run in found])


def test_a_running_run_is_paused_moved_on_and_let_go_in_its_panel(
    runs_root: Path, pretrained_root: Path, tiny_config: ConfigFactory
) -> None:
    run = runs.create(runs_root, tiny_config(), "run", 1)
    run.update(phase="running", total=100)
    with queue.worker_of(runs_root).serve():
        app = visit("train")
        app.button(key="train_pause").click().run()
        assert run.pause_requested
        for by in ("row", "step", "D", "G"):
            app.button(key=f"train_advance_{by}").click().run()
            assert run.take_advance() == by
        app.number_input(key="train_grids_every_run").set_value(7).run()
        app.button(key="train_grids_set").click().run()
        assert run.grids_every == 7
        app.button(key="train_unpause").click().run()
        assert_fine(app, "train")
    assert not run.pause_requested
