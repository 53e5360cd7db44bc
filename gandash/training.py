"""The only training loop: a generator function that yields reports, never prints or draws.

Every random number of step s is drawn on the CPU from a stream keyed by (seed, purpose, s),
so a run can be left after any report and taken up again with nothing to restore but the
weights, the optimizers and the step.
"""

from __future__ import annotations

import copy
import time
from collections.abc import Iterator
from contextlib import AbstractContextManager, nullcontext
from dataclasses import dataclass, field
from functools import cache

import torch
from torch import Tensor, nn
from torch.func import functional_call
from torch.optim.swa_utils import AveragedModel, get_ema_multi_avg_fn

from gandash import latent
from gandash.config import Config, OptimizerConfig
from gandash.data import Dataset, to_uint8, to_unit
from gandash.networks import Discriminator, Generator, build_pair
from gandash.objectives import DLoss, GLoss, losses
from gandash.regularizers import clip_weights, gradient_penalty, instance_noise_std, r1

SNAPSHOT_IMAGES = 64
ORDER, LATENTS, MIX, NOISE_REAL, NOISE_FAKE, NOISE_G = range(6)  # purposes of random streams
QUANTILES = (0.05, 0.25, 0.5, 0.75, 0.95)
PROBE_BATCH, PROBE_ROUNDS, PROBE_SECONDS = 32, 10, 3.0


@dataclass(frozen=True)
class Arithmetic:
    """Number format of the convolutions and memory order of images and weights."""

    bf16: bool = False
    channels_last: bool = False

    def __str__(self) -> str:
        return f"{'bf16' if self.bf16 else 'fp32'}, {'channels-last' if self.channels_last else 'channels-first'}"


@dataclass(frozen=True)
class Report:
    """One row of metrics: the mean over the steps since the last row, or what its name says.

    Losses are those of the objective, without penalties, in nats where they are cross-entropies;
    ``d_*`` are probabilities D(x) = sigmoid(logit); ``*_before`` and
    ``*_after`` are D(G(z)) on the last step's z before and after G's update; gradient norms
    are global L2 norms before the update; quantiles are of D's logits.
    """

    step: int
    images: int
    epoch: float
    seconds: float
    images_per_second: float
    d_loss: float
    d_loss_min: float
    d_loss_max: float
    g_loss: float
    g_loss_min: float
    g_loss_max: float
    d_real: float
    d_fake: float
    d_fake_before: float
    d_fake_after: float
    d_grad_norm: float
    g_grad_norm: float
    real_q05: float
    real_q25: float
    real_q50: float
    real_q75: float
    real_q95: float
    fake_q05: float
    fake_q25: float
    fake_q50: float
    fake_q75: float
    fake_q95: float


@dataclass(frozen=True)
class Snapshot:
    """Samples of the fixed noise batch at a step: uint8 (N, C, H, W), G (or its EMA) in eval mode."""

    step: int
    images: Tensor


@dataclass
class State:
    """Everything that a run needs to go on: both networks, both optimizers, EMA, step."""

    config: Config
    G: Generator
    D: Discriminator
    g_optimizer: torch.optim.Optimizer
    d_optimizer: torch.optim.Optimizer
    ema: AveragedModel | None
    device: torch.device
    arithmetic: Arithmetic
    step: int = 0
    seconds: float = 0.0
    noise_std: float = 0.0
    window: list[Tensor] = field(default_factory=list)

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
    device = choose_device(config.device)
    arithmetic = arithmetic or choose_arithmetic(config, dataset, device)
    return build_state(config, dataset.channels, device, arithmetic)


def build_state(config: Config, channels: int, device: torch.device, arithmetic: Arithmetic) -> State:
    G, D = build_pair(config.network, config.data.size, channels, config.seed)
    order = torch.channels_last if arithmetic.channels_last else torch.contiguous_format
    G.to(device=device, memory_format=order)  # type: ignore[call-overload]
    D.to(device=device, memory_format=order)  # type: ignore[call-overload]
    ema = AveragedModel(G, use_buffers=True) if config.ema else None
    g_optimizer = _adam(G, config.optimizer.g_lr, config.optimizer)
    d_optimizer = _adam(D, config.optimizer.d_lr, config.optimizer)
    return State(config, G, D, g_optimizer, d_optimizer, ema, device, arithmetic)


