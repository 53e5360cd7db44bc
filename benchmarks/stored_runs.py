"""Results of runs, one line of JSON each: what is stored is not trained again."""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from pathlib import Path
from typing import IO, Any, Literal, cast

from gandash.config import Config, parse_config


def read(path: Path) -> Iterator[dict[str, Any]]:
    """The records there are; none if there is no file. One that ends in .gz is unpacked."""
    if path.is_file():
        with _opened(path, "rt") as file:
            yield from map(json.loads, file)


def has(path: Path, config: Config) -> bool:
    """Whether a run of this very config is stored."""
    return any(parse_config(record["config"]) == config for record in read(path))


def add(path: Path, record: dict[str, Any]) -> None:
    """Append a record, whose ``config`` is the run's, and show the rest of it."""
    print({key: value for key, value in record.items() if key != "config"}, flush=True)
    path.parent.mkdir(exist_ok=True)
    with _opened(path, "at") as file:
        file.write(json.dumps(record) + "\n")


def _opened(path: Path, mode: Literal["rt", "at"]) -> IO[str]:
    if path.suffix == ".gz":
        return cast(IO[str], gzip.open(path, mode))
    return path.open(mode)
