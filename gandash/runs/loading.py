"""Loading that a stop ends at once, whatever it is waiting for: a disk, a download, a large zip."""

from __future__ import annotations

import threading
from collections.abc import Callable
from typing import TypeVar

LISTEN_SECONDS = 0.2
THREAD = "gandash-loading"
Result = TypeVar("Result")


class StopHeardError(Exception):
    """A stop came before the loading was done."""


def load_unless(stop: Callable[[], bool], load: Callable[[], Result]) -> Result:
    """What ``load`` returns or raises; :class:`StopHeardError` as soon as ``stop`` says so.

    It runs in a thread beside, which nobody waits for then: a process that has left one behind
    should end soon, see :func:`is_left_behind`.
    """
    results: list[Result] = []
    errors: list[BaseException] = []

    def work() -> None:
        try:
            results.append(load())
        except BaseException as error:  # raised again by the one who waits
            errors.append(error)

    thread = threading.Thread(target=work, name=THREAD, daemon=True)
    thread.start()
    while thread.is_alive():
        thread.join(LISTEN_SECONDS)
        if thread.is_alive() and stop():
            raise StopHeardError
    if errors:
        raise errors[0]
    return results[0]


def is_left_behind() -> bool:
    """Whether something that nobody waits for any more is still being loaded in this process."""
    return any(thread.name == THREAD for thread in threading.enumerate())
