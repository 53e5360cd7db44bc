"""What `gandash` and `python -m gandash` run."""

from __future__ import annotations

import sys

from gandash import memory


def main() -> int:
    """The command line, in a process that keeps its memory; its exit status."""
    memory.start_over()
    from gandash import cli  # noqa: PLC0415 - torch comes with it, too large to import twice

    return cli.main()


if __name__ == "__main__":
    sys.exit(main())
