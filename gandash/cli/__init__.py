"""The command line: the same configs and functions as the app."""
