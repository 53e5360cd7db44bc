"""Training a run: from its folder, into its folder, until it is done or asked to stop."""

from __future__ import annotations

import errno
import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import suppress
from dataclasses import asdict, dataclass, field, replace
from pathlib import Path

from gandash import data
from gandash.config import Config
from gandash.data import Dataset
from gandash.data.wanted import Tell, quietly
from gandash.evaluation import while_training
from gandash.evaluation.real_images import RealImages
from gandash.evaluation.while_training import Best, Quality
from gandash.kinds import parted
from gandash.networks.footprint import least_bytes, remedy, usual_bytes
from gandash.pictures.raster import encode
from gandash.records import explain, is_of_memory
from gandash.runs import starting_point
from gandash.runs.as_checkpoint import facts_of, make_card, save_checkpoint
from gandash.runs.events import What, note
from gandash.runs.folder import PROTOCOL, Advance, Run, read_protocol
from gandash.runs.loading import LISTEN_SECONDS, StopHeardError, load_unless
from gandash.runs.metrics_file import METRICS, append_metrics, forget_end, truncate_metrics
from gandash.runs.saved_state import check_data, check_disk, load_best, load_state, save_state
from gandash.runs.snapshots import SNAPSHOTS
from gandash.storage.files import flush, write_whole
from gandash.storage.memory import amount
from gandash.storage.paths import classifiers_root, expanded
from gandash.training import (
    Report,
    Snapshot,
    State,
    Step,
    Watch,
    check_fits,
    choose_device,
    game_of,
    new_state,
    shares,
    train,
    update_alone,
)

SNAPSHOT_COLUMNS = 8
UPDATED: Mapping[str, What] = {"D": "updated D alone", "G": "updated G alone"}
SAVE_EVERY_SECONDS = 60.0
LOOK_SECONDS = 0.25  # within a row: whether the run is to pause or stop, and how far it is


def prepare(config: Config, tell: Tell = quietly, *, begun: bool = False) -> Dataset:
    """The images of a run, once it is sure that the run can start, or go on if it has ``begun``:
    ``ValueError`` says why not.
    """
    choose_device(config.device)
    while_training.check(config, classifiers_root())
    dataset = data.load(config.data, tell=tell)
    check_fits(config, dataset)
    if not begun:
        starting_point.check(config, dataset)
    facts_of(dataset)  # what the card cannot tell is refused before hours are spent on it
    return dataset


def prepare_resume(run: Run) -> Dataset:
    """The data of a run, once it is sure that it can go on from its saved state.

    ``ValueError`` says why not; nothing is changed.
    """
    config = run.config()
    dataset = _data_of(run, config)
    _state_of(run, config, dataset)
    return dataset


def execute(
    run: Run, interrupted: threading.Event | None = None, dataset: Dataset | None = None
) -> Iterator[Report]:
    """Train ``run`` to its end or until asked to stop, and keep its folder up to date.

    Takes up the saved state if there is one. Stops soon after ``interrupted`` is set or a stop was
    requested, with the state on disk; while data are loaded, at once.
    Failures are raised, and end in the status, in one sentence; but a run that had been stopped,
    finished or failed before and cannot go on stays as it was. :class:`BusyError` leaves the
    status to the one who trains. ``dataset`` is what :func:`prepare` has loaded, if it has.
    """
    interrupted = interrupted or threading.Event()
    with run.hold():
        if run.status().phase != "running":  # on a run that the worker took, it is meant
            run.clear_stop()
        try:
            yield from _execute(run, interrupted, dataset)
        except StopHeardError:
            _leave_unbegun(run)
        except Exception as error:
            _fail(run, error)
            raise


