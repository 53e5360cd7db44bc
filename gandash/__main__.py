"""What `gandash` and `python -m gandash` run."""

from __future__ import annotations

import sys

from gandash import malloc


def main() -> int:
    """The command line, in a process that keeps its memory; its exit status."""
    if sys.argv[1:2] != ["app"]:  # the server trains in processes of their own
        malloc.start_over()
    from gandash.cli.main import main as run  # noqa: PLC0415 - torch comes with it, too large to import twice

    return run()


if __name__ == "__main__":
    sys.exit(main())
