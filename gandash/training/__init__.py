"""Training: the loop, what it restores and what it reports."""

from gandash.report import Report
from gandash.training.arithmetic import choose_arithmetic
from gandash.training.loop import train
from gandash.training.reports import Snapshot
from gandash.training.snapshots import sample
from gandash.training.start import check_fits, new_state
from gandash.training.state import Arithmetic, State, build_state, choose_device

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