def _execute(run: Run, interrupted: threading.Event, dataset: Dataset | None) -> Iterator[Report]:
    def stop() -> bool:
        return interrupted.is_set() or run.stop_requested

    config = run.config()
    if dataset is None:
        dataset = load_unless(stop, lambda: _data_of(run, config))
    if not run.stop_requested:  # else it has a last word already
        run.update(message="Preparing the networks.")
    work = _begun(run, config, dataset, stop)
    total = config.total_steps(len(dataset))
    if shares.agreed(stop()):
        _leave(run, work.state.step, total, work.gap)
        return
    for event in _trained(work):
        if isinstance(event, Snapshot):
            _write_snapshot(run, event, dataset)
            continue
        if isinstance(event, Step):
            stopping = stop()
            work.tell(event, save=stopping)
            if not stopping and work.is_to_pause():
                stopping = _paused(work, stop)
            if stopping:
                _leave(run, event.step, total, work.gap)
                return
            continue
        report = work.measured(event, total)
        append_metrics(run.folder, report)
        stopping = stop()
        work.tell(report, save=stopping or report.step == total)
        yield report
        work.row_ended()
        if run.pause_requested and not stopping and report.step < total:
            stopping = _paused(work, stop)
        if shares.agreed(stopping and report.step < total):
            _leave(run, report.step, total, work.gap)
            return
    work.finish()


def accompany(run: Run) -> None:
    """Train a share of a run that another process leads: write nothing, and leave when it does."""
    config = run.config()
    dataset = prepare(config)
    state, _ = _state_of(run, config, dataset)
    if shares.agreed(False):
        return
    for event in train(state, dataset):
        if isinstance(event, Report) and shares.agreed(False):
            return


@dataclass
class _Work:
    """A run in training: what changes beside its state."""

    run: Run
    config: Config
    dataset: Dataset
    state: State
    best: Best | None
    real: RealImages | None
    """What samples are measured against, where they are."""
    gap: str
    """Which metrics are missing, in a sentence."""
    end: Quality | None = None
    """Of the last step, where a longer run would not measure."""
    saved: float = field(default_factory=time.monotonic)
    looked: float = field(default_factory=time.monotonic)
    going_on: Advance | None = None
    """Until when a run that was asked to pause goes on: the next step, or the next row."""
    grids_every: int = 0

    def row_ended(self) -> None:
        """See how often sample grids are asked for now, and pause again if that was asked for."""
        self.grids_every = self.run.grids_every
        self.going_on = None
        self.looked = time.monotonic()

    def tells_step(self) -> bool:
        """Whether the loop tells of the step that it has made: it is looked at now and then."""
        now = time.monotonic()
        if self.going_on != "step" and now - self.looked < LOOK_SECONDS:
            return False
        self.looked = now
        return True

    def is_to_pause(self) -> bool:
        """Whether the run waits within a row."""
        return self.run.pause_requested and self.going_on != "row"

    def watch(self) -> Watch:
        """What is asked of the loop beside rows; of several processes nothing, as they must agree
        on what they do.
        """
        if shares.count() > 1:
            return Watch()
        return Watch(
            self.tells_step,
            lambda step: bool(self.grids_every) and step % self.grids_every == 0,
        )

    def measured(self, report: Report, total: int) -> Report:
        """A report with the quality of samples where that is due, and at the end."""
        due = self.config.evaluate_every and report.step % self.config.evaluate_every == 0
        if not self.real or not (due or report.step == total):
            return report
        quality = while_training.measure(self.state, self.real)
        if due:
            self.best = while_training.better(self.best, self.state, quality)
        else:
            self.end = quality
        return replace(report, **asdict(quality))

    def tell(self, event: Report | Step, *, save: bool) -> None:
        """Keep the progress, and the state where it must be or a minute has gone by."""
        progress: dict[str, float] = {"step": event.step, "seconds": self.state.seconds}
        if isinstance(event, Report):
            progress["images_per_second"] = event.images_per_second
        if save or time.monotonic() - self.saved > SAVE_EVERY_SECONDS:
            self.save()
            progress["lost"] = 0
        self.run.update(**progress)

    def save(self) -> None:
        """Save the state, after what belongs to the steps before it is on disk.

        After a power cut nothing is missing up to the state, whatever the system had kept back.
        """
        folder = self.run.folder
        for path in (folder / METRICS, folder / SNAPSHOTS, folder):
            flush(path)
        save_state(self.run, self.state, self.best, self.dataset.fingerprint, self.end)
        flush(folder)
        self.saved = time.monotonic()

    def finish(self) -> None:
        """Write the checkpoint, of the best step where one was kept."""
        if self.end is not None:
            self.best = while_training.better(self.best, self.state, self.end)
        card = make_card(self.run, self.state, self.dataset, self.best)
        save_checkpoint(self.run.folder, self.state, self.best, card)
        self.run.clear_stop()
        self.run.update(
            phase="finished", step=self.state.step, place=None, lost=0, message=self.gap
        )


