"""One command of the command line, and what it says where that fails."""

from __future__ import annotations

import os
import sys
from collections.abc import Callable

import torch
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
    if "OMP_NUM_THREADS" not in os.environ:
        torch.set_num_threads(os.cpu_count() or 1)
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
        torch.OutOfMemoryError,
    ) as error:
        print(f"gandash: {explain(error)}", file=sys.stderr)
        return 2
    except KeyboardInterrupt:
        print("gandash: ended at once; the state saved last is kept", file=sys.stderr)
        return 130
    return 0