def ema_decay(limit: float, step: int) -> float:
    """Decay of G's moving average at a step, (1 + step) / (10 + step) up to ``limit``.

    It grows from 0.1, so that the average forgets the initial weights as fast as G leaves them.
    """
    return min(limit, (1 + step) / (10 + step))


def _adam(network: nn.Module, lr: float, settings: OptimizerConfig) -> torch.optim.Optimizer:
    betas = (settings.adam_beta1, settings.adam_beta2)
    return torch.optim.Adam(network.parameters(), lr=lr, betas=betas, fused=True)


def choose_arithmetic(config: Config, dataset: Dataset, device: torch.device) -> Arithmetic:
    """The arithmetic that ``precision`` asks for; for ``auto``, the fastest in a short probe.

    On a CPU the order is channels-last, so that without ``auto`` nothing is left to a measurement,
    and bf16 must be 60 % faster to be taken: with bf16 units it is; without, by up to 40 % and only
    in the smallest networks, which is not worth the digits.
    """
    formats = {"fp32": (False,), "bf16": (True,), "auto": (False, True)}[config.precision]
    orders = (True,) if device.type == "cpu" else (False, True)
    candidates = [Arithmetic(bf16, channels_last) for bf16 in formats for channels_last in orders]
    if len(candidates) == 1:
        return candidates[0]
    seconds = _probe(config, dataset, device, candidates)
    best = min(range(len(candidates)), key=seconds.__getitem__)
    gain = 1.6 if device.type == "cpu" else 1.15
    return candidates[best] if seconds[best] * gain < seconds[0] else candidates[0]


def _probe(config: Config, dataset: Dataset, device: torch.device, candidates: list[Arithmetic]) -> list[float]:
    """Seconds of each candidate's fastest step on scratch networks; they take turns, the first turn warms up.

    On a CPU it is the processor time of one thread on a small batch, which other programs hardly disturb.
    """
    on_cpu, threads = device.type == "cpu", torch.get_num_threads()
    batch = min(config.batch_size, len(dataset), PROBE_BATCH if on_cpu else config.batch_size)
    images, z = dataset.images[:batch].to(device), latent.draw(0, batch, config.network.latent_dim).to(device)
    states = [build_state(config, dataset.channels, device, candidate) for candidate in candidates]
    rounds: list[list[float]] = []
    start = time.perf_counter()
    torch.set_num_threads(1 if on_cpu else threads)
    try:
        while len(rounds) < 3 or (len(rounds) <= PROBE_ROUNDS and time.perf_counter() - start < PROBE_SECONDS):
            rounds.append([_seconds_of_a_step(state, images, z) for state in states])
    finally:
        torch.set_num_threads(threads)
    return [min(times) for times in zip(*rounds[1:], strict=True)]


def _seconds_of_a_step(state: State, images: Tensor, z: Tensor) -> float:
    clock = time.thread_time if state.device.type == "cpu" else time.perf_counter
    start = clock()
    _step(state, _prepare(images, state), z, _losses(state.config))[0].cpu()
    return clock() - start


def train(state: State, dataset: Dataset) -> Iterator[Report | Snapshot]:
    """Train to the end of the config, from wherever ``state`` stands.

    The state may be saved after any report: continuing from it gives, on a CPU in fp32,
    the same weights bit for bit as never having stopped. Raises ``FloatingPointError``
    when a loss is no longer a finite number.
    """
    config, n = state.config, len(dataset)
    total, snapshot_steps = config.total_steps(n), set(config.snapshot_steps(n))
    images = dataset.images.to(state.device)
    fixed_z = latent.draw(config.seed, SNAPSHOT_IMAGES, config.network.latent_dim)
    pair, started, first = _losses(config), time.perf_counter() - state.seconds, state.step
    d_steps = config.optimizer.d_steps
    update = first * d_steps  # updates of D so far
    if state.step == 0:
        yield Snapshot(0, sample(state, fixed_z))
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        for index in _batches(config, n, first * d_steps, total * d_steps):
            real = _prepare(images[index.to(state.device, non_blocking=True)], state)
            z = torch.randn(config.batch_size, config.network.latent_dim, generator=_rng(config.seed, LATENTS, update))
            state.noise_std = instance_noise_std(config.regularizer.instance_noise, state.step, total)
            update += 1
            if update % d_steps:
                _update_d(state, real, _fakes(state, z), pair[0], update - 1)
                continue
            values, before = _step(state, real, z.to(state.device, non_blocking=True), pair, update - 1)
            state.window.append(values)
            state.step += 1
            at_report = state.step % config.report_every == 0 or state.step == total
            if state.step in snapshot_steps:  # before the report, so that a run left there has it
                yield Snapshot(state.step, sample(state, fixed_z))
            if at_report:
                after = _score_after_update(state, z)
                previous, state.seconds = state.seconds, time.perf_counter() - started
                yield _report(state, n, before, after, state.seconds - previous)


