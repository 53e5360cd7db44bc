"""Metrics files: numbers that charts can be drawn of, or one sentence; what is new is read once."""

from __future__ import annotations

import os
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gandash.report import Report
from gandash.runs import METRICS, MetricsReader, read_metrics
from gandash.runs.metrics_file import ALWAYS, COLUMNS, append_metrics

ROWS = 40
WIDTH = len(COLUMNS)


def report(step: int, **changes: float) -> Report:
    values = dict.fromkeys(ALWAYS, 0.5) | {"images": step * 8, "epoch": step / 10}
    return Report(**{**values, "step": step, "seconds": step * 1.5, **changes})  # type: ignore[arg-type]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A folder with metrics of forty rows."""
    folder = tmp_path / "mine"
    folder.mkdir()
    for number in range(1, ROWS + 1):
        append_metrics(folder, report(10 * number, d_loss=1 / number))
    return folder


def refusal(folder: Path) -> str:
    """The one line that damaged metrics are refused with."""
    with pytest.raises(ValueError, match=r"^.+$") as caught:
        read_metrics(folder)
    sentence = str(caught.value)
    assert sentence.startswith("The metrics of 'mine' are damaged (")
    assert sentence.endswith("): restore metrics.csv from a copy, or move it away")
    assert len(sentence) < 700
    return sentence


def lines_of(folder: Path) -> list[str]:
    return (folder / METRICS).read_text().splitlines()


def change(folder: Path, row: int, column: str, value: str) -> None:
    """Put a word into a row, counted from 1."""
    lines = lines_of(folder)
    cells = lines[row].split(",")
    cells[COLUMNS.index(column)] = value
    lines[row] = ",".join(cells)
    (folder / METRICS).write_text("\n".join(lines) + "\n")


def test_what_was_appended_is_read(folder: Path) -> None:
    metrics = read_metrics(folder)
    assert list(metrics.columns) == COLUMNS
    assert metrics.step.tolist() == [10 * number for number in range(1, ROWS + 1)]
    np.testing.assert_allclose(metrics.d_loss, 1 / np.arange(1, ROWS + 1), rtol=1e-6)
    assert metrics.frechet.isna().all()
    assert metrics.dtypes[["step", "images", "d_updates", "g_updates"]].eq("int64").all()


def test_pandas_reads_the_same(folder: Path) -> None:
    pd.testing.assert_frame_equal(
        read_metrics(folder).astype(float), pd.read_csv(folder / METRICS).astype(float)
    )


@pytest.mark.parametrize("content", ["", "step", ",".join(COLUMNS), ",".join(COLUMNS) + "\n"])
def test_without_a_row_they_are_empty(folder: Path, content: str) -> None:
    (folder / METRICS).write_text(content)
    assert read_metrics(folder).empty
    assert list(read_metrics(folder).columns) == COLUMNS
    (folder / METRICS).unlink()
    assert read_metrics(folder).empty


@pytest.mark.parametrize(
    ("row", "column", "value", "reason"),
    [
        (3, "d_loss", "many", "d_loss has 'many' for a number"),
        (3, "recall", "<b>", "recall has '<b>' for a number"),
        (3, "step", '"0.5"', "step has '\"0.5\"' for a number"),
        (3, "d_loss", "1e308", "d_loss of row 3 is 1e+308"),
        (3, "seconds", "inf", "seconds of row 3 is no number"),
        (3, "epoch", "", "epoch of row 3 is no number"),
        (3, "step", "nan", "step of row 3 is no number"),
        (3, "step", "20", "row 3 is of step 20, and the one before of 20"),
        (3, "step", "20.5", "row 3 is of step 20.5, and the one before of 20"),
        (1, "step", "-5", "row 1 is of step -5, and the one before of -1"),
        (40, "step", "1e30", "step of row 40 is 1e+30"),
        (3, "images", "1e30", "images of row 3 is 1e+30"),
        (
            3,
            "d_loss",
            "0.5,0.5",
            f"a row of {WIDTH + 1} columns among rows of {WIDTH}",
        ),
    ],
)
def test_what_training_never_writes_is_refused(
    folder: Path, row: int, column: str, value: str, reason: str
) -> None:
    change(folder, row, column, value)
    assert reason in refusal(folder)


