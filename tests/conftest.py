"""Fixtures: folders of their own for runs and checkpoints, tiny images, real MNIST where it is."""

from __future__ import annotations

import math
import os
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
import torch
from PIL import Image

from gandash import checkpoints, data, records, runs
from gandash.checkpoints import Checkpoint
from gandash.checkpoints.scores import Evaluation, Protocol
from gandash.config import Config, DataConfig, NetworkConfig
from gandash.data import Dataset
from gandash.evaluation import classifiers
from gandash.evaluation.classifiers import Facts
from gandash.jobs import supervisor, task
from gandash.runs import execution
from gandash.training import Arithmetic
from gandash.zoo import Entry

# Processes beside the tests get their share of a busy machine, too: nobody waits for idle time.
os.environ.setdefault(supervisor.PRIORITY, "normal")
# One thread: the networks here are tiny, and on a busy machine threads would wait for one another.
torch.set_num_threads(1)
# Runs are looked at row by row: a clock says nothing on a busy machine.
execution.LOOK_SECONDS = math.inf

LONG = ("browser", "docs", "e2e", "evaluation", "exchange", "jobs", "networks", "training")
pytest_plugins = ["tests.chromium", "tests.uncounted"]
ConfigFactory = Callable[..., Config]


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Tests marked gpu are for machines with a CUDA device. Files that take long come first: no
    core then waits for the last of them.
    """
    items.sort(key=lambda item: not any(part in LONG for part in item.path.parts))
    if torch.cuda.is_available():
        return
    rest = [item for item in items if item.get_closest_marker("gpu")]
    config.hook.pytest_deselected(items=rest)
    items[:] = [item for item in items if item not in rest]


@pytest.fixture
def runs_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of runs, known to everything that asks for one."""
    root = tmp_path / "runs"
    monkeypatch.setenv("GANDASH_RUNS", str(root))
    return root


