"""What discriminators say in a real Chromium, against torch in fp32."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Page

from gandash import browser, checkpoints, latent
from gandash.checkpoints import weights
from gandash.config import Config
from gandash.networks import Discriminator, Generator, build_pair
from gandash.storage.paths import PROJECT
from tests.browser.conftest import Files
from tests.browser.same_numbers import trained

pytestmark = pytest.mark.browser
SHIPPED = sorted(
    path.parent
    for path in (PROJECT / "pretrained").glob("*/discriminator.safetensors")
    if not path.parent.name.endswith(("-seed-1", "-seed-2"))  # as those of seed 0
    and not (path.parent / weights.EXAMPLES).exists()  # translators make no samples
)
SEEDS = (0, 2**32 - 1)
TOLERANCE = 0.01  # of a logit of size 1; a larger one may be wrong by as much of itself
JUDGE = """async ([generator, discriminator, seeds]) => {
  const { TypedArrays } = await import("/runtime/typed_arrays.js");
  const { Discriminator } = await import("/runtime/discriminator.js");
  const { drawLatent } = await import("/runtime/random.js");
  const { oneClass, readProgram } = await import("/runtime/program.js");
  const read = async (url) => (await fetch(url)).arrayBuffer();
  const program = readProgram(await read(generator));
  const G = new TypedArrays(program);
  const D = new Discriminator(await read(discriminator));
  const logits = seeds.map((seed, index) => {
    const shares = oneClass(program, index % program.classes);
    return D.logit(G.make(drawLatent(seed, program.latent), shares), shares);
  });
  return { logits, ...D.facts, others: Array.from(D.facts.others) };
}"""


def judged(page: Page, files: Files, G: Generator, D: Discriminator) -> dict[str, Any]:
    """Logits of samples of ``SEEDS`` as the browser finds them, of classes 0 and 1."""
    places = [
        files.put("generator.safetensors", browser.pack(G)),
        files.put("D.safetensors", browser.pack_discriminator(D, G, probability=True)),
    ]
    said: dict[str, Any] = page.evaluate(JUDGE, [*places, list(SEEDS)])
    return said


def expected(G: Generator, D: Discriminator) -> np.ndarray[Any, Any]:
    z = torch.cat([latent.draw(seed, 1, G.latent_dim) for seed in SEEDS])
    labels = torch.arange(len(SEEDS)) % G.classes if G.classes else None
    with torch.inference_mode():
        return D(G(z, labels), labels).numpy()  # type: ignore[no-any-return]


def check(found: list[float], wanted: np.ndarray[Any, Any]) -> None:
    assert np.abs(np.array(found) - wanted).max() <= TOLERANCE * (1 + np.abs(wanted).max())


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_every_shipped_discriminator_says_what_torch_says(
    folder: Path, blank: Page, files: Files
) -> None:
    checkpoint = checkpoints.Checkpoint(folder, checkpoints.load_card(folder))
    G = weights.load_generator(checkpoint)
    D = weights.load_discriminator(checkpoint)
    assert isinstance(D, Discriminator)
    said = judged(blank, files, G, D)
    check(said["logits"], expected(G, D))
    assert len(said["others"]) == 100
    assert said["others"] == sorted(said["others"])


OTHERS: dict[str, tuple[dict[str, Any], tuple[int, ...], int, str]] = {
    "dcgan of 16 pixels, width 6": ({"latent_dim": 5, "d_width": 6}, (1, 16, 16), 0, "none"),
    "dcgan of 128": ({"latent_dim": 9, "g_width": 4, "d_width": 4}, (3, 128, 128), 0, "none"),
    "dcgan with layer norms": ({"d_norm": "layer", "d_width": 8}, (3, 32, 32), 0, "none"),
    "dcgan with instance norms": ({"d_norm": "instance", "d_width": 8}, (3, 32, 32), 0, "none"),
    "dcgan with classes in its head": ({"d_width": 8}, (3, 32, 32), 4, "projection"),
    "dcgan with classes beside": ({"d_width": 8}, (3, 32, 32), 4, "concat"),
    "dcgan that classifies": ({"d_width": 8}, (3, 32, 32), 4, "d-only"),
    "dcgan of scores": ({"d_width": 8}, (3, 32, 32), 4, "semi-supervised"),
    "resnet": ({"architecture": "resnet", "d_width": 8, "d_norm": "none"}, (3, 32, 32), 0, "none"),
    "resnet with norms": (
        {"architecture": "resnet", "d_width": 8, "d_norm": "layer"}, (1, 32, 32), 3, "projection",
    ),
    "modern": (
        {"architecture": "modern", "d_width": 8, "g_norm": "none", "d_norm": "none"},
        (3, 32, 32), 0, "none",
    ),
    "style": (
        {"architecture": "style", "d_width": 8, "g_norm": "none", "d_norm": "none"},
        (3, 16, 16), 0, "none",
    ),
    "mlp for images": ({"architecture": "mlp", "d_width": 50, "depth": 3}, (3, 16, 16), 0, "none"),
    "mlp for points": ({"architecture": "mlp", "latent_dim": 2, "d_width": 64}, (2,), 0, "none"),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_every_architecture_says_what_torch_says(name: str, blank: Page, files: Files) -> None:
    network, shape, classes, conditioning = OTHERS[name]
    told = conditioning in ("projection", "concat")
    labels = {"conditioning": conditioning} | ({"g_labels": "batch-norm"} if told else {})
    network = {"g_width": 8} | network
    config = Config.model_validate({"network": network, "labels": labels})
    G = trained(config, shape, classes)
    D = experienced(config, G, classes)
    check(judged(blank, files, G, D)["logits"], expected(G, D))


def experienced(config: Config, G: Generator, classes: int) -> Discriminator:
    """A discriminator whose norms hold the statistics of what they have seen, and whose logits
    differ.
    """
    _, D = build_pair(config, G.shape, classes)
    assert isinstance(D, Discriminator)
    rng = torch.Generator().manual_seed(5)
    for module in D.modules():
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.momentum = 1.0
    D.head.output.weight.data.mul_(10)
    if D.head.embedding is not None:
        D.head.embedding.weight.data.normal_(0, 0.3, generator=rng)
    labels = torch.arange(64) % classes if classes else None
    with torch.no_grad():
        D.train()(G(latent.draw(3, 64, G.latent_dim), labels if G.classes else None), labels)
    return D.eval().requires_grad_(False)
