"""Whatever stands in a file, its reader gives what can be used or one sentence: seeded mutations of
a card, a config, a status, metrics and a sample grid."""

from __future__ import annotations

import json
import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from gandash import runs
from gandash.app.parts import words
from gandash.checkpoints import CARD, load_card
from gandash.checkpoints.card import write_card
from gandash.pictures import charts
from gandash.runs import METRICS, Run, execution
from gandash.runs.folder import CONFIG, STATUS
from tests.conftest import ConfigFactory

VALUES: tuple[Any, ...] = (
    None, True, 0, -1, 1, 1e308, float("inf"), float("nan"), 10**30, 5e-324, "", "x" * 5000, "²",
    "<b>", [], {}, [[None]], {"a": 1}, "2026-01-01T00:00:00", "0001-01-01T00:00:00+14:00",
)  # fmt: skip
PARTS = (b",", b"\n", b"1e308", b"inf", b"nan", b"-", b'"', b"\x00", b"\xff", b"<b>", b"\r")


@pytest.fixture(scope="module")
def original(tmp_path_factory: pytest.TempPathFactory, tiny_config: ConfigFactory) -> Path:
    """The folder of a finished run."""
    run = runs.create(tmp_path_factory.mktemp("original"), tiny_config(steps=20), "mine")
    list(execution.execute(run))
    return run.folder


@pytest.fixture
def run(original: Path, tmp_path: Path) -> Run:
    """A copy of what is read, to be spoiled."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for name in (CARD, CONFIG, STATUS, METRICS):
        (folder / name).write_bytes((original / name).read_bytes())
    return Run(folder)


def spoiled_values(content: bytes, rng: random.Random) -> bytes:
    """A JSON object with one value exchanged, removed or added, anywhere in it."""
    whole = json.loads(content)
    place = whole
    while True:
        name = rng.choice(list(place))
        if not (isinstance(place[name], dict) and place[name]) or rng.random() < 0.2:
            break
        place = place[name]
    change = rng.choice(("exchange", "exchange", "remove", "add"))
    if change == "remove":
        del place[name]
    else:
        place[name if change == "exchange" else "more"] = rng.choice(VALUES)
    return json.dumps(whole).encode()


def spoiled_bytes(content: bytes, rng: random.Random) -> bytes:
    """Bytes exchanged, cut out, put in, repeated or cut off."""
    for _ in range(rng.randint(1, 3)):
        at = rng.randrange(len(content) + 1)
        end = at + rng.randint(1, 60)
        content = rng.choice(
            (
                content[:at] + bytes([rng.randrange(256)]) + content[at + 1 :],
                content[:at] + content[end:],
                content[:at] + rng.choice(PARTS) + content[at:],
                content[:end] + content[at:],
                content[:at],
            )
        )
    return content


def used_or_refused(action: Callable[[], object], folder: Path) -> None:
    try:
        action()
    except ValueError as error:
        said = str(error)
        assert "\n" not in said
        assert 20 < len(said) < 900
        assert "object at 0x" not in said
        assert str(folder.parent) not in said
        assert "mine" in said


def use_card(folder: Path) -> None:
    card = load_card(folder)
    assert all((words.kind_of(card), words.epochs_of(card), words.duration(card.seconds)))
    write_card(folder, card)
    assert load_card(folder) == card


def use_metrics(folder: Path) -> None:
    metrics = runs.read_metrics(folder)
    figures = [
        charts.curves(
            {"mine": charts.with_share(metrics)},
            [charts.Curve("d_loss", "D"), charts.Curve("g_loss", "G")],
            "Loss",
            smoothing=0.9,
            log_y=True,
        ),
        charts.measurements({"mine": metrics}, [charts.Curve("precision", "P")], "Share"),
    ]
    if len(metrics):
        charts.places({"mine": metrics}, "epoch", 7)
        span = charts.logit_range([metrics])
        figures.append(charts.logit_bands(metrics, smoothing=0.9, y_range=span))
    assert all(figure.to_json() for figure in figures)


@pytest.mark.parametrize("seed", range(6))
def test_a_reader_uses_or_refuses(run: Run, original: Path, seed: int) -> None:
    rng = random.Random(seed)
    (snapshot, *_) = runs.read_snapshots(original).values()
    grid = run.folder / "snapshots" / snapshot.name
    grid.parent.mkdir()
    uses: dict[Path, Callable[[], object]] = {
        run.folder / CARD: lambda: use_card(run.folder),
        run.folder / CONFIG: run.config,
        run.folder / STATUS: run.status,
        run.folder / METRICS: lambda: use_metrics(run.folder),
        grid: lambda: runs.snapshot_size(grid),
    }
    for path, use in uses.items():
        content = (original / path.relative_to(run.folder)).read_bytes()
        for _ in range(25):
            spoil = (
                spoiled_values if path.suffix == ".json" and rng.random() < 0.8 else spoiled_bytes
            )
            path.write_bytes(spoil(content, rng))
            used_or_refused(use, run.folder)
