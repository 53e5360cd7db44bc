"""The wheel: what an installed gandash can do far from a checkout."""

from __future__ import annotations

import os
import shutil
import subprocess
import sys
import sysconfig
import time
import urllib.request
import venv
from collections.abc import Callable
from pathlib import Path

import pytest

import gandash
from gandash.storage.paths import PACKAGE, PROJECT
from tests.ports import free_port

SOURCES = (
    "gandash",
    "pretrained",
    ".streamlit",
    "pyproject.toml",
    "setup.py",
    "MANIFEST.in",
    "requirements.txt",
    "README.md",
    "LICENSE",
    "streamlit_app.py",
)
Command = Callable[..., subprocess.CompletedProcess[str]]


@pytest.fixture(scope="module")
def installed(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A fresh environment with the wheel in it and the packages of this one beside it."""
    root = tmp_path_factory.mktemp("wheel")
    source = root / "source"
    source.mkdir()
    for name in SOURCES:
        if (PROJECT / name).is_dir():
            ignored = shutil.ignore_patterns("__pycache__")
            shutil.copytree(PROJECT / name, source / name, ignore=ignored)
        else:
            shutil.copy2(PROJECT / name, source / name)
    build = ["pip", "wheel", "-q", "--no-deps", "--no-build-isolation", "-w", root, source]
    subprocess.run([sys.executable, "-m", *map(str, build)], check=True, cwd=root)
    (wheel,) = root.glob("*.whl")
    environment = root / "environment"
    venv.create(environment, with_pip=False)
    (home,) = environment.glob("lib/python3.*/site-packages")
    (home / "others.pth").write_text(sysconfig.get_path("purelib"))
    install = ["pip", "install", "-q", "--no-deps", "--no-index", "--target", home, wheel]
    subprocess.run([sys.executable, "-m", *map(str, install)], check=True, cwd=root)
    return environment / "bin" / "python"


@pytest.fixture
def elsewhere(tmp_path: Path) -> dict[str, str]:
    """An environment of variables that knows no checkout, with a home of its own."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("GANDASH_")}
    kept.pop("PYTHONPATH", None)
    return kept | {"HOME": str(tmp_path / "home"), "XDG_DATA_HOME": str(tmp_path / "home/data")}


@pytest.fixture
def command(installed: Path, elsewhere: dict[str, str], tmp_path: Path) -> Command:
    """Runs ``gandash`` of the wheel from another folder."""

    def run(*arguments: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [installed, "-m", "gandash", *arguments],
            cwd=tmp_path,
            env=elsewhere,
            capture_output=True,
            text=True,
            timeout=200,
            check=False,
        )

    return run


def test_every_file_of_the_package_is_in_the_wheel(installed: Path) -> None:
    (home,) = installed.parents[1].glob("lib/python3.*/site-packages")

    def files(root: Path) -> set[str]:
        return {
            str(path.relative_to(root))
            for path in root.rglob("*")
            if path.is_file() and "__pycache__" not in path.parts
        }

    shipped = {name for name in files(home / "gandash") if name.startswith("shipped")}
    assert files(home / "gandash") - shipped == files(PACKAGE)
    assert files(PROJECT / "pretrained") == files(home / "gandash" / "shipped" / "pretrained")
    assert "shipped/streamlit_app.py" in shipped
    assert "shipped/.streamlit/config.toml" in shipped


def test_the_wheel_lists_and_samples_far_from_a_checkout(command: Command, tmp_path: Path) -> None:
    listed = command("list")
    assert listed.returncode == 0, listed.stderr
    assert "mnist-dcgan " in listed.stdout
    sampled = command("sample", "mnist-dcgan", "--count", "4", "--out", "four.png")
    assert sampled.returncode == 0, sampled.stderr
    assert (tmp_path / "four.png").read_bytes().startswith(b"\x89PNG")


def test_the_wheel_keeps_runs_in_the_users_folder(
    installed: Path, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    code = "from gandash.storage.paths import runs_root; print(runs_root())"
    said = subprocess.run(
        [installed, "-c", code],
        cwd=tmp_path,
        env=elsewhere,
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert Path(said.strip()) == Path(elsewhere["XDG_DATA_HOME"]) / "gandash" / "runs"


def test_the_app_of_the_wheel_starts_quietly_and_says_its_address(
    installed: Path, elsewhere: dict[str, str], tmp_path: Path
) -> None:
    port = free_port()
    log = tmp_path / "said.txt"
    with log.open("w") as said:
        server = subprocess.Popen(
            [installed, "-m", "gandash", "app", "--port", str(port)],
            cwd=tmp_path,
            env=elsewhere,
            stdout=said,
            stderr=subprocess.STDOUT,
        )
    try:
        deadline = time.monotonic() + 200
        while not log.read_text().endswith(")\n") and time.monotonic() < deadline:
            assert server.poll() is None, log.read_text()
            time.sleep(0.5)
        assert log.read_text() == f"gandash: open http://localhost:{port} (Ctrl-C ends it)\n"
        while True:
            try:
                url = f"http://127.0.0.1:{port}/_stcore/health"
                with urllib.request.urlopen(url, timeout=60) as answer:
                    assert answer.read() == b"ok"
                break
            except OSError:
                assert time.monotonic() < deadline
                time.sleep(0.2)
        assert log.read_text().count("\n") == 1, "nothing but the address"
    finally:
        server.terminate()
        server.wait(60)


def test_the_version_has_one_source(installed: Path) -> None:
    (home,) = installed.parents[1].glob("lib/python3.*/site-packages")
    assert [path.name for path in home.glob("gandash-*")] == [
        f"gandash-{gandash.__version__}.dist-info"
    ]
