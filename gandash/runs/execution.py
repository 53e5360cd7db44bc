"""A run's folder: config, append-only metrics, snapshots, status and the resumable state.

A finished run's folder is a checkpoint as well (see :mod:`gandash.checkpoints`). Every file
is written whole or not at all; metrics grow by whole lines.
"""

from __future__ import annotations

import csv
import errno
import json
import os
import platform
import re
import shutil
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass, fields, replace
from datetime import datetime
from io import StringIO
from pathlib import Path
from typing import Any, Literal

import pandas as pd
import torch
from filelock import FileLock, Timeout
from pydantic import Field, ValidationError
from safetensors import SafetensorError, safe_open
from safetensors.torch import save as save_safetensors
from torch import Tensor

from gandash import data
from gandash.checkpoints import weights
from gandash.checkpoints.scores import Protocol
from gandash.checkpoints.weights import Card, DataFacts, now
from gandash.config import Config, parse_config
from gandash.config.run import Section, explain
from gandash.data import Dataset
from gandash.evaluation import while_training
from gandash.evaluation.while_training import Best, HeldOut
from gandash.networks import build_pair
from gandash.pictures.raster import encode, grid, scatter
from gandash.storage.files import write_whole
from gandash.storage.paths import classifiers_root
from gandash.training import (
    Arithmetic,
    Report,
    Snapshot,
    State,
    build_state,
    check_fits,
    choose_device,
    new_state,
    optimizers,
    train,
)

CONFIG, METRICS, STATUS, STATE, STOP = "config.json", "metrics.csv", "status.json", "state.safetensors", "stop"
PROTOCOL = "protocol.json"
LOCK = ".lock"
HOLD_SECONDS = 5.0  # a look at the lock takes it for an instant
SNAPSHOT_COLUMNS = 8
SAVE_EVERY_SECONDS = 60.0
SLOTS = {torch.optim.Adam: ("step", "exp_avg", "exp_avg_sq"), torch.optim.RMSprop: ("step", "square_avg")}
COLUMNS = [column.name for column in fields(Report)]
NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
Phase = Literal["queued", "running", "stopped", "finished", "failed"]


class BusyError(ValueError):
    """The run is being trained by another process."""


class Status(Section):
    """What a run is doing; ``updated`` is when that was last true.

    ``place`` is the run's number in the worker's line, lowest first, kept until the run ends;
    a run trained in the foreground has none. ``lost`` counts how often its process was killed
    since the last report.
    """

    phase: Phase
    step: int = Field(0, ge=0)
    total: int = Field(0, ge=0)
    seconds: float = Field(0.0, ge=0)
    images_per_second: float = Field(0.0, ge=0)
    message: str = ""
    place: int | None = None
    lost: int = Field(0, ge=0)
    created: datetime
    updated: datetime


