"""Figures while a run trains: what they are, that they touch nothing.

And that the best weights are kept.
"""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
import torch
from safetensors import safe_open
from safetensors.torch import load_file, save_file

from gandash import checkpoints, data, latent, runs, training
from gandash.checkpoints import Checkpoint, weights
from gandash.cli import main
from gandash.config import Config, DataConfig
from gandash.data import to_uint8
from gandash.evaluation import classifiers, metrics, while_training
from gandash.evaluation.while_training import Quality
from gandash.runs import Run, as_checkpoint, execution, folder, metrics_file, saved_state
from gandash.storage.paths import classifiers_root
from tests.conftest import ConfigFactory
from tests.runs.test_execution import assert_same_run, finish, refusal, rows, state_of, train_to

pytestmark = pytest.mark.usefixtures("plain_arithmetic", "small_mnist")
FIGURES = ["frechet", "precision", "recall"]


@pytest.fixture(autouse=True)
def few_samples(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(while_training, "SAMPLES", 60)
    monkeypatch.setattr(while_training, "BATCH", 20)
    monkeypatch.setattr(while_training, "REAL", 500)


@pytest.fixture
def config(small_config: ConfigFactory) -> Config:
    """Reports at 2, 4 … 10 and 11, of which 4, 8 and 11 are measured."""
    return small_config(
        steps=11, report_every=2, evaluate_every=4, ema=0.9, optimizer={"g_lr": 0.01}
    )


def make_better_at(monkeypatch: pytest.MonkeyPatch, step: int) -> None:
    """Figures as measured, but of one step by far the best."""
    measure = while_training.measure

    def measure_kindly(state: training.State, held_out: while_training.HeldOut) -> Quality:
        found = measure(state, held_out)
        return replace(found, frechet=1e-3) if state.step == step else found

    monkeypatch.setattr(while_training, "measure", measure_kindly)


def best_step(run: Run) -> int:
    best = saved_state.load_best(run, saved_state.load_state(run, run.config(), loaded(run)))
    assert best is not None
    return best.step


def loaded(run: Run) -> data.Dataset:
    return data.load(run.config().data)


def test_figures_are_those_of_fresh_samples_of_the_moving_average(
    runs_root: Path, config: Config
) -> None:
    run = finish(runs.create(runs_root, config, "mine"))
    table = run.metrics()
    assert table.step[table.frechet.notna()].tolist() == [4, 8, 11]
    assert table[FIGURES].notna().sum().tolist() == [3, 3, 3]
    G = saved_state.load_state(run, config, data.load(config.data)).sampler.eval()
    with torch.no_grad():
        images = to_uint8(G(latent.draw(while_training.SEED, 60, 4)))
    classifier, _ = classifiers.load(classifiers_root(), "mnist")
    train = data.load(config.data).images
    chosen = train[metrics.drawn(len(train), 500)]
    fake, real = (classifiers.read(classifier, it)[0] for it in (images, chosen))
    near = metrics.neighborhoods(fake, real)
    expected = [metrics.frechet_distance(fake, real), near.precision, near.recall]
    assert table[FIGURES].iloc[-1].tolist() == pytest.approx(expected, rel=1e-4)
    protocol = runs.read_protocol(run.folder)
    assert str(protocol).startswith(
        "60 samples of seed 2017 against 500 images of the train split, on features of the"
    )


def test_measuring_changes_neither_weights_nor_other_metrics(
    runs_root: Path, config: Config
) -> None:
    measured = finish(runs.create(runs_root, config, "measured"))
    plain = finish(runs.create(runs_root, config.model_copy(update={"evaluate_every": 0}), "plain"))
    a, b = state_of(measured), state_of(plain)
    assert b.keys() == {name for name in a if not name.startswith("best.")}
    assert all(torch.equal(a[name], b[name]) for name in b)
    assert [{k: v for k, v in row.items() if k not in FIGURES} for row in rows(measured)] == [
        {k: v for k, v in row.items() if k not in FIGURES} for row in rows(plain)
    ]
    assert not plain.metrics()[FIGURES].notna().any().any()
    assert runs.read_protocol(plain.folder) is None


@pytest.mark.parametrize("best", [4, 8, 11])
def test_a_finished_run_is_its_best_step(
    runs_root: Path, tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch, best: int
) -> None:
    make_better_at(monkeypatch, best)
    run = finish(runs.create(runs_root, config, "mine"))
    then = train_to(runs.create(runs_root, config, "then"), best) if best < 11 else run
    assert best_step(run) == best
    card = checkpoints.load_card(run.folder)
    assert (card.step, card.last_step, card.epochs) == (best, 11, round(best / 75, 3))
    assert card.stand == (f"step {best} of 11 (least Fréchet distance, chosen on the train split)")
    assert card.choice == "best, train split"
    exported = as_checkpoint.export(run, tmp_path / "out", "T")
    assert (exported.step, exported.last_step) == (best, 11)
    assert runs.read_protocol(tmp_path / "out") == runs.read_protocol(run.folder)
    assert runs.read_metrics(tmp_path / "out").step.max() == 11, "the whole curve"
    at_best = state_of(then)
    for checkpoint in (Checkpoint(run.folder, card), Checkpoint(tmp_path / "out", exported)):
        tolerance = (
            {"rtol": 0.0, "atol": 0.0}
            if checkpoint.card.weights == "fp32"
            else {"rtol": 2**-10, "atol": 1e-6}
        )
        for name, tensor in weights.load_generator(checkpoint).state_dict().items():
            torch.testing.assert_close(tensor, at_best[f"ema.module.{name}"], **tolerance)
        for name, tensor in weights.load_discriminator(checkpoint).state_dict().items():
            torch.testing.assert_close(tensor, at_best[f"D.{name}"], **tolerance)


@pytest.mark.parametrize("best", [4, 8])
@pytest.mark.parametrize("stops", [[2, 6], [4, 8], [10]])
def test_a_run_that_was_stopped_is_measured_as_if_it_never_was(
    runs_root: Path, config: Config, monkeypatch: pytest.MonkeyPatch, stops: list[int], best: int
) -> None:
    make_better_at(monkeypatch, best)
    whole = finish(runs.create(runs_root, config, "whole"))
    parted = runs.create(runs_root, config, "parted")
    for step in stops:
        train_to(parted, step)
    assert_same_run(finish(parted), whole)
    assert best_step(parted) == best


def test_the_best_of_a_lost_stretch_is_forgotten(
    runs_root: Path, tmp_path: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The process dies after step 8, the best, was measured, but before it was saved.

    Step 4 is still there.
    """
    run = train_to(runs.create(runs_root, config, "mine"), 6)
    make_better_at(monkeypatch, 8)
    loop = execution.execute(run)
    assert next(loop).step == 8
    loop.close()
    assert run.metrics().step.max() == 8
    assert (
        as_checkpoint.export(run, tmp_path / "out", "T").stand
        == "step 4 of 6 (least Fréchet distance, chosen on the train split)"
    )
    assert as_checkpoint.export(run, tmp_path / "last", "T", weights="last").stand == "step 6"
    last, at_last = checkpoints.load_card(tmp_path / "last"), state_of(run)
    for name, tensor in (
        weights.load_generator(Checkpoint(tmp_path / "last", last)).state_dict().items()
    ):
        torch.testing.assert_close(tensor, at_last[f"ema.module.{name}"], rtol=2**-10, atol=1e-6)
    assert checkpoints.load_card(finish(run).folder).step == 8


@pytest.mark.parametrize("first", [6, 7, 8])
@pytest.mark.parametrize("best", ["the end", 4])
def test_a_run_trained_longer_is_measured_as_if_it_had_been_as_long_from_the_start(
    runs_root: Path, config: Config, monkeypatch: pytest.MonkeyPatch, first: int, best: str | int
) -> None:
    """Of 6, 7 or 8 steps, of which the last is measured for its end alone in the first two."""
    make_better_at(monkeypatch, first if best == "the end" else int(best))
    whole = finish(runs.create(runs_root, config, "whole"))
    short = config.model_copy(update={"steps": first})
    parted = finish(runs.create(runs_root, short, "parted"))
    assert best_step(parted) == (first if best == "the end" else best)
    assert checkpoints.load_card(parted.folder).step == best_step(parted)
    runs.extend(parted, 11 - first)
    finish(parted)
    assert rows(parted) == rows(whole)
    assert best_step(parted) == best_step(whole)
    assert state_of(parted).keys() == state_of(whole).keys()
    cards = [checkpoints.load_card(run.folder) for run in (parted, whole)]
    assert cards[0].step == cards[1].step
    for name in (weights.GENERATOR, weights.DISCRIMINATOR):
        assert (parted.folder / name).read_bytes() == (whole.folder / name).read_bytes()


def test_a_run_measured_for_its_end_alone_is_its_last_step(
    runs_root: Path, tmp_path: Path, config: Config
) -> None:
    short = config.model_copy(update={"steps": 3})
    run = finish(runs.create(runs_root, short, "mine"))
    assert best_step(run) == 3
    assert checkpoints.load_card(run.folder).step == 3
    assert as_checkpoint.export(run, tmp_path / "out", "T").step == 3
    assert list(execution.execute(run)) == []
    assert checkpoints.load_card(run.folder).step == 3


def test_the_only_best_of_an_earlier_version_is_kept_with_its_row(
    runs_root: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    """States of earlier versions hold the end's weights where these were the best, and no other."""
    make_better_at(monkeypatch, 6)
    run = finish(runs.create(runs_root, config.model_copy(update={"steps": 6}), "mine"))
    path = run.folder / folder.STATE
    with safe_open(path, framework="pt") as file:
        facts = json.loads(file.metadata()["state"])
    end = facts.pop("end")
    facts["best"] = {"step": 6, "seconds": facts["seconds"], "frechet": end["frechet"]}
    tensors = load_file(path)
    for name in [name for name in tensors if name.startswith("best.")]:
        who, rest = name.split(".")[1], name.split(".", 2)[2]
        tensors[name] = tensors[f"ema.module.{rest}" if who == "G" else f"D.{rest}"].clone()
    save_file(tensors, path, metadata={"state": json.dumps(facts)})
    runs.extend(run, 5)
    finish(run)
    assert best_step(run) == 6
    table = run.metrics().set_index("step")
    assert table.frechet.dropna().index.tolist() == [4, 6, 8, 11]
    assert checkpoints.load_card(run.folder).step == 6


def test_of_equals_the_earlier_is_the_best(
    runs_root: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(while_training, "measure", lambda *_: Quality(5.0, 0.5, 0.5))
    assert best_step(finish(runs.create(runs_root, config, "mine"))) == 4


@pytest.mark.parametrize("drop", ["best.G.", "best.D."])
def test_damaged_best_weights_are_one_sentence(runs_root: Path, config: Config, drop: str) -> None:
    run = train_to(runs.create(runs_root, config, "mine"), 4)
    path = run.folder / folder.STATE
    with safe_open(path, framework="pt") as file:
        facts = file.metadata()
    tensors = load_file(path)
    tensors.pop(next(name for name in tensors if name.startswith(drop)))
    save_file(tensors, path, metadata=facts)
    assert "cannot be used (its best weights are incomplete): restore" in refusal(
        lambda: finish(run)
    )


def test_a_run_keeps_to_one_protocol(
    runs_root: Path, config: Config, monkeypatch: pytest.MonkeyPatch
) -> None:
    run = train_to(runs.create(runs_root, config, "mine"), 4)
    monkeypatch.setattr(while_training, "SEED", 1)
    sentence = refusal(lambda: finish(run))
    assert "'mine' was 60 samples of seed 2017 against" in sentence
    assert sentence.endswith("restore the earlier classifier or data")


def test_a_run_of_an_earlier_version_keeps_to_the_test_split(
    runs_root: Path, config: Config
) -> None:
    """Its figures would not go on as they began, and its best step would be of two measures."""
    run = train_to(runs.create(runs_root, config, "mine"), 2)
    classifier, facts = classifiers.load(classifiers_root(), "mnist")
    earlier = {
        "features": facts.name,
        "real": 400,
        "fake": 60,
        "split": "test",
        "seed": while_training.SEED,
    }
    (run.folder / folder.PROTOCOL).write_text(json.dumps(earlier))
    finish(run)
    G = saved_state.load_state(run, config, data.load(config.data)).sampler.eval()
    with torch.no_grad():
        images = to_uint8(G(latent.draw(while_training.SEED, 60, 4)))
    fake, real = (
        classifiers.read(classifier, it)[0]
        for it in (images, data.load(config.data, "test").images)
    )
    measured = run.metrics().frechet.iloc[-1]
    assert measured == pytest.approx(metrics.frechet_distance(fake, real), rel=1e-4)
    card = checkpoints.load_card(run.folder)
    assert card.choice == "best, test split"
    assert card.stand.endswith(" of 11 (least Fréchet distance, chosen on the test split)")


def test_metrics_of_an_earlier_version_go_on_with_the_new_columns(
    runs_root: Path, config: Config
) -> None:
    run = train_to(runs.create(runs_root, config, "mine"), 6)
    before = run.metrics()
    old = before.loc[:, : metrics_file.COLUMNS[metrics_file.COLUMNS.index(FIGURES[0]) - 1]]
    old.to_csv(run.folder / runs.METRICS, index=False)
    table = finish(run).metrics()
    assert list(table.columns) == metrics_file.COLUMNS
    assert table.step.tolist() == [2, 4, 6, 8, 10, 11]
    assert table.frechet.notna().tolist() == [False, False, False, True, False, True]
    pd.testing.assert_frame_equal(table[:3][list(old.columns)], old)


# What cannot be measured


@pytest.mark.parametrize(
    ("settings", "sentence"),
    [
        (
            {"dataset": "cifar10"},
            "No classifier has learned 'cifar10', and that for cifar10",
        ),
        ({"size": 64}, "No classifier has learned 'mnist', and that for cifar10, which reads such"),
        ({"dataset": "/some/folder"}, "No classifier has learned '/some/folder', and that for"),
        (
            {"color": "rgb"},
            "make it with python -m gandash classifier cifar10, or set",
        ),
    ],
)
def test_data_that_cannot_be_measured_is_refused_before_it_is_read(
    runs_root: Path, monkeypatch: pytest.MonkeyPatch, settings: dict[str, object], sentence: str
) -> None:
    monkeypatch.setattr(data, "load", lambda *_: pytest.fail("the data was read"))
    config = Config(data=DataConfig.model_validate(settings), evaluate_every=500, device="cpu")
    said = refusal(lambda: execution.prepare(config))
    assert sentence in said
    assert said.endswith("evaluate_every to 0")
    while_training.check(config.model_copy(update={"evaluate_every": 0}), classifiers_root())


def test_the_command_line_refuses_it_and_leaves_no_run(
    runs_root: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main.main(["train", "--dataset", "cifar10", "--evaluate-every", "100", "--device", "cpu"])
        == 2
    )
    assert capsys.readouterr().err.strip().endswith("or set evaluate_every to 0")
    assert not runs_root.exists()
