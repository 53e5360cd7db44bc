"""The JavaScript modules of the browser, joined to one script without a build step.

The modules are plain ES modules that a browser can also load one by one. A worker, a component or a
page that is a single file needs them in one piece: each module once, what it imports before it, and
the words ``import`` and ``export`` taken away. That asks two things of the modules, which a test
holds them to: names at the top level are used once in all of them, and imports are plain
(``import { name } from "./file.js";``).
"""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

HERE = Path(__file__).parent
_IMPORT = re.compile(r'^import \{[^}]*\} from "([^"]+)";\n', re.MULTILINE)
_EXPORT = re.compile(r"^export (?=(?:async )?(?:function|class|const)\b)", re.MULTILINE)


def modules(entry: str) -> list[Path]:
    """``entry`` (relative to this folder) and all that it imports, imported ones first."""
    ordered: list[Path] = []

    def visit(path: Path) -> None:
        for name in _IMPORT.findall(path.read_text()):
            visit((path.parent / name).resolve())
        if path not in ordered:
            ordered.append(path)

    visit((HERE / entry).resolve())
    return ordered


@cache
def joined(entry: str, *, exports: tuple[str, ...] = ()) -> str:
    """One script of ``entry`` and all that it imports; a module if it ``exports`` names."""
    parts = [_bare(path.read_text()) for path in modules(entry)]
    last = f"export {{ {', '.join(exports)} }};\n" if exports else ""
    return "\n".join(parts) + last


@cache
def style(name: str) -> str:
    """A style sheet (relative to this folder)."""
    return (HERE / name).read_text()


def _bare(source: str) -> str:
    return _EXPORT.sub("", _IMPORT.sub("", source))
