"""Number format and memory order: what a config asks for, or the fastest in a short probe."""

from __future__ import annotations

import time
from collections.abc import Mapping

import torch
from torch import Tensor

from gandash import latent
from gandash.config import Config
from gandash.data import Dataset
from gandash.training.games.noise import Source, load_source, losses_of, play_step, take_batch
from gandash.training.state import Arithmetic, State, build_state

PROBE_BATCH, PROBE_ROUNDS, PROBE_SECONDS = 32, 10, 3.0


def choose_arithmetic(config: Config, dataset: Dataset, device: torch.device) -> Arithmetic:
    """The arithmetic that ``precision`` asks for; for ``auto``, the fastest in a short probe.

    On a CPU the order is channels-last, so that without ``auto`` nothing is left to a measurement.
    bf16 must be 15 % faster to be taken, on a CPU without units for it 60 %: there it is by up to
    40 %, and only in the smallest networks, which is not worth the digits.
    """
    if dataset.kind.light:
        return Arithmetic()  # products too small for either to matter
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


def _probe(
    config: Config, dataset: Dataset, device: torch.device, candidates: list[Arithmetic]
) -> list[float]:
    """Seconds of each candidate's fastest step on scratch networks; they take turns, the first turn
    warms up.

    On a CPU it is the processor time of one thread on a small batch, which other programs hardly
    disturb.
    """
    on_cpu, threads = device.type == "cpu", torch.get_num_threads()
    size = min(config.batch_size, len(dataset), PROBE_BATCH if on_cpu else config.batch_size)
    index = torch.arange(size - size % config.collapse.pack or config.collapse.pack) % len(dataset)
    source, z = (
        load_source(config, dataset, device),
        latent.draw(0, len(index), config.network.latent_dim).to(device),
    )
    states = [
        build_state(config, dataset.shape, len(dataset.classes), device, it) for it in candidates
    ]
    rounds: list[list[float]] = []
    start = time.perf_counter()
    torch.set_num_threads(1 if on_cpu else threads)
    try:
        while len(rounds) < 3 or (
            len(rounds) <= PROBE_ROUNDS and time.perf_counter() - start < PROBE_SECONDS
        ):
            rounds.append([_seconds_of_a_step(state, source, index, z) for state in states])
    finally:
        torch.set_num_threads(threads)
    return [min(times) for times in zip(*rounds[1:], strict=True)]


def _seconds_of_a_step(state: State, source: Source, index: Tensor, z: Tensor) -> float:
    clock = time.thread_time if state.device.type == "cpu" else time.perf_counter
    start = clock()
    play_step(state, take_batch(state, source, index, 0), z, losses_of(state.config)).d_loss.cpu()
    return clock() - start