@pytest.fixture
def pretrained_root(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder of shipped checkpoints, known to everything that asks for one."""
    root = tmp_path / "pretrained"
    monkeypatch.setenv("GANDASH_PRETRAINED", str(root))
    return root


@pytest.fixture(scope="session")
def image_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """24 gray 16x16 PNG files in two class folders: bright squares on the left or on the right."""
    folder = tmp_path_factory.mktemp("images")
    rng = np.random.default_rng(0)
    for number in range(24):
        side = ("left", "right")[number % 2]
        pixels = rng.integers(0, 60, (16, 16), dtype=np.uint8)
        column = 1 if side == "left" else 9
        pixels[5:11, column : column + 6] = 200 + rng.integers(0, 55)
        (folder / side).mkdir(exist_ok=True)
        Image.fromarray(pixels).save(folder / side / f"{number:02d}.png")
    return folder


@pytest.fixture(scope="session")
def tiny_config(image_folder: Path) -> ConfigFactory:
    """A config of the smallest run: 16 pixels, width 4.

    6 steps with a report at every second one.
    """

    def make(**changes: object) -> Config:
        settings: dict[str, object] = {
            "data": DataConfig(dataset=str(image_folder), size=16),
            "network": NetworkConfig(latent_dim=8, g_width=4, d_width=4),
            "steps": 6,
            "batch_size": 8,
            "report_every": 2,
            "snapshots": 4,
            "precision": "fp32",
            "device": "cpu",
        }
        return Config.model_validate(settings | changes)

    return make


@pytest.fixture(scope="session")
def tiny_dataset(tiny_config: ConfigFactory) -> Dataset:
    return data.load(tiny_config().data)


@pytest.fixture
def plain_arithmetic(monkeypatch: pytest.MonkeyPatch) -> Arithmetic:
    """No probe: runs compute in plain fp32, so that they can be compared bit for bit."""
    plain = Arithmetic()
    monkeypatch.setattr("gandash.training.start.choose_arithmetic", lambda *_: plain)
    return plain


@pytest.fixture(scope="session")
def small_mnist_folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """MNIST's files with 600 and 400 images of noise, whose class is the bright quarter.

    And a classifier for them.
    """
    root = tmp_path_factory.mktemp("small-mnist")
    raw = root / "data" / "MNIST" / "raw"
    raw.mkdir(parents=True)
    rng = np.random.default_rng(0)
    for name, count in (("train", 600), ("t10k", 400)):
        labels = np.arange(count) % 4
        images = rng.integers(0, 100, (count, 2, 14, 2, 14), dtype=np.uint8)
        images[np.arange(count), labels // 2, :, labels % 2] += 120
        for kind, magic, content in (
            ("images-idx3", 2051, images),
            ("labels-idx1", 2049, labels.astype(np.uint8)),
        ):
            header = [magic, count, 28, 28] if content is images else [magic, count]
            (raw / f"{name}-{kind}-ubyte").write_bytes(
                np.array(header, dtype=">i4").tobytes() + content.tobytes()
            )
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("GANDASH_DATA", str(root / "data"))
        network = classifiers.fit(data.load(DataConfig()), 3)
    facts = Facts(dataset="mnist", channels=1, classes=10, epochs=3, seed=0, accuracy=1.0)
    classifiers.save(root / "classifiers", network, facts)
    return root


@pytest.fixture
def small_mnist(
    small_mnist_folder: Path, pretrained_root: Path, monkeypatch: pytest.MonkeyPatch
) -> Path:
    """The small files in the place of MNIST, for processes as well.

    And their classifier among what ships.
    """
    monkeypatch.setenv("GANDASH_DATA", str(small_mnist_folder / "data"))
    shutil.copytree(small_mnist_folder / "classifiers", pretrained_root / "classifiers")
    return small_mnist_folder


@pytest.fixture(scope="session")
def small_config() -> ConfigFactory:
    """A config of a tiny run on MNIST's files at 32 pixels."""

    def make(**changes: object) -> Config:
        settings: dict[str, object] = {
            "network": NetworkConfig(latent_dim=4, g_width=4, d_width=4),
            "steps": 2,
            "batch_size": 8,
            "snapshots": 2,
            "precision": "fp32",
            "device": "cpu",
        }
        return Config.model_validate(settings | changes)

    return make


@pytest.fixture
def checkpoint(
    small_mnist: Path, runs_root: Path, small_config: ConfigFactory
) -> Iterator[Checkpoint]:
    """A finished tiny run on the small files; what was started for it ends before the test does."""
    list(execution.execute(runs.create(runs_root, small_config(), "tiny")))
    yield checkpoints.find(runs_root)[0][0]
    child = task.process_of(runs_root).child
    if child is not None:
        child.kill()
        child.wait()
    task.process_of(runs_root).forget_launch()


def measured(frechet: float, fake: int = 1000) -> Evaluation:
    """Figures by a protocol of so many samples, of each of three seeds."""
    protocol = Protocol(
        features="features of a test", real=100, fake=fake, seed=0, seeds=3, rules=2
    )
    return Evaluation(
        protocol=protocol,
        step=6,
        frechet=frechet,
        kernel=0.1,
        kernel_error=0.01,
        precision=0.5,
        recall=0.25,
        density=0.4,
        coverage=0.3,
        score=2.0,
        score_std=0.1,
        class_shares=(0.5, 0.5),
        missing=0,
        diversity=0.9,
        memorization=1.1,
        memorization_pixels=1.2,
        spread={"frechet": 0.26, "precision": 0.004, "recall": 0.003, "memorization": 0.02},
        created=records.now(),
    )


@pytest.fixture
def tiny_zoo(monkeypatch: pytest.MonkeyPatch, tiny_config: ConfigFactory) -> dict[str, Entry]:
    """Two arms of two epochs of three steps."""
    arms = {
        name: Entry(
            f"Title of {name}",
            tiny_config(steps=None, epochs=2, report_every=1, loss={"alpha": alpha}),
            "Note.",
            "arms",
        )
        for name, alpha in (("plain", 0.0), ("smoothed", 0.1))
    }
    monkeypatch.setattr("gandash.zoo.entries.ZOO", arms)
    return arms


@pytest.fixture(scope="session")
def mnist() -> Path:
    """The folder with the real MNIST files.

    Without them the test is skipped, or fails where data is required.
    """
    folder = os.environ.get("GANDASH_DATA")
    if folder and (Path(folder) / "MNIST" / "raw" / "train-images-idx3-ubyte").is_file():
        return Path(folder)
    reason = (
        "MNIST is needed: point GANDASH_DATA to a folder with MNIST/raw/train-images-idx3-ubyte"
    )
    if os.environ.get("GANDASH_REQUIRE_DATA"):
        pytest.fail(reason)
    pytest.skip(reason)
