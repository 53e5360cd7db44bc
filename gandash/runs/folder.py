"""A run's folder: config, status, snapshots, and the lock of whoever trains it.

Every file is written whole or not at all; metrics grow by whole lines.
"""

from __future__ import annotations

import re
import shutil
import time
import unicodedata
import uuid
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar, get_args

from filelock import FileLock, Timeout
from pydantic import AwareDatetime, Field, ValidationError

from gandash.checkpoints.scores import Protocol
from gandash.config import STORED, Config, parse_config
from gandash.kinds import parted
from gandash.records import Section, explain, now
from gandash.runs.events import note
from gandash.runs.metrics_file import METRICS, read_metrics
from gandash.runs.snapshots import SNAPSHOTS, read_snapshots
from gandash.storage.files import read_facts, remove_leftovers, write_whole
from gandash.storage.locks import is_held
from gandash.storage.paths import expanded

if TYPE_CHECKING:
    import pandas as pd

CONFIG = "config.json"
STATUS = "status.json"
MEMBER = "member.json"
STATE = "state.safetensors"
STOP = "stop"
PAUSE = "pause"
ADVANCE = "advance"
GRIDS = "grids-every"
PROTOCOL = "protocol.json"
LOCK = ".lock"
OF_ITS_TRAINER = ("*.safetensors", METRICS, PROTOCOL, f"{SNAPSHOTS}/*.webp")
OF_SEVERAL = (STATUS, CONFIG, STOP, PAUSE, ADVANCE, GRIDS, "card.json")
WRITE_SECONDS = 60.0  # no write of these takes as long
DRAFT = ".new-"  # a run's folder while it is made
DRAFT_SECONDS = 3600.0  # one older than that was left by a process that was killed
HOLD_SECONDS = 5.0  # a look at the lock takes it for an instant
NAME_LENGTH = 63
NAME_PATTERN = re.compile(r"[a-z0-9][a-z0-9-]{0,62}")
TAKEN = "A run's name must be new, and {name!r} is taken: choose another or remove it"
Advance = Literal["row", "step", "D", "G"]
"""How far a run that pauses goes on: to its next row of metrics, by one step, or by one update of
one player, which is no step."""
Phase = Literal["queued", "running", "stopped", "finished", "failed"]
Record = TypeVar("Record", bound=Section)


class BusyError(ValueError):
    """The run is being trained by another process."""


class GoneError(ValueError):
    """The run was removed, by another visitor perhaps."""


class Status(Section):
    """What a run is doing; ``updated`` is when that was last true.

    ``place`` is the run's number in the worker's queue, lowest first, kept until the run ends;
    a run trained in the foreground has none. ``lost`` counts how often its process was killed
    since its state was last saved, ``slot`` says which worker took it. ``paused``: it waits within
    its training until it is told to go on. ``group`` is the sweep that it belongs to, ``arm`` what
    it differs in from the sweep's others, in words. ``elsewhere``: an engine beside the queue
    trains it, and starts it anew where its process is lost.
    """

    phase: Phase
    step: int = Field(0, ge=0)
    total: int = Field(0, ge=0)
    seconds: float = Field(0.0, ge=0, allow_inf_nan=False)
    images_per_second: float = Field(0.0, ge=0, allow_inf_nan=False)
    message: str = ""
    place: int | None = None
    lost: int = Field(0, ge=0)
    slot: int = Field(0, ge=0)
    paused: bool = False
    group: str = ""
    arm: str = ""
    elsewhere: bool = False
    created: AwareDatetime
    updated: AwareDatetime

    @property
    def under_way(self) -> bool:
        """Whether the run waits in a queue or trains."""
        return self.phase in ("queued", "running")


class Member(Section):
    """What a run was made for, which nothing changes: a status that is lost is renewed with it."""

    group: str = ""
    arm: str = ""
    elsewhere: bool = False