@dataclass(frozen=True)
class Run:
    """A run, known by its folder."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    def config(self) -> Config:
        """The run's config; ``ValueError`` if its file is damaged."""
        try:
            return Config.model_validate_json((self.folder / CONFIG).read_bytes())
        except (OSError, ValidationError) as error:
            raise ValueError(
                f"The config of run {self.name!r} cannot be read ({explain(error)}): remove {self.folder}"
            ) from error

    def status(self) -> Status:
        """The run's status; ``ValueError`` if its file is damaged."""
        try:
            return Status.model_validate_json((self.folder / STATUS).read_bytes())
        except (OSError, ValidationError) as error:
            raise ValueError(
                f"The status of run {self.name!r} cannot be read ({explain(error)}): remove {self.folder}"
            ) from error

    def update(self, **changes: Any) -> Status:
        """Replace fields of the status, stamped with the present time."""
        status = self.status().model_copy(update={**changes, "updated": now()})
        write_whole(self.folder / STATUS, status.model_dump_json(indent=2).encode())
        return status

    def metrics(self) -> pd.DataFrame:
        """One row per report, columns as in :class:`gandash.training.Report`; empty if there are none yet."""
        return read_metrics(self.folder)

    def snapshots(self) -> dict[int, Path]:
        """Sample grids by step."""
        return read_snapshots(self.folder)

    def request_stop(self) -> None:
        """Ask whoever trains this run to save and leave it at the next report."""
        write_whole(self.folder / STOP, b"")

    @property
    def stop_requested(self) -> bool:
        return (self.folder / STOP).exists()

    def clear_stop(self) -> None:
        (self.folder / STOP).unlink(missing_ok=True)

    @contextmanager
    def hold(self) -> Iterator[None]:
        """Be the one process that trains this run; :class:`BusyError` if another does. Ends with the process."""
        lock = FileLock(self.folder / LOCK, thread_local=False)
        try:
            lock.acquire(timeout=HOLD_SECONDS)
        except Timeout as error:
            raise BusyError(
                f"A run is trained by one process at a time, and {self.name!r} is being trained: wait or stop it first"
            ) from error
        try:
            yield
        finally:
            lock.release()

    @property
    def held(self) -> bool:
        """Whether a living process trains this run, whatever its status says."""
        return is_held(self.folder / LOCK)

    @property
    def resumable(self) -> bool:
        return (self.folder / STATE).is_file()


def is_held(lock: Path) -> bool:
    """Whether a living process holds a lock file; a lock that was never taken is not made by looking."""
    if not lock.is_file():
        return False
    try:
        with FileLock(lock, timeout=0):
            return False
    except Timeout:
        return True


def read_metrics(folder: Path) -> pd.DataFrame:
    """The metrics of a run or checkpoint folder; an incomplete last line (a crash) is left out."""
    text = _metrics_text(folder)
    if text.count("\n") < 2:
        return pd.DataFrame(columns=COLUMNS, dtype=float)
    try:
        return pd.read_csv(StringIO(text))
    except ValueError as error:
        raise _damaged_metrics(folder, error) from error


def _metrics_text(folder: Path, last: int | None = None) -> str:
    """The complete lines of the metrics file, as they were written, up to step ``last``."""
    path = folder / METRICS
    text = path.read_bytes().decode(errors="replace") if path.is_file() else ""
    lines = text[: text.rfind("\n") + 1].splitlines(keepends=True)
    if last is None:
        return "".join(lines)
    try:
        return "".join(lines[:1] + [line for line in lines[1:] if int(line.split(",", 1)[0]) <= last])
    except ValueError as error:
        raise _damaged_metrics(folder, error) from error


def _damaged_metrics(folder: Path, error: ValueError) -> ValueError:
    return ValueError(f"The metrics {folder / METRICS} are damaged ({explain(error)}): restore or remove that file")


def read_protocol(folder: Path) -> Protocol | None:
    """How the samples of a run or checkpoint folder were measured while it trained, if they were."""
    path = folder / PROTOCOL
    if not path.is_file():
        return None
    try:
        return Protocol.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ValueError(f"The protocol {path} cannot be read ({explain(error)}): restore that file") from error


def read_snapshots(folder: Path) -> dict[int, Path]:
    """Sample grids of a run or checkpoint folder by step, in order."""
    found = (folder / "snapshots").glob("*.webp")
    return {int(path.stem): path for path in sorted(found) if path.stem.isdigit()}


def check_name(name: str) -> str:
    """A run's name becomes a folder and part of URLs; only a-z, 0-9 and hyphens are allowed."""
    if not NAME_PATTERN.fullmatch(name):
        raise ValueError(f"A run's name must be 1 to 63 of a-z, 0-9 and hyphens, not {name!r}: choose another")
    return name


def check_new(root: Path, name: str) -> str:
    """A name for a new run; ``ValueError`` if it is not allowed or taken."""
    if (root / check_name(name)).exists():
        raise ValueError(f"A run's name must be new, and {name!r} is taken: choose another or remove it")
    return name


