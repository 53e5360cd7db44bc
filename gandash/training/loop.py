"""The only training loop: a generator function that yields reports, never prints or draws."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass

import torch

from gandash.data import Dataset
from gandash.report import Progress, Report
from gandash.training import shares
from gandash.training.games import Game, game_of
from gandash.training.reports import Snapshot
from gandash.training.source import Source
from gandash.training.state import Course, State
from gandash.training.streams import Streams


@dataclass(frozen=True)
class Step:
    """A step between two rows of metrics, where whoever follows the run wants to see each."""

    step: int


@dataclass(frozen=True)
class Watch:
    """What whoever follows a run asks of the loop: ``each_step`` whether every step is told,
    ``sampled`` whether a step's samples are, beside those that the config keeps.

    Neither changes what is trained. Where several processes play, nobody watches so closely.
    """

    each_step: Callable[[], bool] = lambda: False
    sampled: Callable[[int], bool] = lambda _: False


UNWATCHED = Watch()


def train(
    state: State, dataset: Dataset, watch: Watch = UNWATCHED
) -> Iterator[Report | Snapshot | Step]:
    """Train to the end of the config, from wherever ``state`` stands.

    The state may be saved after any report: continuing from it gives, on a CPU in fp32,
    the same weights bit for bit as never having stopped. Raises ``FloatingPointError``
    when a loss is no longer a finite number.
    """
    yield from play(game_of(state), dataset, watch)


def play(
    game: Game, dataset: Dataset, watch: Watch = UNWATCHED
) -> Iterator[Report | Snapshot | Step]:
    """Play a game to the end of its config; as :func:`train`, for any game."""
    course = game.course
    config = course.config
    n = len(dataset)
    total = config.total_steps(n)
    snapshot_steps = set(config.snapshot_steps(n))
    source = Source(config, dataset, course.device, course.arithmetic)
    per_step = config.batches_per_step
    updates = Streams(config.seed).batches(
        n,
        config.batch_size,
        config.steps_per_epoch(n) * per_step,
        course.step * per_step,
        total * per_step,
    )
    started = time.perf_counter() - course.seconds
    if course.step == 0:
        yield Snapshot(0, game.snapshot())
    with torch.backends.cudnn.flags(enabled=True, benchmark=False, deterministic=True):
        for number, index in updates:
            completes = (number + 1) % per_step == 0
            step = course.step + completes
            regular = step % config.report_every == 0
            reported = completes and (regular or step == total)
            progress = course.step / total
            game.update(source.batch(shares.part(index), number, progress, reported=reported))
            course.step = step
            if not completes:
                continue
            sampled = step in snapshot_steps or watch.sampled(step)
            if reported or sampled:
                game.agree()
            if sampled:  # before the report, so that a run left there has it
                yield Snapshot(step, game.snapshot())
            if reported:
                course.seconds = time.perf_counter() - started
                row = game.report(_progress(course, n))
                if regular:  # else the run ends within a row, which a longer one goes on with
                    game.begin_row()
                    course.row_began = course.seconds
                paused = time.perf_counter()
                yield row
                started += time.perf_counter() - paused  # what is done about it is no training
            elif watch.each_step():
                course.seconds = time.perf_counter() - started
                paused = time.perf_counter()
                yield Step(step)
                started += time.perf_counter() - paused


def _progress(course: Course, images: int) -> Progress:
    config = course.config
    shown = config.batch_size * config.batches_per_step  # images a step
    steps = course.step % config.report_every or config.report_every
    return Progress(
        step=course.step,
        images=course.step * shown,
        epoch=course.step / config.steps_per_epoch(images),
        seconds=course.seconds,
        images_per_second=steps * shown / max(course.seconds - course.row_began, 1e-9),
    )
