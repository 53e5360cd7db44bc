"""The training loop against a plain reference loop, and its promises about reports.

Seeds and resuming.
"""

from __future__ import annotations

import copy
import dataclasses
import math
from dataclasses import asdict
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from gandash import data, latent, training
from gandash.config import CollapseConfig, Config, DataConfig, LossConfig, NetworkConfig
from gandash.data import Dataset
from gandash.networks import Discriminator, Ensemble, build_pair
from gandash.networks.layers import REFERENCE
from gandash.training import Arithmetic, Report, Snapshot, State, balance
from gandash.training.games.noise import (
    Batch,
    _classified,
    draw_latents,
    ema_decay,
    losses_of,
    play_step,
    score_after_update,
)
from gandash.training.streams import LATENTS, NOISE_G, batch_indices, stream
from tests.conftest import ConfigFactory

PLAIN = Arithmetic()
TIMING = {"seconds", "images_per_second"}


def start(config: Config, dataset: Dataset, arithmetic: Arithmetic = PLAIN) -> State:
    return training.new_state(config, dataset, arithmetic)


def events(config: Config, dataset: Dataset) -> tuple[State, list[Report], list[Snapshot]]:
    """A run from start to end."""
    state = start(config, dataset)
    everything = list(training.train(state, dataset))
    reports = [e for e in everything if isinstance(e, Report)]
    return state, reports, [e for e in everything if isinstance(e, Snapshot)]


def numbers(report: Report) -> dict[str, float]:
    """All that must not depend on the clock."""
    return {name: value for name, value in asdict(report).items() if name not in TIMING}


def comparable(report: Report) -> dict[str, float | None]:
    """The same with None for what was not measured: NaN is not equal to itself."""
    return {name: None if math.isnan(value) else value for name, value in numbers(report).items()}


def tensors(state: State) -> dict[str, Tensor]:
    networks = {"G": state.G, "D": state.D} | ({"ema": state.ema} if state.ema else {})
    return {
        f"{who}.{k}": v.clone()
        for who, network in networks.items()
        for k, v in network.state_dict().items()
    }


def norm(network: nn.Module) -> float:
    return math.sqrt(
        sum(
            float(p.grad.double().square().sum())
            for p in network.parameters()
            if p.grad is not None
        )
    )


def batch(config: Config, dataset: Dataset, step: int) -> tuple[Tensor, Tensor]:
    """Images and latents of a step, as the loop draws them."""
    ((_, index),) = batch_indices(config, len(dataset), step, step + 1)
    z = torch.randn(
        config.batch_size, config.network.latent_dim, generator=stream(config.seed, 1, step)
    )
    return data.to_unit(dataset.images[index]), z


# One step


def reference_step(state: State, real: Tensor, z: Tensor) -> dict[str, float]:
    """The textbook's alternating step: separate backward passes, torch's losses, D never frozen."""
    G, D, loss = state.G, state.D, state.config.loss
    fake = G(z)
    state.d_optimizer.zero_grad()
    real_logits = D(real)
    d_real = bce(real_logits, torch.full((len(real),), 1 - loss.alpha))
    d_real.backward()
    fake_logits = D(fake.detach())
    d_fake = bce(fake_logits, torch.full((len(z),), loss.beta))
    d_fake.backward()
    measured = {"d_loss": float(d_real.detach() + d_fake.detach()), "d_grad_norm": norm(D)}
    state.d_optimizer.step()
    state.g_optimizer.zero_grad()
    g_logits = D(fake)
    ones, zeros = torch.ones(len(z)), torch.zeros(len(z))
    g_loss = bce(g_logits, ones) if loss.objective == "non-saturating" else -bce(g_logits, zeros)
    g_loss.backward()
    measured |= {
        "g_loss": g_loss.item(),
        "g_grad_norm": norm(G),
        "d_fake_before": g_logits.sigmoid().mean().item(),
    }
    state.g_optimizer.step()
    for who, logits in (("real", real_logits), ("fake", fake_logits)):
        measured[f"d_{who}"] = logits.sigmoid().mean().item()
        for q in (5, 25, 50, 75, 95):
            measured[f"{who}_q{q:02d}"] = float(np.quantile(logits.detach().numpy(), q / 100))
    return measured


@pytest.mark.parametrize(
    "loss",
    [
        LossConfig(),
        LossConfig(alpha=0.1),
        LossConfig(alpha=0.1, beta=0.2),
        LossConfig(objective="minimax"),
        LossConfig(objective="minimax", alpha=0.3),
    ],
    ids=str,
)
def test_every_step_is_that_of_the_reference_loop(
    tiny_config: ConfigFactory, tiny_dataset: Dataset, loss: LossConfig
) -> None:
    config = tiny_config(loss=loss, report_every=1, steps=4)
    ours, theirs = start(config, tiny_dataset), start(config, tiny_dataset)
    reports = [e for e in training.train(ours, tiny_dataset) if isinstance(e, Report)]
    for step, report in enumerate(reports):
        expected = reference_step(theirs, *batch(config, tiny_dataset, step))
        assert {k: getattr(report, k) for k in expected} == pytest.approx(
            expected, rel=2e-4, abs=2e-5
        ), step
    for name, tensor in tensors(ours).items():
        torch.testing.assert_close(tensor, tensors(theirs)[name], rtol=1e-4, atol=1e-5, msg=name)


