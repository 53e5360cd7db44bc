"""Runs and generators for other programs: what these read of them is what was there."""

from __future__ import annotations

import importlib
import sys
import zipfile
from collections.abc import Callable
from datetime import UTC, datetime
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
import torch

from gandash import checkpoints, runs
from gandash.checkpoints.weights import load_generator
from gandash.cli.main import main
from gandash.config import Config, parse_config
from gandash.exchange import archive, onnx_file, tensorboard
from gandash.networks import build_pair
from gandash.runs import execution
from gandash.storage.paths import PROJECT

SHIPPED = PROJECT / "pretrained"


def needs(*packages: str) -> pytest.MarkDecorator:
    missing = [name for name in packages if find_spec(name) is None]
    return pytest.mark.skipif(bool(missing), reason=f"not installed: {', '.join(missing)}")


@needs("onnx", "onnxruntime")
@pytest.mark.parametrize("name", ["mnist-dcgan", "cifar10-resnet", "mnist-conditional"])
def test_onnx_makes_torchs_samples_in_any_number_where_onnxruntime_is_there(name: str) -> None:
    checkpoint = checkpoints.Checkpoint(SHIPPED / name, checkpoints.load_card(SHIPPED / name))
    G = load_generator(checkpoint)
    session = importlib.import_module("onnxruntime").InferenceSession(
        onnx_file.to_onnx(G), providers=["CPUExecutionProvider"]
    )
    z = torch.randn(5, G.latent_dim)
    labels = torch.arange(5) if G.classes else None
    given = {"z": z.numpy()} | ({} if labels is None else {"labels": labels.numpy()})
    (made,) = session.run(None, given)
    np.testing.assert_allclose(made, G(z, labels).numpy(), atol=1e-3)


@needs("onnx", "onnxruntime")
def test_onnx_has_the_weights_that_spectral_norm_works_with() -> None:
    network = {"g_width": 4, "latent_dim": 8, "g_spectral_norm": True}
    G, _ = build_pair(parse_config({"network": network}), (1, 32, 32))
    G.eval().requires_grad_(False)
    z = torch.randn(5, 8)
    before = G(z)
    session = importlib.import_module("onnxruntime").InferenceSession(
        onnx_file.to_onnx(G), providers=["CPUExecutionProvider"]
    )
    (made,) = session.run(None, {"z": z.numpy()})
    np.testing.assert_allclose(made, before.numpy(), atol=1e-3)
    assert torch.equal(G(z), before)


def test_what_is_not_installed_is_named(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in ("onnx", "tensorboard"):
        monkeypatch.setitem(sys.modules, name, None)
    checkpoint = checkpoints.Checkpoint(
        SHIPPED / "mnist-dcgan", checkpoints.load_card(SHIPPED / "mnist-dcgan")
    )
    with pytest.raises(ValueError, match=r"needs the package onnx.*pip install 'gandash\[onnx\]'"):
        onnx_file.to_onnx(load_generator(checkpoint))
    metrics = runs.read_metrics(checkpoint.folder)
    with pytest.raises(ValueError, match=r"pip install 'gandash\[tensorboard\]'"):
        tensorboard.write_events(metrics, {}, datetime.now(UTC), tmp_path)


@needs("tensorboard")
def test_events_hold_all_values_and_samples_where_tensorboard_is_there(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert (
        main(["export", "mnist-dcgan", "--to", str(tmp_path / "log"), "--as", "tensorboard"]) == 0
    )
    module = importlib.import_module("tensorboard.backend.event_processing.event_accumulator")
    read = module.EventAccumulator(str(tmp_path / "log"), {"scalars": 0, "images": 0}).Reload()
    metrics = runs.read_metrics(SHIPPED / "mnist-dcgan")
    for column in ("d_loss", "g_loss"):
        events = read.Scalars(column)
        assert [it.step for it in events] == metrics["step"].tolist()
        np.testing.assert_allclose([it.value for it in events], metrics[column], rtol=1e-6)
    measured = metrics["frechet"].dropna()
    if len(measured):
        assert len(read.Scalars("frechet")) == len(measured)
    assert len(read.Images("samples")) == len(runs.read_snapshots(SHIPPED / "mnist-dcgan"))
    assert "values of mnist-dcgan" in capsys.readouterr().out


def test_a_zip_is_the_run_again(
    tmp_path: Path,
    runs_root: Path,
    tiny_config: Callable[..., Config],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.chdir(tmp_path)
    list(execution.execute(runs.create(runs_root, tiny_config(), "first")))
    assert main(["export", "first", "--as", "zip"]) == 0  # here, by its name
    other = tmp_path / "other"
    with zipfile.ZipFile(tmp_path / "first.zip") as packed:
        assert all(name.startswith("first/") for name in packed.namelist())
        packed.extractall(other)
    (run,) = runs.find(other)
    assert run.status().phase == "finished"
    assert run.config() == runs.find(runs_root)[0].config()
    assert run.metrics().equals(runs.find(runs_root)[0].metrics())
    (found,), broken = checkpoints.find(other)
    assert not broken
    load_generator(found)


def test_a_zip_follows_no_link_and_leaves_no_half_behind(tmp_path: Path) -> None:
    folder = tmp_path / "run"
    folder.mkdir()
    (folder / "config.json").write_text("{}")
    (folder / "owner").write_text("somebody")
    (folder / "linked").symlink_to("/etc/hostname")
    assert archive.write_zip(folder, tmp_path / "run.zip") == 1
    with pytest.raises(FileNotFoundError):
        archive.write_zip(folder, tmp_path / "nowhere" / "run.zip")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["run", "run.zip"]
