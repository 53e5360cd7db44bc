"""Configs: ranges, one-sentence refusals, JSON round trips and step arithmetic."""

from __future__ import annotations

import json
import math
from itertools import pairwise

import pytest
from pydantic import ValidationError

from gandash.config import MAX_SEED, Config, DataConfig, LossConfig, NetworkConfig, Section, explain, parse_config
from gandash.objectives import OBJECTIVES


def refusal(values: dict[str, object]) -> str:
    """The sentence that refuses a config; it must stay on one line."""
    with pytest.raises(ValueError, match=r"^.+$") as caught:
        parse_config(values)
    return str(caught.value)


@pytest.mark.parametrize(
    ("values", "sentence"),
    [
        ({"loss": {"alpha": 0.9}}, "loss.alpha should be less than 0.5, not 0.9."),
        ({"loss": {"beta": -0.1}}, "loss.beta should be greater than or equal to 0, not -0.1."),
        ({"loss": {"alpha": math.nan}}, "loss.alpha should be less than 0.5, not nan."),
        ({"optimizer": {"g_lr": 0}}, "optimizer.g_lr should be greater than 0, not 0."),
        ({"loss": {"objective": "foo"}}, f"objective must be one of {', '.join(OBJECTIVES)}, not 'foo'."),
        ({"data": {"size": 48}}, "data.size should be 16, 32, 64 or 128, not 48."),
        ({"seed": -1}, "seed should be greater than or equal to 0, not -1."),
        ({"seed": MAX_SEED + 1}, f"seed should be less than or equal to {MAX_SEED}, not {MAX_SEED + 1}."),
        ({"batch_size": 1}, "batch_size should be greater than or equal to 2, not 1."),
        ({"ema": 1.0}, "ema should be less than 1, not 1.0."),
        ({"learning_rate": 1}, "learning_rate is not a setting: remove it."),
        (
            {"epochs": "many"},
            "epochs should be a valid integer, unable to parse string as an integer, not 'many'.",
        ),
        (
            {"loss": {"alpha": 0.9}, "seed": -1},
            "loss.alpha should be less than 0.5, not 0.9; seed should be greater than or equal to 0, not -1.",
        ),
    ],
)
def test_refusals_are_one_sentence_with_rule_and_value(values: dict[str, object], sentence: str) -> None:
    assert refusal(values) == sentence


def test_a_long_bad_value_is_cut() -> None:
    for values in ({"epochs": "x" * 10_000}, {"x" * 10_000: 1}):
        assert len(refusal(values)) < 250


def test_what_is_no_config_at_all_is_refused() -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate([])
    assert explain(caught.value).startswith("Config should be a valid dictionary")
    with pytest.raises(ValidationError) as caught:
        Config.model_validate_json("{" + "secret" * 1000)
    assert explain(caught.value).startswith("Config is not JSON (key must be a string")
    assert "secret" not in explain(caught.value)


def test_explain_keeps_other_errors_to_one_line() -> None:
    assert explain(RuntimeError("first line\n\tsecond   line")) == "first line second line"
    assert explain(FileNotFoundError(2, "No such file", "a.txt")) == "No such file: a.txt"
    assert explain(OSError(28, "No space left on device")) == "No space left on device"
    assert explain(MemoryError()) == "MemoryError"
    assert len(explain(RuntimeError("x" * 10_000))) == 500


def test_json_round_trip() -> None:
    config = Config(
        data=DataConfig(dataset="cifar10", limit=100), loss=LossConfig(alpha=0.1), steps=7, ema=0.5, seed=MAX_SEED
    )
    assert Config.model_validate_json(config.model_dump_json()) == config
    assert parse_config(json.loads(config.model_dump_json())) == config
    assert parse_config({}) == Config()


def test_configs_are_frozen() -> None:
    config = Config()
    with pytest.raises(ValidationError):
        config.seed = 3  # type: ignore[misc]
    with pytest.raises(ValidationError):
        config.loss.alpha = 0.3  # type: ignore[misc]


def test_defaults_are_those_of_the_paper() -> None:
    config = Config()
    assert (config.optimizer.g_lr, config.optimizer.d_lr) == (2e-4, 2e-4)
    assert (config.optimizer.adam_beta1, config.batch_size, config.network.latent_dim) == (0.5, 128, 100)
    assert (config.loss.alpha, config.loss.beta, config.ema) == (0, 0, 0)


def test_every_field_says_what_it_is() -> None:
    sections = {name: type(value) for name, value in Config() if isinstance(value, Section)}
    assert {"data", "network", "loss", "optimizer"} <= sections.keys()
    for section in (*sections.values(), Config):
        assert section.__doc__
        for name, field in section.model_fields.items():
            assert name in sections or (field.description or "").endswith("."), name


def test_steps_of_an_epoch() -> None:
    config = Config(batch_size=10, epochs=3)
    assert [config.steps_per_epoch(n) for n in (10, 19, 20, 101)] == [1, 1, 2, 10]
    assert config.total_steps(29) == 6
    assert Config(batch_size=10, epochs=3, steps=5).total_steps(29) == 5
    with pytest.raises(ValueError, match=r"it is 10 for 9 images: choose at most 9$"):
        config.steps_per_epoch(9)


@pytest.mark.parametrize(("total", "snapshots"), [(1, 2), (6, 4), (100, 20), (7020, 20), (10, 500)])
def test_snapshots_span_the_run_and_are_denser_at_the_start(total: int, snapshots: int) -> None:
    steps = Config(batch_size=2, steps=total, snapshots=snapshots).snapshot_steps(2)
    assert steps[0] == 0
    assert steps[-1] == total
    assert list(steps) == sorted(set(steps))
    assert len(steps) <= snapshots
    gaps = [b - a for a, b in pairwise(steps)]
    assert all(later >= earlier - 1 for earlier, later in pairwise(gaps))
    if total >= snapshots**2:
        assert len(steps) == snapshots
        assert gaps[-1] > 5 * gaps[0]


def test_networks_have_limits() -> None:
    for values in ({"latent_dim": 0}, {"g_width": 3}, {"d_width": 1025}):
        with pytest.raises(ValidationError):
            NetworkConfig.model_validate(values)
