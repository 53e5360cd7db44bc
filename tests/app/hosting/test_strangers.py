"""A public server: visitors change what is theirs, and nothing that they send breaks a page."""

from __future__ import annotations

import time
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import numpy as np
import pytest
from streamlit.testing.v1 import AppTest

from gandash import playground, runs
from gandash.app import recordings
from gandash.app.hosting import permissions, visitors
from gandash.app.parts import run_panel, run_table
from gandash.checkpoints import Checkpoint, load_card
from gandash.config import Config
from gandash.jobs import control
from gandash.runs import Run, execution
from tests.app.visiting import visit
from tests.conftest import ConfigFactory

VIEWS = (
    "gallery", "latent", "compare", "curves", "smoothing", "playground", "learn",
    "train",
)  # fmt: skip
NASTY = (
    "", " ", "-1", "0", "1e309", "nan", "inf", "-inf", "9" * 40, "1.5", "true", "null", "None",
    "../../etc/passwd", "..\\..\\x", "/etc/passwd", "%00", "a\x00b", "\u202egnp", "💥" * 50,
    "<script>alert(1)</script>", "<img src=x onerror=alert(1)>", "[x](javascript:alert(1))",
    "${7*7}", "{{7*7}}", "%s%n", "';DROP TABLE runs;--", "x" * 5000, "mnist-dcgan/../x", "§±",
    "file:///etc/hosts", "http://169.254.169.254/", "\r\nX-A: b", "0x10", "１２", "plain", "+1",
)  # fmt: skip
KEYS = (
    "gallery_nearest", "gallery_open", "gallery_sample", "gallery_sort", "gallery_frame",
    "latent_a", "latent_checkpoint", "latent_view", "curves_runs", "curves_x", "curves_frame",
    "curves_smoothing", "curves_log", "smoothing_seed", "smoothing_arms", "smoothing_alpha",
    "play_a", "play_b", "play.a.loss.objective", "play.b.network.latent_dim", "lesson",
    "lesson_1_said", "lesson_3_answer", "lesson_3_rate", "train.data.dataset", "train.data.limit",
    "train.network.g_width", "train.seed", "train_preset", "train_run", "train_name", "unknown",
    "compare_seed", "compare_count", "compare_checkpoints", "smoothing_data", "smoothing_fakes",
    "smoothing_x", "smoothing_targets", "smoothing_seeds", "smoothing_length", "curves_baseline",
)  # fmt: skip


