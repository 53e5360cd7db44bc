"""Labels from a table beside the pictures: ``dataset.json``, as StyleGAN's programs write it.

``{"labels": [["00000/img00000000.png", 6], …]}``, or ``null`` where there are no classes.
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import replace

from gandash.data.files import File
from gandash.data.left_out import LeftOut, UnusableError

ANY = Exception  # what JSON of any bytes leads to: wrong syntax, depth, encodings


def labelled(files: Sequence[File], tables: Sequence[File]) -> tuple[list[File], list[LeftOut]]:
    """The files with the labels that tables have for them, and what is not used.

    Of files below a table's folder only those that it names count; where it has no labels, they are
    of one class whatever folders they lie in.
    """
    left_out: list[LeftOut] = []
    result = list(files)
    for table in tables:
        try:
            labels = _labels(table)
        except UnusableError as error:
            left_out.append(LeftOut(table.name, str(error)))
            continue
        result, unnamed = _with(result, table.parent, labels)
        left_out += [LeftOut(file.name, f"not in {table.name}") for file in unnamed]
    return result, left_out


def _labels(table: File) -> dict[str, str] | None:
    """Labels by file, numbers as long as the longest so that their order is that of names; None if
    the table has no classes.
    """
    try:
        rows = json.loads(table.read())["labels"]
        if rows is None:
            return None
        numbers = {str(name).replace("\\", "/"): _number(label) for name, label in rows}
    except ANY as error:
        raise UnusableError("no table of labels") from error
    digits = max((len(str(number)) for number in numbers.values()), default=1)
    return {name: str(number).zfill(digits) for name, number in numbers.items()}


def _number(label: object) -> int:
    if not isinstance(label, int) or label < 0:
        raise ValueError("A label is a whole number")
    return label


def _with(
    files: Sequence[File], folder: str, labels: dict[str, str] | None
) -> tuple[list[File], list[File]]:
    start = f"{folder}/" if folder else ""
    named: list[File] = []
    unnamed: list[File] = []
    for file in files:
        if not file.name.startswith(start):
            named.append(file)
        elif labels is None:
            named.append(replace(file, label=""))
        elif (label := labels.get(file.name.removeprefix(start))) is not None:
            named.append(replace(file, label=label))
        else:
            unnamed.append(file)
    return named, unnamed