def create(root: Path, config: Config, name: str, place: int | None = None) -> Run:
    """A new queued run; a name that is taken is refused. The worker takes only runs with a place in line."""
    run = Run(root / check_name(name))
    try:
        run.folder.mkdir(parents=True)
    except FileExistsError as error:
        raise ValueError(f"A run's name must be new, and {name!r} is taken: choose another or remove it") from error
    status = Status(phase="queued", place=place, created=now(), updated=now())
    try:
        write_whole(run.folder / CONFIG, (config.model_dump_json(indent=2) + "\n").encode())
        write_whole(run.folder / STATUS, status.model_dump_json(indent=2).encode())
    except OSError:
        shutil.rmtree(run.folder, ignore_errors=True)
        raise
    return run


def extend(run: Run, more: int) -> None:
    """Give a finished run ``more`` epochs (steps, if its config counts these); it is stopped then and can be resumed.

    Its weights become those of a run that was as long from the start, bit for bit where resuming is. ``ValueError`` if
    it is not finished, has lost its saved state, or its instance noise has already decayed to nothing.
    """
    config, status = run.config(), run.status()
    if run.held or status.phase != "finished":
        raise ValueError(
            f"Only a finished run can be trained longer, and {run.name!r} is "
            f"{'running' if run.held else status.phase}: let it come to its end first"
        )
    if not run.resumable:
        raise ValueError(
            f"A run is trained longer from its saved state, and {run.name!r} has none: train a new run with more epochs"
        )
    if config.regularizer.instance_noise:
        raise ValueError(
            f"A run with instance noise ends where that ends, and {run.name!r} has it: train a new run with more epochs"
        )
    longer = {"steps": config.steps + more} if config.steps else {"epochs": config.epochs + more}
    config = parse_config(config.model_dump() | longer)
    write_whole(run.folder / CONFIG, (config.model_dump_json(indent=2) + "\n").encode())
    run.update(phase="stopped", place=None, message="It has been given more to do, and can be resumed.")


def find(root: Path) -> list[Run]:
    """All runs below ``root``, by name."""
    return [Run(path.parent) for path in sorted(root.glob(f"*/{STATUS}"))]


def prepare(config: Config) -> Dataset:
    """The images of a run, once it is sure that the run can start: ``ValueError`` says why not."""
    choose_device(config.device)
    while_training.check(config, classifiers_root())
    dataset = data.load(config.data)
    check_fits(config, dataset)
    return dataset


def execute(run: Run, interrupted: threading.Event | None = None, dataset: Dataset | None = None) -> Iterator[Report]:
    """Train ``run`` to its end or until asked to stop, and keep its folder up to date.

    Takes up the saved state if there is one. Stops after the report at which ``interrupted``
    is set or a stop was requested; the state is then on disk. Failures end in the status,
    in one sentence, and are raised; :class:`BusyError` leaves the status to the one who trains.
    ``dataset`` is what :func:`prepare` has loaded, if it has.
    """
    with run.hold():
        if run.status().phase != "running":  # a marker left over; one on a run that the worker took is meant
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
    run.update(phase="running", step=state.step, total=total, seconds=state.seconds, message=str(state.arithmetic))
    _truncate_metrics(run, state.step)
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
        _append_metrics(run, event)
        stop = interrupted.is_set() or run.stop_requested
        if stop or event.step == total or time.monotonic() - saved > SAVE_EVERY_SECONDS:
            save_state(run, state, best)
            saved = time.monotonic()
        run.update(step=event.step, seconds=event.seconds, images_per_second=event.images_per_second, lost=0)
        yield event
        if stop and event.step < total:
            _leave(run, event.step, total)
            return
    _save_checkpoint(run.folder, state, best, make_card(run, state, dataset, best))
    run.clear_stop()
    run.update(phase="finished", step=state.step, place=None, message="")


