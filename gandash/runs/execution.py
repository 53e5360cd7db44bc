"""Training a run: from its folder, into its folder, until it is done or asked to stop."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Iterator
from contextlib import suppress
from dataclasses import asdict, replace

import torch

from gandash import data
from gandash.config import Config
from gandash.data import Dataset
from gandash.evaluation import while_training
from gandash.evaluation.while_training import HeldOut
from gandash.pictures.raster import encode
from gandash.records import explain
from gandash.runs.as_checkpoint import make_card, save_checkpoint
from gandash.runs.folder import PROTOCOL, Run, read_protocol
from gandash.runs.metrics_file import append_metrics, truncate_metrics
from gandash.runs.saved_state import load_best, load_state, save_state
from gandash.storage.files import write_whole
from gandash.storage.paths import classifiers_root
from gandash.training import Report, Snapshot, check_fits, choose_device, new_state, train

SNAPSHOT_COLUMNS = 8
SAVE_EVERY_SECONDS = 60.0


def prepare(config: Config) -> Dataset:
    """The images of a run, once it is sure that the run can start: ``ValueError`` says why not."""
    choose_device(config.device)
    while_training.check(config, classifiers_root())
    dataset = data.load(config.data)
    check_fits(config, dataset)
    return dataset


def execute(
    run: Run, interrupted: threading.Event | None = None, dataset: Dataset | None = None
) -> Iterator[Report]:
    """Train ``run`` to its end or until asked to stop, and keep its folder up to date.

    Takes up the saved state if there is one. Stops after the report at which ``interrupted``
    is set or a stop was requested; the state is then on disk. Failures end in the status,
    in one sentence, and are raised; :class:`BusyError` leaves the status to the one who trains.
    ``dataset`` is what :func:`prepare` has loaded, if it has.
    """
    with run.hold():
        if (
            run.status().phase != "running"
        ):  # a marker left over; one on a run that the worker took is meant
            run.clear_stop()
        try:
            yield from _execute(run, interrupted or threading.Event(), dataset)
        except Exception as error:
            with suppress(OSError, ValueError):  # what cannot be written must not hide the reason
                run.update(phase="failed", place=None, message=_reason(error))
            raise


def _execute(run: Run, interrupted: threading.Event, dataset: Dataset | None) -> Iterator[Report]:
    config = run.config()
    dataset = prepare(config) if dataset is None else dataset
    total = config.total_steps(len(dataset))
    state = load_state(run, config, dataset) if run.resumable else new_state(config, dataset)
    best = load_best(run, state) if run.resumable else None
    run.update(
        phase="running",
        step=state.step,
        total=total,
        seconds=state.seconds,
        message=str(state.arithmetic),
    )
    truncate_metrics(run.folder, state.step)
    if interrupted.is_set() or run.stop_requested:
        _leave(run, state.step, total)
        return
    held_out = _held_out(run, config) if config.evaluate_every and state.step < total else None
    saved = time.monotonic()
    for event in train(state, dataset):
        if isinstance(event, Snapshot):
            _write_snapshot(run, event, dataset)
            continue
        if held_out and (event.step % config.evaluate_every == 0 or event.step == total):
            found = while_training.measure(state, held_out)
            best, event = while_training.better(best, state, found), replace(event, **asdict(found))  # noqa: PLW2901
        append_metrics(run.folder, event)
        stop = interrupted.is_set() or run.stop_requested
        if stop or event.step == total or time.monotonic() - saved > SAVE_EVERY_SECONDS:
            save_state(run, state, best)
            saved = time.monotonic()
        run.update(
            step=event.step,
            seconds=event.seconds,
            images_per_second=event.images_per_second,
            lost=0,
        )
        yield event
        if stop and event.step < total:
            _leave(run, event.step, total)
            return
    save_checkpoint(run.folder, state, best, make_card(run, state, dataset, best))
    run.clear_stop()
    run.update(phase="finished", step=state.step, place=None, message="")


def _leave(run: Run, step: int, total: int) -> None:
    """End unfinished: one that was asked to stop is stopped.

    One interrupted keeps its place in line, if it has one.
    """
    if run.stop_requested or run.status().place is None:
        message = f"Stopped at step {step:,} of {total:,}; it can be resumed."
        run.update(phase="stopped", place=None, message=message)
        run.clear_stop()
    else:
        run.update(
            phase="queued",
            message=f"Interrupted at step {step:,} of {total:,}; it goes on by itself.",
        )


def _reason(error: Exception) -> str:
    """What went wrong, in one sentence.

    Memory and disk, whose messages are long or bare, in our words.
    """
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(error):
        return (
            "A run must fit into memory, and this one does not: choose a smaller batch_size or "
            "fewer filters"
        )
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "A run needs free disk space, and there is none left: free some and resume"
    return explain(error)


def _held_out(run: Run, config: Config) -> HeldOut:
    """What the samples of a run are measured against, always by the same protocol.

    Which is kept beside the metrics.
    """
    held_out = while_training.read_held_out(config.data, classifiers_root())
    protocol, before = while_training.protocol(held_out), read_protocol(run.folder)
    if before is None:
        write_whole(run.folder / PROTOCOL, protocol.model_dump_json(indent=2).encode())
    elif before != protocol:
        raise ValueError(
            f"A run is measured by one protocol, and that of {run.name!r} was {before}, and would "
            f"now be {protocol}: "
            "restore the earlier classifier or data"
        )
    return held_out


def _write_snapshot(run: Run, snapshot: Snapshot, dataset: Dataset) -> None:
    pixels = dataset.kind.picture(snapshot.images, SNAPSHOT_COLUMNS, lambda: dataset.images)
    write_whole(run.folder / "snapshots" / f"{snapshot.step:08d}.webp", encode(pixels))
