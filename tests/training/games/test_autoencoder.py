"""The adversarial autoencoder: a step in torch's own words, who learns from what, and what D of z
is good for.
"""

from __future__ import annotations

import math
from dataclasses import replace

import pytest
import torch
from torch import Tensor, nn
from torch.nn.functional import binary_cross_entropy_with_logits as bce
from torch.nn.functional import mse_loss

from gandash import data, training
from gandash.config import Config
from gandash.data import Dataset
from gandash.latent.prior import off_prior
from gandash.networks import Discriminator, Encoder, Generator
from gandash.training import Report, State
from gandash.training.games import AutoencoderGame
from gandash.training.games.autoencoder import total_variation
from gandash.training.source import Batch
from gandash.training.streams import Purpose, Streams
from tests.conftest import ConfigFactory
from tests.training.whole_runs import PLAIN, indices

SETTINGS: dict[str, object] = {
    "autoencoder": {"encoder": True},
    "labels": {"conditioning": "concat"},
}


def players(state: State) -> tuple[Generator, Encoder, Discriminator]:
    assert isinstance(state.G, Generator)
    assert isinstance(state.G.encoder, Encoder)
    assert isinstance(state.D, Discriminator)
    return state.G, state.G.encoder, state.D


def start(config: Config, dataset: Dataset) -> State:
    return training.new_state(config, dataset, PLAIN)


def batch_of(config: Config, dataset: Dataset, step: int = 0) -> Batch:
    ((_, index),) = indices(config, len(dataset), step, step + 1)
    labels = dataset.labels
    assert labels is not None
    known = torch.ones(len(index), dtype=torch.bool)
    return Batch(data.to_unit(dataset.images[index]), labels[index], known, step)


def reference_step(state: State, batch: Batch) -> dict[str, float]:
    """Both updates as the papers say them, in torch's own words."""
    settings = state.config.autoencoder
    G, E, D = players(state)
    assert D.of_z is not None
    x, labels = batch.real, batch.labels
    drawn = Streams(state.config.seed).normal(Purpose.LATENTS, batch.number, (len(x), 8))
    encoded = len(x) - round(settings.prior_share * len(x))
    z = E(x[:encoded])
    made = G(torch.cat([z, drawn[encoded:]]), labels)
    ones, zeros = torch.ones(len(x)), torch.zeros(len(x))
    d_loss = bce(D(x, labels), ones) + bce(D(made.detach(), labels), zeros)
    assert labels is not None
    hot = torch.nn.functional.one_hot(labels[:encoded], 2).float()
    on_z = bce(D.of_z.layers(torch.cat([drawn[:encoded], hot], 1))[:, 0], ones[:encoded])
    told = torch.cat([z.detach(), hot], 1)
    on_z = on_z + bce(D.of_z.layers(told)[:, 0], zeros[:encoded])
    state.d_optimizer.zero_grad()
    (d_loss + on_z).backward()  # type: ignore[no-untyped-call]
    state.d_optimizer.step()
    g_loss = bce(D(made, labels), ones)
    again = made[:encoded]
    neighbors = (made[:, :, 1:] - made[:, :, :-1]).abs().mean()
    neighbors = neighbors + (made[..., 1:] - made[..., :-1]).abs().mean()
    total = g_loss + settings.reconstruction * mse_loss(again, x[:encoded])
    total = total + settings.z_weight * bce(D.of_z(z, labels[:encoded]), ones[:encoded])
    state.g_optimizer.zero_grad()
    (total + settings.variation * neighbors).backward()
    state.g_optimizer.step()
    distance = (again - x[:encoded]).abs().mean()
    return {"d_loss": d_loss.item(), "g_loss": g_loss.item(), "distance": distance.item()}


@pytest.mark.parametrize("share", [0.0, 0.25, 0.5])
def test_every_step_is_that_of_the_papers(
    tiny_config: ConfigFactory, tiny_dataset: Dataset, share: float
) -> None:
    weights = {"reconstruction": 3.0, "z_weight": 0.7, "variation": 0.2, "prior_share": share}
    config = tiny_config(**SETTINGS | {"autoencoder": {"encoder": True, **weights}})
    ours = start(config, tiny_dataset)
    theirs = start(config, tiny_dataset)
    for step in range(3):
        batch = batch_of(config, tiny_dataset, step)
        AutoencoderGame(ours).update(batch)
        expected = reference_step(theirs, batch)
        values, _ = ours.window.read()
        ours.window.clear()
        assert {name: values[name] for name in expected} == pytest.approx(expected, rel=1e-4)
    for who in ("G", "D"):
        mine = getattr(ours, who).state_dict()
        for name, tensor in getattr(theirs, who).state_dict().items():
            torch.testing.assert_close(mine[name], tensor, rtol=1e-3, atol=2e-5, msg=name)


def learned(before: dict[str, Tensor], network: nn.Module) -> set[str]:
    """The parameters that have changed."""
    now = dict(network.named_parameters())
    return {name for name, tensor in before.items() if not torch.equal(tensor, now[name])}


