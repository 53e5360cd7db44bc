"""The only training loop: a generator function that yields reports, never prints or draws.

Every random number of step s is drawn on the CPU from a stream keyed by (seed, purpose, s),
so a run can be left after any report and taken up again with nothing to restore but the
weights, the optimizers and the step.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from math import isfinite

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.nn.functional import cross_entropy
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gandash import latent
from gandash.config import Config
from gandash.data import Dataset, to_uint8, to_unit
from gandash.losses.objectives import DLoss, GLoss, losses
from gandash.losses.regularizers import clip_weights, gradient_penalty, instance_noise_std, r1
from gandash.networks import Discriminator, Ensemble, Generator, build_pair
from gandash.networks.layers import REFERENCE, pack
from gandash.training import balance, optimizers
from gandash.training.reports import Measured, Report, Snapshot, Window
from gandash.training.unrolled import Judge, adam, sgd, unroll

SNAPSHOT_IMAGES, SNAPSHOT_POINTS = 64, 2048
ORDER, LATENTS, MIX, NOISE_REAL, NOISE_FAKE, NOISE_G, LATENTS_G = range(7)  # purposes of random streams
PROBE_BATCH, PROBE_ROUNDS, PROBE_SECONDS = 32, 10, 3.0


@dataclass(frozen=True)
class Arithmetic:
    """Number format of the convolutions and memory order of images and weights."""

    bf16: bool = False
    channels_last: bool = False

    def __str__(self) -> str:
        return f"{'bf16' if self.bf16 else 'fp32'}, {'channels-last' if self.channels_last else 'channels-first'}"


@dataclass(frozen=True)
class Batch:
    """What one update of D sees: real samples as the networks take them, with what is known of their classes.

    ``labels`` (N,) are there where a player or the accuracy needs them; ``known`` (N,) says which of them
    D is shown. ``update`` is the number of the update of D.
    """

    real: Tensor
    labels: Tensor | None
    known: Tensor | None
    update: int


@dataclass(frozen=True)
class Judgement:
    """D's view of a batch: its loss (with what it learns besides), the objective alone, its logits, its accuracy."""

    loss: Tensor
    d_loss: Tensor
    real_logits: Tensor
    fake_logits: Tensor
    real: Tensor
    fake: Tensor
    accuracy: Tensor | None


@dataclass
class State:
    """Everything that a run needs to go on: both networks, both optimizers, EMA, step."""

    config: Config
    G: Generator
    D: Discriminator | Ensemble
    g_optimizer: torch.optim.Optimizer
    d_optimizer: torch.optim.Optimizer
    ema: AveragedModel | None
    device: torch.device
    arithmetic: Arithmetic
    step: int = 0
    seconds: float = 0.0
    noise_std: float = 0.0
    previous: tuple[float, float] | None = None  # both losses at the last step, where a rule asks for them
    window: Window = field(default_factory=Window)

    @property
    def sampler(self) -> nn.Module:
        """The network that samples are drawn from: the moving average where there is one."""
        return self.ema.module if self.ema is not None else self.G


