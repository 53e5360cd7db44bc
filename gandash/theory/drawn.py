"""Points that somebody drew: a study whose name holds them, and with it a link, a config, a card.

The name is ``drawn:`` and two letters a point, its column and its row among 64 x 64 cells of the
square from -1.5 to 1.5, rows from the bottom. The letters are those of base64url: 40 points are 80.
"""

from __future__ import annotations

import string
from collections.abc import Sequence

import numpy as np

from gandash.theory.toy_data import STUDIES, Points, Study, mixture

PREFIX = "drawn:"
LETTERS = string.ascii_uppercase + string.ascii_lowercase + string.digits + "-_"
SIDE = len(LETTERS)  # cells along each axis
REACH = 1.5
MOST = 400  # points
STD = 0.04  # of the Gaussian around each, about the size of a cell
TITLE = "Drawn points"


def named(cells: Sequence[tuple[int, int]]) -> str:
    """The name of a study of points in these cells, (column, row)."""
    return PREFIX + "".join(LETTERS[column] + LETTERS[row] for column, row in cells)


def read(name: str) -> Points:
    """The points (M, 2) that a name holds; ``ValueError`` in one sentence if it holds none."""
    letters = name.removeprefix(PREFIX)
    if name == letters or not letters or len(letters) % 2 or set(letters) - set(LETTERS):
        raise ValueError(
            f"Drawn points are two letters each behind {PREFIX!r}, and {name[:40]!r} holds none: "
            "draw them on the Playground page"
        )
    if len(letters) > 2 * MOST:
        raise ValueError(f"At most {MOST} points can be drawn, not {len(letters) // 2}: draw fewer")
    places = np.array([LETTERS.index(letter) for letter in letters], dtype=float).reshape(-1, 2)
    return np.asarray((places + 0.5) * (2 * REACH / SIDE) - REACH)


def study_of(name: str) -> Study | None:
    """The study of that name, drawn or not; None if it is that of none.

    ``ValueError`` if points are said to be drawn and are not.
    """
    if not name.startswith(PREFIX):
        return STUDIES.get(name)
    points = read(name)
    return Study(TITLE, 2, mixture(points, STD), std=STD, curve=lambda _count: points)


def heart() -> str:
    """What is there before anything is drawn."""
    angle = np.linspace(0, 2 * np.pi, 40, endpoint=False)
    x = 16 * np.sin(angle) ** 3
    y = 13 * np.cos(angle) - 5 * np.cos(2 * angle) - 2 * np.cos(3 * angle) - np.cos(4 * angle)
    cells = np.stack([x, y + 2.5], axis=1) * 1.35 + SIDE / 2
    return named([(int(column), int(row)) for column, row in cells])