def copies(network: nn.Module) -> dict[str, Tensor]:
    return {name: weight.detach().clone() for name, weight in network.named_parameters()}


def test_each_loss_reaches_its_player_alone(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    config = tiny_config(**SETTINGS)
    for learns, stays in (("G", "D"), ("D", "G")):
        state = start(config, tiny_dataset)
        before = {who: copies(getattr(state, who)) for who in "GD"}
        AutoencoderGame(state).update_alone(learns, batch_of(config, tiny_dataset))
        assert not learned(before[stays], getattr(state, stays))
        assert learned(before[learns], getattr(state, learns)) == set(before[learns])
        frozen = [weight.grad for weight in getattr(state, stays).parameters()]
        assert all(gradient is None for gradient in frozen), f"{stays} is told nothing"


def test_without_its_weight_the_discriminator_on_z_tells_e_nothing(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    """With nothing to make again either, E's own word is that of D on images: the same z_weight 0
    and a D of z with other weights gives the same E.
    """
    config = tiny_config(**SETTINGS | {"autoencoder": {"encoder": True, "z_weight": 0.0}})
    batch = batch_of(config, tiny_dataset)
    encoders = []
    for scale in (1.0, 5.0):
        state = start(config, tiny_dataset)
        _, E, D = players(state)
        assert D.of_z is not None
        with torch.no_grad():
            for weight in D.of_z.parameters():
                weight.mul_(scale)
        before = copies(D.of_z)
        AutoencoderGame(state).update(batch)
        assert learned(before, D.of_z) == set(before), "it still learns, and tells how far off z is"
        encoders.append(copies(E))
    assert all(torch.equal(encoders[0][name], encoders[1][name]) for name in encoders[0])


def test_z_is_held_against_the_normal_distribution_that_samples_are_drawn_from(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    config = tiny_config(**SETTINGS)
    state = start(config, tiny_dataset)
    game = AutoencoderGame(state)
    drawn = []
    for number in range(200):
        batch = replace(batch_of(config, tiny_dataset), number=number)
        z = game.latents(batch)
        assert game.codes is not None
        assert z.shape == (8, 8)
        assert torch.equal(z[:4], game.codes.made)
        assert game.codes.drawn.shape == (4, 8)
        drawn += [game.codes.drawn, z[4:].detach()]
    numbers = torch.cat(drawn).flatten().double()
    error = 1 / math.sqrt(len(numbers))
    assert abs(float(numbers.mean())) < 4 * error
    assert abs(float(numbers.var()) - 1) < 4 * math.sqrt(2) * error
    assert abs(float(numbers.pow(4).mean()) - 3) < 4 * math.sqrt(96) * error
    assert len(numbers.unique()) > 0.99 * len(numbers), "no z is used twice"


def run(config: Config, dataset: Dataset) -> tuple[State, list[Report]]:
    state = start(config, dataset)
    events = list(training.train(state, dataset))
    return state, [event for event in events if isinstance(event, Report)]


def test_images_are_made_again_and_z_leaves_the_prior_where_d_of_z_does_not_count(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    """The histogram of two numbers of z over all images, against the normal distribution."""
    off = []
    told_apart = []
    for z_weight in (1.0, 0.0):
        changes = {
            "autoencoder": {"encoder": True, "z_weight": z_weight},
            "network": {"latent_dim": 2, "g_width": 4, "d_width": 4},
            "optimizer": {"g_lr": 1e-3, "d_lr": 2e-3},
        }
        config = tiny_config(report_every=50, **SETTINGS | changes | {"steps": 150})
        state, reports = run(config, tiny_dataset)
        assert reports[-1].distance < 0.6 * reports[0].distance
        assert all(math.isfinite(it.d_prior * it.d_code * it.z_std) for it in reports)
        told_apart.append(reports[-1].d_prior - reports[-1].d_code)
        _, E, _ = players(state)
        with torch.inference_mode():
            off.append(float(off_prior(E(data.to_unit(tiny_dataset.images))).mean()))
    assert off[0] < 1.0
    assert off[1] > 1.6
    assert told_apart[0] < told_apart[1], "D of z knows better where nothing holds z"


def test_samples_are_of_the_prior_and_what_e_finds_fits_g(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    config = tiny_config(**SETTINGS, ema=0.9)
    state, _ = run(config, tiny_dataset)
    G, E, _ = players(state)
    shown = AutoencoderGame(state).sample(torch.zeros(4, 8))
    assert shown.shape == (4, 1, 16, 16)
    with torch.inference_mode():
        assert E(data.to_unit(tiny_dataset.images[:5])).shape == (5, G.latent_dim)
    assert any(name.startswith("encoder.") for name in state.sampler.state_dict()), "averaged too"


def test_total_variation_by_hand() -> None:
    ramp = torch.arange(4.0).expand(2, 1, 4, 4)  # 1 a step to the right, none down
    assert float(total_variation(ramp)) == pytest.approx(1.0)
    assert float(total_variation(ramp.transpose(2, 3) * 3)) == pytest.approx(3.0)
    assert float(total_variation(torch.full((1, 3, 4, 4), 0.3))) == 0.0