def choose_device(name: str) -> torch.device:
    """``auto`` takes cuda, then mps, then cpu; a device that is not there is refused."""
    available = {"cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available(), "cpu": True}
    if name == "auto":
        name = next(kind for kind, there in available.items() if there)
    if not available[name]:
        raise ValueError(f"device {name!r} is not available on this machine: choose auto or cpu")
    return torch.device(name)


def new_state(config: Config, dataset: Dataset, arithmetic: Arithmetic | None = None) -> State:
    """A run at step 0. Without ``arithmetic`` it is chosen as ``config.precision`` says."""
    check_fits(config, dataset)
    device = choose_device(config.device)
    arithmetic = arithmetic or choose_arithmetic(config, dataset, device)
    state = build_state(config, dataset.shape, len(dataset.classes), device, arithmetic)
    _take_reference(state, dataset)
    return state


def check_fits(config: Config, dataset: Dataset) -> None:
    """``ValueError`` if the data cannot carry the config: too few images, or no labels where they are needed."""
    config.steps_per_epoch(len(dataset))
    if config.labels.conditioning != "none" and dataset.labels is None:
        raise ValueError(
            f"conditioning needs images in classes, and {dataset.name!r} has none: put them into one folder a class, "
            "or set conditioning to none"
        )


def _take_reference(state: State, dataset: Dataset) -> None:
    """The first real samples become the reference batch of virtual batch norms in D."""
    count = state.config.collapse.pack
    rows = pack(_prepare(dataset.images[torch.arange(REFERENCE * count) % len(dataset)].to(state.device), state), count)
    for member in state.D.members:
        if member.reference is not None:
            member.reference.copy_(rows)


def build_state(
    config: Config, shape: tuple[int, ...], classes: int, device: torch.device, arithmetic: Arithmetic
) -> State:
    """Freshly initialized players for samples of ``shape``, with their optimizers, on a device."""
    G, D = build_pair(config, shape, classes)
    order = torch.channels_last if arithmetic.channels_last else torch.contiguous_format
    G.to(device=device, memory_format=order)  # type: ignore[call-overload]
    D.to(device=device, memory_format=order)  # type: ignore[call-overload]
    ema = AveragedModel(G, use_buffers=True) if config.ema else None
    g_optimizer = optimizers.build(G, config.optimizer.g_lr, config.optimizer)
    d_optimizer = optimizers.build(D, config.optimizer.d_lr, config.optimizer)
    return State(config, G, D, g_optimizer, d_optimizer, ema, device, arithmetic)


def ema_decay(limit: float, step: int) -> float:
    """Decay of G's moving average at a step, (1 + step) / (10 + step) up to ``limit``.

    It grows from 0.1, so that the average forgets the initial weights as fast as G leaves them.
    """
    return min(limit, (1 + step) / (10 + step))


def choose_arithmetic(config: Config, dataset: Dataset, device: torch.device) -> Arithmetic:
    """The arithmetic that ``precision`` asks for; for ``auto``, the fastest in a short probe.

    On a CPU the order is channels-last, so that without ``auto`` nothing is left to a measurement.
    bf16 must be 15 % faster to be taken, on a CPU without units for it 60 %: there it is by up to
    40 %, and only in the smallest networks, which is not worth the digits.
    """
    if len(dataset.shape) == 1:
        return Arithmetic()  # points: products too small for either to matter
    formats = {"fp32": (False,), "bf16": (True,), "auto": (False, True)}[config.precision]
    orders = (True,) if device.type == "cpu" else (False, True)
    candidates = [Arithmetic(bf16, channels_last) for bf16 in formats for channels_last in orders]
    if len(candidates) == 1:
        return candidates[0]
    seconds = _probe(config, dataset, device, candidates)
    best = min(range(len(candidates)), key=seconds.__getitem__)
    gain = 1.6 if device.type == "cpu" and not has_bf16_units() else 1.15
    return candidates[best] if seconds[best] * gain < seconds[0] else candidates[0]


def has_bf16_units() -> bool:
    """Whether this CPU multiplies in bf16 itself, as far as torch tells; older versions do not."""
    told: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(told.get(unit) for unit in ("amx_bf16", "avx512_bf16", "bf16"))


def _probe(config: Config, dataset: Dataset, device: torch.device, candidates: list[Arithmetic]) -> list[float]:
    """Seconds of each candidate's fastest step on scratch networks; they take turns, the first turn warms up.

    On a CPU it is the processor time of one thread on a small batch, which other programs hardly disturb.
    """
    on_cpu, threads = device.type == "cpu", torch.get_num_threads()
    size = min(config.batch_size, len(dataset), PROBE_BATCH if on_cpu else config.batch_size)
    index = torch.arange(size - size % config.collapse.pack or config.collapse.pack) % len(dataset)
    source, z = _source(config, dataset, device), latent.draw(0, len(index), config.network.latent_dim).to(device)
    states = [build_state(config, dataset.shape, len(dataset.classes), device, it) for it in candidates]
    rounds: list[list[float]] = []
    start = time.perf_counter()
    torch.set_num_threads(1 if on_cpu else threads)
    try:
        while len(rounds) < 3 or (len(rounds) <= PROBE_ROUNDS and time.perf_counter() - start < PROBE_SECONDS):
            rounds.append([_seconds_of_a_step(state, source, index, z) for state in states])
    finally:
        torch.set_num_threads(threads)
    return [min(times) for times in zip(*rounds[1:], strict=True)]


def _seconds_of_a_step(state: State, source: Source, index: Tensor, z: Tensor) -> float:
    clock = time.thread_time if state.device.type == "cpu" else time.perf_counter
    start = clock()
    _step(state, _batch(state, source, index, 0), z, _losses(state.config)).d_loss.cpu()
    return clock() - start


@dataclass(frozen=True)
class Source:
    """A data set on the device."""

    images: Tensor
    labels: Tensor | None
    known: Tensor | None


def _source(config: Config, dataset: Dataset, device: torch.device) -> Source:
    """The data as far as the config looks at it."""
    if config.labels.conditioning == "none" or dataset.labels is None:
        return Source(dataset.images.to(device), None, None)
    known = torch.arange(len(dataset)) < (config.labels.labelled or len(dataset))
    return Source(dataset.images.to(device), dataset.labels.to(device), known.to(device))


def train(state: State, dataset: Dataset) -> Iterator[Report | Snapshot]:
    """Train to the end of the config, from wherever ``state`` stands.

    The state may be saved after any report: continuing from it gives, on a CPU in fp32,
    the same weights bit for bit as never having stopped. Raises ``FloatingPointError``
    when a loss is no longer a finite number.
    """
    config, n = state.config, len(dataset)
    total, snapshot_steps = config.total_steps(n), set(config.snapshot_steps(n))
    source, pair = _source(config, dataset, state.device), _losses(config)
    samples = SNAPSHOT_POINTS if len(dataset.shape) == 1 else SNAPSHOT_IMAGES
    fixed_z = latent.draw(config.seed, samples, config.network.latent_dim)
    started, d_steps = time.perf_counter() - state.seconds, config.balance.d_steps
    take_step = _step if config.balance.rule == "fixed" else _step_of_one
    if state.step == 0:
        yield Snapshot(0, sample(state, fixed_z))
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        for update, index in _batches(config, n, state.step * d_steps, total * d_steps):
            batch, z = _batch(state, source, index, update), _latents(state, LATENTS, update)
            state.noise_std = instance_noise_std(config.regularizer.instance_noise, state.step, total)
            if (update + 1) % d_steps:
                _update_d(state, _judge(state, batch, _fakes(state, z, batch.labels), pair[0]), batch)
                continue
            measured = take_step(state, batch, z, pair)
            state.step += 1
            if state.step in snapshot_steps:  # before the report, so that a run left there has it
                yield Snapshot(state.step, sample(state, fixed_z))
            if state.step % config.report_every == 0 or state.step == total:
                before, after = measured.fake_after_d.sigmoid().mean(), _score_after_update(state, z, batch.labels)
                previous, state.seconds = state.seconds, time.perf_counter() - started
                report, paused = _report(state, n, before, after, state.seconds - previous), time.perf_counter()
                yield report
                started += time.perf_counter() - paused  # what is done about a report is no training


def _losses(config: Config) -> tuple[DLoss, GLoss]:
    return losses(config.loss.objective, config.loss.alpha, config.loss.beta, strict=config.loss.g_form == "strict")


def _rng(seed: int, purpose: int, step: int) -> torch.Generator:
    """The CPU stream of one purpose at one update of D or one epoch."""
    mixed = (seed * 0x9E3779B97F4A7C15 + purpose * 0xBF58476D1CE4E5B9 + step * 0x94D049BB133111EB) % 2**63
    return torch.Generator().manual_seed(mixed)


def _batches(config: Config, images: int, first: int, total: int) -> Iterator[tuple[int, Tensor]]:
    """D's updates first .. total - 1, each with its indices: an epoch is one seeded permutation."""
    per_epoch, order, epoch = config.steps_per_epoch(images) * config.balance.d_steps, torch.empty(0), -1
    for update in range(first, total):
        if update // per_epoch != epoch:
            epoch = update // per_epoch
            order = torch.randperm(images, generator=_rng(config.seed, ORDER, epoch))
        start = update % per_epoch * config.batch_size
        yield update, order[start : start + config.batch_size]


def _batch(state: State, source: Source, index: Tensor, update: int) -> Batch:
    index = index.to(state.device, non_blocking=True)
    labels, known = (None if it is None else it[index] for it in (source.labels, source.known))
    return Batch(_prepare(source.images[index], state), labels, known, update)


def _latents(state: State, purpose: int, number: int) -> Tensor:
    shape = (state.config.batch_size, state.config.network.latent_dim)
    z = torch.randn(shape, generator=_rng(state.config.seed, purpose, number))
    return z.to(state.device, non_blocking=True)


def _prepare(images: Tensor, state: State) -> Tensor:
    """uint8 images as the networks take them; points as they are."""
    if images.dim() == 2:
        return images
    order = torch.channels_last if state.arithmetic.channels_last else torch.contiguous_format
    return to_unit(images).contiguous(memory_format=order)


def _autocast(state: State) -> AbstractContextManager[object]:
    return torch.autocast(state.device.type, torch.bfloat16) if state.arithmetic.bf16 else nullcontext()


def _step(state: State, batch: Batch, z: Tensor, pair: tuple[DLoss, GLoss]) -> Measured:
    """One update of D, then one of G on the same fakes, and further ones of G on new z if the config asks for them."""
    fake = _generate(state, z, batch.labels)
    seen = _judge(state, batch, fake.detach(), pair[0])
    d_grad_norm = _update_d(state, seen, batch)
    g_loss, g_logits, g_grad_norm = _update_g(state, fake, batch, pair)
    for extra in range(1, state.config.balance.g_steps):
        z = _latents(state, LATENTS_G, batch.update * state.config.balance.g_steps + extra)[: len(batch.real)]
        _update_g(state, _generate(state, z, batch.labels), batch, pair, extra)
    measured = Measured(
        seen.d_loss, g_loss, seen.real_logits, seen.fake_logits, g_logits, d_grad_norm, g_grad_norm, seen.accuracy
    )
    state.window.add(measured, state.config.balance.d_steps, state.config.balance.g_steps)
    return measured


def _step_of_one(state: State, batch: Batch, z: Tensor, pair: tuple[DLoss, GLoss]) -> Measured:
    """One update of the player that the balance rule chooses; it has to look at both losses first."""
    settings = state.config.balance
    fake = _generate(state, z, batch.labels)
    seen = _judge(state, batch, fake.detach(), pair[0])
    g_loss = pair[1](seen.fake_logits.detach())
    d_grad_norm = g_grad_norm = None
    both = float(seen.d_loss.detach()), float(g_loss)
    assert settings.rule != "fixed"
    turn = balance.player(settings.rule, both, state.previous, settings.ratio)
    state.previous = both
    if turn == "D":
        d_grad_norm = _update_d(state, seen, batch)
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
def _fakes(state: State, z: Tensor, labels: Tensor | None) -> Tensor:
    """Samples of G in training mode, without a graph."""
    return _generate(state, z, labels)


def _judge(state: State, batch: Batch, fake: Tensor, d_loss_of: DLoss) -> Judgement:
    """D's loss on a batch and detached fakes: the objective and, where D classifies, its error on known labels."""
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
        real_logits, fake_logits = (state.D.weigh(torch.stack([view[i] for view in views])) for i in (0, 1))  # type: ignore[misc]
    error, accuracy = _classified(scores, batch)
    return Judgement(loss if error is None else loss + error, d_loss, real_logits, fake_logits, real, fake, accuracy)


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
    """Whether small networks may see real and generated points as one batch: no output depends on the rest of it."""
    return real.dim() == 2 and not D.coupled and labels is None


def _logits_of_both(D: Judge, real: Tensor, fake: Tensor) -> tuple[Tensor, Tensor]:
    real_logits, fake_logits = D(torch.cat([real, fake])).view(2, -1).unbind()
    return real_logits, fake_logits


def _classified(scores: Tensor | None, batch: Batch) -> tuple[Tensor | None, Tensor | None]:
    """Cross-entropy on the images whose label D is shown, and its accuracy on the others (on all if there are none)."""
    if scores is None or batch.labels is None or batch.known is None:
        return None, None
    known = batch.known.float()
    error = (cross_entropy(scores, batch.labels, reduction="none") * known).sum() / known.sum().clamp(min=1)
    hidden = 1 - known
    weight = torch.where(hidden.sum() > 0, hidden, torch.ones_like(known))
    accuracy = ((scores.argmax(1) == batch.labels).float() * weight).sum() / weight.sum()
    return error, accuracy


def _update_d(state: State, seen: Judgement, batch: Batch) -> Tensor:
    """One update of D; returns the norm of its gradient."""
    d_grad_norm = optimizers.update(state.d_optimizer, _penalized(state, seen, batch))
    if state.config.regularizer.weight_clip:
        clip_weights(state.D, state.config.regularizer.weight_clip)
    return d_grad_norm


def _update_g(
    state: State, fake: Tensor, batch: Batch, pair: tuple[DLoss, GLoss], extra: int = 0
) -> tuple[Tensor, Tensor, Tensor]:
    """One update of G, the step's ``extra``-th further one: its loss, D's logits on its samples, its gradient's norm.

    D is frozen while G learns: its weight gradients, a third of that backward pass, are not computed.
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
            mix = torch.rand(len(seen.real), generator=_rng(state.config.seed, MIX, batch.update)).to(state.device)
            penalty = gradient_penalty(_of_labels(D, batch.labels), seen.real, seen.fake.float(), mix)
            total = total + settings.gradient_penalty * penalty
        if settings.r1_gamma and batch.update % settings.r1_every == 0:
            total = total + settings.r1_gamma * settings.r1_every * r1(_of_labels(D, batch.labels), seen.real)
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
    noise = torch.randn(images.shape, generator=_rng(state.config.seed, purpose, update))
    return images + state.noise_std * noise.to(images.device)


def _freeze(optimizer: torch.optim.Optimizer, *, frozen: bool) -> None:
    for parameter in optimizers.parameters_of(optimizer):
        parameter.requires_grad_(not frozen)


@torch.no_grad()
def _score_after_update(state: State, z: Tensor, labels: Tensor | None) -> Tensor:
    """Mean D(G(z)) with the updated G, in training mode, leaving the batch-norm statistics as they are."""
    copies = [{k: v.clone() for k, v in network.named_buffers()} for network in (state.G, state.D)]
    with _autocast(state):
        fake = pack(functional_call(state.G, copies[0], (z, labels)), state.config.collapse.pack)
        logits: Tensor = functional_call(state.D, copies[1], (fake, labels))
    return logits.float().sigmoid().mean()


def _report(state: State, images: int, before: Tensor, after: Tensor, seconds: float) -> Report:
    """Read the window's measurements from the device, in one transfer, and empty it."""
    values, (d_fake_before, d_fake_after) = state.window.read(before, after)
    if not all(isfinite(values[f"{who}_loss_{end}"]) for who in "dg" for end in ("min", "max")):
        raise FloatingPointError(
            f"The losses must stay finite, but at step {state.step} D's loss is {values['d_loss']} and G's is "
            f"{values['g_loss']}: lower the learning rates"
        )
    d_updates, g_updates = state.window.count()
    per_step = state.config.batch_size * state.config.balance.d_steps
    done = state.step % state.config.report_every or state.config.report_every
    return Report(
        step=state.step,
        images=state.step * per_step,
        epoch=state.step / state.config.steps_per_epoch(images),
        seconds=state.seconds,
        images_per_second=done * per_step / max(seconds, 1e-9),
        d_fake_before=d_fake_before, d_fake_after=d_fake_after, d_updates=d_updates, g_updates=g_updates, **values,
    )  # fmt: skip


@torch.inference_mode()
def sample(state: State, z: Tensor) -> Tensor:
    """Samples of latent vectors (N, latent_dim) in eval mode, on the CPU, the classes in turn where G knows them.

    Images are uint8 (N, C, H, W), points float32 (N, dim).
    """
    network = copy.deepcopy(state.sampler).eval()
    samples = network(z.to(state.device), _in_turn(state.G, len(z), state.device))
    return (samples.float() if samples.dim() == 2 else to_uint8(samples)).cpu()


def _in_turn(G: Generator, count: int, device: torch.device) -> Tensor | None:
    return latent.classes_in_turn(count, G.classes).to(device) if G.classes else None