@pytest.mark.parametrize("column", ALWAYS)
def test_a_column_that_is_missing_is_named(folder: Path, column: str) -> None:
    (folder / METRICS).write_text(
        "\n".join([lines_of(folder)[0].replace(column, "other", 1), *lines_of(folder)[1:]]) + "\n"
    )
    if column in lines_of(folder)[0].split(","):  # a longer name was changed
        return
    assert f"the column {column} is missing" in refusal(folder)


def test_a_short_row_and_an_empty_one_are_refused(folder: Path) -> None:
    lines = lines_of(folder)
    for row in ("50,1", "", ","):
        (folder / METRICS).write_text("\n".join([*lines[:4], row, *lines[5:]]) + "\n")
        refusal(folder)


def test_two_columns_of_one_name_are_refused(folder: Path) -> None:
    lines = lines_of(folder)
    (folder / METRICS).write_text(
        "\n".join([lines[0].replace("d_loss_min", "d_loss"), *lines[1:]]).replace(
            "d_loss_max", "d_loss_min"
        )
        + "\n"
    )
    refusal(folder)


@pytest.mark.parametrize("kind", [Path.mkdir, os.mkfifo])
def test_what_is_no_file_is_not_waited_for(folder: Path, kind: Callable[[Path], None]) -> None:
    (folder / METRICS).unlink()
    kind(folder / METRICS)
    assert "not a file" in refusal(folder)


def test_older_and_newer_columns_are_left_as_they_are(folder: Path) -> None:
    """Metrics of an earlier version lack the last columns; those of a later one have more."""
    lines = lines_of(folder)
    older = "\n".join(line.rsplit(",", 6)[0] for line in lines) + "\n"
    (folder / METRICS).write_text(older)
    assert list(read_metrics(folder).columns) == COLUMNS[:-6]
    newer = "\n".join([f"{lines[0]},later", *(f"{line},word" for line in lines[1:])]) + "\n"
    (folder / METRICS).write_text(newer)
    assert list(read_metrics(folder).columns) == COLUMNS


def test_infinity_is_as_good_as_not_measured(folder: Path) -> None:
    change(folder, 3, "g_grad_norm", "inf")
    change(folder, 4, "g_grad_norm", "-inf")
    assert read_metrics(folder).g_grad_norm.isna().tolist() == [False, False, True, True] + (
        [False] * (ROWS - 4)
    )


def test_a_reader_takes_up_what_was_added(folder: Path) -> None:
    reader = MetricsReader(folder)
    whole = (folder / METRICS).read_bytes()
    for end in range(0, len(whole), 97):
        (folder / METRICS).write_bytes(whole[:end])
        pd.testing.assert_frame_equal(
            reader.read().astype(float), read_metrics(folder).astype(float)
        )
    (folder / METRICS).write_bytes(whole)
    for number in range(ROWS + 1, ROWS + 4):
        append_metrics(folder, report(10 * number))
        assert reader.read().step.iloc[-1] == 10 * number
    append_metrics(folder, report(10))
    for _ in range(2):
        with pytest.raises(ValueError, match=f"row {ROWS + 4} is of step 10, and the one before"):
            reader.read()


def test_a_reader_notices_another_file(folder: Path) -> None:
    """Of a run that was resumed, or removed and trained anew; be it longer or shorter."""
    reader = MetricsReader(folder)
    assert len(reader.read()) == ROWS
    lines = lines_of(folder)
    for kept, steps in ((10, 1), (30, 3), (ROWS, 7)):
        for path in (folder / METRICS, folder / "other"):  # in place, or renamed over it
            rows = [
                f"{number * steps}{lines[number][lines[number].index(',') :]}"
                for number in range(1, kept + 1)
            ]
            path.write_text("\n".join([lines[0], *rows]) + "\n")
            path.rename(folder / METRICS)
            assert reader.read().step.tolist() == [n * steps for n in range(1, kept + 1)]
    (folder / METRICS).unlink()
    assert reader.read().empty
