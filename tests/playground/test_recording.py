"""Recordings hold what the run's own networks say, and the presets show what is said of them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest
import torch

from gandash import data, latent, playground, training
from gandash.config import Config, parse_config
from gandash.playground import PRESETS, presets, recording
from gandash.theory.densities import Cells
from gandash.theory.toy_data import STUDIES

SMALL = {
    "network": {
        "architecture": "mlp", "latent_dim": 2, "g_width": 8, "d_width": 8,
        "g_norm": "none", "d_norm": "none",
    },
    "data": {"dataset": "ring"}, "batch_size": 16, "steps": 50,
}  # fmt: skip


def small(**sections: Any) -> Config:
    return parse_config({**SMALL, **sections})


def recorded(config: Config) -> tuple[dict[str, np.ndarray], dict[str, Any]]:
    *shares, content = playground.record(config)
    assert shares == sorted(shares)
    assert isinstance(content, bytes)
    return playground.opened(content)


def trained(config: Config) -> training.State:
    """The same run by the loop alone."""
    config = config.model_copy(update={"report_every": 25, "precision": "fp32", "device": "cpu"})
    dataset = data.load(config.data)
    state = training.new_state(config, dataset)
    for _ in training.train(state, dataset):
        pass
    return state


def test_the_last_frame_is_the_trained_run() -> None:
    config = small(loss={"alpha": 0.1})
    tensors, facts = recorded(config)
    state = trained(config)
    assert facts["frames"] == 3
    assert tensors["fakes"].shape == (3, recording.SHOWN, 2)
    z = latent.draw(0, recording.SHOWN, 2)
    points = state.G(z).detach().requires_grad_()
    np.testing.assert_allclose(tensors["fakes"][-1], points.detach(), atol=2e-3)
    places = torch.from_numpy(Cells(2, facts["reach"], 40).middles).float()
    heat = state.D(places).sigmoid().detach().numpy() * 255
    np.testing.assert_allclose(tensors["heat"][-1], heat, atol=0.51)
    # The pull on each sample: minus the gradient of softplus(-D(x)) by x.
    loss = torch.nn.functional.softplus(-state.D(points)).sum()
    (gradient,) = torch.autograd.grad(loss, points)
    np.testing.assert_allclose(tensors["pulls"][-1], -gradient, atol=2e-3)


def test_the_same_settings_make_the_same_film() -> None:
    config = small(seed=3)
    *_, first = playground.record(config)
    *_, second = playground.record(config)
    assert first == second


def test_the_optimum_is_that_of_the_masses() -> None:
    tensors, facts = recorded(
        small(data={"dataset": "mixture-1d"}, loss={"alpha": 0.1, "beta": 0.2})
    )
    study = STUDIES["mixture-1d"]
    p = Cells(1, facts["reach"], 160).of_gaussians(study.centers(), study.std)[:-1]
    np.testing.assert_allclose(tensors["p_data"], p, atol=1e-7)
    q = tensors["masses"][-1]
    np.testing.assert_allclose(
        tensors["optimum"][-1] / 254, (0.9 * p + 0.2 * q) / (p + q), atol=5e-3
    )


def test_scores_without_probabilities_are_scaled_to_the_frame() -> None:
    tensors, facts = recorded(small(loss={"objective": "hinge"}))
    assert not facts["probability"]
    assert "optimum" not in tensors
    assert (tensors["heat"].min(1) == 0).all()
    assert (tensors["heat"].max(1) == 255).all()
    assert (tensors["bounds"][:, 0] < tensors["bounds"][:, 1]).all()


def test_a_run_that_breaks_off_ends_its_film() -> None:
    tensors, facts = recorded(
        small(loss={"objective": "f-kl"}, optimizer={"g_lr": 1.0, "d_lr": 1.0}, steps=2000)
    )
    assert 1 <= facts["frames"] == len(tensors["heat"]) < 81
    assert facts["steps"] == 25 * (facts["frames"] - 1)


def test_the_time_that_a_run_takes_is_known_before() -> None:
    """Five updates of D with a penalty are far more work; both within what a busy machine does."""
    plain = playground.seconds(small(steps=2000))
    slow = playground.seconds(
        small(steps=2000, balance={"d_steps": 5}, regularizer={"r1_gamma": 0.1})
    )
    assert 0.5 < plain < slow < 600


@pytest.mark.parametrize(
    ("change", "says"),
    [
        ({"data": {"dataset": "mnist"}, "network": {"architecture": "mlp"}}, "points alone"),
        ({"steps": 5000}, "steps must be at most 2,000"),
        ({"steps": None}, "steps must be at most 2,000"),
        ({"collapse": {"minibatch": "stddev"}}, "minibatch none"),
        ({"network": {**SMALL["network"], "g_width": 1024}}, "g_width must be at most 256"),
    ],
)
def test_what_is_none_for_the_playground_is_refused(change: dict[str, Any], says: str) -> None:
    with pytest.raises(ValueError, match=says):
        playground.check(small(**change))


@pytest.mark.parametrize("name", PRESETS)
def test_every_preset_ships_as_it_is_configured(name: str) -> None:
    content = playground.stored(PRESETS[name].config)
    assert content is not None
    assert len(content) < 300_000
    _, facts = playground.opened(content)
    kept = parse_config(facts["config"])
    unlike = {"report_every": 25, "precision": "fp32", "device": "cpu"}
    assert kept == PRESETS[name].config.model_copy(update=unlike)
    assert facts["frames"] == recording.FRAMES + 1


def test_nothing_else_lies_among_the_recordings() -> None:
    names = {f"{presets.slug(name)}.safetensors.gz" for name in PRESETS}
    assert {path.name for path in presets.RECORDINGS.iterdir()} == names


def curve(name: str, column: str) -> np.ndarray:
    content = playground.stored(PRESETS[name].config)
    assert content is not None
    tensors, facts = playground.opened(content)
    values: np.ndarray = tensors["curves"][:, facts["curves"].index(column)]
    return values


def test_presets_show_what_is_said_of_them() -> None:
    assert curve("Ring of eight", "modes")[-1] == 8
    assert np.median(curve("Collapse", "modes")) <= 2
    for cure in ("Collapse, packed", "Collapse, unrolled"):
        assert curve(cure, "modes").mean() > 2 * curve("Collapse", "modes").mean()
    assert curve("D too strong, minimax", "js")[-1] > 0.6
    assert curve("D too strong, non-saturating", "js")[-1] < 0.35
    assert curve("On a line, as in 2014", "js")[-1] < 0.03


def test_pulls_vanish_under_minimax_alone() -> None:
    """The middle sample's pull at the end, by those at the start."""
    shares = {}
    for name in ("D too strong, minimax", "D too strong, non-saturating"):
        tensors, _ = playground.opened(playground.stored(PRESETS[name].config) or b"")
        lengths = np.median(np.linalg.norm(tensors["pulls"].astype(np.float64), axis=-1), axis=1)
        shares[name] = lengths[40] / lengths[1]
    assert shares["D too strong, minimax"] < 0.1
    assert shares["D too strong, non-saturating"] > 1
