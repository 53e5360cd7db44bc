"""Figures on Inception's features.

How the weights are got and checked, and what is measured on which images.
"""

from __future__ import annotations

import hashlib
import urllib.error
from pathlib import Path
from typing import Any

import pytest
import torch
from torch import Tensor, nn
from torch_fidelity.feature_extractor_inceptionv3 import FeatureExtractorInceptionV3

from gandash import checkpoints, data, latent, runs
from gandash.checkpoints import Checkpoint, weights
from gandash.checkpoints.scores import InceptionFigures
from gandash.cli import commands
from gandash.config import parse_config
from gandash.data import Dataset
from gandash.evaluation import inception, metrics, real_images
from gandash.evaluation.progress import Progress
from gandash.runs import execution


class Small(nn.Module):
    """What Inception answers, from a few fixed projections of the pixels."""

    def __init__(self) -> None:
        super().__init__()
        rng = torch.Generator().manual_seed(0)
        self.weight = nn.Parameter(torch.randn(3 * 16 * 16, 12, generator=rng) / 28)

    def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
        assert images.dtype == torch.uint8
        assert images.shape[1] == 3
        features = (images.float() / 255).flatten(1) @ self.weight
        return features, features[:, :5]


def pictures(count: int, seed: int) -> Dataset:
    images = torch.randint(
        0, 256, (count, 1, 16, 16), dtype=torch.uint8, generator=torch.Generator().manual_seed(seed)
    )
    return Dataset("mnist", "Noise", "none", images)


@pytest.fixture(autouse=True)
def nothing_read_before() -> None:
    """Other tests may have read other images."""
    real_images.forget()


@pytest.fixture
def checkpoint(runs_root: Path, monkeypatch: pytest.MonkeyPatch) -> Checkpoint:
    """Of a tiny run on noise, whose splits differ."""
    splits = {"train": pictures(300, 0), "test": pictures(200, 1)}
    monkeypatch.setattr(data, "load", lambda _config, split="train", **_told: splits[split])
    settings = {
        "data": {"size": 16},
        "network": {"latent_dim": 4, "g_width": 4, "d_width": 4},
        "steps": 2,
        "batch_size": 8,
        "snapshots": 2,
        "precision": "fp32",
        "device": "cpu",
    }
    list(execution.execute(runs.create(runs_root, parse_config(settings), "tiny")))
    return checkpoints.find(runs_root)[0][0]


@pytest.fixture
def hub(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """An empty folder in the place of torch.hub's."""
    monkeypatch.setattr(torch.hub, "get_dir", lambda: str(tmp_path / "hub"))
    return tmp_path / "hub" / "checkpoints"


def test_figures_are_those_of_the_features_against_held_out_images(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inception, "load", Small)
    *steps, found = inception.evaluate(checkpoint, 1000, seed=3, seeds=1)
    assert [item.step for item in steps if isinstance(item, Progress)] == list(
        range(1, len(steps) + 1)
    )
    assert isinstance(found, InceptionFigures)
    protocol = found.protocol
    assert (protocol.real, protocol.fake, protocol.split, protocol.seed) == (200, 1000, "test", 3)
    real, _ = inception.read(Small(), pictures(200, 1).images)
    G = weights.load_generator(checkpoint)
    fake, _ = inception.read(Small(), latent.generate(G, latent.draw(3, 1000, 4)))
    assert found.frechet == pytest.approx(metrics.frechet_distance(fake, real))


def test_real_images_are_read_once(checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch) -> None:
    read: list[int] = []

    class Counting(Small):
        def forward(self, images: Tensor) -> tuple[Tensor, Tensor]:
            read.append(len(images))
            return super().forward(images)

    monkeypatch.setattr(inception, "load", Counting)
    figures = []
    for images in (200 + 1000, 1000):
        read.clear()
        real_images.forget()
        figures += [
            item
            for item in inception.evaluate(checkpoint, 1000, seeds=1)
            if isinstance(item, InceptionFigures)
        ]
        assert sum(read) == images
    assert figures[0].model_dump(exclude={"created"}) == figures[1].model_dump(exclude={"created"})


def test_data_without_held_out_images_is_compared_with_all_of_it(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(inception, "load", Small)
    others = {name: source for name, source in data.SOURCES.items() if name != "mnist"}
    monkeypatch.setattr(data, "SOURCES", others)  # the table itself keeps its order
    monkeypatch.setattr("gandash.data.dataset.SOURCES", others)
    *_, found = inception.evaluate(checkpoint, 1000, seeds=1)
    assert isinstance(found, InceptionFigures)
    assert (found.protocol.real, found.protocol.split) == (300, "train")


def test_the_command_keeps_them_beside_the_others(
    checkpoint: Checkpoint, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setattr(inception, "load", Small)
    commands.evaluate("tiny", 1000, features="inception")
    card = checkpoints.load_card(checkpoint.folder)
    assert card.evaluation is None
    assert card.inception is not None
    assert card.inception.shown("frechet") in capsys.readouterr().out
    assert "Inception v3" in str(card.inception.protocol)


def test_bad_input_gets_a_sentence(checkpoint: Checkpoint) -> None:
    with pytest.raises(ValueError, match="needs at least 1,000 samples, not 10: take more"):
        next(inception.evaluate(checkpoint, 10))
    facts = checkpoint.card.data.model_copy(update={"shape": (2,)})
    points = Checkpoint(checkpoint.folder, checkpoint.card.model_copy(update={"data": facts}))
    with pytest.raises(ValueError, match="Inception reads images, and 'tiny' makes points"):
        next(inception.evaluate(points))


def test_without_weights_and_network_it_says_what_to_do(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def offline(*_: Any, **__: Any) -> None:
        raise urllib.error.URLError("no network")

    monkeypatch.setattr(torch.hub, "download_url_to_file", offline)
    with pytest.raises(
        ValueError,
        match=r"could not be downloaded \(.*no network.*\): put the file of https://.* into",
    ):
        inception.load()
    assert not any(hub.iterdir())


def test_weights_of_another_digest_are_not_opened(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    hub.mkdir(parents=True)
    inception.weights_path().write_bytes(b"cos\nsystem\n(S'false'\ntR.")
    monkeypatch.setattr(torch, "load", lambda *_, **__: pytest.fail("it must not be read"))
    with pytest.raises(
        ValueError, match=r"damaged \(its SHA-256 does not begin with 6726825d\): remove them"
    ):
        inception.load()


def test_weights_in_torch_hub_become_torch_fidelitys_network(
    hub: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Random ones, under a digest of their own.

    Features and unbiased logits of gray images of any size.
    """
    hub.mkdir(parents=True)
    path = inception.weights_path()
    with monkeypatch.context() as patched:
        patched.setattr(torch, "load", lambda *_, **__: {})
        patched.setattr(FeatureExtractorInceptionV3, "load_state_dict", lambda *_: None)
        torch.manual_seed(0)
        made = FeatureExtractorInceptionV3("any", ["2048", "logits_unbiased"], "nowhere")
    torch.save(made.state_dict(), path)
    monkeypatch.setattr(inception, "SHA256", hashlib.sha256(path.read_bytes()).hexdigest()[:8])
    network, images = inception.load(), pictures(3, 0).images
    features, logits = inception.read(network, images)
    assert (features.shape, logits.shape) == ((3, 2048), (3, 1008))
    expected, _ = made(images.expand(-1, 3, -1, -1))
    torch.testing.assert_close(features, expected)
