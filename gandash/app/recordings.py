"""Recordings for the playground: shipped, kept, or made while the visitor waits."""

from __future__ import annotations

import threading
import time
from collections import OrderedDict
from collections.abc import Callable
from typing import NamedTuple

from gandash import playground
from gandash.app.assets import publish
from gandash.app.hosting import visitors
from gandash.app.inference import RECORDING
from gandash.app.kept import Kept
from gandash.config import Config

MOST_KEPT = 64  # of about 300 kB each
ASKED_SECONDS = 0.2  # between two looks at whether it is one's turn
TIMES_LAST_SECONDS = 60  # a machine is not as busy for ever
_kept: OrderedDict[str, bytes] = OrderedDict()
_keeping = threading.Lock()
_trying = threading.Lock()
_times: Kept[float] = Kept(MOST_KEPT)


class Unfinished(NamedTuple):
    """What there is of a recording whose training was stopped after a step."""

    of: Config
    step: int
    recording: bytes


def found(config: Config) -> str | None:
    """The URL of a config's recording, if it ships or was made; ``ValueError`` in one sentence if
    none can be made.
    """
    playground.check(config)
    recording = playground.stored(config) or _known(config)
    return None if recording is None else address_of(recording)


def address_of(recording: bytes) -> str:
    """The URL of a recording."""
    return publish(recording, "gz")


def of_preset(name: str) -> str:
    """The URL of a shipped recording."""
    return address_of(playground.stored(playground.PRESETS[name].config) or b"")


def seconds(config: Config) -> float:
    """How long making a config's recording takes, as it was tried within the last minute; 0 if the
    visitor has had too many tried.
    """
    key = (config.model_dump_json(), int(time.monotonic() / TIMES_LAST_SECONDS))
    with _trying:  # two at a time would each find the machine slower than it is
        if key not in _times and not visitors.may_try():
            return 0.0
        return _times.get(key, lambda: playground.seconds(config))


def make(
    config: Config,
    progress: Callable[[float | None], object],
    stopped: Callable[[Unfinished], object],
) -> None:
    """Make a config's recording; one is made at a time.

    ``progress`` hears the share that is done, None while it is another's turn. If it raises, as it
    does when the visitor presses something, ``stopped`` is handed what there is. ``ValueError`` in
    one sentence if none can be made.
    """
    playground.check(config)
    visitors.count_film()
    while not RECORDING.acquire(timeout=ASKED_SECONDS):
        progress(None)
    try:
        if _known(config) is None:  # else made for another while this one waited
            _record(config, progress, stopped)
    finally:
        RECORDING.release()


def _record(
    config: Config,
    progress: Callable[[float | None], object],
    stopped: Callable[[Unfinished], object],
) -> None:
    progress(0.0)
    film = playground.Film(config)
    try:
        for share in film.train():
            progress(share)
    finally:
        recording = film.packed()
        if film.whole:
            _keep(config, recording)
        else:
            stopped(Unfinished(config, film.step, recording))


def _known(config: Config) -> bytes | None:
    key = config.model_dump_json()
    with _keeping:
        if key in _kept:
            _kept.move_to_end(key)
        return _kept.get(key)


def _keep(config: Config, recording: bytes) -> None:
    with _keeping:
        _kept[config.model_dump_json()] = recording
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
