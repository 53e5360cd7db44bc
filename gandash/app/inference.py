"""How many visitors' pictures are computed at a time: more would only wait for one another."""

from __future__ import annotations

import threading

INFERENCE = threading.BoundedSemaphore(2)