def _leave(run: Run, step: int, total: int) -> None:
    """End unfinished: one that was asked to stop is stopped; one interrupted keeps its place in line, if it has one."""
    if run.stop_requested or run.status().place is None:
        message = f"Stopped at step {step:,} of {total:,}; it can be resumed."
        run.update(phase="stopped", place=None, message=message)
        run.clear_stop()
    else:
        run.update(phase="queued", message=f"Interrupted at step {step:,} of {total:,}; it goes on by itself.")


def _reason(error: Exception) -> str:
    """What went wrong, in one sentence; memory and disk, whose messages are long or bare, in our words."""
    if isinstance(error, MemoryError | torch.OutOfMemoryError) or "allocate memory" in str(error):
        return "A run must fit into memory, and this one does not: choose a smaller batch_size or fewer filters"
    if isinstance(error, OSError) and error.errno == errno.ENOSPC:
        return "A run needs free disk space, and there is none left: free some and resume"
    return explain(error)


def _held_out(run: Run, config: Config) -> HeldOut:
    """What the samples of a run are measured against, always by the same protocol, which is kept beside the metrics."""
    held_out = while_training.read_held_out(config.data, classifiers_root())
    protocol, before = while_training.protocol(held_out), read_protocol(run.folder)
    if before is None:
        write_whole(run.folder / PROTOCOL, protocol.model_dump_json(indent=2).encode())
    elif before != protocol:
        raise ValueError(
            f"A run is measured by one protocol, and that of {run.name!r} was {before}, and would now be {protocol}: "
            "restore the earlier classifier or data"
        )
    return held_out


def _save_checkpoint(folder: Path, state: State, best: Best | None, card: Card) -> None:
    """The networks of the best step where there is one, else as they stand."""
    if best is None:
        weights.save(folder, state.sampler, state.D, card)
        return
    G, D = build_pair(state.config, card.data.shape, len(card.data.classes))
    G.load_state_dict(best.G)
    D.load_state_dict(best.D)
    weights.save(folder, G, D, card)


def make_card(run: Run, state: State, dataset: Dataset, best: Best | None = None, device: str = "") -> Card:
    """The card of a run as it stands, or of its best step; ``device`` if that is not the one of this process."""
    step, seconds = (best.step, best.seconds) if best else (state.step, state.seconds)
    facts = DataFacts(
        name=dataset.name, title=dataset.title, licence=dataset.licence, images=len(dataset),
        shape=dataset.shape, classes=dataset.classes,
    )  # fmt: skip
    return Card(
        name=run.name, title=run.name, config=state.config, data=facts, step=step,
        last_step=state.step if best else None, epochs=round(step / state.config.steps_per_epoch(len(dataset)), 3),
        seconds=round(seconds, 1),
        device=device or device_title(state.device), arithmetic=str(state.arithmetic), weights="fp32",
        versions=weights.package_versions(), created=now(),
    )  # fmt: skip


def device_title(device: torch.device) -> str:
    """What a run was trained on, in words."""
    if device.type == "cuda":
        return str(torch.cuda.get_device_name(device))
    if device.type == "cpu":
        threads = torch.get_num_threads()
        kind = f"{platform.machine()}, {torch.backends.cpu.get_cpu_capability()}"
        return f"CPU, {threads} thread{'s' * (threads > 1)} ({kind})"
    return device.type


def export(run: Run, target: Path, title: str, note: str = "", weights: Literal["best", "last"] = "best") -> Card:
    """Copy a run's latest state to ``target`` as a half-precision checkpoint with metrics and snapshots.

    Of a run that measures itself the networks are those of the best step up to there, unless the last are asked for.
    """
    check_name(target.name)
    if not run.resumable:
        raise ValueError(f"Only a run with a saved state can be exported, and {run.name!r} has none: train it first")
    config = run.config()
    dataset = data.load(config.data)
    state = load_state(run, config, dataset)
    best = load_best(run, state) if weights == "best" else None
    card = make_card(run, state, dataset, best, trained_on(run)).model_copy(
        update={"name": target.name, "title": title, "note": note, "weights": "fp16"}
    )
    write_whole(target / METRICS, _metrics_text(run.folder, state.step).encode())
    for old in read_snapshots(target).values():
        old.unlink()
    for step, path in run.snapshots().items():
        if step <= state.step:
            write_whole(target / "snapshots" / path.name, path.read_bytes())
    if (protocol := read_protocol(run.folder)) is not None:
        write_whole(target / PROTOCOL, protocol.model_dump_json(indent=2).encode())
    _save_checkpoint(target, state, best, card)
    return card


