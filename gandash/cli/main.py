"""One command of the command line, and what it says where that fails."""

from __future__ import annotations

import sys
from collections.abc import Callable

import tyro

from gandash.cli.commands import classifier, evaluate, export, list_, resume, sample, train, zoo_
from gandash.cli.dashboard import app
from gandash.cli.flags import REGISTRY, RefusedError
from gandash.records import explain

COMMANDS: dict[str, Callable[..., None]] = {
    "app": app,
    "train": train,
    "resume": resume,
    "sample": sample,
    "list": list_,
    "export": export,
    "evaluate": evaluate,
    "classifier": classifier,
    "zoo": zoo_,
}


def main(arguments: list[str] | None = None) -> int:
    """Run one command; bad input ends in one sentence and exit status 2."""
    try:
        tyro.extras.subcommand_cli_from_dict(
            COMMANDS,
            prog="gandash",
            args=arguments,
            registry=REGISTRY,
            config=(tyro.conf.OmitArgPrefixes, tyro.conf.FlagConversionOff),
        )
    except (
        RefusedError,
        ValueError,
        OSError,
        FloatingPointError,
        MemoryError,
    ) as error:
        return _refuse(error)
    except RuntimeError as error:
        if type(error).__name__ != "OutOfMemoryError":  # torch's, which is not loaded for its name
            raise
        return _refuse(error)
    except KeyboardInterrupt:
        print("gandash: ended at once; the state saved last is kept", file=sys.stderr)
        return 130
    return 0


def _refuse(error: Exception) -> int:
    print(f"gandash: {explain(error)}", file=sys.stderr)
    return 2