def _begun(run: Run, config: Config, dataset: Dataset, stop: Callable[[], bool]) -> _Work:
    """A run at its first step or its saved one, its files cut to that step."""
    total = config.total_steps(len(dataset))
    state, best = _state_of(run, config, dataset)
    measured = config.evaluate_every and state.step < total
    real = load_unless(stop, lambda: _real_images(run, config)) if measured else None
    truncate_metrics(run.folder, state.step)
    if state.step < total and (best is None or best.step < state.step):
        _forget_end(run, config, state.step)
    work = _Work(run, config, dataset, state, best, real, _gap(run, config, state.step))
    work.row_ended()
    if 0 < state.step < total:
        note(run.folder, state.step, "resumed")
    run.update(
        phase="running",
        step=state.step,
        total=total,
        seconds=state.seconds,
        paused=False,
        message=_doing(work),
    )
    return work


def _doing(work: _Work) -> str:
    """What the status of a running run says: how it computes, and what is missing."""
    arithmetic = str(work.state.arithmetic)
    return f"{arithmetic}. {work.gap}" if work.gap else arithmetic


def _trained(work: _Work) -> Iterator[Report | Snapshot | Step]:
    """The events of the loop; where memory is out, ``ValueError`` says by how much to shrink."""
    try:
        yield from train(work.state, work.dataset, work.watch())
    except (MemoryError, RuntimeError) as error:
        if not is_of_memory(error):
            raise
        shape, classes = work.dataset.shape, len(work.dataset.classes)
        room = least_bytes(work.config, shape, classes)  # it does not fit, so less than it takes
        raise ValueError(
            "A run must fit into memory, and a step of this one takes about "
            f"{amount(usual_bytes(work.config, shape, classes))}: "
            f"{remedy(work.config, shape, classes, room)}"
        ) from error


def _data_of(run: Run, config: Config) -> Dataset:
    """The data that a run is trained on; ``ValueError`` if they are not there or have changed."""
    location = expanded(parted(config.data.dataset)[1])
    named = data.source_of(config.data.dataset) is not None
    if not named and not location.exists() and not location.is_absolute():
        raise ValueError(
            f"The data of run {run.name!r} lie at {str(location)!r}, seen from where it was "
            f"begun, and not from {Path.cwd()}: resume it from there"
        )

    def tell(doing: str) -> None:
        if not run.stop_requested:  # else it has a last word already
            run.update(message=f"{doing}.")

    dataset = prepare(config, tell, begun=run.resumable)
    if run.resumable:
        check_data(run, dataset)
    return dataset


def _state_of(run: Run, config: Config, dataset: Dataset) -> tuple[State, Best | None]:
    """The saved state of a run with its best weights, or a new one."""
    if not run.resumable:
        state = new_state(config, dataset)
        starting_point.take(state, dataset)
        check_disk(run, state)
        return state, None
    state = load_state(run, config, dataset)
    total = config.total_steps(len(dataset))
    if state.step > total:
        raise ValueError(
            f"The saved state of run {run.name!r} is of step {state.step:,}, and its config ends "
            f"at step {total:,}: restore the config that it was trained by"
        )
    return state, load_best(run, state, ended=state.step == total)


def _forget_end(run: Run, config: Config, step: int) -> None:
    """Forget what was reported or measured only because the run ended at ``step`` before it was
    given more to do.
    """
    if step % config.report_every:
        forget_end(run.folder, step, row=True)
    elif config.evaluate_every and step % config.evaluate_every:
        forget_end(run.folder, step, row=False)


