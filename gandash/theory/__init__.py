"""Closed forms and toy data, on NumPy alone."""
