"""Every update of the game against a plain reference loop, and what its settings change in it."""

from __future__ import annotations

import copy
import dataclasses
import math

import numpy as np
import pytest
import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import binary_cross_entropy_with_logits as bce

from gandash import data, latent, training
from gandash.config import CollapseConfig, LossConfig
from gandash.data import Dataset
from gandash.networks import Discriminator, Ensemble, build_pair
from gandash.networks.layers import REFERENCE, pack
from gandash.training import Report, State, averaging, balance
from gandash.training.games import NoiseGame
from gandash.training.source import Batch
from gandash.training.streams import Purpose, Streams
from tests.conftest import ConfigFactory
from tests.training.whole_runs import (
    batch,
    events,
    indices,
    norm,
    start,
    tensors,
)

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


def relativistic_reference(state: State, real: Tensor, z: Tensor) -> None:
    """A step of R3GAN as its algorithm 1 says: each real image with one of G's, R1 and R2."""
    G, D, settings = state.G, state.D, state.config.regularizer
    fake = G(z)
    x, y = real.clone().requires_grad_(), fake.detach().clone().requires_grad_()
    r, f = D(x), D(y)
    slopes = [
        torch.autograd.grad(logits.sum(), images, create_graph=True)[0].pow(2).sum((1, 2, 3)).mean()
        for logits, images in ((r, x), (f, y))
    ]
    penalty = settings.r1_gamma / 2 * slopes[0] + settings.r2_gamma / 2 * slopes[1]
    state.d_optimizer.zero_grad()
    (-(r - f).sigmoid().log().mean() + penalty).backward()
    state.d_optimizer.step()
    state.g_optimizer.zero_grad()
    (-(D(fake) - D(real)).sigmoid().log().mean()).backward()
    state.g_optimizer.step()


