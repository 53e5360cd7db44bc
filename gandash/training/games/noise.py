"""The game of a generator that is fed noise against a discriminator."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy
from torch.optim.swa_utils import get_ema_multi_avg_fn

from gandash.config import Config
from gandash.data import Dataset
from gandash.kinds import of_batch
from gandash.losses.objectives import DLoss, GLoss, losses
from gandash.losses.regularizers import clip_weights, gradient_penalty, r1
from gandash.networks import Discriminator, Ensemble
from gandash.networks.layers import pack
from gandash.training import balance, optimizers
from gandash.training.reports import Measured
from gandash.training.state import State
from gandash.training.streams import LATENTS_G, MIX, NOISE_FAKE, NOISE_G, NOISE_REAL, stream
from gandash.training.unrolled import Judge, adam, sgd, unroll


@dataclass(frozen=True)
class Batch:
    """What one update of D sees: real samples as the networks take them, with what is known of
    their classes.

    ``labels`` (N,) are there where a player or the accuracy needs them; ``known`` (N,) says which
    of them D is shown. ``update`` is the number of the update of D.
    """

    real: Tensor
    labels: Tensor | None
    known: Tensor | None
    update: int


@dataclass(frozen=True)
class Judgement:
    """D's view of a batch: its loss (with what it learns besides), the objective alone.

    Its logits, its accuracy.
    """

    loss: Tensor
    d_loss: Tensor
    real_logits: Tensor
    fake_logits: Tensor
    real: Tensor
    fake: Tensor
    accuracy: Tensor | None


def ema_decay(limit: float, step: int) -> float:
    """Decay of G's moving average at a step, (1 + step) / (10 + step) up to ``limit``.

    It grows from 0.1, so that the average forgets the initial weights as fast as G leaves them.
    """
    return min(limit, (1 + step) / (10 + step))


@dataclass(frozen=True)
class Source:
    """A data set on the device."""

    images: Tensor
    labels: Tensor | None
    known: Tensor | None


def load_source(config: Config, dataset: Dataset, device: torch.device) -> Source:
    """The data as far as the config looks at it."""
    if config.labels.conditioning == "none" or dataset.labels is None:
        return Source(dataset.images.to(device), None, None)
    known = torch.arange(len(dataset)) < (config.labels.labelled or len(dataset))
    return Source(dataset.images.to(device), dataset.labels.to(device), known.to(device))


def losses_of(config: Config) -> tuple[DLoss, GLoss]:
    return losses(
        config.loss.objective,
        config.loss.alpha,
        config.loss.beta,
        strict=config.loss.g_form == "strict",
    )


def take_batch(state: State, source: Source, index: Tensor, update: int) -> Batch:
    index = index.to(state.device, non_blocking=True)
    labels, known = (None if it is None else it[index] for it in (source.labels, source.known))
    return Batch(prepare(source.images[index], state), labels, known, update)


def draw_latents(state: State, purpose: int, number: int) -> Tensor:
    shape = (state.config.batch_size, state.config.network.latent_dim)
    z = torch.randn(shape, generator=stream(state.config.seed, purpose, number))
    return z.to(state.device, non_blocking=True)


def prepare(images: Tensor, state: State) -> Tensor:
    """Samples as the networks take them."""
    order = torch.channels_last if state.arithmetic.channels_last else torch.contiguous_format
    return of_batch(images).prepare(images, order)


def _autocast(state: State) -> AbstractContextManager[object]:
    return (
        torch.autocast(state.device.type, torch.bfloat16)
        if state.arithmetic.bf16
        else nullcontext()
    )


def play_step(state: State, batch: Batch, z: Tensor, pair: tuple[DLoss, GLoss]) -> Measured:
    """One update of D, then one of G on the same fakes.

    And further ones of G on new z if the config asks for them.
    """
    fake = _generate(state, z, batch.labels)
    seen = judge(state, batch, fake.detach(), pair[0])
    d_grad_norm = update_d(state, seen, batch)
    g_loss, g_logits, g_grad_norm = _update_g(state, fake, batch, pair)
    for extra in range(1, state.config.balance.g_steps):
        z = draw_latents(state, LATENTS_G, batch.update * state.config.balance.g_steps + extra)[
            : len(batch.real)
        ]
        _update_g(state, _generate(state, z, batch.labels), batch, pair, extra)
    measured = Measured(
        seen.d_loss,
        g_loss,
        seen.real_logits,
        seen.fake_logits,
        g_logits,
        d_grad_norm,
        g_grad_norm,
        seen.accuracy,
    )
    state.window.add(measured, state.config.balance.d_steps, state.config.balance.g_steps)
    return measured


def step_of_one(state: State, batch: Batch, z: Tensor, pair: tuple[DLoss, GLoss]) -> Measured:
    """One update of the player that the balance rule chooses.

    It has to look at both losses first.
    """
    settings = state.config.balance
    fake = _generate(state, z, batch.labels)
    seen = judge(state, batch, fake.detach(), pair[0])
    g_loss = pair[1](seen.fake_logits.detach())
    d_grad_norm = g_grad_norm = None
    both = float(seen.d_loss.detach()), float(g_loss)
    assert settings.rule != "fixed"
    turn = balance.player(settings.rule, both, state.previous, settings.ratio)
    state.previous = both
    if turn == "D":
        d_grad_norm = update_d(state, seen, batch)
    else:
        g_loss, _, g_grad_norm = _update_g(state, fake, batch, pair)
    logits = seen.real_logits, seen.fake_logits, seen.fake_logits
    measured = Measured(seen.d_loss, g_loss, *logits, d_grad_norm, g_grad_norm, seen.accuracy)
    state.window.add(measured, int(turn == "D"), int(turn == "G"))
    return measured


def _generate(state: State, z: Tensor, labels: Tensor | None) -> Tensor:
    """Samples of G in training mode."""
    with _autocast(state):
        images: Tensor = state.G(z, labels)
    return images


@torch.no_grad()
def fakes(state: State, z: Tensor, labels: Tensor | None) -> Tensor:
    """Samples of G in training mode, without a graph."""
    return _generate(state, z, labels)


def judge(state: State, batch: Batch, fake: Tensor, d_loss_of: DLoss) -> Judgement:
    """D's loss on a batch and detached fakes.

    The objective and, where D classifies, its error on known labels.
    """
    count = state.config.collapse.pack
    real = pack(_noisy(state, batch.real, NOISE_REAL, batch.update), count)
    fake = pack(_noisy(state, fake, NOISE_FAKE, batch.update), count)
    views = [_view(state, member, real, fake, batch.labels) for member in state.D.members]
    d_losses = [d_loss_of(real_logits, fake_logits) for real_logits, fake_logits, _ in views]
    real_logits, fake_logits, scores = views[0]
    loss = d_loss = d_losses[0]
    if isinstance(state.D, Ensemble):
        each = torch.stack(d_losses)
        loss, d_loss = each.sum(), each.mean()
        state.D.rate(each.detach())
        real_logits = state.D.weigh(torch.stack([real for real, _, _ in views]))
        fake_logits = state.D.weigh(torch.stack([fake for _, fake, _ in views]))
    error, accuracy = _classified(scores, batch)
    return Judgement(
        loss if error is None else loss + error,
        d_loss,
        real_logits,
        fake_logits,
        real,
        fake,
        accuracy,
    )


def _view(
    state: State, D: Discriminator, real: Tensor, fake: Tensor, labels: Tensor | None
) -> tuple[Tensor, Tensor, Tensor | None]:
    """Logits on real and fake, and the class scores of the real ones, in full precision."""
    with _autocast(state):
        if _in_one_go(D, real, labels):
            (real_logits, fake_logits), scores = _logits_of_both(D, real, fake), None
        else:
            (real_logits, scores), (fake_logits, _) = D.judge(real, labels), D.judge(fake, labels)
    return real_logits.float(), fake_logits.float(), None if scores is None else scores.float()


def _in_one_go(D: Discriminator | Ensemble, real: Tensor, labels: Tensor | None) -> bool:
    """Whether small networks may see real and generated samples as one batch.

    No output depends on the rest of it.
    """
    return of_batch(real).light and not D.coupled and labels is None


def _logits_of_both(D: Judge, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    real_logits, fake_logits = D(torch.cat([real, fake])).view(2, -1).unbind()
    return real_logits, fake_logits


def _classified(scores: Tensor | None, batch: Batch) -> tuple[Tensor | None, Tensor | None]:
    """Cross-entropy on the images whose label D is shown.

    And its accuracy on the others (on all if there are none).
    """
    if scores is None or batch.labels is None or batch.known is None:
        return None, None
    known = batch.known.float()
    error = (
        cross_entropy(scores, batch.labels, reduction="none") * known
    ).sum() / known.sum().clamp(min=1)
    hidden = 1 - known
    weight = torch.where(hidden.sum() > 0, hidden, torch.ones_like(known))
    accuracy = ((scores.argmax(1) == batch.labels).float() * weight).sum() / weight.sum()
    return error, accuracy


def update_d(state: State, seen: Judgement, batch: Batch) -> Tensor:
    """One update of D; returns the norm of its gradient."""
    d_grad_norm = optimizers.update(state.d_optimizer, _penalized(state, seen, batch))
    if state.config.regularizer.weight_clip:
        clip_weights(state.D, state.config.regularizer.weight_clip)
    return d_grad_norm


def _update_g(
    state: State, fake: Tensor, batch: Batch, pair: tuple[DLoss, GLoss], extra: int = 0
) -> tuple[Tensor, Tensor, Tensor]:
    """One update of G, the step's ``extra``-th further one: its loss, D's logits on its samples,
    its gradient's norm.

    D is frozen while G learns: its weight gradients, a third of that backward pass, are not
    computed.
    """
    _freeze(state.d_optimizer, frozen=True)
    number = batch.update * state.config.balance.g_steps + extra
    fake = pack(_noisy(state, fake, NOISE_G, number), state.config.collapse.pack)
    if state.config.collapse.unroll_steps:
        g_logits = _future_d(state, fake, batch, pair[0])(fake.float(), batch.labels)
    else:
        with _autocast(state):
            g_logits = state.D(fake, batch.labels)
    g_loss = pair[1](g_logits.float())
    g_grad_norm = optimizers.update(state.g_optimizer, g_loss)
    _freeze(state.d_optimizer, frozen=False)
    if state.ema is not None:
        decay = ema_decay(state.config.ema, state.step)
        state.ema.multi_avg_fn = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        state.ema.update_parameters(state.G)
    return g_loss, g_logits.float(), g_grad_norm


def _future_d(state: State, fake: Tensor, batch: Batch, d_loss_of: DLoss) -> Judge:
    """D after the imagined updates on this batch, in full precision."""
    settings = state.config.collapse
    real = pack(_noisy(state, batch.real, NOISE_REAL, batch.update), settings.pack)

    def d_loss(judge: Judge) -> Tensor:
        if _in_one_go(state.D, real, batch.labels):
            return d_loss_of(*_logits_of_both(judge, real, fake))
        return d_loss_of(judge(real, batch.labels), judge(fake.float(), batch.labels))

    if settings.unroll_method == "adam":
        assert isinstance(state.d_optimizer, torch.optim.Adam)
        update = adam(state.d_optimizer)
    else:
        update = sgd(settings.unroll_lr)
    return unroll(state.D, d_loss, settings.unroll_steps, update)


def _penalized(state: State, seen: Judgement, batch: Batch) -> Tensor:
    """D's loss with the penalties on its gradient that the config asks for, in full precision."""
    settings, total = state.config.regularizer, seen.loss
    for D in state.D.members:
        if settings.gradient_penalty:
            mix = torch.rand(
                len(seen.real), generator=stream(state.config.seed, MIX, batch.update)
            ).to(state.device)
            penalty = gradient_penalty(
                _of_labels(D, batch.labels), seen.real, seen.fake.float(), mix
            )
            total = total + settings.gradient_penalty * penalty
        if settings.r1_gamma and batch.update % settings.r1_every == 0:
            total = total + settings.r1_gamma * settings.r1_every * r1(
                _of_labels(D, batch.labels), seen.real
            )
    return total


