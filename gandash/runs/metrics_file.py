"""The metrics of a run: one line a report, appended whole.

Whoever reads them gets numbers that charts can be drawn of, or one sentence. Pandas and Arrow are
imported by the first who does.
"""

from __future__ import annotations

import csv
import errno
import os
import re
import threading
from collections.abc import Iterator
from dataclasses import MISSING, asdict, fields
from io import BytesIO, StringIO
from pathlib import Path
from stat import S_ISREG
from typing import TYPE_CHECKING, BinaryIO

import numpy as np

from gandash.records import explain
from gandash.report import Report
from gandash.storage.files import write_whole

if TYPE_CHECKING:
    import pandas as pd

METRICS = "metrics.csv"
COLUMNS = [column.name for column in fields(Report)]
ALWAYS = [column.name for column in fields(Report) if column.default is MISSING]
MEASURED = ("frechet", "precision", "recall")  # of samples, by a run and not by its training
KNOWN = ("step", "images", "epoch", "seconds")  # in every row
WHOLE = ("step", "images", "d_updates", "g_updates")
# What Arrow says, with the row itself.
CONTENT = re.compile(r"CSV parse error: .*?Expected (\d+) columns, got (\d+):.*")
WORD = re.compile(r"In CSV column #(\d+): .*invalid value '(.*)'$")
LARGEST = 3.5e38  # losses and norms are float32, and counts are less
MAX_BYTES = 1_000_000_000  # of three million rows


def read_metrics(folder: Path) -> pd.DataFrame:
    """The metrics of a run or checkpoint folder; an incomplete last line (a crash) is left out.

    ``ValueError`` in one sentence if there is anything in it that training does not write.
    """
    return MetricsReader(folder).read()


class MetricsReader:
    """Reads the metrics of one folder whenever it is asked, from the second time on only what was
    added since. May be shared by threads.
    """

    def __init__(self, folder: Path) -> None:
        self._folder = folder
        self._lock = threading.Lock()
        self._forget()

    def _forget(self) -> None:
        self._inode = 0
        self._end = 0  # of what was read, behind the last complete line
        self._last = b""  # that line, which tells whether the file is still the same
        self._header: list[str] = []
        self._table: pd.DataFrame | None = None

    def read(self) -> pd.DataFrame:
        """All rows so far; the table must not be changed. Errors as for :func:`read_metrics`."""
        with self._lock:
            try:
                self._take_what_is_new()
            except FileNotFoundError:
                self._forget()
            except (OSError, ValueError) as error:
                self._forget()
                raise _damaged(self._folder, error) from error
            return _empty() if self._table is None else self._table

    def _take_what_is_new(self) -> None:
        path = self._folder / METRICS
        facts = path.stat()
        if not S_ISREG(facts.st_mode):
            raise ValueError("not a file")
        if facts.st_size > MAX_BYTES:
            raise ValueError(f"larger than {MAX_BYTES:,} bytes")
        with path.open("rb") as file:
            if not self._goes_on(file, facts.st_ino):
                self._forget()
                self._inode = facts.st_ino
            file.seek(self._end)
            added = file.read(MAX_BYTES)
        self._take(added[: added.rfind(b"\n") + 1])

    def _goes_on(self, file: BinaryIO, inode: int) -> bool:
        """Whether the file begins with what was read of it before."""
        if inode != self._inode or not self._last:
            return False
        file.seek(self._end - len(self._last))
        return file.read(len(self._last)) == self._last

    def _take(self, added: bytes) -> None:
        """Add complete lines to the table."""
        if not added:
            return
        lines = added if self._header else self._after_header(added)
        if lines:
            table = _parse(self._header, lines)
            problem = next(_problems(table, self._table), "")
            if problem:
                raise ValueError(problem)
            self._table = _joined(self._table, _cleaned(table))
        self._end += len(added)
        self._last = added[added.rfind(b"\n", 0, -1) + 1 :]

    def _after_header(self, added: bytes) -> bytes:
        names, _, lines = added.partition(b"\n")
        self._header = names.decode(errors="replace").rstrip("\r").split(",")
        if missing := [name for name in ALWAYS if name not in self._header]:
            raise ValueError(f"the column {missing[0]} is missing")
        if len(set(self._header)) < len(self._header):
            raise ValueError("two columns have one name")
        return lines