@pytest.fixture(autouse=True)
def public(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    monkeypatch.setenv("GANDASH_PUBLIC", "1")
    monkeypatch.setenv("GANDASH_TRAINING", "limited")
    monkeypatch.setenv("GANDASH_BANNER", "A class's <b>server</b>")
    permissions.limits.cache_clear()
    yield
    permissions.limits.cache_clear()


def finished(root: Path, tiny_config: ConfigFactory, name: str) -> Run:
    """A run that looks finished, of nobody."""
    run = runs.create(root, tiny_config(), name)
    run.update(phase="finished", step=6, total=6)
    return run


def said(app: AppTest) -> str:
    return " ".join(str(element.proto) for element in [*app.main, *app.toast])


@pytest.mark.parametrize("view", VIEWS)
@pytest.mark.parametrize("round_", range(2))
def test_nothing_in_a_link_breaks_a_page(view: str, round_: int, arms: Path) -> None:
    """All of the app's parameters at once, each with something nasty: 560 in all."""
    random = np.random.RandomState(VIEWS.index(view) * 2 + round_)
    query = {key: NASTY[random.randint(len(NASTY))] for key in KEYS}
    app = visit(view, **query)
    assert not app.exception, [problem.message for problem in app.exception]
    assert str(arms.parent) not in said(app)
    assert "Traceback" not in said(app)


def test_only_who_started_a_run_may_change_it(
    runs_root: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = finished(runs_root, tiny_config, "theirs")
    monkeypatch.setattr(visitors, "visitor", lambda: "somebody")
    visitors.own(run)
    monkeypatch.setattr(visitors, "visitor", lambda: "another")
    assert not visitors.may_change(run)
    with pytest.raises(ValueError, match="Only who started 'theirs' may change it"):
        visitors.check(run)
    app = visit("train", train_run="theirs")
    assert not app.exception
    assert not [button for button in app.button if (button.key or "").startswith("train_remove")]
    monkeypatch.setattr(visitors, "visitor", lambda: "somebody")
    app = visit("train", train_run="theirs")
    app.button(key="train_remove_theirs").click().run()
    assert not run.folder.exists()


def test_what_a_visitor_presses_after_all_is_refused(
    runs_root: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page that was open before, or a message that nobody's browser sent."""
    run = finished(runs_root, tiny_config, "theirs")
    monkeypatch.setattr(visitors, "visitor", lambda: "somebody")
    visitors.own(run)
    app = visit("train", train_run="theirs")
    monkeypatch.setattr(visitors, "visitor", lambda: "another")
    app.button(key="train_remove_theirs").click().run()
    assert not app.exception
    assert run.folder.exists()


def test_the_oldest_runs_make_room(
    runs_root: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    for number, name in enumerate(("oldest", "older", "new")):
        run = finished(runs_root, tiny_config, name)
        run.update(created=run.status().created + timedelta(hours=number))
        (run.folder / "weights").write_bytes(bytes(400_000))
    monkeypatch.setenv("GANDASH_STORAGE_GB", "0.0009")
    permissions.limits.cache_clear()
    visitors.make_room()
    assert sorted(run.name for run in runs.find(runs_root)) == ["new", "older"]


def test_a_visitor_sees_what_is_off(runs_root: Path, arms: Path) -> None:
    app = visit("train")
    assert not app.get("file_uploader")
    app = visit("gallery", gallery_open="plain")
    assert not [button for button in app.button if (button.key or "").startswith("gallery_measure")]
    assert "A class's \\<b>server\\</b>" in [it.value for it in app.info]


def test_training_off_leaves_no_form(runs_root: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("GANDASH_TRAINING", "off")
    permissions.limits.cache_clear()
    app = visit("train", **{"train.seed": "7"})
    assert not app.exception
    assert not app.number_input
    assert any(it.value.startswith("Training is off on this server") for it in app.info)


def test_films_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    now = [1000.0]
    monkeypatch.setattr(time, "monotonic", lambda: now[0])
    monkeypatch.setattr(visitors, "visitor", lambda: "a class's first")
    for _ in range(6):
        visitors.count_film()
    with pytest.raises(ValueError, match="At most 6 runs a minute"):
        visitors.count_film()
    monkeypatch.setattr(visitors, "visitor", lambda: "another")
    visitors.count_film()
    monkeypatch.setattr(visitors, "visitor", lambda: "a class's first")
    now[0] += 61
    visitors.count_film()


def test_trials_of_the_pace_are_counted(monkeypatch: pytest.MonkeyPatch) -> None:
    """Whoever had too many is told no time; what was tried for anybody is told to all."""
    tried: list[Config] = []
    monkeypatch.setattr(playground, "seconds", lambda config: tried.append(config) or 7.0)
    monkeypatch.setattr(visitors, "visitor", lambda: "who changes all settings")
    configs = [playground.PRESETS["Ring of eight"].config.model_copy(update={"seed": seed})
               for seed in range(4000, 4025)]  # fmt: skip
    told = [recordings.seconds(config) for config in configs]
    assert told == [7.0] * 24 + [0.0]
    assert recordings.seconds(configs[3]) == 7.0
    monkeypatch.setattr(visitors, "visitor", lambda: "another")
    assert recordings.seconds(configs[-1]) == 7.0
    assert tried == configs


def test_a_link_to_several_runs_starts_one(
    runs_root: Path, arms: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A public server has no groups, whatever a link asks for."""
    monkeypatch.setenv("GANDASH_TRAINING", "limited")
    monkeypatch.setattr(control, "launch_if_needed", lambda _root: None)
    permissions.limits.cache_clear()
    many = {"train_vary": "Seed", "train_values": "1, 2, 3", "train_seeds": "10"}
    small = {"steps": "10", "network.g_width": "16", "network.d_width": "16", "evaluate_every": "0"}
    app = visit("train", **many, **{f"train.{name}": value for name, value in small.items()})
    start = app.button(key="train_start")
    assert (start.label, start.disabled) == ("Start training", False), [e.value for e in app.error]
    start.click().run()
    assert not app.exception
    assert len(list(runs.find(runs_root))) == 1


def test_images_that_another_has_handed_in_are_not_shown(
    runs_root: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Neither are they read for the nearest of them, even where measuring is allowed."""
    monkeypatch.setenv("GANDASH_UPLOADS", "private")
    monkeypatch.setenv("GANDASH_MEASURING", "1")
    permissions.limits.cache_clear()
    run = runs.create(runs_root, tiny_config(), "theirs")
    list(execution.execute(run))
    monkeypatch.setattr(visitors, "visitor", lambda: "somebody")
    visitors.own(run)
    checkpoint = Checkpoint(run.folder, load_card(run.folder))
    assert visitors.may_see_images(checkpoint)
    monkeypatch.setattr(visitors, "visitor", lambda: "another")
    assert not visitors.may_see_images(checkpoint)
    app = visit("gallery", gallery_nearest="theirs", gallery_sample="1")
    assert not app.exception
    assert not offered(app)
    monkeypatch.setattr(visitors, "visitor", lambda: "somebody")
    assert offered(visit("gallery"))


def offered(app: AppTest) -> list[str]:
    """Checkpoints of the visitor's own run whose nearest images are offered."""
    shown = [it for it in app.selectbox if it.key == "gallery_nearest"]
    return [name for it in shown for name in it.options if "theirs" in name]


def test_a_form_beyond_the_limits_is_fitted_by_a_press(
    runs_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The first preset counts epochs, and a limited server steps."""
    app = visit("train", **{"train.network.g_width": "128", "train.batch_size": "512"})
    assert app.button(key="train_start").disabled
    app.button(key="train_fit_server").click().run()
    assert not app.exception
    assert not app.button(key="train_start").disabled, [it.value for it in app.error]
    shown = {name: app.session_state[f"train.{name}"] for name in ("steps", "network.g_width")}
    assert shown == {"steps": 5000, "network.g_width": 64}


def test_a_finished_run_may_not_be_trained_beyond_the_limits(
    runs_root: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANDASH_TRAINING", "limited")
    permissions.limits.cache_clear()
    run = runs.create(runs_root, tiny_config(), "mine")
    list(execution.execute(run))
    monkeypatch.setattr(visitors, "visitor", lambda: "somebody")
    visitors.own(run)
    with pytest.raises(ValueError, match="number of steps may be at most 5,000"):
        run_panel.go_on(run, 10_000)
    assert run.status().phase == "finished"


def test_what_may_not_be_trained_may_not_be_resumed(
    runs_root: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANDASH_TRAINING", "off")
    permissions.limits.cache_clear()
    run = finished(runs_root, tiny_config, "mine")
    run.update(phase="stopped")
    for way in (run_panel.resume, run_table.may_train):  # one run, and all of a group
        with pytest.raises(ValueError, match="Training is off"):
            way(run)
    assert run.status().phase == "stopped"


def test_a_run_of_a_visitor_is_theirs_alone(
    runs_root: Path, tiny_config: ConfigFactory, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(control, "launch_if_needed", lambda _root: None)
    monkeypatch.setattr(visitors, "visitor", lambda: "somebody")
    run = control.submit(runs_root, tiny_config(), "mine")
    visitors.own(run)
    assert visitors.waiting() == 1
    monkeypatch.setattr(visitors, "visitor", lambda: "another")
    assert visitors.waiting() == 0
