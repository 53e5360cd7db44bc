"""What `gandash` and `python -m gandash` run."""

from __future__ import annotations

import sys

from gandash import startup


def main() -> int:
    """The command line, in a process that asked for what it needs; its exit status."""
    if sys.argv[1:2] != ["app"]:  # the server trains in processes of their own
        startup.start_over()
    from gandash.cli.main import main as run  # noqa: PLC0415 - torch comes with it, too large to import twice

    return run()


if __name__ == "__main__":
    sys.exit(main())
