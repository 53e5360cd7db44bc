"""Runs as folders: status, metrics, saved state, execution. The face needs no torch."""

from gandash.runs.folder import (
    STATUS,
    BusyError,
    Phase,
    Run,
    Status,
    check_name,
    check_new,
    create,
    extend,
    find,
    fresh_name,
    read_protocol,
    read_snapshots,
)
from gandash.runs.metrics_file import METRICS, read_metrics

__all__ = [
    "METRICS",
    "STATUS",
    "BusyError",
    "Phase",
    "Run",
    "Status",
    "check_name",
    "check_new",
    "create",
    "extend",
    "find",
    "fresh_name",
    "read_metrics",
    "read_protocol",
    "read_snapshots",
]
