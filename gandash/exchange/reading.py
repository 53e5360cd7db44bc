"""The tensors of a file that anybody may have made, read in a process of its own.

That process has limits on memory and time, unpickles nothing but what ``weights_only`` allows, and
hands the tensors on as safetensors: what it was that could not be read is said in one sentence.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch
from safetensors import safe_open
from safetensors.torch import load as load_safetensors
from safetensors.torch import load_file, save_file
from torch import Tensor

from gandash.exchange.named_layers import in_numbers
from gandash.records import explain

MOST_BYTES = 500_000_000  # of a file
MOST_MEMORY = 16 * 2**30  # of the process that reads it, address space
MOST_SECONDS = 120
MOST_TENSORS, DEEPEST = 10_000, 8


def read_tensors(path: Path) -> dict[str, Tensor]:
    """All tensors in a file by their dotted names, on the CPU, in the order of the file, or of
    their names where the format keeps none; ``ValueError`` in one sentence.
    """
    if not path.is_file():
        raise ValueError(f"A file with weights is needed, and {str(path)!r} is none: name one")
    size = path.stat().st_size
    if size > MOST_BYTES:
        raise ValueError(
            f"A file may hold at most {MOST_BYTES:,} bytes, and {path.name!r} holds {size:,}: "
            "save the generator's state dict alone"
        )
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "tensors.safetensors"
        command = [sys.executable, "-m", "gandash.exchange.reading", str(path), str(target)]
        try:
            done = subprocess.run(
                command,
                check=False,
                capture_output=True,
                text=True,
                timeout=MOST_SECONDS,
                env=os.environ | {"OMP_NUM_THREADS": "1"},
            )
        except subprocess.TimeoutExpired as error:
            raise ValueError(
                f"{path.name!r} must be read within {MOST_SECONDS} s, and it was not: save the "
                "generator's state dict alone"
            ) from error
        if done.returncode:
            raise ValueError(done.stdout.strip() or _ended(path, done.returncode))
        tensors = load_safetensors(target.read_bytes())
        with safe_open(target, "pt") as file:
            order = json.loads(file.metadata()["order"])
        return {name: tensors[name] for name in order}


def _ended(path: Path, status: int) -> str:
    return (
        f"The process that read {path.name!r} ended without an answer (status {status}): it asked "
        "for too much memory, or the file is damaged"
    )


def _flat(values: Mapping[str, Any], prefix: str = "", depth: int = 0) -> Iterator[tuple[str, Any]]:
    """Tensors of nested dicts by dotted names; what is no tensor and no dict is left out."""
    if depth > DEEPEST:
        raise ValueError(f"dicts may lie {DEEPEST} deep, and they lie deeper")
    for name, value in values.items():
        if isinstance(value, Tensor):
            yield f"{prefix}{name}", value
        elif isinstance(value, Mapping):
            yield from _flat(value, f"{prefix}{name}.", depth + 1)


def _limit() -> None:
    """Bound this process, where the system can."""
    try:
        import resource  # noqa: PLC0415 - not on Windows
    except ImportError:
        return
    resource.setrlimit(resource.RLIMIT_AS, (MOST_MEMORY, MOST_MEMORY))
    resource.setrlimit(resource.RLIMIT_CPU, (MOST_SECONDS, MOST_SECONDS))


def _load(path: Path) -> Mapping[str, Any]:
    with path.open("rb") as file:
        start = file.read(9)
    if start[8:9] == b"{":  # the length of a header of JSON, then that
        tensors = load_file(path)
        return {name: tensors[name] for name in sorted(tensors, key=in_numbers)}
    loaded = torch.load(path, map_location="cpu", weights_only=True)
    if not isinstance(loaded, Mapping):
        raise ValueError(f"it holds a {type(loaded).__name__} in place of a dict of tensors")
    return loaded


def _read(source: Path, target: Path) -> None:
    _limit()
    tensors = dict(_flat(_load(source)))
    if not 0 < len(tensors) <= MOST_TENSORS:
        raise ValueError(f"it must hold 1 to {MOST_TENSORS:,} tensors, and it holds {len(tensors)}")
    copies = {name: tensor.contiguous().clone() for name, tensor in tensors.items()}
    save_file(copies, target, {"order": json.dumps(list(tensors))})


def main() -> int:
    """Read the file named first and write its tensors to the one named second."""
    source, target = Path(sys.argv[1]), Path(sys.argv[2])
    try:
        _read(source, target)
    except Exception as error:
        reason = explain(error)
        if "weights_only" in reason or "Unsupported" in reason:
            reason = "it holds Python objects or code, which are never run here"
        print(
            f"{source.name!r} cannot be read as weights ({reason.rstrip('.')}): save the "
            "generator's state_dict() with torch.save or as safetensors"
        )
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
