"""The page of label smoothing: arms over their seeds, and groups that are queued from it."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from streamlit.testing.v1 import AppTest

from gandash import checkpoints
from gandash.app.parts import smoothing_arms, smoothing_lab, smoothing_runs
from gandash.config import Config
from gandash.jobs import groups, timing
from gandash.jobs.timing import Timing
from gandash.playground import best_d
from gandash.storage.paths import PROJECT
from tests.app.test_pages import assert_fine
from tests.app.visiting import visit

SHIPPED = PROJECT / "pretrained"
HALF = "mnist-half-dcgan"


def shipped() -> dict[str, checkpoints.Checkpoint]:
    found, _ = checkpoints.find(SHIPPED)
    return smoothing_arms.smoothed(found)


def test_unasked_the_arms_with_most_runs_are_compared() -> None:
    found = shipped()
    names = smoothing_arms.comparable(found)
    arms = smoothing_arms.arms_of(names, found)
    assert {arm.title: arm.seeds for arm in arms} == {
        "no smoothing": [0, 1, 2],
        "one-sided smoothing": [0, 1, 2],
        "two-sided smoothing": [0, 1, 2],
    }
    assert len({(arm.loss.alpha, arm.loss.beta) for arm in arms}) == 3


def test_a_link_to_one_seed_opens_its_arm_once() -> None:
    found = shipped()
    name = f"{HALF}-seed-2"
    assert name in smoothing_arms.options(found, [name])
    assert name not in smoothing_arms.options(found, [])
    (arm,) = smoothing_arms.arms_of([name, f"{HALF}-seed-0"], found)
    assert arm.seeds == [0, 1, 2]
    assert arm.of_seed(2).name == name


def test_figures_are_those_of_the_cards_and_the_verdict_is_no_difference() -> None:
    """The spread that docs/zoo.md publishes of the same nine runs."""
    found = shipped()
    arms = smoothing_arms.arms_of(smoothing_arms.comparable(found), found)
    protocol, figures = smoothing_arms.figures(arms)
    assert "10,000 samples of each of the seeds 0 to 2" in protocol
    assert smoothing_arms.spread(figures["frechet"]["no smoothing"], 1) == "11.0 ± 0.7"
    assert smoothing_arms.spread(figures["frechet"]["one-sided smoothing"], 1) == "10.7 ± 1.1"
    said = smoothing_arms.verdicts(arms)
    assert len(said) == 5
    assert all("no difference shown" in words for words in said[:4])


def test_a_pooled_arm_is_the_mean_over_its_seeds() -> None:
    found = shipped()
    (arm,) = smoothing_arms.arms_of([f"{HALF}-one-sided-seed-0"], found)
    pooled = smoothing_arms.pooled(arm)
    tables = [pd.read_csv(SHIPPED / f"{HALF}-one-sided-seed-{n}" / "metrics.csv") for n in range(3)]
    at = 300
    losses = [float(table.d_loss.iloc[at]) - 0.32508297 for table in tables]
    assert pooled.d_excess.iloc[at] == pytest.approx(sum(losses) / 3)
    spread = pd.Series(losses).std()
    assert pooled["d_excess:high"].iloc[at] == pytest.approx(sum(losses) / 3 + spread)


@pytest.mark.parametrize(
    ("text", "says"),
    [("0.1", "two numbers"), ("a b", "two numbers"), ("", "at least one"), ("0 0, 0 0", "differ")],
)
def test_arms_that_make_no_sense_are_one_sentence(text: str, says: str) -> None:
    with pytest.raises(ValueError, match=says):
        smoothing_runs.targets_in(text)


def test_new_seeds_begin_where_those_that_there_are_end(tiny_config: Callable[..., Config]) -> None:
    base = tiny_config()
    smoothed = tiny_config(loss={"alpha": 0.1}, seed=4)
    other = tiny_config(batch_size=4, seed=9)
    assert smoothing_runs.fresh_seeds(base, [base, smoothed, other], 2) == [5, 6]
    members = smoothing_runs.members("arms", base, [(0.0, 0.0), (0.1, 0.1)], [5, 6])
    assert [(it.config.loss.alpha, it.config.loss.beta, it.config.seed) for it in members] == [
        (0.0, 0.0, 5), (0.0, 0.0, 6), (0.1, 0.1, 5), (0.1, 0.1, 6),
    ]  # fmt: skip
    assert len({it.name for it in members}) == 4
    rest = {it.config.without_smoothing().model_copy(update={"seed": base.seed}) for it in members}
    assert rest == {base.without_smoothing()}


def test_a_d_is_trained_on_what_the_link_shows_once(
    arms: Path, runs_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    targets = []

    def briefly(*asked: Any) -> best_d.Check:
        targets.append(asked[2:4])
        return best_d.trained(*asked, steps=5)

    monkeypatch.setattr(smoothing_lab, "trained", briefly)
    for _ in range(2):
        app = visit("smoothing", smoothing_alpha="0.23", smoothing_data="1_0.5_1")
        app.button(key="smoothing_check").click().run()
        assert_fine(app, "smoothing")
        assert not app.error
        key, _ = app.session_state[smoothing_lab.CHECKED]
        assert key == "0.23 0.1 1_0.5_1 -1.5_1_1"
    assert targets == [(0.23, 0.1)]


def test_mixtures_of_a_link_that_make_no_sense_are_told(arms: Path) -> None:
    app = visit("smoothing", smoothing_data="9_1_1", smoothing_alpha="0.7")
    assert_fine(app, "smoothing")
    (toast,) = app.toast
    assert "smoothing_alpha=0.7" in toast.value
    assert "smoothing_data=9_1_1" in toast.value


def queue_form(app: AppTest) -> AppTest:
    return app.button(key="smoothing_time").click().run()


def test_arms_are_queued_as_one_group_once_their_time_is_said(
    arms: Path, runs_root: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(groups.control, "launch_if_needed", lambda _root: None)
    asked: list[Config] = []

    def of_step(config: Config, channels: int, classes: int) -> Timing:
        asked.append(config)
        return Timing(seconds=0.5, low=0.4, high=0.6, steps=20)

    monkeypatch.setattr(timing, "of_step", of_step)
    app = visit("smoothing", smoothing_targets="0 0, 0.2 0", smoothing_seeds="2")
    assert_fine(app, "smoothing")
    queue_form(app)
    assert len(asked) == 1
    steps = asked[0].total_steps(64)
    assert any(f"4 runs of {steps:,} steps" in it.value for it in app.markdown)
    app.button(key="smoothing_start").click().run()
    assert_fine(app, "smoothing")
    assert not app.warning
    found = groups.of(runs_root, "arms")
    assert [status.arm for _, status in found] == ["alpha 0.0, beta 0.0"] * 2 + [
        "alpha 0.2, beta 0.0"
    ] * 2
    assert {run.config().seed for run, _ in found} == {1, 2}
