"""Runs as folders: status, metrics, saved state, execution. The face needs no torch."""
