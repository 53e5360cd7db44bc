"""Curves of other programs: TensorBoard's events and CSV, as columns by step.

What is known by many names (``Loss/D``, ``errD``, ``loss_discriminator``) becomes gandash's column;
every other tag keeps its own.
"""

from __future__ import annotations

import csv
import hashlib
import re
import shutil
import uuid
from dataclasses import dataclass
from io import StringIO
from pathlib import Path
from typing import TYPE_CHECKING

from pydantic import Field

from gandash.exchange.event_files import is_event_file, scalars
from gandash.records import Moment, Section, now
from gandash.report import Report
from gandash.storage.files import write_whole

if TYPE_CHECKING:
    import pandas as pd

FACTS, TABLE = "log.json", "log.csv"
MOST_BYTES = 50_000_000
MOST_TAGS = 60
MOST_ROWS = 200_000
LONGEST_TAG = 100
KNOWN = tuple(Report.__dataclass_fields__)
STEPS = ("step", "global_step", "iteration", "iter", "batch", "batches", "epoch")
D_WORDS = {"d", "disc", "discriminator", "netd", "critic", "dis"}
G_WORDS = {"g", "gen", "generator", "netg"}
LOSS_WORDS = {"loss", "losses", "err", "error"}
PLAIN = {  # letters and digits of a tag
    "errd": "d_loss", "lossd": "d_loss", "dloss": "d_loss",
    "errg": "g_loss", "lossg": "g_loss", "gloss": "g_loss",
    "dx": "d_real", "realscore": "d_real", "dreal": "d_real", "scoresreal": "d_real",
    "dgz": "d_fake", "dgz1": "d_fake", "fakescore": "d_fake", "dfake": "d_fake",
    "scoresfake": "d_fake",
    "fid": "frechet", "fid50k": "frechet", "fid50kfull": "frechet", "frechet": "frechet",
    "precision": "precision", "pr50k3precision": "precision",
    "recall": "recall", "pr50k3recall": "recall",
    "seconds": "seconds", "images": "images", "epoch": "epoch",
}  # fmt: skip


class Facts(Section):
    """Where a log came from."""

    title: str = Field(max_length=200)
    file: str = Field(max_length=200)
    sha256: str = Field(pattern="^[0-9a-f]{64}$")
    created: Moment


@dataclass(frozen=True)
class Log:
    """A log that was taken in, by its folder."""

    folder: Path
    facts: Facts

    def read(self) -> pd.DataFrame:
        """Its curves: all columns of gandash's metrics, NaN where it has none, then its own."""
        import pandas as pd  # noqa: PLC0415 - slow to import

        try:
            table = pd.read_csv(self.folder / TABLE, dtype=float)
        except (OSError, ValueError) as error:
            raise ValueError(
                f"The log {self.folder.name!r} is damaged: remove it and take it in again"
            ) from error
        missing = {name: float("nan") for name in KNOWN if name not in table}
        own = [name for name in table if name not in KNOWN]
        return table.assign(**missing)[[*KNOWN, *own]]


def parse(name: str, content: bytes) -> pd.DataFrame:
    """The curves in a file: ``step``, then a column a tag; ``ValueError`` says what is wrong."""
    import pandas as pd  # noqa: PLC0415 - slow to import

    if len(content) > MOST_BYTES:
        raise ValueError(
            f"A log may hold at most {MOST_BYTES:,} bytes, and {name!r} holds {len(content):,}: "
            "cut it"
        )
    series = _of_events(content) if is_event_file(content) else _of_csv(name, content)
    series = {tag: values for tag, values in series.items() if values}
    if not series:
        raise ValueError(
            f"A log holds numbers by step, and there are none in {name!r}: choose TensorBoard's "
            "events or a CSV with a column of steps"
        )
    if len(series) > MOST_TAGS:
        raise ValueError(
            f"A log may hold at most {MOST_TAGS} curves, and {name!r} holds {len(series)}: leave "
            "some out"
        )
    table = pd.DataFrame(_named(series)).sort_index()
    table.index.name = "step"
    if len(table) > MOST_ROWS:
        raise ValueError(
            f"A log may have at most {MOST_ROWS:,} steps, and {name!r} has {len(table):,}: thin it"
        )
    return table.reset_index()