@dataclass(frozen=True)
class Run:
    """A run, known by its folder."""

    folder: Path

    @property
    def name(self) -> str:
        return self.folder.name

    def config(self) -> Config:
        """The run's config; ``ValueError`` if its file is damaged or the run is gone."""
        kept = "its saved state is kept" if self.resumable else "or remove the run"
        return self._read(CONFIG, Config, f"restore its {CONFIG} from a copy, {kept}")

    def status(self) -> Status:
        """The run's status; ``ValueError`` if its file is damaged or the run is gone."""
        return self._read(STATUS, Status, "resume it, and it gets a new one")

    def update(self, **changes: Any) -> Status:
        """Replace fields of the status, stamped with the present time."""
        status = self.status().model_copy(update={**changes, "updated": now()})
        self._write(STATUS, status.model_dump_json(indent=2).encode())
        return status

    def renew_status(self) -> Status:
        """Put a status in the place of one that cannot be read: stopped, wherever its state is."""
        stamp = datetime.fromtimestamp(self.folder.stat().st_mtime, UTC).replace(microsecond=0)
        status = Status(
            **self._member().model_dump(),
            phase="stopped",
            message="Its status could not be read and was written anew; it can be resumed.",
            created=stamp,
            updated=now(),
        )
        self._write(STATUS, status.model_dump_json(indent=2).encode())
        return status

    def _member(self) -> Member:
        """What the run was made for; of no group where that was not written down."""
        try:
            return Member.model_validate_json(read_facts(self.folder / MEMBER))
        except (OSError, ValidationError):
            return Member()

    def write_config(self, config: Config) -> None:
        """Give the run another config."""
        self._write(CONFIG, (config.model_dump_json(indent=2) + "\n").encode())

    def metrics(self) -> pd.DataFrame:
        """One row per report, columns as in :class:`gandash.training.Report`.

        Empty if there are none yet.
        """
        return read_metrics(self.folder)

    def snapshots(self) -> dict[int, Path]:
        """Sample grids by step."""
        return read_snapshots(self.folder)

    def request_stop(self) -> None:
        """Ask whoever trains this run to save and leave it soon, within a row where it need be."""
        self._write(STOP, b"")

    @property
    def stop_requested(self) -> bool:
        return (self.folder / STOP).exists()

    def clear_stop(self) -> None:
        """Forget that it was asked to stop, and with that to pause."""
        (self.folder / STOP).unlink(missing_ok=True)
        self.end_pause()

    def request_pause(self) -> None:
        """Ask whoever trains this run to save and wait, likewise."""
        self._write(PAUSE, b"")

    @property
    def pause_requested(self) -> bool:
        return (self.folder / PAUSE).exists()

    def end_pause(self) -> None:
        """Let a run that waits go on."""
        (self.folder / PAUSE).unlink(missing_ok=True)
        (self.folder / ADVANCE).unlink(missing_ok=True)

    def request_advance(self, by: Advance = "row") -> None:
        """Ask a run that waits for a little more."""
        self._write(ADVANCE, by.encode())

    def take_advance(self) -> Advance | None:
        """How much more was asked for, if any; that is forgotten."""
        path = self.folder / ADVANCE
        try:
            asked = path.read_text()
        except OSError:
            return None
        path.unlink(missing_ok=True)
        known: dict[str, Advance] = {it: it for it in get_args(Advance)}
        return known.get(asked, "row")

    def request_grids(self, every: int) -> None:
        """Ask for a sample grid every so many steps, beside those of the config; 0: no more."""
        self._write(GRIDS, str(every).encode())

    @property
    def grids_every(self) -> int:
        """Steps between the sample grids that were asked for beside those of the config; 0 where
        none are.
        """
        try:
            asked = read_facts(self.folder / GRIDS).decode(errors="replace")
        except OSError:
            return 0
        return int(asked) if asked.isdecimal() and len(asked) < 10 else 0

    @contextmanager
    def hold(self, seconds: float = HOLD_SECONDS) -> Iterator[None]:
        """Be the one process that trains this run; :class:`BusyError` if another does.

        Ends with the process. What an earlier one left of files that it was writing is removed.
        """
        self._check_there()
        lock = FileLock(self.folder / LOCK, thread_local=False)
        try:
            lock.acquire(timeout=seconds)
        except Timeout as error:
            raise BusyError(
                f"A run is trained by one process at a time, and {self.name!r} is being trained: "
                "wait or stop it first"
            ) from error
        try:
            for name in OF_ITS_TRAINER:
                remove_leftovers(self.folder / name)
            for name in OF_SEVERAL:
                remove_leftovers(self.folder / name, WRITE_SECONDS)
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

    def _read(self, name: str, kind: type[Record], remedy: str) -> Record:
        self._check_there()
        try:
            content = read_facts(self.folder / name)
            return kind.model_validate_json(content, context=STORED)
        except (OSError, ValidationError) as error:
            what = name.removesuffix(".json")
            raise ValueError(
                f"The {what} of run {self.name!r} cannot be read ({_why(error)}): {remedy}"
            ) from error

    def _write(self, name: str, content: bytes) -> None:
        """Never into a folder that was removed: it would come back with that file alone."""
        self._check_there()
        write_whole(self.folder / name, content)

    def _check_there(self) -> None:
        if not self.folder.is_dir():
            raise GoneError(f"No run is called {self.name!r} any more: it has been removed")


def read_protocol(folder: Path) -> Protocol | None:
    """How the samples of a run or checkpoint folder were measured while it trained.

    If they were.
    """
    path = folder / PROTOCOL
    if not path.is_file():
        return None
    try:
        return Protocol.model_validate_json(read_facts(path))
    except (OSError, ValidationError) as error:
        raise ValueError(
            f"The protocol of {folder.name!r} cannot be read ({_why(error)}): restore {PROTOCOL} "
            "from a copy, or move it away"
        ) from error


