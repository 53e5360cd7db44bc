"""Translators in a real Chromium, by both engines, against torch in fp32."""

from __future__ import annotations

from typing import Any, TypeVar

import pytest
import torch
from playwright.sync_api import Page
from torch import nn

from gandash import browser, checkpoints, latent
from gandash.checkpoints import weights
from gandash.data import to_unit
from gandash.networks.layers import norm_layer
from gandash.networks.residual import Residual
from gandash.networks.unet import UNet
from gandash.storage.paths import PROJECT
from tests.browser.conftest import Files
from tests.browser.same_numbers import ENGINES, Comparison

pytestmark = pytest.mark.browser
SHIPPED = sorted(path.parent for path in (PROJECT / "pretrained").glob("*/examples.safetensors"))
OPEN = """async (url) => {
  const { Engines } = await import("/runtime/engines.js");
  const engines = new Engines(await (await fetch(url)).arrayBuffer(), () =>
    document.createElement("canvas"));
  engines.rival();
  return engines.report().trials;
}"""


def trained(channels: int, size: int, norm: str) -> UNet:
    """A U-Net whose norms hold the statistics of what they have seen."""
    torch.manual_seed(3)
    network = UNet(channels, size, 8, lambda width: norm_layer(norm, width), 0.5)  # type: ignore[arg-type]
    return lived(network, channels, size)


T = TypeVar("T", bound=nn.Module)


def lived(network: T, channels: int, size: int) -> T:
    """Its norms hold the statistics of what it has seen."""
    for module in network.modules():
        if isinstance(module, nn.BatchNorm2d):
            module.momentum = 1.0
    with torch.no_grad():
        network.train()(noise(16, channels, size))
    return network.eval().requires_grad_(False)


def noise(count: int, channels: int, size: int) -> torch.Tensor:
    drawn = latent.draw(5, count, channels * size * size)
    return drawn.view(count, channels, size, size).clamp(-1, 1)


@pytest.mark.parametrize(
    ("channels", "size", "norm"),
    [(1, 16, "batch"), (3, 32, "batch"), (1, 64, "none"), (1, 16, "instance")],
)
def test_every_u_net_makes_torchs_pictures(
    channels: int, size: int, norm: str, blank: Page, files: Files
) -> None:
    """Within 2/255: weights of full precision are rounded to half of it."""
    network = trained(channels, size, norm)
    packed = browser.pack_translator(network, (channels, size, size))
    images = noise(2, channels, size)
    engines = ["TypedArrays"] if norm == "instance" else ENGINES
    for engine in engines:
        compare = Comparison(blank, files)
        assert compare.of_translations(engine, packed, network, images) <= 2, engine
    url = files.put("translator.safetensors", packed)
    trials = blank.evaluate(OPEN, url)[: len(engines)]
    assert all(trial["error"] <= 2 for trial in trials), "they check themselves"


@pytest.mark.parametrize("norm", ["batch", "instance", "none"])
def test_every_residual_translator_makes_torchs_pictures(
    norm: str, blank: Page, files: Files
) -> None:
    """CycleGAN's; norms that measure every image are not written for graphics processors."""
    torch.manual_seed(3)
    network = lived(Residual(3, 4, 2, lambda width: norm_layer(norm, width)), 3, 16)  # type: ignore[arg-type]
    packed = browser.pack_translator(network, (3, 16, 16))
    for engine in ["TypedArrays"] if norm == "instance" else ENGINES:
        compare = Comparison(blank, files)
        assert compare.of_translations(engine, packed, network, noise(2, 3, 16)) <= 2, engine


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_every_shipped_translator_makes_torchs_pictures(
    folder: Any, blank: Page, files: Files
) -> None:
    """Within 1/255, on the pairs that it ships with: its weights travel bit for bit."""
    checkpoint = checkpoints.Checkpoint(folder, checkpoints.load_card(folder))
    G = weights.load_translator(checkpoint)
    pairs = weights.load_examples(checkpoint)[:2]
    ways = [(G.there, pairs[:, 0]), *([(G.back, pairs[:, 1])] if G.back else [])]
    for network, images in ways:
        packed = browser.pack_translator(network, tuple(pairs.shape[2:]))
        for engine in ENGINES:
            compare = Comparison(blank, files)
            assert compare.of_translations(engine, packed, network, to_unit(images)) <= 1, engine


def test_what_is_not_known_is_refused_with_the_reason() -> None:
    network = nn.Sequential(nn.ReplicationPad2d(1), nn.Conv2d(1, 1, 3))
    with pytest.raises(browser.UnsupportedError, match="its layer ReplicationPad2d is not known"):
        browser.describe_translator(network, (1, 16, 16))
