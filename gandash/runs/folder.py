"""A run's folder: config, status, snapshots, and the lock of whoever trains it.

Every file is written whole or not at all; metrics grow by whole lines.
"""

from __future__ import annotations

import re
import shutil
import unicodedata
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime
from pathlib import Path
from typing import Any, Literal

import pandas as pd
from filelock import FileLock, Timeout
from pydantic import Field, ValidationError

from gandash.checkpoints.scores import Protocol
from gandash.config import Config, parse_config
from gandash.records import Section, explain, now
from gandash.runs.metrics_file import read_metrics
from gandash.storage.files import write_whole
from gandash.storage.locks import is_held

NAME_LENGTH = 63


def fresh_name(root: Path, pretrained_root: Path, wish: str) -> str:
    """The free run name closest to ``wish``: a-z, 0-9 and hyphens, with -2, -3 … if it is taken."""
    plain = unicodedata.normalize("NFKD", wish).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:NAME_LENGTH].rstrip("-") or "run"
    name, number = slug, 1
    while any((folder / name).exists() for folder in (root, pretrained_root)):
        number += 1
        name = f"{slug[: NAME_LENGTH - len(str(number)) - 1].rstrip('-')}-{number}"
    return name


CONFIG = "config.json"
STATUS = "status.json"
STATE = "state.safetensors"
STOP = "stop"
PROTOCOL = "protocol.json"
LOCK = ".lock"
HOLD_SECONDS = 5.0  # a look at the lock takes it for an instant
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
                f"The config of run {self.name!r} cannot be read ({explain(error)}): remove "
                f"{self.folder}"
            ) from error

    def status(self) -> Status:
        """The run's status; ``ValueError`` if its file is damaged."""
        try:
            return Status.model_validate_json((self.folder / STATUS).read_bytes())
        except (OSError, ValidationError) as error:
            raise ValueError(
                f"The status of run {self.name!r} cannot be read ({explain(error)}): remove "
                f"{self.folder}"
            ) from error

    def update(self, **changes: Any) -> Status:
        """Replace fields of the status, stamped with the present time."""
        status = self.status().model_copy(update={**changes, "updated": now()})
        write_whole(self.folder / STATUS, status.model_dump_json(indent=2).encode())
        return status

    def metrics(self) -> pd.DataFrame:
        """One row per report, columns as in :class:`gandash.training.Report`.

        Empty if there are none yet.
        """
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
        """Be the one process that trains this run; :class:`BusyError` if another does.

        Ends with the process.
        """
        lock = FileLock(self.folder / LOCK, thread_local=False)
        try:
            lock.acquire(timeout=HOLD_SECONDS)
        except Timeout as error:
            raise BusyError(
                f"A run is trained by one process at a time, and {self.name!r} is being trained: "
                "wait or stop it first"
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


def read_protocol(folder: Path) -> Protocol | None:
    """How the samples of a run or checkpoint folder were measured while it trained.

    If they were.
    """
    path = folder / PROTOCOL
    if not path.is_file():
        return None
    try:
        return Protocol.model_validate_json(path.read_bytes())
    except (OSError, ValidationError) as error:
        raise ValueError(
            f"The protocol {path} cannot be read ({explain(error)}): restore that file"
        ) from error


def read_snapshots(folder: Path) -> dict[int, Path]:
    """Sample grids of a run or checkpoint folder by step, in order."""
    found = (folder / "snapshots").glob("*.webp")
    return {int(path.stem): path for path in sorted(found) if path.stem.isdigit()}


def check_name(name: str) -> str:
    """A run's name becomes a folder and part of URLs; only a-z, 0-9 and hyphens are allowed."""
    if not NAME_PATTERN.fullmatch(name):
        raise ValueError(
            f"A run's name must be 1 to 63 of a-z, 0-9 and hyphens, not {name!r}: choose another"
        )
    return name


def check_new(root: Path, name: str) -> str:
    """A name for a new run; ``ValueError`` if it is not allowed or taken."""
    if (root / check_name(name)).exists():
        raise ValueError(
            f"A run's name must be new, and {name!r} is taken: choose another or remove it"
        )
    return name


def create(root: Path, config: Config, name: str, place: int | None = None) -> Run:
    """A new queued run; a name that is taken is refused.

    The worker takes only runs with a place in line.
    """
    run = Run(root / check_name(name))
    try:
        run.folder.mkdir(parents=True)
    except FileExistsError as error:
        raise ValueError(
            f"A run's name must be new, and {name!r} is taken: choose another or remove it"
        ) from error
    status = Status(phase="queued", place=place, created=now(), updated=now())
    try:
        write_whole(run.folder / CONFIG, (config.model_dump_json(indent=2) + "\n").encode())
        write_whole(run.folder / STATUS, status.model_dump_json(indent=2).encode())
    except OSError:
        shutil.rmtree(run.folder, ignore_errors=True)
        raise
    return run


def extend(run: Run, more: int) -> None:
    """Give a finished run ``more`` epochs (steps, if its config counts these); it is stopped then
    and can be resumed.

    Its weights become those of a run that was as long from the start, bit for bit where resuming
    is. ``ValueError`` if it is not finished, has lost its saved state, or its instance noise has
    already decayed to nothing.
    """
    config, status = run.config(), run.status()
    if run.held or status.phase != "finished":
        raise ValueError(
            f"Only a finished run can be trained longer, and {run.name!r} is "
            f"{'running' if run.held else status.phase}: let it come to its end first"
        )
    if not run.resumable:
        raise ValueError(
            f"A run is trained longer from its saved state, and {run.name!r} has none: train a new "
            "run with more epochs"
        )
    if config.regularizer.instance_noise:
        raise ValueError(
            f"A run with instance noise ends where that ends, and {run.name!r} has it: train a new "
            "run with more epochs"
        )
    longer = {"steps": config.steps + more} if config.steps else {"epochs": config.epochs + more}
    config = parse_config(config.model_dump() | longer)
    write_whole(run.folder / CONFIG, (config.model_dump_json(indent=2) + "\n").encode())
    run.update(
        phase="stopped", place=None, message="It has been given more to do, and can be resumed."
    )


def find(root: Path) -> list[Run]:
    """All runs below ``root``, by name."""
    return [Run(path.parent) for path in sorted(root.glob(f"*/{STATUS}"))]
