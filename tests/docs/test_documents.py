"""README and docs: their commands and snippets run, their links lead somewhere, their names exist.

Each block of sh or python has a comment above it: ``<!-- run -->``; ``<!-- run, shortened: "A" ->
"B" -->``, run with A replaced by B (several by semicolons); or ``<!-- not run: reason -->``. The
blocks of a page run in turn in one folder, with small data in the place of MNIST.
"""

from __future__ import annotations

import json
import os
import re
import shutil
import subprocess
import sys
from dataclasses import dataclass
from inspect import signature
from pathlib import Path

import pytest

from gandash import config
from gandash.cli.main import COMMANDS
from gandash.config.settings import leaves
from gandash.storage.paths import PACKAGE, PROJECT

PAGES = [PROJECT / "README.md", *sorted((PROJECT / "docs").glob("*.md"))]
BLOCK = re.compile(r"(?:<!-- (.+) -->\n)?```(sh|python)\n([\s\S]*?)```")
NEEDED = ("mnist-dcgan", "mnist-conditional")


@dataclass(frozen=True)
class Block:
    """A fenced block, the comment above it, and where it stands."""

    page: Path
    marker: str
    language: str
    text: str

    @property
    def runs(self) -> bool:
        return self.marker.startswith("run")

    @property
    def short(self) -> str:
        """The text as it is run."""
        text = self.text
        for part in self.marker.removeprefix("run, shortened: ").split("; "):
            if " -> " in part:
                old, new = (json.loads(side) for side in part.split(" -> "))
                assert old in text, f"{self.page.name}: {old!r} is not in the block below it"
                text = text.replace(old, new)
        return text


def blocks(page: Path) -> list[Block]:
    return [
        Block(page, *(part or "" for part in found)) for found in BLOCK.findall(page.read_text())
    ]


RUNNING = [page for page in PAGES if any(block.runs for block in blocks(page))]
MARKER = re.compile(r"run|run, shortened: .+|not run: .+")


@pytest.fixture
def workplace(
    tmp_path: Path, small_mnist_folder: Path, monkeypatch: pytest.MonkeyPatch
) -> dict[str, str]:
    """A folder with copies of what the pages ask for, and programs that are this checkout's."""
    pretrained = tmp_path / "pretrained"
    for name in NEEDED:
        shutil.copytree(PROJECT / "pretrained" / name, pretrained / name)
    shutil.copytree(small_mnist_folder / "classifiers", pretrained / "classifiers")
    (tmp_path / "benchmarks").symlink_to(PROJECT / "benchmarks")
    programs = tmp_path / "programs"
    programs.mkdir()
    for name, arguments in (("gandash", "-m gandash "), ("python", "")):
        program = programs / name
        program.write_text(f'#!/bin/sh\nexec {sys.executable} {arguments}"$@"\n')
        program.chmod(0o755)
    return os.environ | {
        "PATH": f"{programs}{os.pathsep}{os.environ['PATH']}",
        "PYTHONPATH": str(PROJECT),
        "GANDASH_DATA": str(small_mnist_folder / "data"),
        "GANDASH_PRETRAINED": str(pretrained),
        "GANDASH_RUNS": str(tmp_path / "runs"),
    }


@pytest.mark.timeout(1200)
@pytest.mark.parametrize("page", RUNNING, ids=lambda page: page.name)
def test_commands_and_snippets_run(page: Path, workplace: dict[str, str], tmp_path: Path) -> None:
    for block in blocks(page):
        if not block.runs:
            continue
        command = ["sh", "-ec"] if block.language == "sh" else [sys.executable, "-c"]
        ended = subprocess.run(
            [*command, block.short],
            cwd=tmp_path,
            env=workplace,
            capture_output=True,
            text=True,
            check=False,
        )
        assert ended.returncode == 0, f"{block.short}\n{ended.stdout}\n{ended.stderr}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_every_block_says_whether_it_runs(page: Path) -> None:
    fences = len(re.findall(r"^```(?:sh|python)$", page.read_text(), re.MULTILINE))
    assert fences == len(blocks(page))
    for block in blocks(page):
        assert MARKER.fullmatch(block.marker), block.text


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_links_lead_somewhere(page: Path) -> None:
    targets = re.findall(r"\]\(([^)#]+)(?:#[^)]*)?\)", page.read_text())
    targets += re.findall(r'(?:src|srcset)="([^"]+)"', page.read_text())
    for target in targets:
        assert target.startswith("https://") or (page.parent / target).exists(), target


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.name)
def test_files_settings_and_tests_that_are_named_exist(page: Path) -> None:
    text = page.read_text()
    for name in re.findall(r"`((?:gandash|tests|benchmarks|docs)/[\w./-]*)`", text):
        assert (PROJECT / name).exists(), name
    for name in re.findall(r"`(test_\w+)`", text):
        assert list((PROJECT / "tests").rglob(f"{name}.py")), name
    flags = {name.rpartition(".")[2] for name, _ in leaves(config.Config)} | {"help"}
    flags |= {name for command in COMMANDS.values() for name in signature(command).parameters}
    for script in (PROJECT / "benchmarks").glob("*.py"):
        flags |= set(re.findall(r'"--([a-z-]+)"', script.read_text()))
    flags = {flag.rstrip("_").replace("_", "-") for flag in flags}
    flags |= {"server", "standalone", "nproc-per-node"}  # --server.… is Streamlit's, torchrun's
    flags |= {"head", "address", "port", "block", "nodes", "ntasks", "exclude"}  # Ray's, Slurm's
    flags |= {"logdir"}  # TensorBoard's
    flags |= {"ntasks-per-node", "cpus-per-task", "gpus-per-node", "time"}
    for flag in re.findall(r"(?<![\w-])--([a-z][a-z0-9-]*)", text):
        assert flag in flags, flag


def test_every_command_is_documented() -> None:
    text = "".join(page.read_text() for page in PAGES)
    assert not [name for name in COMMANDS if f"gandash {name}" not in text]


def test_one_spelling() -> None:
    """Gray and color, in what people read."""
    files = [*PAGES, *(PROJECT / "gandash").rglob("*.py"), PROJECT / "CHANGELOG.md"]
    british = re.compile(r"\b(grey\w*|colour\w*|labell?ing colour|behaviour)\b", re.IGNORECASE)
    known = {"sections.py", "old_links.py"}  # read the spelling of earlier runs and links
    read = [path for path in files if path.name not in known]
    assert not [path for path in read if british.search(path.read_text())]


def test_every_room_of_the_house_is_in_the_architecture() -> None:
    text = (PROJECT / "docs" / "architecture.md").read_text()
    rooms = {path.name for path in PACKAGE.iterdir() if path.is_dir() and path.name[0] not in "_."}
    rooms |= {path.name for path in PACKAGE.glob("*.py") if path.name[0] != "_"}
    assert not [room for room in sorted(rooms) if f"`{room}" not in text]


def test_every_variable_of_the_environment_is_documented() -> None:
    text = (PROJECT / "docs" / "hosting.md").read_text()
    read = {
        name
        for path in PACKAGE.rglob("*.py")
        for name in re.findall(r"\bGANDASH_[A-Z]+\b", path.read_text())
    }
    assert not [name for name in sorted(read) if f"`{name}`" not in text]
