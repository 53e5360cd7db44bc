"""Garbage is collected now and then, not after every run of a page.

Streamlit's own collection after each run (``runner.postScriptGC``, off in the app's settings) goes
through everything that torch, plotly and the caches hold, with the GIL held: 100 ms and more, half
of the processor's time when ten visitors come. Here what lives is frozen out of the collector's
sight, and looked at again every half minute: what visitors left behind goes then.
"""

from __future__ import annotations

import asyncio
import gc
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress

EVERY_SECONDS = 30.0
YOUNG = (5_000, 20, 100)  # when the young are looked at: a page makes thousands of objects


def collect() -> None:
    """Collect everything that nothing refers to, and freeze the rest."""
    gc.unfreeze()
    gc.collect()
    gc.freeze()


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
        await asyncio.sleep(EVERY_SECONDS)
        collect()
