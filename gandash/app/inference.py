"""How much is computed for visitors at a time: more would only wait for one another."""

from __future__ import annotations

import threading

INFERENCE = threading.BoundedSemaphore(2)
RECORDING = threading.BoundedSemaphore(1)