def _of_labels(D: nn.Module, labels: Tensor | None) -> Callable[[Tensor], Tensor]:
    def judge(images: Tensor) -> Tensor:
        logits: Tensor = D(images, labels)
        return logits

    return judge


def _noisy(state: State, images: Tensor, purpose: int, update: int) -> Tensor:
    """Images with instance noise, drawn on the CPU; the images themselves where there is none."""
    if not state.noise_std:
        return images
    noise = torch.randn(images.shape, generator=stream(state.config.seed, purpose, update))
    return images + state.noise_std * noise.to(images.device)


def _freeze(optimizer: torch.optim.Optimizer, *, frozen: bool) -> None:
    for parameter in optimizers.parameters_of(optimizer):
        parameter.requires_grad_(not frozen)


@torch.no_grad()
def score_after_update(state: State, z: Tensor, labels: Tensor | None) -> Tensor:
    """Mean D(G(z)) with the updated G, in training mode.

    Leaving the batch-norm statistics as they are.
    """
    copies = [{k: v.clone() for k, v in network.named_buffers()} for network in (state.G, state.D)]
    with _autocast(state):
        fake = pack(functional_call(state.G, copies[0], (z, labels)), state.config.collapse.pack)
        logits: Tensor = functional_call(state.D, copies[1], (fake, labels))
    return logits.float().sigmoid().mean()
