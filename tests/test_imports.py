"""The rooms of the house: imports run one way, and only the app knows streamlit."""

from __future__ import annotations

import ast
import json
import subprocess
import sys
from pathlib import Path

import pytest

import gandash

PACKAGE = Path(gandash.__file__).parent
CORE = sorted(
    path for path in PACKAGE.rglob("*.py") if "app" not in path.relative_to(PACKAGE).parts
)

# Each package or top-level module may import itself and those of earlier rows.
ROWS: list[set[str]] = [
    {"startup", "records", "report", "storage", "theory", "losses", "pictures"},
    {"kinds"},
    {"config"},
    {"data", "networks"},
    {"latent"},
    {"training", "checkpoints"},
    {"evaluation", "exchange", "playground"},
    {"runs"},
    {"jobs", "zoo"},
    {"browser"},
    {"app", "cli", "notebook"},
    {"__main__"},
]
ROW = {room: number for number, rooms in enumerate(ROWS) for room in rooms}
LIGHT = (
    "storage.files",
    "storage.paths",
    "storage.locks",
    "theory.smoothing",
    "theory.toy_data",
    "kinds",
    "records",
    "report",
    "losses.objectives",
    "config",
    "config.presets",
    "config.tricks",
    "checkpoints",
    "runs",
    "pictures.charts",
)

SCRIPT = """
import importlib, json, sys
found = {}
for module in json.loads(sys.argv[1]):
    importlib.import_module(f"gandash.{module}")
    loaded = {name.split(".")[0] for name in sys.modules}
    found[module] = sorted(loaded & {"streamlit", "torch", "plotly"})
print(json.dumps(found))
"""


def room_of(path: Path) -> str:
    """The package below ``gandash`` that a file belongs to.

    Or the name of a module that stands beside them.
    """
    first = path.relative_to(PACKAGE).parts[0]
    return first.removesuffix(".py")


def imported_rooms(source: str) -> set[str]:
    """Packages and modules directly below ``gandash`` that a source file imports.

    Anywhere in it.
    """
    rooms: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            rooms |= {
                alias.name.split(".")[1]
                for alias in node.names
                if alias.name.startswith("gandash.")
            }
        elif isinstance(node, ast.ImportFrom) and node.module == "gandash":
            rooms |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gandash."):
            rooms.add(str(node.module).split(".")[1])
        elif isinstance(node, ast.ImportFrom) and node.level:
            rooms.add("a relative import")
    return rooms


def loaded_by(modules: list[str]) -> dict[str, list[str]]:
    """Which of streamlit, torch and plotly are loaded after each module.

    Imported in turn in one new process.
    """
    command = [sys.executable, "-c", SCRIPT, json.dumps(modules)]
    loaded: dict[str, list[str]] = json.loads(
        subprocess.run(command, capture_output=True, text=True, check=True).stdout
    )
    return loaded


def dotted(path: Path) -> str:
    """A module's name below ``gandash``."""
    return ".".join(path.relative_to(PACKAGE).with_suffix("").parts).removesuffix(".__init__")


def test_the_reader_of_imports_finds_them_all() -> None:
    source = (
        "import gandash.runs\nfrom gandash import data, latent\n"
        "def f():\n    from gandash.app.views import train\n"
    )
    assert imported_rooms(source) == {"runs", "data", "latent", "app"}


@pytest.mark.parametrize(
    "path", sorted(PACKAGE.rglob("*.py")), ids=lambda path: dotted(path) or "gandash"
)
def test_imports_run_one_way(path: Path) -> None:
    room = room_of(path)
    if room == "__init__":
        return
    assert room in ROW, f"{room} is new: give it its row in ROWS"
    wrong = {
        other
        for other in imported_rooms(path.read_text())
        if other != room and ROW.get(other, len(ROWS)) >= ROW[room]
    }
    assert not wrong, f"{dotted(path)} must not import {', '.join(sorted(wrong))}"


@pytest.mark.parametrize("path", CORE, ids=lambda path: dotted(path) or "gandash")
def test_only_the_app_names_streamlit(path: Path) -> None:
    tree = ast.parse(path.read_text())
    imports = {
        alias.name
        for node in ast.walk(tree)
        if isinstance(node, ast.Import)
        for alias in node.names
    }
    imports |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {name for name in imports if name.split(".")[0] == "streamlit"}


CHARTS = ("pictures.charts", "pictures.outputs", "pictures.sheet")


def test_no_core_module_loads_streamlit_and_only_charts_load_plotly() -> None:
    """In one process, charts last, so that the first module with one of them is the one that
    brought it.
    """
    modules = [
        dotted(path) for path in CORE if dotted(path) not in ("", "__init__", "__main__", *CHARTS)
    ]
    loaded = loaded_by([*modules, "pictures.charts"])
    assert not [module for module, names in loaded.items() if "streamlit" in names]
    assert [module for module, names in loaded.items() if "plotly" in names] == ["pictures.charts"]


def test_what_needs_no_torch_does_not_load_it() -> None:
    assert not [module for module, names in loaded_by(list(LIGHT)).items() if "torch" in names]


def test_no_grab_bags() -> None:
    assert not {"utils", "helpers", "common", "misc"} & {
        path.stem for path in PACKAGE.rglob("*.py")
    }
