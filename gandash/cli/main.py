"""One command of the command line, and what it says where that fails."""

from __future__ import annotations

import sys
from collections.abc import Callable
from importlib.metadata import version

from gandash.cli.commands import (
    classifier,
    doctor_,
    evaluate,
    export,
    import_,
    import_log,
    list_,
    page_,
    resume,
    sample,
    sweep,
    train,
    translate,
    zoo_,
)
from gandash.cli.dashboard import app
from gandash.cli.flags import RefusedError
from gandash.cli.syntax import read
from gandash.records import explain, is_of_memory

COMMANDS: dict[str, Callable[..., None]] = {
    "app": app,
    "doctor": doctor_,
    "train": train,
    "resume": resume,
    "sweep": sweep,
    "sample": sample,
    "translate": translate,
    "list": list_,
    "export": export,
    "import": import_,
    "import-log": import_log,
    "page": page_,
    "evaluate": evaluate,
    "classifier": classifier,
    "zoo": zoo_,
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; bad input ends in one sentence and exit status 2."""
    asked = sys.argv[1:] if arguments is None else arguments
    if asked == ["--version"]:
        print(f"gandash {version('gandash')}")
        return 0
    try:
        read(asked, COMMANDS)()
    except (RefusedError, ValueError, OSError, FloatingPointError, MemoryError) as error:
        return _refuse(error)
    except RuntimeError as error:
        if not is_of_memory(error):
            raise
        return _refuse(error)
    except KeyboardInterrupt:
        print("gandash: ended at once; the state saved last is kept", file=sys.stderr)
        return 130
    return 0


def _refuse(error: Exception) -> int:
    print(f"gandash: {explain(error)}", file=sys.stderr)
    return 2