def _paused(work: _Work, stop: Callable[[], bool]) -> bool:
    """Save, and wait until the run is to go on, by a step, by a row or to its end; whether it is
    to stop instead. Meanwhile one player may be given updates alone.
    """
    run = work.run
    work.going_on = None
    _keep_paused(work)
    while run.pause_requested and not stop():
        asked = run.take_advance()
        if asked in ("D", "G") and shares.count() == 1:
            update_alone(work.state, work.dataset, asked)
            note(run.folder, work.state.step, UPDATED[asked])
            _keep_paused(work)
        elif asked is not None:
            work.going_on = asked
            break
        time.sleep(LISTEN_SECONDS)
    run.update(message=_doing(work), paused=False)
    return stop()


def _keep_paused(work: _Work) -> None:
    """Keep state and samples of a run that waits, and say so."""
    run, state = work.run, work.state
    work.save()
    _write_snapshot(run, Snapshot(state.step, game_of(state).snapshot()), work.dataset)
    alone = state.alone
    more = f" {alone} {'update' if alone == 1 else 'updates'} of one player alone." if alone else ""
    message = f"Paused at step {state.step:,}; its state is saved.{more}"
    run.update(message=message, lost=0, paused=True)


def _gap(run: Run, config: Config, step: int) -> str:
    """Which metrics up to a step are missing, in a sentence; empty if none are."""
    reported = set(run.metrics().step)
    expected = range(config.report_every, step + 1, config.report_every)
    missing = [number for number in expected if number not in reported]
    if not missing:
        return ""
    return (
        f"Metrics of {len(missing):,} reports from step {missing[0]:,} to {missing[-1]:,} are "
        "missing, lost when the machine went down perhaps; the weights are not concerned."
    )


def _leave(run: Run, step: int, total: int, gap: str = "") -> None:
    """End unfinished: one that was asked to stop is stopped.

    One interrupted keeps its place in the queue, if it has one.
    """
    if run.stop_requested or run.status().place is None:
        message = f"Stopped at step {step:,} of {total:,}; it can be resumed. {gap}".rstrip()
        run.update(phase="stopped", place=None, message=message)
        run.clear_stop()
    else:
        message = f"Interrupted at step {step:,} of {total:,}; it goes on by itself. {gap}"
        run.update(phase="queued", message=message.rstrip())


def _leave_unbegun(run: Run) -> None:
    """End while data were loaded; one that had ended before stays as it was."""
    status = run.status()
    if status.under_way:
        _leave(run, status.step, status.total)
    run.clear_stop()


def _fail(run: Run, error: Exception) -> None:
    """Keep why a run has failed; one that had ended before has only been refused."""
    with suppress(OSError, ValueError):  # what cannot be written must not hide the reason
        status = run.status()
        if status.under_way:
            run.update(phase="failed", place=None, message=reason(error))
            note(run.folder, status.step, "broke")


def reason(error: Exception) -> str:
    """What went wrong, in one sentence; a full disk, whose message is bare, in our words."""
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "A run needs free disk space, and there is none left: free some and resume"
    return explain(error)


def _real_images(run: Run, config: Config) -> RealImages:
    """What the samples of a run are measured against, always by the same protocol.

    Which is kept beside the metrics.
    """
    before = read_protocol(run.folder)
    split: while_training.Split = "test" if before and before.split == "test" else "train"
    real = while_training.read_real(config.data, classifiers_root(), split)
    protocol = while_training.protocol(real)
    if before is None:
        write_whole(run.folder / PROTOCOL, protocol.model_dump_json(indent=2).encode())
    elif before != protocol:
        raise ValueError(
            f"A run is measured by one protocol, and that of {run.name!r} was {before}, and would "
            f"now be {protocol}: "
            "restore the earlier classifier or data"
        )
    return real


def _write_snapshot(run: Run, snapshot: Snapshot, dataset: Dataset) -> None:
    pixels = dataset.kind.picture(snapshot.images, SNAPSHOT_COLUMNS, lambda: dataset.images)
    write_whole(run.folder / SNAPSHOTS / f"{snapshot.step:08d}.webp", encode(pixels))
