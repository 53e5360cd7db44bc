"""Which runs are a visitor's own, on a server that is open to strangers."""

from __future__ import annotations

import hashlib
import secrets
import time
from collections import OrderedDict
from collections.abc import Iterable, Iterator
from pathlib import Path
from threading import Lock

import streamlit as st

from gandash import runs
from gandash.app.hosting.headers import VISITOR
from gandash.app.hosting.permissions import limits
from gandash.checkpoints import Checkpoint
from gandash.config import Config
from gandash.data import SOURCES, uploads
from gandash.jobs import control
from gandash.runs import Run
from gandash.storage.files import write_whole
from gandash.storage.paths import runs_root

OWNER = "owner"
UNTOLD = "visitor"  # of a browser that keeps no cookies: known while its tab is open
MINUTE = 60.0
KNOWN = 10_000  # visitors whose films are counted at a time
TRIALS = 4  # of how long a film takes, for each film that a visitor may have made
_films: OrderedDict[str, list[float]] = OrderedDict()
_trials: OrderedDict[str, list[float]] = OrderedDict()
_counting = Lock()


def visitor() -> str:
    """A name for the visitor that leads back to nobody: a hash of the cookie, or of the session."""
    token = st.context.cookies.get(VISITOR) or st.session_state.setdefault(
        UNTOLD, secrets.token_urlsafe(16)
    )
    return name_of(str(token))


def name_of(token: str) -> str:
    """The name of the visitor with this cookie."""
    return hashlib.sha256(token.encode()).hexdigest()[:32]


def own(run: Run) -> None:
    """Note that a run is the visitor's, where that matters."""
    if limits().public:
        write_whole(run.folder / OWNER, visitor().encode())


def may_change(run: Run) -> bool:
    """Whether the visitor may stop, resume, prolong or remove a run."""
    return not limits().public or _owner(run) == visitor()


def may_see(folder: Path, config: Config, who: str | None = None) -> bool:
    """Whether a visitor may be shown a run or checkpoint at all: where uploads are private, those
    that were trained on another's are not.

    ``who`` is the visitor's name; that of the session's if not given.
    """
    if not (limits().public and limits().uploads == "private"):
        return True
    if not uploads.holds(runs_root(), config.data.dataset):
        return True
    return _owner(Run(folder)) == (visitor() if who is None else who)


def seen() -> list[Run]:
    """All runs that the visitor may see, by name; of those without a config that can be read, those
    of their own.
    """
    found = runs.find(runs_root())
    if not (limits().public and limits().uploads == "private"):
        return found
    return [run for run in found if _may_see_run(run)]


def _may_see_run(run: Run) -> bool:
    try:
        return may_see(run.folder, run.config())
    except (ValueError, OSError):
        return may_change(run)


def check_start(config: Config, there: Iterable[str]) -> None:
    """``ValueError`` if a run is to begin from another checkpoint than those that the visitor sees
    there.
    """
    wanted, names = config.few.start_from, list(there)
    if limits().public and wanted and wanted not in names:
        raise ValueError(
            f"start_from must name a checkpoint that is here, and {wanted!r} is none: choose one "
            f"of {', '.join(names) or 'those that you train'}"
        )


def may_see_images(checkpoint: Checkpoint, who: str | None = None) -> bool:
    """Whether a visitor may be shown the images that a checkpoint was trained on: where what is
    handed in is private, those of others are not.

    ``who`` is the visitor's name; that of the session's if not given.
    """
    handed_in = checkpoint.card.config.data.dataset not in SOURCES
    if not (limits().public and limits().uploads == "private" and handed_in):
        return True
    return _owner(Run(checkpoint.folder)) == (visitor() if who is None else who)


def check(run: Run) -> None:
    """``ValueError`` if the visitor may not change a run."""
    if not may_change(run):
        raise ValueError(
            f"Only who started {run.name!r} may change it, in the browser that it was started "
            "from: start one of your own"
        )


def waiting() -> int:
    """How many of the visitor's runs wait or train; 0 where nobody counts."""
    if not limits().public:
        return 0
    return sum(status.under_way for run, status in _readable() if _owner(run) == visitor())


def make_room() -> None:
    """On a public server: remove the oldest runs that do not train, until the rest fit."""
    if not limits().public:
        return
    found = sorted(_readable(), key=lambda pair: pair[1].created)
    sizes = {run.name: _size(run) for run, _ in found}
    excess = sum(sizes.values()) - limits().storage_gb * 1e9
    for run, status in found:
        if excess <= 0:
            return
        if not status.under_way and not run.held:
            control.remove(run)
            excess -= sizes[run.name]


def count_film() -> None:
    """Count a training of the playground; ``ValueError`` if there were too many in a minute."""
    if not _counted(_films, limits().films_per_minute):
        raise ValueError(
            f"At most {limits().films_per_minute} runs a minute may be trained here, and so many "
            "were: wait a little, or look at those that are recorded"
        )


def may_try() -> bool:
    """Whether the visitor may have it tried how long a training of the playground takes; it counts
    as tried then.
    """
    return _counted(_trials, TRIALS * limits().films_per_minute)


def _counted(by_visitor: OrderedDict[str, list[float]], most: int) -> bool:
    """Whether the visitor had less than so many of something within a minute; one more then."""
    if not limits().public:
        return True
    who, now = visitor(), time.monotonic()
    with _counting:
        lately = [at for at in by_visitor.pop(who, []) if now - at < MINUTE]
        allowed = len(lately) < most
        by_visitor[who] = [*lately, now] if allowed else lately
        while len(by_visitor) > KNOWN:
            by_visitor.popitem(last=False)
    return allowed


def _readable() -> Iterator[tuple[Run, runs.Status]]:
    for run in runs.find(runs_root()):
        try:
            yield run, run.status()
        except (ValueError, OSError):
            continue


def _owner(run: Run) -> str:
    try:
        return (run.folder / OWNER).read_text()[:64]
    except (OSError, ValueError):
        return ""


def _size(run: Run) -> int:
    return sum(path.stat().st_size for path in run.folder.rglob("*") if path.is_file())
