"""The gallery page: measuring from a card, order and filters, nearest training images."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest
from filelock import FileLock
from streamlit.testing.v1 import AppTest

from gandash import background, checkpoints, measuring, runs
from gandash.background import Job
from gandash.checkpoints import Checkpoint
from gandash.config import Config
from gandash.figures import Evaluation, Protocol
from gandash.paths import PROJECT

MAIN = PROJECT / "gandash" / "app" / "main.py"


def visit(**query: str) -> AppTest:
    """The gallery as a visitor's first view of a link."""
    app = AppTest.from_file(str(MAIN), default_timeout=60)
    for key, value in query.items():
        app.query_params[key] = value
    app.run()
    assert not app.exception, [problem.message for problem in app.exception]
    return app


def html_of(app: AppTest) -> str:
    return " ".join(element.proto.body for element in app.get("html"))


def buttons(app: AppTest) -> dict[str, str]:
    """Labels of the buttons that measure, by key."""
    return {str(button.key): button.label for button in app.button if str(button.key).startswith("gallery_measure")}


def measured(frechet: float, fake: int = 1000) -> Evaluation:
    protocol = Protocol(features="features of a test", real=100, fake=fake, seed=0)
    return Evaluation(
        protocol=protocol, step=6, frechet=frechet, kernel=0.1, kernel_std=0.01, precision=0.5, recall=0.25,
        density=0.4, coverage=0.3, score=2.0, score_std=0.1, class_shares=(0.5, 0.5), missing=0, diversity=0.9,
        memorization=1.1, memorization_pixels=1.2, created=checkpoints.now(),
    )  # fmt: skip


@pytest.fixture(scope="session")
def digits_folder(
    tmp_path_factory: pytest.TempPathFactory, small_mnist_folder: Path, small_config: Callable[..., Config]
) -> Path:
    """A finished tiny run on the small digits, and one on the ring."""
    root = tmp_path_factory.mktemp("digits")
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANDASH_DATA", str(small_mnist_folder / "data"))
        list(runs.execute(runs.create(root, small_config(), "digits")))
        ring = {"data": {"dataset": "ring"}, "network": {"architecture": "mlp", "latent_dim": 4}}
        list(runs.execute(runs.create(root, small_config(**ring), "ring")))
    return root


@pytest.fixture
def digits(digits_folder: Path, small_mnist: Path, runs_root: Path) -> Checkpoint:
    """The tiny runs among this machine's, with data and classifier for the digits; returns the digits."""
    shutil.copytree(digits_folder, runs_root)
    return next(found for found in checkpoints.find(runs_root)[0] if found.name == "digits")


def job(checkpoint: Checkpoint, root: Path, **changes: object) -> None:
    """Write down a job on the checkpoint that this process's tests do not run."""
    fresh = Job(
        module=measuring.MODULE, folder=str(checkpoint.folder.resolve()), what="measuring it", started=checkpoints.now()
    )
    background._write(root, fresh.model_copy(update=changes))


# Measuring


def test_only_what_can_be_measured_has_the_button_and_the_rest_says_why(digits: Checkpoint) -> None:
    app = visit()
    assert buttons(app) == {"gallery_measure_digits": "Measure"}
    (why,) = [caption.value for caption in app.caption if caption.value.startswith("Not measured")]
    assert "'ring' makes points" in why


def test_the_button_starts_a_job_and_a_refusal_is_one_sentence_once(
    digits: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    asked: list[Path] = []

    def start(root: Path, folder: Path) -> None:
        asked.append(folder)
        raise ValueError("One job runs beside the server at a time, and it is measuring 'x': try again")

    monkeypatch.setattr(measuring, "start", start)
    app = visit()
    app.button(key="gallery_measure_digits").click().run()
    assert asked == [digits.folder]
    assert [warning.value for warning in app.warning] == [
        "One job runs beside the server at a time, and it is measuring 'x': try again"
    ]
    app.run()
    assert not app.warning


def test_progress_stands_on_the_card_in_every_session_until_the_figures_do(digits: Checkpoint, runs_root: Path) -> None:
    app = visit()
    job(digits, runs_root, doing="Measuring distances", step=3, steps=5)
    with FileLock(runs_root / background.LOCK):
        app.run()
        assert not app.exception
        (bar,) = app.get("progress")
        assert (bar.proto.text, bar.proto.value) == ("Measuring distances, step 3 of 5", 40)
        assert not buttons(app)
    checkpoints.attach(digits, measured(4.0))
    (runs_root / background.JOB).unlink()
    app.run()
    assert not app.get("progress")
    assert buttons(app) == {"gallery_measure_digits": "Measure again"}
    assert any("Fréchet **4.0**" in element.value for element in app.markdown)


def test_a_job_that_was_cut_off_is_one_sentence_beside_the_button(digits: Checkpoint, runs_root: Path) -> None:
    job(digits, runs_root, step=2, steps=5)
    app = visit()
    assert [error.value for error in app.error] == [
        "The process for measuring it was cut off (killed? too little memory?): start it again"
    ]
    assert buttons(app) == {"gallery_measure_digits": "Measure"}