def save_state(run: Run, state: State, best: Best | None = None) -> None:
    """Everything needed to go on, in one safetensors file; noise and data order follow from seed and step.

    The best weights are in the same file, so that they never belong to a step beyond it.
    """
    facts: dict[str, Any] = {
        "step": state.step, "seconds": state.seconds, "previous": state.previous,
        "bf16": state.arithmetic.bf16, "channels_last": state.arithmetic.channels_last,
        "device": device_title(state.device),
    }  # fmt: skip
    tensors = {name: tensor.detach().cpu().contiguous() for name, tensor in _state_tensors(state).items()}
    if best is not None:
        facts["best"] = {"step": best.step, "seconds": best.seconds, "frechet": best.frechet}
        tensors |= {f"best.G.{k}": v for k, v in best.G.items()} | {f"best.D.{k}": v for k, v in best.D.items()}
    write_whole(run.folder / STATE, save_safetensors(tensors, metadata={"state": json.dumps(facts)}))


def load_state(run: Run, config: Config, dataset: Dataset) -> State:
    """The saved state of a run, on the device that its config asks for."""
    device = choose_device(config.device)
    with _usable_state(run) as path:
        facts, stored = _read_state(path)
        arithmetic = Arithmetic(facts["bf16"], facts["channels_last"])
        state = build_state(config, dataset.shape, len(dataset.classes), device, arithmetic)
        _fill_state(state, stored)
        state.step, state.seconds = int(facts["step"]), float(facts["seconds"])
        state.previous = tuple(facts["previous"]) if facts.get("previous") else None
    return state


def trained_on(run: Run) -> str:
    """What last trained a run, as its state says; empty if the state is older than that."""
    with _usable_state(run) as path:
        facts, _ = _read_state(path, None)
    return str(facts.get("device", ""))


def load_best(run: Run, state: State) -> Best | None:
    """The best weights up to the saved state of a run, if it measures itself and was measured yet."""
    with _usable_state(run) as path:
        facts, stored = _read_state(path, "best.")
        if "best" not in facts:
            return None
        best = Best(**facts["best"], G=_part(stored, "best.G."), D=_part(stored, "best.D."))
        if (best.G.keys(), best.D.keys()) != (state.sampler.state_dict().keys(), state.D.state_dict().keys()):
            raise ValueError("its best weights are incomplete")
    return best


@contextmanager
def _usable_state(run: Run) -> Iterator[Path]:
    """The file of a run's state; whatever is wrong with it ends in one sentence."""
    path = run.folder / STATE
    try:
        yield path
    except (SafetensorError, OSError, KeyError, TypeError, ValueError, RuntimeError) as error:
        raise ValueError(
            f"The saved state of run {run.name!r} cannot be used ({explain(error)}): remove {path} to start it afresh"
        ) from error


def _read_state(path: Path, prefix: str | None = "") -> tuple[dict[str, Any], dict[str, Tensor]]:
    """Facts and tensors of a state, the latter as far as their names begin with ``prefix``, or none of them."""
    with safe_open(path, framework="pt") as file:
        facts: dict[str, Any] = json.loads((file.metadata() or {})["state"])
        names = [] if prefix is None else [name for name in file.keys() if name.startswith(prefix)]  # noqa: SIM118
        return facts, {name: file.get_tensor(name) for name in names}


