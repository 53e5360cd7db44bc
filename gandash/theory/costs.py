"""What three costs of G make of D's answer on a sample, s = D(G(z)) = sigmoid(l) in (0, 1).

Goodfellow 2016, arXiv:1701.00160, section 3.2 and figure 16.
"""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import numpy.typing as npt

Array = npt.NDArray[np.float64]
COSTS: dict[str, Callable[[Array], Array]] = {
    "minimax, log(1 − s)": lambda s: np.log(1 - s),
    "non-saturating, −log s": lambda s: -np.log(s),
    "maximum likelihood, −s/(1 − s)": lambda s: -s / (1 - s),
}
"""Each cost of a sample that D answers s to; the last one has the gradient of maximum likelihood
where D is optimal."""
PULLS: dict[str, Callable[[Array], Array]] = {
    "minimax, log(1 − s)": lambda s: s,
    "non-saturating, −log s": lambda s: 1 - s,
    "maximum likelihood, −s/(1 − s)": lambda s: s / (1 - s),
}
"""Minus the derivative of each by D's logit l: how hard a sample is pushed to what D calls real."""