def test_every_relativistic_step_is_that_of_the_reference_loop(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    network = {"architecture": "modern", "latent_dim": 8, "g_width": 8, "d_width": 8}
    config = tiny_config(
        loss={"objective": "relativistic"},
        network=network | {"g_norm": "none", "d_norm": "none"},
        regularizer={"r1_gamma": 2.0, "r2_gamma": 0.5},
        optimizer={"g_lr": 1e-3, "d_lr": 1e-3},
        steps=4,
    )
    ours, theirs = start(config, tiny_dataset), start(config, tiny_dataset)
    for _ in training.train(ours, tiny_dataset):
        pass
    for step in range(4):
        relativistic_reference(theirs, *batch(config, tiny_dataset, step))
    for name, tensor in tensors(ours).items():
        torch.testing.assert_close(tensor, tensors(theirs)[name], rtol=1e-3, atol=2e-5, msg=name)


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
    NoiseGame(state).update(Batch(real))
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
    real, _ = batch(config, tiny_dataset, 0)
    NoiseGame(state).update(Batch(real))
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


# Scores


@pytest.mark.parametrize(
    "settings",
    [
        {},
        {"regularizer": {"instance_noise": 0.5}},
        {"collapse": {"unroll_steps": 3, "unroll_lr": 0.5}},
        {"collapse": {"unroll_steps": 3, "unroll_lr": 0.5}, "regularizer": {"instance_noise": 0.5}},
        {"collapse": {"pack": 2}},
        {"balance": {"g_steps": 2}, "regularizer": {"instance_noise": 0.5}},
        {"balance": {"discriminators": 2}},
        {"balance": {"rule": "loss-rate"}, "regularizer": {"instance_noise": 0.5}},
    ],
    ids=str,
)
def test_scores_before_and_after_are_of_one_d_on_one_z_with_one_noise(
    tiny_config: ConfigFactory, tiny_dataset: Dataset, settings: dict[str, object]
) -> None:
    """D is the real one as it stands at the end of the step, G the old and the new one."""
    config = tiny_config(report_every=1, steps=4, optimizer={"g_lr": 0.01}, **settings)
    state = start(config, tiny_dataset)
    loop = training.train(state, tiny_dataset)
    turns = set()
    for step in range(4):
        old = copy.deepcopy(state.G)
        report = next(e for e in loop if isinstance(e, Report))
        _, z = batch(config, tiny_dataset, step)
        number = step * config.balance.g_steps
        noise = Streams(0).normal(Purpose.NOISE_G, number, (8, 1, 16, 16))
        noise = config.regularizer.instance_noise * (1 - step / 4) * noise
        for G, score in ((old, report.d_fake_before), (state.G, report.d_fake_after)):
            seen = pack(copy.deepcopy(G).train()(z) + noise, config.collapse.pack)
            expected = copy.deepcopy(state.D).train()(seen).sigmoid().mean()
            assert score == pytest.approx(expected.item(), abs=1e-6)
        turns.add(report.g_updates > 0)
        if not report.g_updates:
            assert report.d_fake_after == report.d_fake_before
        elif not config.collapse.unroll_steps:
            assert report.d_fake_after > report.d_fake_before + 1e-4, (
                "a step of G must raise D(G(z)) on its own z"
            )
    assert turns == ({True, False} if config.balance.rule == "loss-rate" else {True})


def test_scoring_leaves_no_trace(tiny_config: ConfigFactory, tiny_dataset: Dataset) -> None:
    state, *_ = events(tiny_config(steps=2, ema=0.5), tiny_dataset)
    before = tensors(state)
    NoiseGame(state).score(latent.draw(0, 8, 8), Batch(torch.zeros(8, 1, 16, 16)))
    training.sample(state, latent.draw(0, 8, 8))
    after = tensors(state)
    assert all(torch.equal(before[name], after[name]) for name in before)
    assert state.G.training
    assert state.D.training


# Samples


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
        assert averaging.ema_decay(0.7, step) == decay
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


def test_snapshots_of_points_are_two_thousand_unrounded(tiny_config: ConfigFactory) -> None:
    network = {"architecture": "mlp", "latent_dim": 8, "g_norm": "none", "d_norm": "none"}
    config = tiny_config(data={"dataset": "ring", "limit": 64}, network=network)
    state, _, snapshots = events(config, data.load(config.data))
    assert all((s.images.shape, s.images.dtype) == ((2048, 2), torch.float32) for s in snapshots)
    with torch.no_grad():
        assert torch.equal(snapshots[-1].images, state.G(latent.draw(0, 2048, 8)))


def test_snapshots_of_a_conditioned_g_have_the_classes_in_turn(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    state, _, snapshots = events(tiny_config(labels={"conditioning": "concat"}), tiny_dataset)
    z, labels = latent.draw(0, 64, 8), torch.arange(64) % 2
    with torch.no_grad():
        expected = data.to_uint8(copy.deepcopy(state.G).eval()(z, labels))
    assert torch.equal(snapshots[-1].images, expected)


# Failure


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


# Turns


def players(state: State) -> list[tuple[str, nn.Module]]:
    return [("D", state.D), ("G", state.G)]


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


class Recorder(Streams):
    """Streams that remember what was drawn from them."""

    def __init__(self, seed: int) -> None:
        super().__init__(seed)
        object.__setattr__(self, "drawn", [])

    def normal(self, purpose: Purpose, number: int, shape: tuple[int, ...]) -> Tensor:
        self.drawn.append((purpose, number))  # type: ignore[attr-defined]
        return super().normal(purpose, number, shape)


def test_every_update_of_g_draws_its_own_instance_noise(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    settings = {"balance": {"g_steps": 3}, "regularizer": {"instance_noise": 0.1}}
    game = NoiseGame(start(tiny_config(report_every=6, **settings), tiny_dataset))
    recorder = Recorder(0)
    game.streams = recorder
    list(training.play(game, tiny_dataset))
    drawn = recorder.drawn  # type: ignore[attr-defined]
    for_g = [number for purpose, number in drawn if purpose == Purpose.NOISE_G]
    assert for_g[-1] == 15, "the score has the noise of the last step's first update"
    assert for_g[:-1] == list(range(18))


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
        real, z = batch(config, dataset, 0)
        NoiseGame(state).update(Batch(real))
        fake = G(z)
        theta = {name: p.detach().requires_grad_() for name, p in state.D.named_parameters()}
        if steps:
            on_real, on_fake = (functional_call(state.D, theta, (x,)) for x in (real, fake))
            loss = bce(on_real, torch.ones(8)) + bce(on_fake, torch.zeros(8))
            slopes = torch.autograd.grad(loss, list(theta.values()), create_graph=True)
            theta = {
                name: p - lr * slope for (name, p), slope in zip(theta.items(), slopes, strict=True)
            }
        loss = bce(functional_call(state.D, theta, (fake,)), torch.ones(8))
        if steps:  # E log D_K(x)
            loss = loss - bce(functional_call(state.D, theta, (real,)), torch.ones(8))
        loss.backward()
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
    NoiseGame(state).update(Batch(real))
    (measured,) = state.window.pending
    for packed, images in zip(seen, (real, fake, fake), strict=True):
        assert packed.shape == (4, 2, 16, 16)
        torch.testing.assert_close(packed.view(8, 1, 16, 16), images)
    assert measured.real_logits.shape == measured.fake_logits.shape == (4,)


def test_ds_reference_is_drawn_from_all_images(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    """By the seed, the same through the whole run; of few images some come twice."""
    network = tiny_config().network.model_copy(update={"d_norm": "virtual", "g_norm": "virtual"})
    many = dataclasses.replace(
        tiny_dataset,
        images=tiny_dataset.images.repeat(10, 1, 1, 1),  # sorted by class, as data often is
        labels=torch.arange(240) // 120,
    )
    many.images[:, 0, 0, 0] = torch.arange(240)  # tells which one it is
    for count in (1, 2):
        config = tiny_config(network=network, collapse={"pack": count})
        state, *_ = events(config, many)
        assert isinstance(state.D, Discriminator)
        assert state.D.reference is not None
        assert state.D.reference.shape == (REFERENCE, count, 16, 16)
        kept = data.to_uint8(state.D.reference).view(-1, 1, 16, 16)
        index = kept[:, 0, 0, 0].long()
        assert torch.equal(kept, many.images[index])
        assert len(set(index.tolist())) == REFERENCE * count
        second_class = (index >= 120).float().mean().item()
        assert 0.3 < second_class < 0.7
        assert torch.equal(state.G.reference, build_pair(config, (1, 16, 16))[0].reference)
        for seed, same in ((0, True), (1, False)):
            other = start(config.model_copy(update={"seed": seed}), many)
            assert isinstance(other.D, Discriminator)
            assert torch.equal(state.D.reference, other.D.reference) == same
    few = start(tiny_config(network=network), tiny_dataset)
    assert isinstance(few.D, Discriminator)
    assert few.D.reference is not None
    assert len(few.D.reference.unique(dim=0)) == 24


# Several discriminators


def test_members_learn_alone_and_g_from_the_weighted_mean_of_its_losses(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    config = tiny_config(
        balance={"discriminators": 3}, optimizer={"d_lr": 0.03}, steps=2, report_every=1
    )
    state = start(config, tiny_dataset)
    NoiseGame(state).update(Batch(batch(config, tiny_dataset, 0)[0]))  # tells the members apart
    state.window.clear()
    twins = copy.deepcopy(state.D.members)
    G = copy.deepcopy(state.G)
    real, z = batch(config, tiny_dataset, 1)
    fake = G(z)
    NoiseGame(state).update(Batch(real, number=1))
    (measured,) = state.window.pending
    ones = torch.ones(8)
    losses = torch.stack([bce(D(real), ones) + bce(D(fake.detach()), 0 * ones) for D in twins])
    losses.sum().backward()
    for twin, member in zip(twins, state.D.members, strict=True):
        for theirs, ours in zip(twin.parameters(), member.parameters(), strict=True):
            torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-6)
    assert measured.d_loss.item() == pytest.approx(losses.mean().item(), rel=1e-5)
    assert isinstance(state.D, Ensemble)
    weights = (-losses.detach()).softmax(0)
    torch.testing.assert_close(state.D.weights, weights, rtol=1e-5, atol=1e-7)
    assert state.D.weights.argmax() == losses.argmin()
    assert weights.max() - weights.min() > 0.01
    g_losses = torch.stack([bce(D(fake), ones) for D in state.D.members])
    of_mean_logit = bce(weights @ torch.stack([D(fake) for D in state.D.members]), ones)
    assert measured.g_loss.item() == pytest.approx((weights @ g_losses).item(), rel=1e-5)
    assert abs(measured.g_loss.item() - of_mean_logit.item()) > 1e-4, "must be told apart"
    (weights @ g_losses).backward()
    for theirs, ours in zip(G.parameters(), state.G.parameters(), strict=True):
        torch.testing.assert_close(ours.grad, theirs.grad, rtol=1e-4, atol=1e-6)


def test_a_rule_looks_at_the_weighted_loss_of_an_ensemble(
    tiny_config: ConfigFactory, tiny_dataset: Dataset
) -> None:
    config = tiny_config(balance={"discriminators": 2, "rule": "loss-rate"})
    state = start(config, tiny_dataset)
    twins = copy.deepcopy(state.D.members)
    real, z = batch(config, tiny_dataset, 0)
    fake = copy.deepcopy(state.G)(z).detach()
    NoiseGame(state).update(Batch(real))
    assert isinstance(state.D, Ensemble)
    each = torch.stack([bce(D(fake), torch.ones(8)) for D in twins])
    assert state.previous is not None
    assert state.previous[1] == pytest.approx((state.D.weights @ each).item(), rel=1e-5)


# Labels


@pytest.mark.parametrize("kind", ["d-only", "semi-supervised"])
def test_what_is_hidden_cannot_change_an_update(
    tiny_config: ConfigFactory, tiny_dataset: Dataset, kind: str
) -> None:
    """Other labels behind the mask give the same weights, bit for bit; before it, others."""
    config = tiny_config(labels={"conditioning": kind, "labelled": 10})
    real, _ = batch(config, tiny_dataset, 0)
    labels = torch.tensor([0, 1, 0, 1, 0, 1, 0, 1])
    known = torch.tensor([True, False, False, True, True, False, True, True])
    hidden_flipped = torch.where(known, labels, 1 - labels)
    weights = []
    for shown in (labels, hidden_flipped, 1 - hidden_flipped):
        state = start(config, tiny_dataset)
        NoiseGame(state).update(Batch(real, shown, known))
        weights.append(tensors(state))
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
    batches = [tiny_dataset.labels[index] for _, index in indices(config, 24, 0, 3)]
    given = [
        labels for labels in given if len(labels) == config.batch_size
    ]  # the others are of snapshots
    assert all(any(torch.equal(labels, wanted) for wanted in batches) for labels in given)
    assert all(sum(torch.equal(labels, wanted) for labels in given) >= 4 for wanted in batches)
