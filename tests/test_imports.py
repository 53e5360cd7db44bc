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

# Each module may import those of earlier rows. `app` stands above them all, and nothing imports it.
LAYERS: list[set[str]] = [
    {
        "paths",
        "memory",
        "files",
        "images",
        "latent",
        "theory",
        "plots",
        "objectives",
        "regularizers",
        "balance",
        "study",
        "reports",
        "metrics",
        "convolution",
    },
    {"config", "kept"},
    {"data", "layers", "presets", "figures", "optimizers"},
    {"dcgan", "mlp", "resnet", "classifiers", "unrolled"},
    {"networks"},
    {"training"},
    {"checkpoints", "quality"},
    {"runs", "samples", "comparison"},
    {"line", "uploads", "evaluation"},
    {"background", "zoo", "inception"},
    {"worker", "measuring", "catalogue"},
    {"neighbors"},
    {"cli"},
    {"__main__"},
]
LAYER = {module: number for number, row in enumerate(LAYERS) for module in row}
MODULES = sorted(path.stem for path in PACKAGE.glob("*.py") if path.stem != "__init__")

SCRIPT = """
import importlib, json, sys
found = {}
for module in json.loads(sys.argv[1]):
    importlib.import_module(f"gandash.{module}")
    found[module] = sorted({name.split(".")[0] for name in sys.modules} & {"streamlit", "torch", "plotly"})
print(json.dumps(found))
"""


def imported_modules(source: str) -> set[str]:
    """Modules of the package that a source file imports, anywhere in it."""
    found: set[str] = set()
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            found |= {alias.name.split(".")[1] for alias in node.names if alias.name.startswith("gandash.")}
        elif isinstance(node, ast.ImportFrom) and node.module == "gandash":
            found |= {alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and (node.module or "").startswith("gandash."):
            found.add(str(node.module).split(".")[1])
        elif isinstance(node, ast.ImportFrom) and node.level:
            found.add("a relative import")
    return found


def test_the_reader_of_imports_finds_them_all() -> None:
    source = "import gandash.runs\nfrom gandash import data, latent\ndef f():\n    from gandash.app.train import page\n"
    assert imported_modules(source) == {"runs", "data", "latent", "app"}


@pytest.mark.parametrize("module", MODULES)
def test_imports_run_one_way(module: str) -> None:
    assert module in LAYER, f"{module} is new: give it its row in LAYERS"
    wrong = {
        other
        for other in imported_modules((PACKAGE / f"{module}.py").read_text())
        if LAYER.get(other, len(LAYERS)) >= LAYER[module]
    }
    assert not wrong, f"{module} must not import {', '.join(sorted(wrong))}"


@pytest.mark.parametrize("path", sorted(PACKAGE.glob("*.py")), ids=lambda path: path.stem)
def test_only_the_app_names_streamlit(path: Path) -> None:
    tree = ast.parse(path.read_text())
    imports = {alias.name for node in ast.walk(tree) if isinstance(node, ast.Import) for alias in node.names}
    imports |= {str(node.module) for node in ast.walk(tree) if isinstance(node, ast.ImportFrom)}
    assert not {name for name in imports if name.split(".")[0] == "streamlit"}


def test_no_core_module_loads_streamlit() -> None:
    """In one process, lowest layer first, so that the first module with it is the one that brought it."""
    order = sorted(MODULES, key=lambda module: (LAYER.get(module, 99), module == "plots", module))
    found = json.loads(
        subprocess.run(
            [sys.executable, "-c", SCRIPT, json.dumps(order)], capture_output=True, text=True, check=True
        ).stdout
    )
    assert list(found) == order
    guilty = next((module for module in order if "streamlit" in found[module]), None)
    assert guilty is None, f"{guilty} loads streamlit"
    guilty = next((module for module in order if module != "plots" and "plotly" in found[module]), "plots")
    assert order.index(guilty) >= order.index("plots"), f"{guilty} loads plotly"


def test_plots_needs_no_torch() -> None:
    light = json.dumps([module for module in ("paths", "files", "plots") if module in MODULES])
    result = subprocess.run([sys.executable, "-c", SCRIPT, light], capture_output=True, text=True, check=True)
    for module, found in json.loads(result.stdout).items():
        assert "torch" not in found, f"{module} loads torch"


def test_no_grab_bags() -> None:
    assert not {"utils", "helpers", "common", "misc"} & {path.stem for path in PACKAGE.rglob("*.py")}
