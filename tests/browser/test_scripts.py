"""The modules keep what joining them to one script asks of them."""

from __future__ import annotations

import re
from collections import Counter
from pathlib import Path

import pytest

import gandash.browser
from gandash.browser import scripts

HERE = Path(gandash.browser.__file__).parent
MODULES = sorted(HERE.rglob("*.js"))
NAME = re.compile(r"^(?:export )?(?:async )?(?:function\*?|class|const|let) (\w+)", re.MULTILINE)


def test_names_at_the_top_level_are_used_once() -> None:
    names = Counter(name for path in MODULES for name in NAME.findall(path.read_text()))
    assert not [name for name, count in names.items() if count > 1]


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_a_joined_script_has_each_module_once_and_neither_import_nor_export(path: Path) -> None:
    script = scripts.joined(str(path.relative_to(HERE)))
    assert not re.search(r"^(?:import|export)\b", script, re.MULTILINE)
    names = Counter(NAME.findall(script))
    assert set(names.values()) <= {1}


@pytest.mark.parametrize("path", MODULES, ids=lambda path: path.name)
def test_lines_are_read_once(path: Path) -> None:
    assert max(len(line) for line in path.read_text().splitlines()) <= 100
