"""The smallest game of two players: x lowers V = x y, y raises it; both are at rest at 0 alone.

Gidel et al. 2019, arXiv:1802.10551, section 2; the damped one is what a gradient penalty on D does
to it (Mescheder et al. 2018, arXiv:1801.04406).
"""

from __future__ import annotations

from typing import Literal

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
Rule = Literal["at once", "in turns", "damped"]


def play(rule: Rule, rate: float, steps: int, start: tuple[float, float] = (1.0, 0.0)) -> Array:
    """The players' path (steps + 1, 2) by gradient steps of size ``rate``.

    At once: both answer the other's last move. In turns: y sees where x has gone. Damped: at once,
    and y is held back by a penalty y^2 / 2.
    """
    path = [start]
    for _ in range(steps):
        x, y = path[-1]
        next_x = x - rate * y
        seen = next_x if rule == "in turns" else x
        held = rate * y if rule == "damped" else 0.0
        path.append((next_x, y + rate * seen - held))
    return np.array(path)
