"""Recordings for the playground: shipped, kept, or made while the visitor waits."""

from __future__ import annotations

import threading
from collections import OrderedDict
from collections.abc import Callable

from gandash import playground
from gandash.app.assets import publish
from gandash.app.hosting import visitors
from gandash.app.inference import RECORDING
from gandash.config import Config

MOST_KEPT = 64  # of about 300 kB each
_kept: OrderedDict[str, bytes] = OrderedDict()
_keeping = threading.Lock()


def address_of(config: Config, progress: Callable[[float], object]) -> str:
    """The URL of a config's recording; ``progress`` hears the share that is done of making it.

    One is made at a time. ``ValueError`` in one sentence if it cannot be made.
    """
    return publish(playground.stored(config) or _known(config) or _made(config, progress), "gz")


def _known(config: Config) -> bytes | None:
    key = config.model_dump_json()
    with _keeping:
        if key in _kept:
            _kept.move_to_end(key)
        return _kept.get(key)


def _made(config: Config, progress: Callable[[float], object]) -> bytes:
    playground.check(config)
    visitors.count_film()
    progress(0.0)
    with RECORDING:
        if (recording := _known(config)) is not None:  # made for another while this one waited
            return recording
        for event in playground.record(config):
            if isinstance(event, bytes):
                recording = event
            else:
                progress(event)
    assert recording is not None
    with _keeping:
        _kept[config.model_dump_json()] = recording
        while len(_kept) > MOST_KEPT:
            _kept.popitem(last=False)
    return recording