def _part(stored: dict[str, Tensor], prefix: str) -> dict[str, Tensor]:
    return {name.removeprefix(prefix): tensor for name, tensor in stored.items() if name.startswith(prefix)}


def _state_tensors(state: State) -> dict[str, Tensor]:
    """All tensors of a run by name; the optimizer's are named for the parameter's number."""
    named: dict[str, Tensor] = {f"G.{k}": v for k, v in state.G.state_dict().items()}
    named |= {f"D.{k}": v for k, v in state.D.state_dict().items()}
    if state.ema is not None:
        named |= {f"ema.{k}": v for k, v in state.ema.state_dict().items()}
    for who, optimizer in (("G", state.g_optimizer), ("D", state.d_optimizer)):
        for number, slots in optimizer.state_dict()["state"].items():
            named |= {f"optimizer_{who}.{number}.{slot}": value for slot, value in slots.items()}
    return named


def _fill_state(state: State, stored: dict[str, Tensor]) -> None:
    state.G.load_state_dict(_part(stored, "G."))
    state.D.load_state_dict(_part(stored, "D."))
    if state.ema is not None:
        state.ema.load_state_dict(_part(stored, "ema."))
    for who, optimizer in (("G", state.g_optimizer), ("D", state.d_optimizer)):
        _fill_optimizer(optimizer, _part(stored, f"optimizer_{who}."), unused=state.config.balance.rule != "fixed")


def _fill_optimizer(optimizer: torch.optim.Optimizer, stored: dict[str, Tensor], *, unused: bool) -> None:
    """The optimizer's moments, in the memory order of their parameters: Adam's fused step takes no other.

    All of them must be there, or none if the player may be one that a rule has never updated.
    """
    parameters = optimizers.parameters_of(optimizer)
    wanted = {f"{number}.{slot}" for number in range(len(parameters)) for slot in SLOTS[type(optimizer)]}
    if stored.keys() != wanted and (stored or not unused):
        raise ValueError("its optimizer's moments are incomplete")
    slots: dict[int, dict[str, Tensor]] = {number: {} for number in range(len(parameters))}
    for name, value in stored.items():
        number, slot = name.split(".")
        parameter = parameters[int(number)]
        slots[int(number)][slot] = value if slot == "step" else torch.empty_like(parameter).copy_(value)
    optimizer.load_state_dict({**optimizer.state_dict(), "state": slots})


def _append_metrics(run: Run, report: Report) -> None:
    path = run.folder / METRICS
    values = [f"{v:.7g}" if isinstance(v, float) else v for v in asdict(report).values()]
    line = StringIO()
    writer = csv.writer(line, lineterminator="\n")
    if not path.exists() or not path.stat().st_size:
        writer.writerow(COLUMNS)
    writer.writerow(values)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        before, content = os.fstat(descriptor).st_size, line.getvalue().encode()
        if os.write(descriptor, content) < len(content):
            os.ftruncate(descriptor, before)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    finally:
        os.close(descriptor)


def _truncate_metrics(run: Run, step: int) -> None:
    """Drop rows beyond the state that the run goes on from, and an incomplete one: they will be made again.

    Metrics of an earlier version get the columns that were added since, at the end of each line, empty.
    """
    path = run.folder / METRICS
    if not path.is_file():
        return
    header, *rows = _metrics_text(run.folder, step).splitlines() or [""]
    added = COLUMNS[len(header.split(",")) :] if header else []
    names = [",".join([header, *added])] if header else []
    lines = [*names, *(row + "," * len(added) for row in rows)]
    write_whole(path, "".join(f"{line}\n" for line in lines).encode())


def _write_snapshot(run: Run, snapshot: Snapshot, dataset: Dataset) -> None:
    points = snapshot.images.dim() == 2
    pixels = scatter(snapshot.images, dataset.images) if points else grid(snapshot.images, SNAPSHOT_COLUMNS)
    write_whole(run.folder / "snapshots" / f"{snapshot.step:08d}.webp", encode(pixels))