def _named(series: dict[str, dict[int, float]]) -> dict[str, dict[int, float]]:
    """Curves by gandash's names where they are known by others, the first of two alike."""
    named: dict[str, dict[int, float]] = {}
    for tag, values in series.items():
        column = column_of(tag) or tag
        named[tag if column in named else column] = values
    return named


def column_of(tag: str) -> str:
    """Gandash's column for a tag of another program; empty if there is none."""
    words = re.findall("[a-z0-9]+", tag.lower())
    if tag in KNOWN:
        return tag
    plain = "".join(words)
    if plain in PLAIN:
        return PLAIN[plain]
    present = set(words)
    if present <= D_WORDS | LOSS_WORDS and present & D_WORDS and present & LOSS_WORDS:
        return "d_loss"
    if present <= G_WORDS | LOSS_WORDS and present & G_WORDS and present & LOSS_WORDS:
        return "g_loss"
    return "frechet" if any(re.fullmatch(r"fid\d*k?", word) for word in words) else ""


def _of_events(content: bytes) -> dict[str, dict[int, float]]:
    series: dict[str, dict[int, float]] = {}
    times: dict[int, float] = {}
    for it in scalars(content):
        tag = it.tag[:LONGEST_TAG]
        if it.step < 2**53:
            series.setdefault(tag, {})[it.step] = it.value
            times.setdefault(it.step, it.time)
    if times and "seconds" not in series:
        beginning = min(times.values())
        series["seconds"] = {step: time - beginning for step, time in times.items()}
    return series


def _of_csv(name: str, content: bytes) -> dict[str, dict[int, float]]:
    try:
        text = content.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise ValueError(
            f"A log is TensorBoard's events or a CSV in UTF-8, and {name!r} is neither: export the "
            "curves again"
        ) from error
    try:
        rows = list(csv.DictReader(StringIO(text)))
    except csv.Error as error:
        raise ValueError(f"{name!r} cannot be read as a CSV ({error}): export it again") from error
    if not rows:
        return {}
    columns = [str(column) for column in rows[0] if column]
    counted = _step_column(columns)
    tags = [column for column in columns if column != counted]
    if [tag.lower() for tag in tags] == ["wall time", "value"]:  # of TensorBoard, a curve a file
        return {Path(name).stem: _column(rows, "Value" if "Value" in tags else tags[1], counted)}
    return {tag[:LONGEST_TAG]: _column(rows, tag, counted) for tag in tags}


def _step_column(columns: list[str]) -> str | None:
    by_name = {column.strip().lower(): column for column in reversed(columns)}
    return next((by_name[name] for name in STEPS if name in by_name), None)


def _column(rows: list[dict[str, str]], tag: str, counted: str | None) -> dict[int, float]:
    """Numbers of a column by step, or by row where no column counts; what is none is left out."""
    values: dict[int, float] = {}
    for number, row in enumerate(rows):
        try:
            step = float(row[counted]) if counted else float(number)
            value = float(row[tag])
        except (TypeError, ValueError):
            continue
        if 0 <= step < 2**53:
            values[int(step)] = value
    return values


def keep(folder: Path, name: str, content: bytes, title: str = "") -> Log:
    """Take a log in as a new folder; ``ValueError`` where it holds no curves."""
    table = parse(name, content)
    facts = Facts(
        title=(title or Path(name).stem)[:200],
        file=Path(name).name[:200],
        sha256=hashlib.sha256(content).hexdigest(),
        created=now(),
    )
    draft = folder.with_name(f".{folder.name}-{uuid.uuid4().hex[:8]}")
    draft.mkdir(parents=True)
    try:
        write_whole(draft / TABLE, table.to_csv(index=False).encode())
        write_whole(draft / FACTS, facts.model_dump_json(indent=2).encode())
        draft.rename(folder)
    except BaseException:
        shutil.rmtree(draft, ignore_errors=True)
        raise
    return Log(folder, facts)


def find(root: Path) -> list[Log]:
    """All logs directly below a folder, by name; those that are damaged are passed over."""
    found: list[Log] = []
    for path in sorted(root.glob(f"*/{FACTS}")):
        if path.parent.name.startswith("."):
            continue
        try:
            found.append(Log(path.parent, Facts.model_validate_json(path.read_bytes())))
        except (OSError, ValueError):
            continue
    return found
