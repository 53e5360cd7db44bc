"""Configs: ranges, one-sentence refusals, JSON round trips and step arithmetic."""

from __future__ import annotations

import ast
import json
import math
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from pydantic import ValidationError

from gandash.config import (
    MAX_SEED,
    Config,
    DataConfig,
    LossConfig,
    NetworkConfig,
    advice,
    parse_config,
    rules,
    usual,
    value_of,
)
from gandash.config.rules import contradictions
from gandash.losses.objectives import OBJECTIVES
from gandash.records import Section, explain


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
        ({"loss": {"alpha": math.nan}}, "loss.alpha should be a finite number, not nan."),
        ({"optimizer": {"g_lr": 0}}, "optimizer.g_lr should be greater than 0, not 0."),
        (
            {"loss": {"objective": "foo"}},
            f"objective must be one of {', '.join(OBJECTIVES)}, not 'foo'.",
        ),
        ({"data": {"size": 48}}, "data.size should be 16, 32, 64, 128 or 256, not 48."),
        ({"seed": -1}, "seed should be greater than or equal to 0, not -1."),
        (
            {"seed": MAX_SEED + 1},
            f"seed should be less than or equal to {MAX_SEED}, not {MAX_SEED + 1}.",
        ),
        ({"batch_size": 1}, "batch_size should be greater than or equal to 2, not 1."),
        ({"ema": 1.0}, "ema should be less than 1, not 1.0."),
        ({"learning_rate": 1}, "learning_rate is not a setting: remove it."),
        (
            {"epochs": "many"},
            "epochs should be a valid integer, unable to parse string as an integer, not 'many'.",
        ),
        (
            {"loss": {"alpha": 0.9}, "seed": -1},
            "loss.alpha should be less than 0.5, not 0.9; seed should be greater than or equal to "
            "0, not -1.",
        ),
    ],
)
def test_refusals_are_one_sentence_with_rule_and_value(
    values: dict[str, object], sentence: str
) -> None:
    assert refusal(values) == sentence


def test_a_long_bad_value_is_cut() -> None:
    for values in ({"epochs": "x" * 10_000}, {"x" * 10_000: 1}):
        assert len(refusal(values)) < 250


def test_what_is_no_config_at_all_is_refused() -> None:
    with pytest.raises(ValidationError) as caught:
        Config.model_validate([])
    assert explain(caught.value).startswith("Config should be a group of settings, not a list")
    with pytest.raises(ValidationError) as caught:
        Config.model_validate_json("{" + "secret" * 1000)
    assert explain(caught.value).startswith("Config is not JSON (key must be a string")
    assert "secret" not in explain(caught.value)


def test_explain_keeps_other_errors_to_one_line() -> None:
    assert explain(RuntimeError("first line\n\tsecond   line")) == "first line second line"
    assert explain(FileNotFoundError(2, "No such file", "a.txt")) == "No such file: a.txt"
    assert explain(OSError(28, "No space left on device")) == "No space left on device"
    assert explain(MemoryError()).startswith("A run must fit into memory, and this one does not: ")
    assert len(explain(RuntimeError("x" * 10_000))) == 500