def _losses(config: Config) -> tuple[DLoss, GLoss]:
    return losses(config.loss.objective, config.loss.alpha, config.loss.beta, strict=config.loss.g_form == "strict")


def _rng(seed: int, purpose: int, step: int) -> torch.Generator:
    """The CPU stream of one purpose at one update of D or one epoch."""
    mixed = (seed * 0x9E3779B97F4A7C15 + purpose * 0xBF58476D1CE4E5B9 + step * 0x94D049BB133111EB) % 2**63
    return torch.Generator().manual_seed(mixed)


def _batches(config: Config, images: int, first: int, total: int) -> Iterator[Tensor]:
    """Index batches of D's updates first .. total - 1: each epoch is one seeded permutation."""
    per_epoch, order, epoch = config.steps_per_epoch(images) * config.optimizer.d_steps, torch.empty(0), -1
    for update in range(first, total):
        if update // per_epoch != epoch:
            epoch = update // per_epoch
            order = torch.randperm(images, generator=_rng(config.seed, ORDER, epoch))
        start = update % per_epoch * config.batch_size
        yield order[start : start + config.batch_size]


def _prepare(images: Tensor, state: State) -> Tensor:
    order = torch.channels_last if state.arithmetic.channels_last else torch.contiguous_format
    return to_unit(images).contiguous(memory_format=order)


def _autocast(state: State) -> AbstractContextManager[object]:
    return torch.autocast(state.device.type, torch.bfloat16) if state.arithmetic.bf16 else nullcontext()


def _step(state: State, real: Tensor, z: Tensor, pair: tuple[DLoss, GLoss], update: int = 0) -> tuple[Tensor, Tensor]:
    """One update of D, then one of G on the same fakes; returns what is measured, on the device.

    D is frozen while G learns: its weight gradients, a third of that backward pass, are not computed.
    """
    with _autocast(state):
        fake = state.G(z)
    d_loss, real_logits, fake_logits, d_grad_norm = _update_d(state, real, fake.detach(), pair[0], update)
    state.D.requires_grad_(False)
    with _autocast(state):
        g_logits = state.D(_noisy(state, fake, NOISE_G, update))
    g_loss = pair[1](g_logits.float())
    g_grad_norm = _update(state.g_optimizer, g_loss)
    state.D.requires_grad_(True)
    if state.ema is not None:
        decay = ema_decay(state.config.ema, state.step)
        state.ema.multi_avg_fn = get_ema_multi_avg_fn(decay)  # type: ignore[no-untyped-call]
        state.ema.update_parameters(state.G)
    with torch.no_grad():
        d_real, d_fake = real_logits.sigmoid().mean(), fake_logits.sigmoid().mean()
        quantiles = torch.stack([real_logits, fake_logits]).quantile(_levels(real.device), dim=1)  # (level, who)
        scalars = torch.stack([d_loss, g_loss, d_real, d_fake, d_grad_norm, g_grad_norm])
        return torch.cat([scalars, quantiles.T.flatten()]), g_logits.float().sigmoid().mean()


def _update_d(
    state: State, real: Tensor, fake: Tensor, d_loss_of: DLoss, update: int
) -> tuple[Tensor, Tensor, Tensor, Tensor]:
    """One update of D on detached fakes: the objective's loss, both logits, the gradient's norm."""
    real, fake = _noisy(state, real, NOISE_REAL, update), _noisy(state, fake, NOISE_FAKE, update)
    with _autocast(state):
        real_logits, fake_logits = state.D(real), state.D(fake)
    real_logits, fake_logits = real_logits.float(), fake_logits.float()
    d_loss = d_loss_of(real_logits, fake_logits)
    d_grad_norm = _update(state.d_optimizer, d_loss + _penalty(state, real, fake, update))
    if state.config.regularizer.weight_clip:
        clip_weights(state.D, state.config.regularizer.weight_clip)
    return d_loss, real_logits, fake_logits, d_grad_norm


