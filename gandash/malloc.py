"""How a process that trains deals with memory: it keeps what tensors leave, for the next step needs
the same again.

Otherwise glibc gives every large tensor back to the system, which then clears its pages anew:
100,000 of them in a step of 64x64 images. Huge pages spare the processor many look-ups. Both must
be asked for when a process starts.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Mapping

# For glibc from 2.35 on; other C libraries and systems take no notice.
ENVIRONMENT: Mapping[str, str] = {
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1:glibc.malloc.mmap_max=0"
    ":glibc.malloc.trim_threshold=1099511627776"
}


def start_over() -> None:
    """Replace this process by one with the same command line and ENVIRONMENT, if it lacks that.

    Call it before anything large is imported. Settings that somebody made already stay as they are.
    """
    if sys.platform == "linux" and not ENVIRONMENT.keys() <= os.environ.keys():
        os.execve(sys.executable, sys.orig_argv, {**ENVIRONMENT, **os.environ})  # noqa: S606
