"""Runs as folders: status, metrics, saved state, execution. The face needs no torch."""

from gandash.runs.events import Event, read_events
from gandash.runs.folder import (
    STATUS,
    Advance,
    BusyError,
    GoneError,
    Phase,
    Run,
    Status,
    check_name,
    check_new,
    create,
    extend,
    find,
    fresh_name,
    longer,
    read_protocol,
)
from gandash.runs.metrics_file import METRICS, MetricsReader, read_metrics
from gandash.runs.renaming import rename
from gandash.runs.snapshots import read_snapshots, snapshot_size

__all__ = [
    "METRICS",
    "STATUS",
    "Advance",
    "BusyError",
    "Event",
    "GoneError",
    "MetricsReader",
    "Phase",
    "Run",
    "Status",
    "check_name",
    "check_new",
    "create",
    "extend",
    "find",
    "fresh_name",
    "longer",
    "read_events",
    "read_metrics",
    "read_protocol",
    "read_snapshots",
    "rename",
    "snapshot_size",
]