def test_json_round_trip() -> None:
    config = Config(
        data=DataConfig(dataset="cifar10", limit=100),
        loss=LossConfig(alpha=0.1),
        steps=7,
        ema=0.5,
        seed=MAX_SEED,
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
    assert (config.optimizer.adam_beta1, config.batch_size, config.network.latent_dim) == (
        0.5,
        128,
        100,
    )
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


def test_a_batch_that_is_advised_is_never_refused_in_its_turn() -> None:
    config = Config.model_validate({"batch_size": 4, "balance": {"d_steps": 5}})
    with pytest.raises(ValueError, match=r"it is 20 for 19 images: choose at most 3$"):
        config.steps_per_epoch(19)
    with pytest.raises(ValueError, match=r"for 9 images: lower d_steps or take more images$"):
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


# Combinations

Values = dict[str, Any]
MLP = {"network": {"architecture": "mlp"}}
MODERN = {"architecture": "modern", "g_norm": "none", "d_norm": "none"}
PROGRESSIVE = {"architecture": "progressive", "g_norm": "none", "d_norm": "none"}
CLIPPED = {"loss": {"objective": "wasserstein"}, "regularizer": {"weight_clip": 0.01}}

# One senseless combination a rule, in the rules' order; what its sentence says; the change that
# mends it.
TRANSLATED: Values = {
    "data": {"dataset": "pairs:edges-mnist"},
    "translation": {"translator": "pix2pix"},
}
AUTOENCODER: Values = {"autoencoder": {"encoder": True}}
COMBINATIONS: list[tuple[Values, str, Values]] = [
    (
        {"data": {"dataset": "pairs:edges-mnist"}},
        "set translator to pix2pix or cyclegan",
        {"translation": {"translator": "pix2pix"}},
    ),
    (
        {"translation": {"translator": "pix2pix"}},
        "or set translator to none",
        {"translation": {"translator": "none"}},
    ),
    (
        TRANSLATED | {"network": {"d_norm": "virtual"}},
        "set it to batch or instance",
        {"network": {"d_norm": "instance"}},
    ),
    (
        TRANSLATED | {"loss": {"objective": "relativistic"}},
        "set it to non-saturating, least-squares or hinge",
        {"loss": {"objective": "hinge"}},
    ),
    (
        TRANSLATED | {"collapse": {"minibatch": "stddev"}},
        "played without minibatch, and it is 'stddev': set it to 'none'",
        {"collapse": {"minibatch": "none"}},
    ),
    (
        {"data": {"dataset": "ring"}},
        "'ring' holds points, and 'dcgan' needs images: set architecture to mlp",
        MLP,
    ),
    (
        {**MLP, "data": {"dataset": "ring", "flips": True}},
        "flips mirror images, and dataset 'ring' holds points: set flips to False",
        {"data": {"flips": False}},
    ),
    (
        {"network": {"architecture": "resnet"}, "data": {"size": 64}},
        "made for size 32, not 64: set size to 32",
        {"data": {"size": 32}},
    ),
    (
        {"network": {"architecture": "mlp", "d_norm": "instance"}},
        "an mlp has single features: choose batch, virtual, layer or none",
        {"network": {"d_norm": "layer"}},
    ),
    (
        {"network": {"architecture": "mlp", "attention": 8}},
        "set attention to 0",
        {"network": {"attention": 0}},
    ),
    (
        {"network": {**MODERN, "first_weights": "orthogonal"}},
        "first_weights is 'orthogonal': set it to usual, or architecture to dcgan, resnet or mlp",
        {"network": {"first_weights": "usual"}},
    ),
    (
        {"network": {**MODERN, "g_spectral_norm": True}},
        "g_spectral_norm is on: set it to False, or architecture to dcgan, resnet or mlp",
        {"network": {"g_spectral_norm": False}},
    ),
    (
        {"network": MODERN, "regularizer": {"orthogonal": 1e-4}},
        "set orthogonal to 0, or architecture to dcgan, resnet or mlp",
        {"regularizer": {"orthogonal": 0}},
    ),
    (
        {"network": {**MODERN, "d_spectral_norm": True}},
        "d_spectral_norm is on: set it to False, or architecture to dcgan, resnet or mlp",
        {"network": {"d_spectral_norm": False}},
    ),
    (
        {"labels": {"conditioning": "projection", "g_labels": "shared"}},
        "a resnet, g_norm batch, and it is projection, dcgan, batch: set g_labels to concat",
        {"labels": {"g_labels": "concat"}},
    ),
    (
        {
            "network": {"architecture": "resnet", "latent_dim": 30},
            "labels": {"conditioning": "projection", "g_labels": "shared"},
        },
        "cuts z into 4 pieces, and latent_dim is 30: set it to a multiple of 4",
        {"network": {"latent_dim": 32}},
    ),
    (
        {"network": {"attention": 32}, "data": {"size": 32}},
        "at most half of size 32, not 32: choose a smaller one or 0",
        {"network": {"attention": 16}},
    ),
    (
        {"regularizer": {"gradient_penalty": 10}},
        "d_norm is 'batch': set d_norm to layer, instance or none",
        {"network": {"d_norm": "layer"}},
    ),
    (
        {
            "regularizer": {"gradient_penalty": 10},
            "network": {"d_norm": "none"},
            "collapse": {"minibatch": "stddev"},
        },
        "minibatch is 'stddev': set one of them to none",
        {"collapse": {"minibatch": "none"}},
    ),
    (
        {"loss": {"objective": "wasserstein"}},
        "needs exactly one of gradient_penalty, weight_clip and d_spectral_norm, and 0 are set: "
        "set one",
        {"regularizer": {"weight_clip": 0.01}},
    ),
    (
        {"collapse": {"unroll_steps": 1}, "regularizer": {"weight_clip": 0.1}},
        "set gradient_penalty, r1_gamma, r2_gamma and weight_clip to 0, or unroll_steps",
        {"regularizer": {"weight_clip": 0}},
    ),
    (
        {
            "collapse": {"unroll_steps": 1, "unroll_method": "adam"},
            "optimizer": {"method": "rmsprop"},
        },
        "unroll_method adam imagines the updates of D's own Adam, and method is 'rmsprop': set "
        "unroll_method to sgd",
        {"collapse": {"unroll_method": "sgd"}},
    ),
    (
        {"network": PROGRESSIVE, "collapse": {"unroll_steps": 1}},
        "has some that sleep until it grows: set unroll_steps to 0",
        {"collapse": {"unroll_steps": 0}},
    ),
    (
        {"network": PROGRESSIVE, "few": {"start_from": "mnist-dcgan", "freeze_d": 1}},
        "these change while it grows: set freeze_d to 0",
        {"few": {"freeze_d": 0}},
    ),
    (
        {"network": {"architecture": "modern", "g_norm": "none"}},
        "g_norm and d_norm are 'none' and 'batch': set both to none",
        {"network": {"d_norm": "none"}},
    ),
    (
        {"loss": {"objective": "relativistic"}, "collapse": {"unroll_steps": 1}},
        "compares them with real ones: set unroll_steps to 0",
        {"collapse": {"unroll_steps": 0}},
    ),
    (
        {"loss": {"objective": "realness"}, "network": {"d_places": True}},
        "one distribution an image, and d_places is on: set d_places to False",
        {"network": {"d_places": False}},
    ),
    (
        {
            "loss": {"objective": "realness"},
            "labels": {"conditioning": "projection"},
            "data": {"dataset": "mnist"},
        },
        "D gives a distribution: set conditioning to concat or d-only",
        {"labels": {"conditioning": "concat"}},
    ),
    (
        {"loss": {"objective": "relativistic"}, "balance": {"rule": "loss-rate"}},
        "and rule is 'loss-rate': set it to fixed",
        {"balance": {"rule": "fixed"}},
    ),
    (
        {"loss": {"feature_matching": True}, "collapse": {"unroll_steps": 1}},
        "does not ask D: set unroll_steps to 0, or feature_matching to False",
        {"collapse": {"unroll_steps": 0}},
    ),
    (
        {"loss": {"objective": "f-kl", "g_form": "strict", "feature_matching": True}},
        "a loss of its own, and g_form is 'strict': set it to trick",
        {"loss": {"g_form": "trick"}},
    ),
    (
        {"loss": {"feature_matching": True}, "balance": {"rule": "worse"}},
        "does not say who is ahead, and rule is 'worse': set it to fixed",
        {"balance": {"rule": "fixed"}},
    ),
    (
        {"network": {"architecture": "resnet", "d_places": True}},
        "set d_places to False, or architecture to dcgan, style or progressive",
        {"network": {"architecture": "dcgan"}},
    ),
    (
        {"network": {"d_places": True}, "collapse": {"minibatch": "discrimination"}},
        "compares whole images: set minibatch to stddev or none, or d_places to False",
        {"collapse": {"minibatch": "stddev"}},
    ),
    (
        {"network": {"d_places": True}, "collapse": {"unroll_steps": 1}},
        "d_places is on: set unroll_steps to 0, or d_places to False",
        {"collapse": {"unroll_steps": 0}},
    ),
    (
        {"network": {"d_places": True}, "labels": {"conditioning": "semi-supervised"}},
        "d_places is on: set conditioning to d-only, or d_places to False",
        {"labels": {"conditioning": "d-only"}},
    ),
    (
        {"ema": 0.9, "ema_half_life": 1000},
        "they are 0.9 and 1000: set one to 0",
        {"ema": 0},
    ),
    (
        {"schedule": {"burn_in": 0.5}, "optimizer": {"method": "rmsprop"}},
        "method is 'rmsprop': set burn_in to 0",
        {"schedule": {"burn_in": 0}},
    ),
    (
        {"labels": {"conditioning": "d-only", "g_labels": "batch-norm"}},
        "it is d-only, dcgan, batch: set g_labels to concat",
        {"labels": {"g_labels": "concat"}},
    ),
    (
        {"labels": {"conditioning": "projection", "labelled": 10}},
        "conditioning is 'projection': choose d-only or semi-supervised",
        {"labels": {"conditioning": "d-only"}},
    ),
    (
        {"labels": {"conditioning": "semi-supervised"}, "loss": {"objective": "hinge"}},
        "'hinge' is none: choose non-saturating or d-only",
        {"loss": {"objective": "non-saturating"}},
    ),
    (
        {"labels": {"conditioning": "concat"}, "network": {"d_norm": "virtual"}},
        "conditioning is 'concat': choose another norm",
        {"network": {"d_norm": "batch"}},
    ),
    (
        {"labels": {"conditioning": "d-only"}, "collapse": {"pack": 2}},
        "conditioning is 'd-only': set pack to 1 or conditioning to none",
        {"collapse": {"pack": 1}},
    ),
    (
        {"data": {"dataset": "grid"}, **MLP, "labels": {"conditioning": "concat"}},
        "dataset 'grid' has none: set conditioning to none",
        {"labels": {"conditioning": "none"}},
    ),
    (
        {"data": {"dataset": "grid"}, **MLP, "few": {"augment": "diffaugment"}},
        "augment changes images, and dataset 'grid' holds points: set augment to none",
        {"few": {"augment": "none"}},
    ),
    (
        {"few": {"freeze_d": 2}},
        "random weights and freeze_d 2: set freeze_d to 0, or start_from to a checkpoint",
        {"few": {"start_from": "mnist-dcgan"}},
    ),
    (
        {"loss": {"objective": "least-squares"}, "few": {"augment": "ada"}},
        "objective is 'least-squares': set augment to diffaugment",
        {"few": {"augment": "diffaugment"}},
    ),
    (
        {"few": {"augment": "diffaugment", "augment_policy": "flip+translation+color"}},
        "augment_p is 1 with flip+translation+color: set augment_p to 0.8 at most",
        {"few": {"augment_p": 0.8}},
    ),
    (
        {"balance": {"rule": "loss-rate", "g_steps": 2}},
        "d_steps and g_steps are 1 and 2: set both to 1, or rule to fixed",
        {"balance": {"g_steps": 1}},
    ),
    (
        {"balance": {"rule": "worse"}, "loss": {"objective": "hinge"}},
        "it is 'hinge': choose loss-rate or fixed",
        {"balance": {"rule": "loss-rate"}},
    ),
    (
        {"collapse": {"unroll_steps": 1}, "balance": {"rule": "worse"}},
        "rule is 'worse': set it to fixed",
        {"balance": {"rule": "fixed"}},
    ),
    (
        {"collapse": {"unroll_steps": 1}, "balance": {"discriminators": 2}},
        "there are 2: set discriminators to 1",
        {"balance": {"discriminators": 1}},
    ),
    (
        {"labels": {"conditioning": "semi-supervised"}, "balance": {"discriminators": 2}},
        "the one classifier, and there are 2: set discriminators to 1",
        {"balance": {"discriminators": 1}},
    ),
    (
        {"batch_size": 50, "collapse": {"pack": 4}},
        "a multiple of pack, and 50 is none of 4: change one",
        {"collapse": {"pack": 5}},
    ),
    (
        {"evaluate_every": 500, "data": {"dataset": "ring"}, "network": {"architecture": "mlp"}},
        "evaluate_every measures images, and dataset 'ring' holds points: set evaluate_every to 0",
        {"evaluate_every": 0},
    ),
    (
        {"evaluate_every": 500, "report_every": 7},
        "evaluate_every must be a multiple of report_every, and 500 is none of 7: change one",
        {"evaluate_every": 700},
    ),
    (
        {"regularizer": {"r1_gamma": 10}},
        "d_norm is 'batch': set d_norm to layer, instance or none, or r1_gamma to 0",
        {"network": {"d_norm": "instance"}},
    ),
    (
        {
            "regularizer": {"r1_gamma": 10},
            "network": {"d_norm": "none"},
            "collapse": {"minibatch": "discrimination"},
        },
        "minibatch is 'discrimination': set minibatch to none, or r1_gamma to 0",
        {"collapse": {"minibatch": "none"}},
    ),
    (
        AUTOENCODER
        | {"data": {"dataset": "pairs:edges-mnist"}, "translation": {"translator": "pix2pix"}},
        "in pix2pix G makes images of images: set encoder to False",
        {"autoencoder": {"encoder": False}},
    ),
    (
        AUTOENCODER | {"data": {"dataset": "ring"}, "network": {"architecture": "mlp"}},
        "dataset 'ring' holds points: set encoder to False",
        {"autoencoder": {"encoder": False}},
    ),
    (
        AUTOENCODER | {"network": {"architecture": "style", "g_norm": "none", "d_norm": "none"}},
        "set architecture to dcgan, resnet, modern or mlp",
        {"network": {"architecture": "modern"}},
    ),
    (
        AUTOENCODER | {"network": {"g_norm": "virtual"}},
        "g_norm is 'virtual': set it to batch, layer or instance",
        {"network": {"g_norm": "layer"}},
    ),
    (
        AUTOENCODER | {"balance": {"discriminators": 2}},
        "there are 2: set discriminators to 1",
        {"balance": {"discriminators": 1}},
    ),
    (
        AUTOENCODER | {"balance": {"g_steps": 2}},
        "rule and g_steps are 'fixed' and 2: set them to fixed and 1",
        {"balance": {"g_steps": 1}},
    ),
    (
        AUTOENCODER | {"collapse": {"unroll_steps": 2}},
        "with encoder a D judges z: set unroll_steps to 0",
        {"collapse": {"unroll_steps": 0}},
    ),
    (
        AUTOENCODER | {"collapse": {"pack": 2}},
        "some are drawn and some made again: set pack to 1",
        {"collapse": {"pack": 1}},
    ),
    (
        AUTOENCODER | {"loss": {"objective": "wasserstein"}, "regularizer": {"weight_clip": 0.01}},
        "and gradient_penalty or d_spectral_norm in its place",
        {"regularizer": {"weight_clip": 0}, "network": {"d_spectral_norm": True}},
    ),
    (
        {"batch_size": 4, "autoencoder": {"encoder": True, "prior_share": 0.9}},
        "prior_share 0.9 leaves it 0 of 4: lower it, or raise batch_size",
        {"batch_size": 32},
    ),
]


def test_a_config_that_was_allowed_when_it_was_stored_still_opens() -> None:
    """R1 on a D with batch norm is refused now; runs and cards that have it are read."""
    values = {"regularizer": {"r1_gamma": 10.0}}
    with pytest.raises(ValueError, match="r1_gamma needs a D whose output for one image"):
        parse_config(values)
    assert parse_config(values, stored=True).regularizer.r1_gamma == 10
    with pytest.raises(ValueError, match="d_norm is 'batch'"):
        parse_config({"regularizer": {"gradient_penalty": 10.0}}, stored=True)


def merged(values: Values, changes: Values) -> Values:
    """``values`` with ``changes`` laid over their sections."""
    return values | {
        k: values.get(k, {}) | v if isinstance(v, dict) else v for k, v in changes.items()
    }


def unchecked(values: Values) -> Config:
    """A config with checked sections whose combination is not."""
    plain = Config()
    sections = {
        k: type(getattr(plain, k)).model_validate(v)
        for k, v in values.items()
        if isinstance(v, dict)
    }
    return plain.model_copy(update=values | sections)


@pytest.mark.parametrize("case", COMBINATIONS, ids=lambda case: case[1][:40])
def test_a_senseless_combination_is_refused_and_its_remedy_accepted(
    case: tuple[Values, str, Values],
) -> None:
    values, sentence, remedy = case
    broken = list(contradictions(unchecked(values)))
    assert len(broken) == 1, "the case is for one rule alone"
    assert sentence in broken[0]
    assert refusal(values) == f"{broken[0]}."
    parse_config(merged(values, remedy))


def test_every_rule_has_a_case() -> None:
    """Each sentence that the rules can yield is yielded by one of the cases."""
    tree = ast.parse(Path(rules.__file__).read_text())
    sentences = [node for node in ast.walk(tree) if isinstance(node, ast.Yield)]
    assert len(COMBINATIONS) == len(sentences)
    assert not list(contradictions(Config()))


@pytest.mark.parametrize("architecture", ["style", "progressive"])
def test_a_d_that_compares_a_batch_may_be_penalized_where_its_paper_does(architecture: str) -> None:
    asked = {
        "regularizer": {"r1_gamma": 1},
        "network": {"g_norm": "none", "d_norm": "none"},
        "collapse": {"minibatch": "stddev"},
    }
    assert "minibatch is 'stddev': set minibatch to none, or r1_gamma to 0" in refusal(asked)
    parse_config(merged(asked, {"network": {"architecture": architecture}}))


def test_a_critic_wants_one_lipschitz_rule_and_not_two() -> None:
    two = merged(CLIPPED, {"network": {"d_spectral_norm": True}})
    assert "and 2 are set: set one" in refusal(two)
    for changes in (
        {"regularizer": {"gradient_penalty": 10}, "network": {"d_norm": "layer"}},
        CLIPPED,
    ):
        parse_config({"loss": {"objective": "wasserstein"}} | changes)
    parse_config({"loss": {"objective": "wasserstein"}, "network": {"d_spectral_norm": True}})


def test_only_some_norms_and_labels_exclude_each_other() -> None:
    batch_norm = {"conditioning": "projection", "g_labels": "batch-norm"}
    for network in ({"g_norm": "layer"}, {"architecture": "mlp"}):
        assert "set g_labels to concat" in refusal({"labels": batch_norm, "network": network})
    parse_config({"labels": batch_norm})
    parse_config(
        {
            "labels": {"conditioning": "d-only"},
            "network": {"d_norm": "virtual", "g_norm": "virtual"},
        }
    )
    parse_config({"balance": {"d_steps": 2, "g_steps": 3}})


# What papers set


def applied(config: Config, changes: dict[str, Any]) -> Config:
    values = config.model_dump()
    for name, value in changes.items():
        *path, last = name.split(".")
        target = values
        for part in path:
            target = target[part]
        target[last] = value
    return parse_config(values)


USUAL: dict[str, tuple[Values, dict[str, Any]]] = {
    "clipped WGAN": (
        CLIPPED,
        {
            "balance.d_steps": 5,
            "optimizer.method": "rmsprop",
            "optimizer.g_lr": 5e-5,
            "optimizer.d_lr": 5e-5,
        },
    ),
    "WGAN-GP": (
        {
            "loss": {"objective": "wasserstein"},
            "regularizer": {"gradient_penalty": 10},
            "network": {"d_norm": "none"},
        },
        {
            "balance.d_steps": 5,
            "optimizer.g_lr": 1e-4,
            "optimizer.d_lr": 1e-4,
            "optimizer.adam_beta2": 0.9,
        },
    ),
    "WGAN-GP after a clipped one": (
        {
            "loss": {"objective": "wasserstein"},
            "regularizer": {"gradient_penalty": 10},
            "network": {"d_norm": "layer"},
            "optimizer": {"method": "rmsprop", "g_lr": 1e-4, "d_lr": 1e-4, "adam_beta2": 0.9},
            "balance": {"d_steps": 5},
        },
        {"optimizer.method": "adam"},
    ),
    "hinge": (
        {"loss": {"objective": "hinge"}},
        {"network.d_spectral_norm": True, "network.d_norm": "none"},
    ),
    "non-saturating": ({}, {}),
}


@pytest.mark.parametrize(("values", "expected"), USUAL.values(), ids=USUAL)
def test_advice_is_what_the_paper_sets_otherwise(values: Values, expected: dict[str, Any]) -> None:
    config = parse_config(values)
    assert usual(config) == expected
    assert bool(advice(config)) == bool(expected)
    changed = applied(config, expected)
    assert all(value_of(changed, name) == value for name, value in expected.items())
    assert (usual(changed), advice(changed)) == ({}, "")


def test_advice_names_the_objective_and_the_values() -> None:
    assert (
        advice(parse_config({"loss": {"objective": "hinge"}}))
        == "Usual with hinge: d_spectral_norm on, d_norm none."
    )
    clipped = advice(parse_config(merged(CLIPPED, {"balance": {"d_steps": 5}})))
    assert clipped == "Usual with wasserstein: method rmsprop, g_lr 5e-05, d_lr 5e-05."
