"""Training: the loop, what it restores and what it reports."""

from gandash.training.loop import (
    Arithmetic,
    State,
    build_state,
    check_fits,
    choose_arithmetic,
    choose_device,
    new_state,
    sample,
    train,
)
from gandash.training.reports import Report, Snapshot

__all__ = [
    "Arithmetic",
    "Report",
    "Snapshot",
    "State",
    "build_state",
    "check_fits",
    "choose_arithmetic",
    "choose_device",
    "new_state",
    "sample",
    "train",
]