def _penalty(state: State, real: Tensor, fake: Tensor, update: int) -> Tensor | float:
    """The penalties on D's gradient that the config asks for, in full precision; 0 without any."""
    settings = state.config.regularizer
    total: Tensor | float = 0.0
    if settings.gradient_penalty:
        mix = torch.rand(len(real), generator=_rng(state.config.seed, MIX, update)).to(real.device)
        total = total + settings.gradient_penalty * gradient_penalty(state.D, real, fake.float(), mix)
    if settings.r1_gamma and update % settings.r1_every == 0:
        total = total + settings.r1_gamma * settings.r1_every * r1(state.D, real)
    return total


def _noisy(state: State, images: Tensor, purpose: int, update: int) -> Tensor:
    """Images with instance noise, drawn on the CPU; the images themselves where there is none."""
    if not state.noise_std:
        return images
    noise = torch.randn(images.shape, generator=_rng(state.config.seed, purpose, update))
    return images + state.noise_std * noise.to(images.device)


@torch.no_grad()
def _fakes(state: State, z: Tensor) -> Tensor:
    """Images of G in training mode, without a graph."""
    with _autocast(state):
        images: Tensor = state.G(z.to(state.device, non_blocking=True))
    return images


@cache
def _levels(device: torch.device) -> Tensor:
    """QUANTILES on a device; sent there once, as sending them makes the host wait for the device."""
    return torch.tensor(QUANTILES, device=device)


def _update(optimizer: torch.optim.Optimizer, loss: Tensor) -> Tensor:
    """One optimizer step on ``loss``; returns the global L2 norm of the gradient before it."""
    optimizer.zero_grad()
    loss.backward()  # type: ignore[no-untyped-call]
    gradients = [p.grad for group in optimizer.param_groups for p in group["params"] if p.grad is not None]
    optimizer.step()
    return torch.nn.utils.get_total_norm(gradients)


@torch.no_grad()
def _score_after_update(state: State, z: Tensor) -> Tensor:
    """Mean D(G(z)) with the updated G, in training mode, leaving the batch-norm statistics as they are."""
    copies = [{k: v.clone() for k, v in network.named_buffers()} for network in (state.G, state.D)]
    with _autocast(state):
        fake = functional_call(state.G, copies[0], (z.to(state.device),))
        logits: Tensor = functional_call(state.D, copies[1], (fake,))
    return logits.float().sigmoid().mean()


def _report(state: State, images: int, before: Tensor, after: Tensor, seconds: float) -> Report:
    """Read the window's measurements from the device, in one transfer, and empty it."""
    steps = torch.stack(state.window)
    low, high = steps[:, :2].amin(0), steps[:, :2].amax(0)
    mean = steps.mean(0)
    values = torch.cat([mean, low, high, torch.stack([before, after])]).tolist()
    d_loss, g_loss, d_real, d_fake, d_grad, g_grad = values[:6]
    if not all(map(torch.isfinite, mean[:2])):
        raise FloatingPointError(
            f"The losses must stay finite, but at step {state.step} D's loss is {d_loss} and G's is {g_loss}: "
            "lower the learning rates"
        )
    quantiles = {f"{who}_q{round(q * 100):02d}": 0.0 for who in ("real", "fake") for q in QUANTILES}
    quantiles = dict(zip(quantiles, values[6:16], strict=True))
    count, per_step = len(state.window), state.config.batch_size * state.config.optimizer.d_steps
    state.window.clear()
    return Report(
        step=state.step,
        images=state.step * per_step,
        epoch=state.step / state.config.steps_per_epoch(images),
        seconds=state.seconds,
        images_per_second=count * per_step / max(seconds, 1e-9),
        d_loss=d_loss, d_loss_min=values[16], d_loss_max=values[18],
        g_loss=g_loss, g_loss_min=values[17], g_loss_max=values[19],
        d_real=d_real, d_fake=d_fake, d_fake_before=values[20], d_fake_after=values[21],
        d_grad_norm=d_grad, g_grad_norm=g_grad, **quantiles,
    )  # fmt: skip


@torch.inference_mode()
def sample(state: State, z: Tensor) -> Tensor:
    """Images of latent vectors (N, latent_dim) in eval mode: uint8 (N, C, H, W) on the CPU."""
    network = copy.deepcopy(state.sampler).eval()
    return to_uint8(network(z.to(state.device))).cpu()