def _empty() -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - slow to import

    return pd.DataFrame(columns=COLUMNS, dtype=float)


def _parse(header: list[str], lines: bytes) -> pd.DataFrame:
    """Rows as float64, of the columns that are known; ``ValueError`` if a row is longer, shorter or
    holds anything but numbers. What was not measured is NaN.
    """
    from pyarrow import csv as arrow  # noqa: PLC0415 - slow to import
    from pyarrow import float64  # noqa: PLC0415 - slow to import

    names = [name for name in header if name in COLUMNS]
    try:
        table = arrow.read_csv(
            BytesIO(lines),
            arrow.ReadOptions(column_names=header),
            arrow.ParseOptions(quote_char=False, ignore_empty_lines=False),
            arrow.ConvertOptions(
                column_types=dict.fromkeys(names, float64()),
                null_values=["", "nan"],
                include_columns=names,
            ),
        )
    except ValueError as error:
        word = WORD.match(str(error))
        if word is None:
            raise
        raise ValueError(f"{header[int(word[1])]} has {word[2][:40]!r} for a number") from error
    frame: pd.DataFrame = table.to_pandas()
    return frame


def _problems(table: pd.DataFrame, before: pd.DataFrame | None) -> Iterator[str]:
    """What training never writes; rows are counted from 1, without the header."""
    first = 1 if before is None else len(before) + 1
    for name in KNOWN:
        unknown = ~np.isfinite(table[name].to_numpy())
        if unknown.any():
            yield f"{name} of row {first + int(unknown.argmax())} is no number"
    for name in table.columns:
        array = table[name].to_numpy()
        large = np.isfinite(array) & (np.abs(array) > (2**53 if name in WHOLE else LARGEST))
        if large.any():
            yield f"{name} of row {first + int(large.argmax())} is {array[large.argmax()]:g}"
    steps = table["step"].to_numpy()
    earlier = np.concatenate([[-1.0 if before is None else before["step"].iloc[-1]], steps[:-1]])
    back = (steps <= earlier) | (steps % 1 != 0)
    if back.any():
        at = int(back.argmax())
        yield f"row {first + at} is of step {steps[at]:g}, and the one before of {earlier[at]:g}"


def _cleaned(table: pd.DataFrame) -> pd.DataFrame:
    """Counts as whole numbers, and infinity, of which no chart can be drawn, as not measured."""
    table = table.replace([np.inf, -np.inf], np.nan)
    whole = [name for name in WHOLE if name in table and not table[name].hasnans]
    return table.astype(dict.fromkeys(whole, "int64"))


def _joined(before: pd.DataFrame | None, added: pd.DataFrame) -> pd.DataFrame:
    import pandas as pd  # noqa: PLC0415 - slow to import

    return added if before is None else pd.concat([before, added], ignore_index=True)


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
        raise _damaged(folder, error) from error


def _damaged(folder: Path, error: Exception) -> ValueError:
    reason = str(error.strerror) if isinstance(error, OSError) else explain(error)
    reason = CONTENT.sub(r"a row of \2 columns among rows of \1", reason)
    return ValueError(
        f"The metrics of {folder.name!r} are damaged ({reason}): restore {METRICS} from a copy, or "
        "move it away"
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
    _write_lines(path, lines)


def forget_end(folder: Path, step: int, *, row: bool) -> None:
    """Take out of the last row what was measured because the run ended at ``step``: the ``row``
    altogether, or the figures of its samples.
    """
    path = folder / METRICS
    header, *rows = metrics_text(folder).splitlines() or [""]
    if not rows or rows[-1].split(",", 1)[0] != str(step):
        return
    last = rows.pop()
    if not row:
        values = zip(header.split(","), last.split(","), strict=True)
        rows.append(",".join("nan" if name in MEASURED else value for name, value in values))
    _write_lines(path, [header, *rows])


def _write_lines(path: Path, lines: list[str]) -> None:
    write_whole(path, "".join(f"{line}\n" for line in lines).encode())
