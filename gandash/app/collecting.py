"""Garbage is collected now and then, not after every run of a page.

Streamlit's own collection after each run (``runner.postScriptGC``, off in the app's settings) goes
through everything that torch, plotly and the caches hold, with the GIL held: 100 ms and more, half
of the processor's time when ten visitors come. Here what lives is frozen out of the collector's
sight, and looked at again every half minute: what visitors left behind goes then, and what memory
that leaves goes back to the system.

Every run of a page is a thread, and glibc gives threads heaps of their own, up to eight a core, of
which no one gives anything back: here they share two.
"""

from __future__ import annotations

import asyncio
import ctypes
import gc
import sys
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from functools import cache

EVERY_SECONDS = 30.0
TRIM_SECONDS = 5.0
YOUNG = (5_000, 20, 100)  # when the young are looked at: a page makes thousands of objects


M_ARENA_MAX, HEAPS = -8, 2  # of glibc's mallopt


def collect() -> None:
    """Collect everything that nothing refers to, freeze the rest, and give free memory back."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()
    give_back()


def give_back() -> None:
    """Give memory that is free back to the system, where its library does so when asked: what a
    deep generator takes for a picture is as much as all pages together.
    """
    if (library := _glibc()) is not None:
        library.malloc_trim(0)


def share_heaps() -> None:
    """Have the threads of this process share two heaps, where its library knows of such."""
    if (library := _glibc()) is not None:
        library.mallopt(M_ARENA_MAX, HEAPS)


@cache
def _glibc() -> ctypes.CDLL | None:
    if sys.platform != "linux":
        return None
    library = ctypes.CDLL(None)
    return library if hasattr(library, "malloc_trim") else None


@asynccontextmanager
async def collecting() -> AsyncIterator[None]:
    """Collect now and then, as long as the server runs."""
    gc.set_threshold(*YOUNG)
    going_on = asyncio.create_task(_again_and_again())
    try:
        yield
    finally:
        going_on.cancel()
        with suppress(asyncio.CancelledError):
            await going_on


async def _again_and_again() -> None:
    while True:
        left = EVERY_SECONDS
        while left > 0:
            await asyncio.sleep(min(TRIM_SECONDS, left))
            await asyncio.to_thread(give_back)
            left -= TRIM_SECONDS
        collect()
