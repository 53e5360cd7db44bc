"""Many files read and worked on in order, by as many threads as there are cores.

Decoders leave Python to others while they work.
"""

from __future__ import annotations

import os
from collections.abc import Callable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from typing import TypeVar

from gandash.data.files import File
from gandash.data.left_out import UnusableError

AT_A_TIME = 128
Made = TypeVar("Made")


def read_each(
    files: Sequence[File], work: Callable[[bytes], Made]
) -> Iterator[tuple[File, Made | UnusableError]]:
    """Each file with what ``work`` makes of its content, or why it cannot be used."""

    def one(file: File) -> Made | UnusableError:
        try:
            return work(file.read())
        except UnusableError as error:
            return error

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        for start in range(0, len(files), AT_A_TIME):
            part = files[start : start + AT_A_TIME]
            yield from zip(part, pool.map(one, part), strict=True)
