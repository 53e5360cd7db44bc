"""Number format and memory order: what a config asks for, or the fastest in a short probe."""

from __future__ import annotations

import time
from collections.abc import Mapping
from dataclasses import replace

import torch
from torch import Tensor

from gandash.config import Config
from gandash.data import Dataset
from gandash.training.games import Game, game_of
from gandash.training.source import Source
from gandash.training.state import Arithmetic, build_state

PROBE_BATCH = 32  # on a CPU
PROBE_ROUNDS = 10
PROBE_SECONDS = 3.0


def choose_arithmetic(config: Config, dataset: Dataset, device: torch.device) -> Arithmetic:
    """The arithmetic that ``precision`` asks for; for ``auto``, the fastest in a short probe.

    On a CPU the order is channels-last, so that without ``auto`` nothing is left to a measurement.
    """
    if dataset.kind.light:
        return Arithmetic()  # products too small for either to matter
    formats = {"fp32": (False,), "bf16": (True,), "auto": (False, True)}[config.precision]
    orders = (True,) if device.type == "cpu" else (False, True)
    candidates = [Arithmetic(bf16, channels_last) for bf16 in formats for channels_last in orders]
    if len(candidates) == 1:
        return candidates[0]
    slow_bf16 = device.type == "cpu" and not has_bf16_units()
    return fastest(candidates, probe(config, dataset, device, candidates), slow_bf16=slow_bf16)


def fastest(candidates: list[Arithmetic], seconds: list[float], *, slow_bf16: bool) -> Arithmetic:
    """The candidate that took the least seconds, if it is well ahead of the first; else the first.

    It must be 15 % faster to be taken, on a CPU without units for bf16 60 %: there bf16 is by up to
    40 %, and only in the smallest networks, which is not worth the digits.
    """
    best = min(range(len(candidates)), key=seconds.__getitem__)
    gain = 1.6 if slow_bf16 else 1.15
    return candidates[best] if seconds[best] * gain < seconds[0] else candidates[0]


def has_bf16_units() -> bool:
    """Whether this CPU multiplies in bf16 itself, as far as torch tells; older versions do not."""
    capabilities: Mapping[str, object] = getattr(torch.cpu, "get_capabilities", dict)()
    return any(capabilities.get(unit) for unit in ("amx_bf16", "avx512_bf16", "bf16"))


def probe(
    config: Config,
    dataset: Dataset,
    device: torch.device,
    candidates: list[Arithmetic],
    budget: float = PROBE_SECONDS,
) -> list[float]:
    """Seconds of each candidate's fastest step with players of its own.

    They take turns; the first turn warms up and does not count. Three turns are made at least, and
    no further one after ``budget`` seconds. On a CPU it is the processor time of one thread on a
    small batch, which other programs hardly disturb.
    """
    on_cpu = device.type == "cpu"
    threads = torch.get_num_threads()
    part = _part(config, dataset, PROBE_BATCH if on_cpu else config.batch_size)
    tables: list[tuple[Game, Source]] = []
    for arithmetic in candidates:
        game = game_of(build_state(config, dataset.shape, len(dataset.classes), device, arithmetic))
        game.begin(part)
        tables.append((game, Source(config, part, device, arithmetic)))
    index = torch.arange(len(part))
    rounds: list[list[float]] = []
    start = time.perf_counter()
    torch.set_num_threads(1 if on_cpu else threads)
    try:
        while len(rounds) < 3 or (
            len(rounds) <= PROBE_ROUNDS and time.perf_counter() - start < budget
        ):
            rounds.append([_seconds_of_a_step(game, source, index) for game, source in tables])
    finally:
        torch.set_num_threads(threads)
    return [min(times) for times in zip(*rounds[1:], strict=True)]


def _part(config: Config, dataset: Dataset, size: int) -> Dataset:
    """One batch of the data, of whole packs."""
    size = min(config.batch_size, len(dataset), size)
    pack = config.collapse.pack
    index = torch.arange(size - size % pack or pack) % len(dataset)
    labels = None if dataset.labels is None else dataset.labels[index]
    return replace(dataset, images=dataset.images[index], labels=labels)


def _seconds_of_a_step(game: Game, source: Source, index: Tensor) -> float:
    clock = time.thread_time if game.course.device.type == "cpu" else time.perf_counter
    start = clock()
    for number in range(game.course.config.batches_per_step):
        game.update(source.batch(index, number))
    for player in game.players.values():
        next(player.network.parameters()).sum().item()  # waits for the device
    return clock() - start