def test_d_is_frozen_while_g_learns_and_trainable_afterwards(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    config = tiny_config()
    state = start(config, tiny_dataset)
    trainable: list[set[bool]] = []
    D = state.D
    assert isinstance(D, Discriminator)
    D.layers.register_forward_pre_hook(
        lambda *_: trainable.append({p.requires_grad for p in D.parameters()})
    )
    real, z = batch(config, tiny_dataset, 0)
    twin = copy.deepcopy(state)
    play_step(state, Batch(real, None, None, 0), z, losses_of(config))
    assert trainable[:3] == [{True}, {True}, {False}]
    assert all(p.requires_grad for p in state.D.parameters())
    (bce(twin.D(real), torch.ones(8)) + bce(twin.D(twin.G(z).detach()), torch.zeros(8))).backward()
    for ours, theirs in zip(state.D.parameters(), twin.D.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-6)


def test_each_player_has_its_own_adam(tiny_config: ConfigFactory, tiny_dataset: Dataset) -> None:
    """The first step of Adam moves every weight by its learning rate.

    Against the gradient's sign.
    """
    config = tiny_config(
        optimizer={"g_lr": 0.003, "d_lr": 0.001, "adam_beta1": 0.4, "adam_beta2": 0.9}
    )
    state = start(config, tiny_dataset)
    before = tensors(state)
    real, z = batch(config, tiny_dataset, 0)
    play_step(state, Batch(real, None, None, 0), z, losses_of(config))
    for who, network, lr in (("G", state.G, 0.003), ("D", state.D, 0.001)):
        for name, weight in network.named_parameters():
            assert weight.grad is not None
            clear = weight.grad.abs() > 1e-5
            moved = before[f"{who}.{name}"] - weight.detach()
            torch.testing.assert_close(
                moved[clear], lr * weight.grad.sign()[clear], rtol=2e-3, atol=1e-7
            )
    for optimizer in (state.g_optimizer, state.d_optimizer):
        (group,) = optimizer.param_groups
        assert group["betas"] == (0.4, 0.9)
        assert not group["weight_decay"]


def test_scores_before_and_after_are_d_of_the_same_z_with_old_and_new_g(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    config = tiny_config(report_every=1, steps=3, optimizer={"g_lr": 0.01})
    state = start(config, tiny_dataset)
    loop = training.train(state, tiny_dataset)
    for step in range(3):
        old = copy.deepcopy(state.G)
        report = next(e for e in loop if isinstance(e, Report))
        _, z = batch(config, tiny_dataset, step)
        for G, score in (
            (old, report.d_fake_before),
            (copy.deepcopy(state.G), report.d_fake_after),
        ):
            expected = copy.deepcopy(state.D).train()(G.train()(z)).sigmoid().mean()
            assert score == pytest.approx(expected.item(), abs=1e-6)
        assert report.d_fake_after > report.d_fake_before + 1e-4, (
            "a step of G must raise D(G(z)) on its own z"
        )


def test_scoring_leaves_no_trace(tiny_config: ConfigFactory, tiny_dataset: Dataset) -> None:
    state, *_ = events(tiny_config(steps=2, ema=0.5), tiny_dataset)
    before = tensors(state)
    score_after_update(state, latent.draw(0, 8, 8), None)
    training.sample(state, latent.draw(0, 8, 8))
    after = tensors(state)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert state.G.training
    assert state.D.training


def test_reporting_more_often_changes_nothing(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    often, _, _ = events(tiny_config(report_every=1, snapshots=7), tiny_dataset)
    rarely, _, _ = events(tiny_config(report_every=100, snapshots=2), tiny_dataset)
    assert all(
        torch.equal(tensor, tensors(rarely)[name]) for name, tensor in tensors(often).items()
    )


# Reports and snapshots


@pytest.mark.parametrize(
    ("steps", "every", "expected"),
    [(6, 2, [2, 4, 6]), (7, 3, [3, 6, 7]), (2, 10, [2]), (3, 1, [1, 2, 3])],
)
def test_reports_come_at_their_steps_and_at_the_end(
    tiny_config: ConfigFactory, tiny_dataset: Dataset, steps: int, every: int, expected: list[int]
) -> None:
    _, reports, _ = events(tiny_config(steps=steps, report_every=every), tiny_dataset)
    assert [r.step for r in reports] == expected
    assert [r.images for r in reports] == [8 * step for step in expected]
    assert [r.epoch for r in reports] == pytest.approx([step / 3 for step in expected])
    assert all(r.images_per_second > 0 for r in reports)
    assert [r.seconds for r in reports] == sorted(r.seconds for r in reports)


def test_a_report_is_the_mean_of_its_window(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    _, singles, _ = events(tiny_config(report_every=1, steps=7), tiny_dataset)
    _, windows, _ = events(tiny_config(report_every=3, steps=7), tiny_dataset)
    for report, parts in zip(windows, (singles[:3], singles[3:6], singles[6:]), strict=True):
        for name, value in numbers(report).items():
            values = [getattr(part, name) for part in parts]
            if name.endswith("_min") or name.endswith("_max"):
                assert value == (min if name.endswith("_min") else max)(values)
            elif name in ("step", "images", "epoch", "d_fake_before", "d_fake_after"):
                assert value == values[-1]
            elif name in ("d_updates", "g_updates"):
                assert value == sum(values) == len(parts)
            elif name in ("d_accuracy", "frechet", "precision", "recall"):
                assert math.isnan(value), "nothing is classified here, and no samples are measured"
            else:
                assert value == pytest.approx(sum(values) / len(values), rel=1e-5, abs=1e-6), name


def test_epochs_decide_the_length_where_steps_do_not(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    _, reports, _ = events(tiny_config(steps=None, epochs=2), tiny_dataset)
    assert (reports[-1].step, reports[-1].epoch) == (6, 2.0)


def test_snapshots_are_eval_mode_samples_of_one_fixed_noise(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    config = tiny_config(seed=5)
    state, _, snapshots = events(config, tiny_dataset)
    assert [s.step for s in snapshots] == list(config.snapshot_steps(len(tiny_dataset)))
    assert all(
        s.images.shape == (64, 1, 16, 16) and s.images.dtype == torch.uint8 for s in snapshots
    )
    z = latent.draw(5, 64, 8)
    with torch.no_grad():
        assert torch.equal(snapshots[-1].images, data.to_uint8(copy.deepcopy(state.G).eval()(z)))
        fresh = start(config, tiny_dataset).G.eval()
        assert torch.equal(snapshots[0].images, data.to_uint8(fresh(z)))


def test_a_run_left_at_a_report_has_the_snapshots_up_to_there(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    seen: list[int] = []
    for event in training.train(start(tiny_config(snapshots=7), tiny_dataset), tiny_dataset):
        if isinstance(event, Snapshot):
            seen.append(event.step)
        elif event.step == 6:
            break
    assert seen[-1] == 6


# Data order and noise


def test_an_epoch_shows_each_image_at_most_once(tiny_config: ConfigFactory) -> None:
    config = tiny_config(batch_size=5)
    batches = [index for _, index in batch_indices(config, 24, 0, 12)]
    epochs = [torch.cat(batches[k : k + 4]).tolist() for k in (0, 4, 8)]
    assert all(len(set(epoch)) == 20 for epoch in epochs)
    assert epochs[0] != epochs[1] != epochs[2]
    assert set().union(*epochs) == set(range(24)), "what one epoch drops must come in another"


@pytest.mark.parametrize("first", [1, 3, 4, 11])
def test_the_order_does_not_depend_on_where_it_is_taken_up(
    tiny_config: ConfigFactory, first: int
) -> None:
    config = tiny_config(batch_size=5)
    whole = list(batch_indices(config, 24, 0, 12))
    rest = list(batch_indices(config, 24, first, 12))
    assert [update for update, _ in rest] == list(range(first, 12))
    assert all(torch.equal(a, b) for (_, a), (_, b) in zip(whole[first:], rest, strict=True))


def test_streams_of_seeds_purposes_and_steps_are_distinct() -> None:
    keys = [(s, p, t) for s in (0, 1, 2, 2**32 - 1) for p in (0, 1) for t in (0, 1, 2, 10**9)]
    draws = {tuple(torch.randn(4, generator=stream(*key)).tolist()) for key in keys}
    assert len(draws) == len(keys)


def test_the_same_seed_is_the_same_run_and_another_is_another(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    first, reports, snapshots = events(tiny_config(ema=0.9), tiny_dataset)
    torch.manual_seed(1234)  # the global stream must not matter
    second, again, snapshots_again = events(tiny_config(ema=0.9), tiny_dataset)
    other, others, _ = events(tiny_config(ema=0.9, seed=1), tiny_dataset)
    assert all(
        torch.equal(tensor, tensors(second)[name]) for name, tensor in tensors(first).items()
    )
    assert list(map(comparable, reports)) == list(map(comparable, again))
    assert all(
        torch.equal(a.images, b.images) for a, b in zip(snapshots, snapshots_again, strict=True)
    )
    assert not torch.equal(
        tensors(first)["G.layers.0.0.weight"], tensors(other)["G.layers.0.0.weight"]
    )
    assert reports[-1].d_loss != others[-1].d_loss


def test_a_state_left_at_a_report_goes_on_as_if_it_never_stopped(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    config = tiny_config(ema=0.9)
    whole, reports, _ = events(config, tiny_dataset)
    state = start(config, tiny_dataset)
    kept = []
    for _ in range(3):
        report = next(e for e in training.train(state, tiny_dataset) if isinstance(e, Report))
        kept.append(comparable(report))
    assert kept == list(map(comparable, reports))
    assert all(torch.equal(tensor, tensors(state)[name]) for name, tensor in tensors(whole).items())


# Moving average, failures, devices


def test_the_moving_average_is_that_computed_by_hand(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    """First a copy of G after step 1, then decay * average + (1 - decay) * G.

    Statistics included.
    """
    config = tiny_config(ema=0.7, report_every=1, optimizer={"g_lr": 0.01})
    state = start(config, tiny_dataset)
    average: dict[str, Tensor] = {}
    for step, report in enumerate(
        e for e in training.train(state, tiny_dataset) if isinstance(e, Report)
    ):
        decay = min(0.7, (1 + step) / (10 + step))
        assert ema_decay(0.7, step) == decay
        now = {k: v.double() for k, v in state.G.state_dict().items() if v.is_floating_point()}
        average = {k: decay * average[k] + (1 - decay) * now[k] for k in now} if step else now
        assert report.step == step + 1
    assert state.ema is not None
    assert state.sampler is state.ema.module
    for name, expected in average.items():
        actual = state.ema.module.state_dict()[name].double()
        torch.testing.assert_close(actual, expected, rtol=1e-5, atol=1e-6, msg=name)
        assert "weight" not in name or not torch.equal(actual, state.G.state_dict()[name].double())


def test_samples_come_from_the_moving_average(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    state, _, snapshots = events(tiny_config(ema=0.9, optimizer={"g_lr": 0.01}), tiny_dataset)
    assert state.ema is not None
    z = latent.draw(0, 64, 8)
    with torch.no_grad():
        assert torch.equal(
            snapshots[-1].images, data.to_uint8(copy.deepcopy(state.ema.module).eval()(z))
        )
        assert not torch.equal(
            snapshots[-1].images, data.to_uint8(copy.deepcopy(state.G).eval()(z))
        )


@pytest.mark.parametrize(("who", "value"), [("G", math.nan), ("D", math.inf)])
def test_losses_that_are_not_finite_end_the_run_in_a_sentence(
    tiny_config: ConfigFactory, tiny_dataset: Dataset, who: str, value: float
) -> None:
    state = start(tiny_config(), tiny_dataset)
    next(iter(getattr(state, who).parameters())).data.fill_(value)
    with pytest.raises(
        FloatingPointError,
        match=r"^The losses must stay finite, but at step 2 .*: lower the learning",
    ):
        list(training.train(state, tiny_dataset))


def test_too_few_images_for_a_batch_are_refused(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    config = tiny_config(batch_size=25)
    with pytest.raises(ValueError, match="it is 25 for 24 images: choose at most 24"):
        list(training.train(start(config, tiny_dataset), tiny_dataset))


def test_a_device_that_is_not_there_is_refused() -> None:
    assert training.choose_device("cpu") == torch.device("cpu")
    missing = [
        name
        for name, there in (("cuda", torch.cuda.is_available()), ("mps", torch.mps.is_available()))
        if not there
    ]
    for name in missing:
        with pytest.raises(
            ValueError,
            match=f"device '{name}' is not available on this machine: choose auto or cpu",
        ):
            training.choose_device(name)
    assert training.choose_device("auto").type not in missing


@pytest.mark.parametrize(
    ("told", "bf16_seconds", "taken"),
    [
        ({"avx512_bf16": True}, 0.8, True),
        ({"avx512_bf16": True}, 0.95, False),
        ({"avx512_bf16": False}, 0.7, False),
        ({"avx512_f": True}, 0.5, True),
    ],
)
def test_a_cpu_takes_bf16_for_a_small_gain_only_if_it_has_units_for_it(
    tiny_config: ConfigFactory,
    tiny_dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    *,
    told: dict[str, bool],
    bf16_seconds: float,
    taken: bool,
) -> None:
    monkeypatch.setattr(torch.cpu, "get_capabilities", lambda: told, raising=False)
    monkeypatch.setattr("gandash.training.arithmetic._probe", lambda *_: [1.0, bf16_seconds])
    chosen = training.choose_arithmetic(
        tiny_config(precision="auto"), tiny_dataset, torch.device("cpu")
    )
    assert chosen == Arithmetic(bf16=taken, channels_last=True)


@pytest.mark.parametrize("precision", ["fp32", "bf16", "auto"])
def test_the_probe_keeps_to_the_precision_and_leaves_the_run_alone(
    tiny_config: ConfigFactory, tiny_dataset: Dataset, precision: str
) -> None:
    config = tiny_config(precision=precision)
    chosen = training.choose_arithmetic(config, tiny_dataset, torch.device("cpu"))
    assert precision == "auto" or chosen.bf16 == (precision == "bf16")
    probed = training.new_state(config, tiny_dataset)
    fresh = start(config, tiny_dataset)
    assert probed.step == 0
    assert not probed.window.pending
    assert not probed.window.blocks
    assert probed.window.count() == (0, 0)
    assert all(
        torch.equal(tensor, tensors(fresh)[name]) for name, tensor in tensors(probed).items()
    )


@pytest.mark.parametrize(
    "arithmetic",
    [
        Arithmetic(channels_last=True),
        Arithmetic(bf16=True),
        Arithmetic(bf16=True, channels_last=True),
    ],
)
def test_other_arithmetic_is_the_same_training_up_to_rounding(
    tiny_config: ConfigFactory, tiny_dataset: Dataset, arithmetic: Arithmetic
) -> None:
    config = tiny_config(steps=1, report_every=1)
    plain = next(
        e
        for e in training.train(start(config, tiny_dataset), tiny_dataset)
        if isinstance(e, Report)
    )
    state = start(config, tiny_dataset, arithmetic)
    other = next(e for e in training.train(state, tiny_dataset) if isinstance(e, Report))
    tolerance = 3e-2 if arithmetic.bf16 else 1e-4
    assert other.d_loss == pytest.approx(plain.d_loss, rel=tolerance)
    assert other.g_loss == pytest.approx(plain.g_loss, rel=tolerance)
    assert all(p.dtype == torch.float32 for p in (*state.G.parameters(), *state.D.parameters()))


# Turns


@pytest.mark.parametrize("rule", ["loss-rate", "worse"])
def test_a_rule_updates_one_player_a_step(
    tiny_config: ConfigFactory, tiny_dataset: Dataset, rule: str
) -> None:
    """The one that the rule names, given the losses of this step and the last.

    The report counts both.
    """
    config = tiny_config(balance={"rule": rule}, report_every=1, steps=12)
    state = start(config, tiny_dataset)
    loop = training.train(state, tiny_dataset)
    previous, turns = None, []
    for step in range(12):
        before = {
            who: [p.detach().clone() for p in network.parameters()]
            for who, network in players(state)
        }
        report = next(e for e in loop if isinstance(e, Report))
        moved = {
            who: any(
                not torch.equal(a, b)
                for a, b in zip(before[who], network.parameters(), strict=True)
            )
            for who, network in players(state)
        }
        assert sorted(moved.values()) == [False, True], step
        (turn,) = (who for who, it in moved.items() if it)
        assert (report.d_updates, report.g_updates) == (int(turn == "D"), int(turn == "G"))
        assert math.isnan(report.g_grad_norm if turn == "D" else report.d_grad_norm)
        assert (report.g_grad_norm if turn == "G" else report.d_grad_norm) > 0
        losses = state.previous
        assert losses is not None
        assert losses[0] == pytest.approx(report.d_loss)
        assert turn == balance.player(rule, losses, previous, 1.0)  # type: ignore[arg-type]
        previous = losses
        turns.append(turn)
    assert set(turns) == {"D", "G"} or rule == "worse"
    _, whole, _ = events(
        tiny_config(balance={"rule": rule}, report_every=5, steps=12), tiny_dataset
    )
    assert [(r.d_updates + r.g_updates) for r in whole] == [5, 5, 2]
    assert [r.d_updates for r in whole] == [
        turns[:5].count("D"),
        turns[5:10].count("D"),
        turns[10:].count("D"),
    ]


def players(state: State) -> list[tuple[str, nn.Module]]:
    return [("D", state.D), ("G", state.G)]


def test_the_worse_rule_takes_either_side(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    for ratio, who in ((1e-3, "d_updates"), (1e3, "g_updates")):
        _, reports, _ = events(tiny_config(balance={"rule": "worse", "ratio": ratio}), tiny_dataset)
        assert sum(getattr(report, who) for report in reports) == 6


def test_g_steps_give_g_more_updates_on_fresh_noise(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    config = tiny_config(balance={"g_steps": 3}, ema=0.5)
    state = start(config, tiny_dataset)
    seen: list[Tensor] = []
    state.G.register_forward_pre_hook(lambda _, inputs: seen.append(inputs[0].clone()))
    reports = [e for e in training.train(state, tiny_dataset) if isinstance(e, Report)]
    assert [(r.d_updates, r.g_updates) for r in reports] == [(2, 6)] * 3
    assert {int(float(it["step"])) for it in state.g_optimizer.state.values()} == {18}
    assert {int(float(it["step"])) for it in state.d_optimizer.state.values()} == {6}
    assert reports[-1].images == 6 * config.batch_size
    drawn = {tuple(z.flatten().tolist()) for z in seen}
    assert len(seen) == 18 + len(reports), "and once more for the score after the update"
    assert len(drawn) == 18, "each update has its own z, and the score the first of its step"


def test_every_update_of_g_draws_its_own_instance_noise(
    tiny_config: ConfigFactory, tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch
) -> None:
    drawn: list[tuple[int, int, int]] = []

    def recorded(seed: int, purpose: int, number: int) -> torch.Generator:
        drawn.append((seed, purpose, number))
        return stream(seed, purpose, number)

    monkeypatch.setattr("gandash.training.games.noise.stream", recorded)
    events(tiny_config(balance={"g_steps": 3}, regularizer={"instance_noise": 0.1}), tiny_dataset)
    for_g = [number for _, purpose, number in drawn if purpose == NOISE_G]
    assert sorted(for_g) == list(range(18))


# Collapse


def test_g_learns_against_the_d_that_the_config_imagines(tiny_config: ConfigFactory) -> None:
    """One imagined step written out with autograd on a copy.

    G's gradient in the loop is that of the whole graph.
    """
    plain = tiny_config(
        data={"dataset": "ring", "limit": 32},
        network={
            "architecture": "mlp",
            "latent_dim": 8,
            "g_width": 8,
            "d_width": 8,
            "g_norm": "none",
            "d_norm": "none",
        },
    )
    lr, gradients = 0.5, {}
    for steps in (0, 1):
        config = plain.model_copy(
            update={"collapse": CollapseConfig(unroll_steps=steps, unroll_lr=lr)}
        )
        dataset = data.load(config.data)
        state = start(config, dataset)
        G = copy.deepcopy(state.G)
        ((_, index),) = batch_indices(config, len(dataset), 0, 1)
        real, z = dataset.images[index], draw_latents(state, LATENTS, 0)
        play_step(state, Batch(real, None, None, 0), z, losses_of(config))
        fake, theta = (
            G(z),
            {name: p.detach().requires_grad_() for name, p in state.D.named_parameters()},
        )
        if steps:
            on_real, on_fake = (functional_call(state.D, theta, (x,)) for x in (real, fake))
            loss = bce(on_real, torch.ones(8)) + bce(on_fake, torch.zeros(8))
            slopes = torch.autograd.grad(loss, list(theta.values()), create_graph=True)
            theta = {
                name: p - lr * slope for (name, p), slope in zip(theta.items(), slopes, strict=True)
            }
        bce(functional_call(state.D, theta, (fake,)), torch.ones(8)).backward()
        for ours, theirs in zip(state.G.parameters(), G.parameters(), strict=True):
            torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-7)
        gradients[steps] = torch.cat(
            [p.grad.flatten() for p in G.parameters() if p.grad is not None]
        )
    assert (gradients[1] - gradients[0]).norm() > 0.05 * gradients[0].norm()


def test_d_judges_packs_of_its_own_kind(tiny_config: ConfigFactory, tiny_dataset: Dataset) -> None:
    """Real with real and generated with generated.

    8 images are 4 packs of 2, and G's gradient reaches all of them.
    """
    config = tiny_config(collapse={"pack": 2}, steps=1, report_every=1)
    state = start(config, tiny_dataset)
    assert isinstance(state.D, Discriminator)
    seen: list[Tensor] = []
    state.D.layers.register_forward_pre_hook(
        lambda _, inputs: seen.append(inputs[0].detach().clone())
    )
    real, z = batch(config, tiny_dataset, 0)
    fake = copy.deepcopy(state.G)(z).detach()
    measured = play_step(state, Batch(real, None, None, 0), z, losses_of(config))
    for packed, images in zip(seen, (real, fake, fake), strict=True):
        assert packed.shape == (4, 2, 16, 16)
        torch.testing.assert_close(packed.view(8, 1, 16, 16), images)
    assert measured.real_logits.shape == measured.fake_logits.shape == (4,)


def test_d_has_the_first_images_for_reference(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    network = tiny_config().network.model_copy(update={"d_norm": "virtual", "g_norm": "virtual"})
    for count in (1, 2):
        state, *_ = events(tiny_config(network=network, collapse={"pack": count}), tiny_dataset)
        assert isinstance(state.D, Discriminator)
        wanted = data.to_unit(tiny_dataset.images[torch.arange(REFERENCE * count) % 24])
        assert torch.equal(state.D.reference, wanted.view(REFERENCE, count, 16, 16)), (
            "it never changes"
        )
        assert torch.equal(state.G.reference, build_pair(state.config, (1, 16, 16))[0].reference)


# Several discriminators


def test_members_learn_alone_and_g_from_their_weighted_mean(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    config = tiny_config(balance={"discriminators": 3}, optimizer={"d_lr": 0.003})
    state = start(config, tiny_dataset)
    twins = copy.deepcopy(state.D.members)
    real, z = batch(config, tiny_dataset, 0)
    fake = copy.deepcopy(state.G)(z).detach()
    measured = play_step(state, Batch(real, None, None, 0), z, losses_of(config))
    losses = torch.stack(
        [bce(D(real), torch.ones(8)) + bce(D(fake), torch.zeros(8)) for D in twins]
    )
    losses.sum().backward()
    for twin, member in zip(twins, state.D.members, strict=True):
        for theirs, ours in zip(twin.parameters(), member.parameters(), strict=True):
            torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-6)
    assert measured.d_loss.item() == pytest.approx(losses.mean().item(), rel=1e-5)
    assert isinstance(state.D, Ensemble)
    torch.testing.assert_close(state.D.weights, (-losses.detach()).softmax(0), rtol=1e-5, atol=1e-7)
    assert state.D.weights.argmax() == losses.argmin()


# Labels


def test_hidden_labels_teach_nothing_and_measure_the_accuracy() -> None:
    scores = torch.randn(
        6, 3, generator=torch.Generator().manual_seed(0), dtype=torch.float64, requires_grad=True
    )
    labels, known = (
        torch.tensor([0, 1, 2, 0, 1, 2]),
        torch.tensor([True, False, True, False, False, True]),
    )
    some = Batch(torch.zeros(6, 1), labels, known, 0)
    error, accuracy = _classified(scores, some)
    assert error is not None
    assert accuracy is not None
    log_p = scores.detach().log_softmax(1)
    assert error.item() == pytest.approx(-sum(log_p[i, labels[i]].item() for i in (0, 2, 5)) / 3)
    (gradient,) = torch.autograd.grad(error, scores)
    assert not gradient[~known].any()
    assert (gradient[known].abs().sum(1) > 0).all()
    right = (scores.argmax(1) == labels)[[1, 3, 4]].double().mean().item()
    assert accuracy.item() == pytest.approx(right)
    flipped = Batch(torch.zeros(6, 1), labels, torch.ones(6, dtype=torch.bool), 0)
    _, accuracy = _classified(scores, flipped)
    assert accuracy is not None
    assert accuracy.item() == pytest.approx((scores.argmax(1) == labels).double().mean().item()), (
        "none is hidden"
    )
    nothing = Batch(torch.zeros(6, 1), labels, torch.zeros(6, dtype=torch.bool), 0)
    error, _ = _classified(scores, nothing)
    assert error is not None
    assert error.item() == 0
    assert _classified(None, some) == (None, None)


@pytest.mark.parametrize("kind", ["d-only", "semi-supervised"])
def test_what_is_hidden_cannot_change_the_run(
    tiny_config: ConfigFactory, tiny_dataset: Dataset, kind: str
) -> None:
    """Other labels behind the first 10 images give the same weights, bit for bit.

    Before, others.
    """
    config = tiny_config(labels={"conditioning": kind, "labelled": 10})
    assert tiny_dataset.labels is not None
    behind, before = tiny_dataset.labels.clone(), tiny_dataset.labels.clone()
    behind[10:] = 1 - behind[10:]
    before[:10] = 1 - before[:10]
    weights = [
        tensors(events(config, dataclasses.replace(tiny_dataset, labels=labels))[0])
        for labels in (tiny_dataset.labels, behind, before)
    ]
    assert all(torch.equal(value, weights[1][name]) for name, value in weights[0].items())
    assert not all(torch.equal(value, weights[2][name]) for name, value in weights[0].items())


@pytest.mark.parametrize("kind", ["d-only", "semi-supervised"])
def test_d_learns_the_classes(tiny_config: ConfigFactory, tiny_dataset: Dataset, kind: str) -> None:
    """Squares on the left or on the right: on images whose labels it never saw."""
    network = tiny_config().network.model_copy(update={"d_width": 8})
    rng = torch.Generator().manual_seed(0)
    order = torch.randperm(24, generator=rng)
    assert tiny_dataset.labels is not None
    mixed = dataclasses.replace(
        tiny_dataset, images=tiny_dataset.images[order], labels=tiny_dataset.labels[order]
    )
    config = tiny_config(
        labels={"conditioning": kind, "labelled": 12}, network=network, steps=90, report_every=15
    )
    _, reports, _ = events(config, mixed)
    assert 0 <= reports[0].d_accuracy <= 1
    assert reports[-1].d_accuracy > 0.9


@pytest.mark.parametrize("kind", ["concat", "projection"])
def test_labels_of_the_batch_go_to_both_players(
    tiny_config: ConfigFactory, tiny_dataset: Dataset, monkeypatch: pytest.MonkeyPatch, kind: str
) -> None:
    """G makes the classes of D's real images.

    So that D sees no class more often generated than real.
    """
    config = tiny_config(labels={"conditioning": kind}, steps=3)
    state = start(config, tiny_dataset)
    given: list[Tensor] = []
    state.G.register_forward_pre_hook(lambda _, inputs: given.append(inputs[1]))
    judge = Discriminator.judge

    def spy(
        self: Discriminator, images: Tensor, labels: Tensor | None = None
    ) -> tuple[Tensor, Tensor | None]:
        assert labels is not None
        given.append(labels)
        return judge(self, images, labels)

    monkeypatch.setattr(Discriminator, "judge", spy)
    list(training.train(state, tiny_dataset))
    assert tiny_dataset.labels is not None
    batches = [tiny_dataset.labels[index] for _, index in batch_indices(config, 24, 0, 3)]
    given = [
        labels for labels in given if len(labels) == config.batch_size
    ]  # the others are of snapshots
    assert all(any(torch.equal(labels, wanted) for wanted in batches) for labels in given)
    assert all(sum(torch.equal(labels, wanted) for labels in given) >= 4 for wanted in batches)


def test_snapshots_of_a_conditioned_g_have_the_classes_in_turn(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    state, _, snapshots = events(tiny_config(labels={"conditioning": "concat"}), tiny_dataset)
    z, labels = latent.draw(0, 64, 8), torch.arange(64) % 2
    with torch.no_grad():
        expected = data.to_uint8(copy.deepcopy(state.G).eval()(z, labels))
    assert torch.equal(snapshots[-1].images, expected)


@pytest.mark.parametrize("kind", ["d-only", "concat", "projection", "semi-supervised"])
def test_data_without_labels_cannot_be_conditioned(
    tiny_config: ConfigFactory, tiny_dataset: Dataset, kind: str
) -> None:
    bare = dataclasses.replace(tiny_dataset, labels=None, classes=())
    sentence = (
        r"^conditioning needs images in classes, and '.*' has none: put them into one folder a "
        r"class, "
        r"or set conditioning to none$"
    )
    with pytest.raises(ValueError, match=sentence):
        start(tiny_config(labels={"conditioning": kind}), bare)
    training.check_fits(tiny_config(), bare)


def test_snapshots_of_points_are_two_thousand_unrounded(tiny_config: ConfigFactory) -> None:
    network = {"architecture": "mlp", "latent_dim": 8, "g_norm": "none", "d_norm": "none"}
    config = tiny_config(data={"dataset": "ring", "limit": 64}, network=network)
    state, _, snapshots = events(config, data.load(config.data))
    assert all((s.images.shape, s.images.dtype) == ((2048, 2), torch.float32) for s in snapshots)
    with torch.no_grad():
        assert torch.equal(snapshots[-1].images, state.G(latent.draw(0, 2048, 8)))


@pytest.mark.parametrize(
    "sections",
    [
        {"balance": {"g_steps": 2}, "labels": {"conditioning": "concat"}},
        {
            "balance": {"g_steps": 2},
            "collapse": {"unroll_steps": 1},
            "labels": {"conditioning": "concat"},
        },
        {"collapse": {"pack": 4}},
        {"balance": {"discriminators": 2, "rule": "loss-rate"}},
    ],
    ids=str,
)
def test_the_probe_takes_every_kind_of_step_on_its_small_batch(
    tiny_config: ConfigFactory,
    tiny_dataset: Dataset,
    monkeypatch: pytest.MonkeyPatch,
    sections: dict[str, object],
) -> None:
    monkeypatch.setattr("gandash.training.arithmetic.PROBE_BATCH", 4)
    monkeypatch.setattr("gandash.training.arithmetic.PROBE_SECONDS", 0.0)
    config = tiny_config(precision="auto", **sections)
    chosen = training.choose_arithmetic(config, tiny_dataset, torch.device("cpu"))
    assert chosen.channels_last


# It learns


def moments(images: Tensor) -> Tensor:
    """Mean and deviation of every pixel over the images."""
    x = images.double() / 255
    return torch.stack([x.mean(0), x.std(0)])


def test_it_learns_mnist(mnist: Path) -> None:
    config = Config(
        data=DataConfig(dataset="mnist", size=16, limit=2048),
        network=NetworkConfig(latent_dim=16, g_width=16, d_width=16),
        steps=240,
        batch_size=64,
        report_every=20,
        snapshots=4,
        precision="fp32",
        device="cpu",
    )
    dataset = data.load(config.data)
    _, reports, snapshots = events(config, dataset)
    last = reports[-1]
    assert last.d_loss < 2 * math.log(2) - 0.3
    assert last.d_real > last.d_fake + 0.2
    assert last.real_q50 > 0.5
    assert last.fake_q50 < -0.2
    assert min(last.g_grad_norm, last.d_grad_norm) > 0
    truth = moments(dataset.images)
    distance = [
        float((moments(s.images) - truth).square().mean().sqrt())
        for s in (snapshots[0], snapshots[-1])
    ]
    assert distance[1] < 0.6 * distance[0]
    assert float(moments(snapshots[-1].images)[1].mean()) > 0.4 * float(truth[1].mean()), (
        "samples must differ"
    )
