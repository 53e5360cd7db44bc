"""Runs as folders: status, metrics, saved state, execution. The face needs no torch."""

from gandash.runs.folder import (
    STATUS,
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
    read_snapshots,
)
from gandash.runs.metrics_file import METRICS, read_metrics

__all__ = [
    "METRICS",
    "STATUS",
    "BusyError",
    "GoneError",
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
    "read_metrics",
    "read_protocol",
    "read_snapshots",
]
