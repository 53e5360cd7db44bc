"""What a process that trains must ask for when it starts, and cannot later.

Memory: it keeps what tensors leave, for the next step needs the same again. Otherwise glibc gives
every large tensor back to the system, which then clears its pages anew: 100,000 of them in a step
of 64x64 images. Huge pages spare the processor many look-ups.

Threads: they sleep while they wait for each other. Threads that spin burn the time that a busy
machine has left for the one that they wait for: steps of a small DCGAN's D on two cores with 15
other processes are then 65 times slower.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

# For glibc from 2.35 on and for OpenMP; other libraries and systems take no notice.
ENVIRONMENT: Mapping[str, str] = {
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0"
    ":glibc.malloc.trim_threshold=1099511627776",
    "OMP_WAIT_POLICY": "PASSIVE",
}


def start_over() -> None:
    """Replace this process by one with the same command line and ENVIRONMENT, if it lacks that.

    Call it before anything large is imported. Settings that somebody made already stay as they are.
    """
    if sys.platform == "linux" and not ENVIRONMENT.keys() <= os.environ.keys():
        os.execve(sys.executable, sys.orig_argv, {**ENVIRONMENT, **os.environ})  # noqa: S606
