"""The metrics of a run: one line a report, appended whole."""

from __future__ import annotations

import csv
import errno
import os
from dataclasses import asdict, fields
from io import StringIO
from pathlib import Path

import pandas as pd

from gandash.records import explain
from gandash.report import Report
from gandash.storage.files import write_whole

METRICS = "metrics.csv"
COLUMNS = [column.name for column in fields(Report)]


def read_metrics(folder: Path) -> pd.DataFrame:
    """The metrics of a run or checkpoint folder; an incomplete last line (a crash) is left out."""
    text = metrics_text(folder)
    if text.count("\n") < 2:
        return pd.DataFrame(columns=COLUMNS, dtype=float)
    try:
        return pd.read_csv(StringIO(text))
    except ValueError as error:
        raise _damaged_metrics(folder, error) from error


def metrics_text(folder: Path, last: int | None = None) -> str:
    """The complete lines of the metrics file, as they were written, up to step ``last``."""
    path = folder / METRICS
    text = path.read_bytes().decode(errors="replace") if path.is_file() else ""
    lines = text[: text.rfind("\n") + 1].splitlines(keepends=True)
    if last is None:
        return "".join(lines)
    try:
        return "".join(
            lines[:1] + [line for line in lines[1:] if int(line.split(",", 1)[0]) <= last]
        )
    except ValueError as error:
        raise _damaged_metrics(folder, error) from error


def _damaged_metrics(folder: Path, error: ValueError) -> ValueError:
    return ValueError(
        f"The metrics {folder / METRICS} are damaged ({explain(error)}): restore or remove that "
        "file"
    )


def append_metrics(folder: Path, report: Report) -> None:
    path = folder / METRICS
    values = [f"{v:.7g}" if isinstance(v, float) else v for v in asdict(report).values()]
    line = StringIO()
    writer = csv.writer(line, lineterminator="\n")
    if not path.exists() or not path.stat().st_size:
        writer.writerow(COLUMNS)
    writer.writerow(values)
    descriptor = os.open(path, os.O_WRONLY | os.O_APPEND | os.O_CREAT, 0o644)
    try:
        before, content = os.fstat(descriptor).st_size, line.getvalue().encode()
        if os.write(descriptor, content) < len(content):
            os.ftruncate(descriptor, before)
            raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC), str(path))
    finally:
        os.close(descriptor)


def truncate_metrics(folder: Path, step: int) -> None:
    """Drop rows beyond the state that the run goes on from, and an incomplete one: they will be
    made again.

    Metrics of an earlier version get the columns that were added since, at the end of each line,
    empty.
    """
    path = folder / METRICS
    if not path.is_file():
        return
    header, *rows = metrics_text(folder, step).splitlines() or [""]
    added = COLUMNS[len(header.split(",")) :] if header else []
    names = [",".join([header, *added])] if header else []
    lines = [*names, *(row + "," * len(added) for row in rows)]
    write_whole(path, "".join(f"{line}\n" for line in lines).encode())
