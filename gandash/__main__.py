"""What `gandash` and `python -m gandash` run."""

from __future__ import annotations

import sys

from gandash.cli import main

if __name__ == "__main__":
    sys.exit(main())