def _why(error: Exception) -> str:
    """What is wrong with a file that is named beside it."""
    reason = error.strerror if isinstance(error, OSError) and error.strerror else explain(error)
    return reason.rstrip(".")


def fresh_name(root: Path, pretrained_root: Path, wish: str) -> str:
    """The free run name closest to ``wish``: a-z, 0-9 and hyphens, with -2, -3 … if it is taken."""
    plain = unicodedata.normalize("NFKD", wish).encode("ascii", "ignore").decode().lower()
    slug = re.sub(r"[^a-z0-9]+", "-", plain).strip("-")[:NAME_LENGTH].rstrip("-") or "run"
    name = slug
    number = 1
    while any((folder / name).exists() for folder in (root, pretrained_root)):
        number += 1
        name = f"{slug[: NAME_LENGTH - len(str(number)) - 1].rstrip('-')}-{number}"
    return name


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
        raise ValueError(TAKEN.format(name=name))
    return name


def create(
    root: Path,
    config: Config,
    name: str,
    place: int | None = None,
    *,
    group: str = "",
    arm: str = "",
    elsewhere: bool = False,
) -> Run:
    """A new queued run, of a group if one is named; a name that is taken is refused.

    The worker takes only runs with a place in its queue. The folder appears whole: a process that
    is killed in here leaves no run and takes no name.
    """
    run = Run(root / check_new(root, name))
    _remove_old_drafts(root)
    draft = Run(root / f"{DRAFT}{uuid.uuid4().hex[:12]}")
    draft.folder.mkdir(parents=True)
    member = Member(group=group, arm=arm, elsewhere=elsewhere)
    status = Status(
        **member.model_dump(), phase="queued", place=place, created=now(), updated=now()
    )
    try:
        draft.write_config(_with_digest(with_whole_path(config)))
        draft._write(STATUS, status.model_dump_json(indent=2).encode())
        if member != Member():
            draft._write(MEMBER, member.model_dump_json(indent=2).encode())
        draft.folder.rename(run.folder)
    except BaseException as error:
        shutil.rmtree(draft.folder, ignore_errors=True)
        if run.folder.exists() and isinstance(error, OSError):  # by another process, just now
            raise ValueError(TAKEN.format(name=name)) from error
        raise
    return run


def _remove_old_drafts(root: Path) -> None:
    for draft in root.glob(f"{DRAFT}*"):
        if time.time() - draft.stat().st_mtime > DRAFT_SECONDS:
            shutil.rmtree(draft, ignore_errors=True)


def _with_digest(config: Config) -> Config:
    """A config that knows the weights of the checkpoint that it begins from, if it does."""
    if not config.few.start_from:
        return config
    from gandash.runs import starting_point  # noqa: PLC0415 - torch comes with it

    return starting_point.pinned(config)


def with_whole_path(config: Config) -> Config:
    """A config whose data is found from any folder: a relative path begins at the root then."""
    from gandash.data import source_of  # noqa: PLC0415 - torch comes with it

    dataset = config.data.dataset
    if source_of(dataset) is not None:
        return config
    prefix, path = parted(dataset)
    whole = prefix + str(expanded(path).absolute())
    return config.model_copy(update={"data": config.data.model_copy(update={"dataset": whole})})


def longer(run: Run, more: int) -> Config:
    """The config of a finished run with ``more`` epochs (steps, if its config counts these).

    ``ValueError`` if it is not finished, has lost its saved state, its instance noise has already
    decayed to nothing, or that is more than a run may have. Nothing is changed.
    """
    config = run.config()
    status = run.status()
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
    if config.schedule.changes:
        raise ValueError(
            f"A run with a schedule ends where that ends, and {run.name!r} has one: train a new "
            "run with more epochs"
        )
    length = {"steps": config.steps + more} if config.steps else {"epochs": config.epochs + more}
    return parse_config(config.model_dump() | length, stored=True)


def extend(run: Run, more: int) -> None:
    """Give a finished run more to do, as :func:`longer` says; it is stopped then.

    Its weights, rows and best step become those of a run that was as long from the start, bit for
    bit where resuming is: what was reported or measured only because it ended is forgotten when it
    goes on. Snapshots stay as the shorter plan had them.
    """
    config = longer(run, more)
    # The status first: a run cut off between the two is at its end as soon as it is resumed.
    run.update(
        phase="stopped", place=None, message="It has been given more to do, and can be resumed."
    )
    run.write_config(config)
    note(run.folder, run.status().step, "prolonged")


def find(root: Path) -> list[Run]:
    """All runs below ``root``, by name; one of which a file is missing, too."""
    folders = {path.parent for name in (CONFIG, STATUS) for path in root.glob(f"*/{name}")}
    return [Run(folder) for folder in sorted(folders) if NAME_PATTERN.fullmatch(folder.name)]
