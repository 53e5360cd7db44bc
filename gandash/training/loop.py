"""The only training loop: a generator function that yields reports, never prints or draws."""

from __future__ import annotations

import time
from collections.abc import Iterator
from math import isfinite

import torch
from torch import Tensor

from gandash import latent
from gandash.data import Dataset
from gandash.losses.regularizers import instance_noise_std
from gandash.report import Report
from gandash.training.games.noise import (
    draw_latents,
    fakes,
    judge,
    load_source,
    losses_of,
    play_step,
    score_after_update,
    step_of_one,
    take_batch,
    update_d,
)
from gandash.training.reports import Snapshot
from gandash.training.snapshots import sample
from gandash.training.state import State
from gandash.training.streams import LATENTS, batch_indices


def train(state: State, dataset: Dataset) -> Iterator[Report | Snapshot]:
    """Train to the end of the config, from wherever ``state`` stands.

    The state may be saved after any report: continuing from it gives, on a CPU in fp32,
    the same weights bit for bit as never having stopped. Raises ``FloatingPointError``
    when a loss is no longer a finite number.
    """
    config, n = state.config, len(dataset)
    total, snapshot_steps = config.total_steps(n), set(config.snapshot_steps(n))
    source, pair = load_source(config, dataset, state.device), losses_of(config)
    fixed_z = latent.draw(config.seed, dataset.kind.snapshot, config.network.latent_dim)
    started, d_steps = time.perf_counter() - state.seconds, config.balance.d_steps
    take_step = play_step if config.balance.rule == "fixed" else step_of_one
    if state.step == 0:
        yield Snapshot(0, sample(state, fixed_z))
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        for update, index in batch_indices(config, n, state.step * d_steps, total * d_steps):
            batch, z = (
                take_batch(state, source, index, update),
                draw_latents(state, LATENTS, update),
            )
            state.noise_std = instance_noise_std(
                config.regularizer.instance_noise, state.step, total
            )
            if (update + 1) % d_steps:
                update_d(state, judge(state, batch, fakes(state, z, batch.labels), pair[0]), batch)
                continue
            measured = take_step(state, batch, z, pair)
            state.step += 1
            if state.step in snapshot_steps:  # before the report, so that a run left there has it
                yield Snapshot(state.step, sample(state, fixed_z))
            if state.step % config.report_every == 0 or state.step == total:
                before, after = (
                    measured.fake_after_d.sigmoid().mean(),
                    score_after_update(state, z, batch.labels),
                )
                previous, state.seconds = state.seconds, time.perf_counter() - started
                report, paused = (
                    _report(state, n, before, after, state.seconds - previous),
                    time.perf_counter(),
                )
                yield report
                started += (
                    time.perf_counter() - paused
                )  # what is done about a report is no training


def _report(state: State, images: int, before: Tensor, after: Tensor, seconds: float) -> Report:
    """Read the window's measurements from the device, in one transfer, and empty it."""
    values, (d_fake_before, d_fake_after) = state.window.read(before, after)
    if not all(isfinite(values[f"{who}_loss_{end}"]) for who in "dg" for end in ("min", "max")):
        raise FloatingPointError(
            f"The losses must stay finite, but at step {state.step} D's loss is {values['d_loss']} "
            "and G's is "
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
        d_fake_before=d_fake_before,
        d_fake_after=d_fake_after,
        d_updates=d_updates,
        g_updates=g_updates,
        **values,
    )
