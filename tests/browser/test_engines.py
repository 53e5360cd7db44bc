"""Every generator in a real Chromium, by both engines, against torch in fp32."""

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
from gandash.data import to_uint8
from gandash.networks import Generator, build_pair
from gandash.storage.paths import PROJECT
from tests.browser.conftest import Files

pytestmark = pytest.mark.browser
SHIPPED = sorted(
    path.parent
    for path in (PROJECT / "pretrained").glob("*/generator.safetensors")
    if not (path.parent / weights.EXAMPLES).exists()  # translators have a test of their own
)
ENGINES = {"TypedArrays": "typed_arrays", "WebGL": "webgl"}
SEEDS = (0, 7, 2**32 - 1)
MAKE = """async ([url, module, name, seeds, shares]) => {
  const { [name]: Engine } = await import(`/runtime/${module}.js`);
  const { readProgram, toPixels, makesPoints, oneClass } = await import("/runtime/program.js");
  const { drawLatent } = await import("/runtime/random.js");
  const program = readProgram(await (await fetch(url)).arrayBuffer());
  const engine = new Engine(program, document.createElement("canvas"));
  return seeds.map((seed, index) => {
    const label = shares ?? oneClass(program, index % program.classes);
    const values = engine.make(drawLatent(seed, program.latent), label);
    return Array.from(makesPoints(program) ? values : toPixels(values, program.shape[0]));
  });
}"""


def made(page: Page, url: str, engine: str, shares: list[float] | None = None) -> list[Any]:
    """Samples of ``SEEDS`` as the browser makes them, of classes 0, 1, 2."""
    samples: list[Any] = page.evaluate(MAKE, [url, ENGINES[engine], engine, list(SEEDS), shares])
    return samples


def expected(G: Generator) -> torch.Tensor:
    """The same samples by torch, uint8 (N, C, H, W) or points (N, dim)."""
    z = torch.cat([latent.draw(seed, 1, G.latent_dim) for seed in SEEDS])
    labels = torch.arange(len(SEEDS)) % G.classes if G.classes else None
    with torch.inference_mode():
        samples = G(z, labels)
    return samples if samples.dim() == 2 else to_uint8(samples)


def largest_difference(samples: list[Any], G: Generator) -> float:
    wanted = expected(G).float().numpy()
    if wanted.ndim == 2:
        return float(np.abs(np.array(samples) - wanted).max())
    pixels = np.array(samples, dtype=float).reshape(len(SEEDS), *wanted.shape[2:], 4)
    channels = wanted.shape[1]
    assert (pixels[..., 3] == 255).all()
    assert channels == 3 or (pixels[..., 0] == pixels[..., 2]).all()
    return float(np.abs(pixels[..., :channels].transpose(0, 3, 1, 2) - wanted).max())


def trained(config: Config, shape: tuple[int, ...], classes: int = 0) -> Generator:
    """A generator of full precision whose norms hold the statistics of what they have seen.

    Scales and shifts of classes differ, as after training.
    """
    G, _ = build_pair(config, shape, classes)
    rng = torch.Generator().manual_seed(5)
    for module in G.modules():
        if isinstance(module, torch.nn.Embedding):
            module.weight.data.add_(torch.randn(module.weight.shape, generator=rng) * 0.3)
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.momentum = 1.0
    labels = torch.arange(64) % G.classes if G.classes else None
    with torch.no_grad():
        G.train()(latent.draw(3, 64, G.latent_dim), labels)
    return G.eval().requires_grad_(False)


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_every_shipped_generator_makes_torchs_pictures(
    folder: Path, blank: Page, files: Files
) -> None:
    """Within 1/255: their weights are of half precision already and travel bit for bit."""
    checkpoint = checkpoints.Checkpoint(folder, checkpoints.load_card(folder))
    G = weights.load_generator(checkpoint)
    url = files.put("generator.safetensors", browser.pack(G))
    differences = {name: largest_difference(made(blank, url, name), G) for name in ENGINES}
    assert max(differences.values()) <= 1, differences


OTHERS: dict[str, tuple[dict[str, Any], tuple[int, ...], int]] = {
    "dcgan of 16 pixels, width 6": ({"latent_dim": 5, "g_width": 6}, (1, 16, 16), 0),
    "dcgan of 128 pixels": ({"latent_dim": 20, "g_width": 8}, (3, 128, 128), 0),
    "dcgan without norms": ({"latent_dim": 20, "g_width": 8, "g_norm": "none"}, (3, 32, 32), 0),
    "resnet": ({"architecture": "resnet", "g_width": 16}, (3, 32, 32), 0),
    "resnet without norms": (
        {"architecture": "resnet", "g_width": 16, "g_norm": "none"}, (1, 32, 32), 0,
    ),
    "resnet with classes in its norms": ({"architecture": "resnet", "g_width": 9}, (3, 32, 32), 5),
    "mlp for images": ({"architecture": "mlp", "g_width": 50, "depth": 3}, (3, 16, 16), 0),
    "dcgan with layer norms": ({"latent_dim": 20, "g_width": 8, "g_norm": "layer"}, (1, 32, 32), 0),
    "dcgan with instance norms": (
        {"latent_dim": 20, "g_width": 8, "g_norm": "instance"}, (3, 32, 32), 0,
    ),
    "mlp for points": ({"architecture": "mlp", "latent_dim": 2, "g_width": 64}, (2,), 0),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_every_architecture_makes_torchs_pictures(name: str, blank: Page, files: Files) -> None:
    """Within 2/255, points within 0.005: weights of full precision are rounded to half of it."""
    network, shape, classes = OTHERS[name]
    labels = {"conditioning": "projection", "g_labels": "batch-norm"} if classes else {}
    config = Config.model_validate({"network": network, "labels": labels})
    G = trained(config, shape, classes)
    url = files.put("generator.safetensors", browser.pack(G))
    measuring = network.get("g_norm") in ("layer", "instance")
    engines = ["TypedArrays"] if measuring else list(ENGINES)  # the other one says that it cannot
    differences = {engine: largest_difference(made(blank, url, engine), G) for engine in engines}
    assert max(differences.values()) <= (0.005 if len(shape) == 1 else 2), differences


def test_classes_beside_z(blank: Page, files: Files) -> None:
    config = Config.model_validate(
        {"network": {"g_width": 8}, "labels": {"conditioning": "concat", "g_labels": "concat"}}
    )
    G = trained(config, (1, 32, 32), 4)
    assert browser.describe(G).labels == "beside"
    url = files.put("generator.safetensors", browser.pack(G))
    assert max(largest_difference(made(blank, url, engine), G) for engine in ENGINES) <= 2


def test_between_classes_norms_are_mixed(blank: Page, files: Files) -> None:
    """A third of class 0 and two of class 1 is what norms of such a mean make."""
    config = Config.model_validate(
        {
            "network": {"g_width": 8},
            "labels": {"conditioning": "projection", "g_labels": "batch-norm"},
        }
    )
    G = trained(config, (1, 32, 32), 3)
    url = files.put("generator.safetensors", browser.pack(G))
    samples = {engine: made(blank, url, engine, [1 / 3, 2 / 3, 0]) for engine in ENGINES}
    for module in G.modules():
        if isinstance(module, torch.nn.Embedding):
            mean = module.weight[0] / 3 + module.weight[1] * 2 / 3
            module.weight.data[:] = mean
    assert max(largest_difference(sample, G) for sample in samples.values()) <= 2


@pytest.mark.parametrize("seed", [0, 7, 1234567, 2**32 - 1])
def test_latent_vectors_are_numpys(seed: int, blank: Page) -> None:
    """Also past the first 624 words of the generator."""
    drawn = blank.evaluate(
        """async (seed) => {
          const { drawLatent } = await import("/runtime/random.js");
          return Array.from(drawLatent(seed, 2000));
        }""",
        seed,
    )
    assert np.array_equal(np.float32(drawn), latent.draw(seed, 1, 2000)[0].numpy())


CHOOSE = """async ([url, before]) => {
  const { Engines } = await import("/runtime/engines.js");
  const { drawLatent } = await import("/runtime/random.js");
  const canvas = document.createElement("canvas");
  eval(before);
  const engines = new Engines(await (await fetch(url)).arrayBuffer(), () => canvas);
  const first = engines.title;
  const z = drawLatent(7, engines.program.latent);
  const sample = Array.from(engines.make(z, null));
  if (first === "WebGL2") engines.best.engine.close();
  const again = Array.from(engines.make(z, null));
  return { first, last: engines.title, sample, again, trials: engines.report() };
}"""


@pytest.fixture
def tiny(files: Files) -> tuple[Generator, str]:
    """A small generator and where its file is."""
    G = trained(Config.model_validate({"network": {"g_width": 8}}), (1, 32, 32))
    return G, files.put("tiny.safetensors", browser.pack(G))


def test_engines_are_measured_and_a_lost_context_is_survived(
    blank: Page, tiny: tuple[Generator, str]
) -> None:
    """WebGL2 is made the faster one by a clock that stands still for it."""
    clock = """
      let calls = 0;
      performance.now = () => { calls += 1; return calls <= 6 ? 1000 * calls : 7000; };
    """
    result = blank.evaluate(CHOOSE, [tiny[1], clock])
    assert [trial["title"] for trial in result["trials"]] == ["plain JavaScript", "WebGL2"]
    assert [trial["reason"] for trial in result["trials"]] == ["", ""]
    assert (result["first"], result["last"]) == ("WebGL2", "plain JavaScript")
    difference = np.abs(np.array(result["sample"]) - np.array(result["again"]))
    assert difference.max() <= 1
    assert np.array(result["sample"]).std() > 1


def test_without_float_textures_typed_arrays_are_left(
    blank: Page, tiny: tuple[Generator, str]
) -> None:
    refuse = """
      WebGL2RenderingContext.prototype.getExtension = () => null;
    """
    result = blank.evaluate(CHOOSE, [tiny[1], refuse])
    assert result["last"] == "plain JavaScript"
    assert result["trials"][1]["reason"] == "this graphics processor cannot draw into floats"


def test_an_engine_with_a_wrong_picture_is_not_taken(
    blank: Page, tiny: tuple[Generator, str]
) -> None:
    """A spoilt first texel stands for a driver that computes something else."""
    wrong = """
      const right = WebGL2RenderingContext.prototype.readPixels;
      WebGL2RenderingContext.prototype.readPixels = function (...rest) {
        right.apply(this, rest);
        rest.at(-1).fill(0.5, 0, 4);
      };
    """
    result = blank.evaluate(CHOOSE, [tiny[1], wrong])
    assert result["last"] == "plain JavaScript"
    assert "picture is wrong by" in result["trials"][1]["reason"]


OPEN = """async ([url, worker, before]) => {
  eval(before);
  const { openGenerator } = await import("/runtime/generator.js");
  const { drawLatent } = await import("/runtime/random.js");
  const buffer = await (await fetch(url)).arrayBuffer();
  try {
    const generator = await openGenerator(buffer, worker);
    const z = drawLatent(7, generator.latent);
    const wishes = Array.from({ length: 20 }, () => generator.follow("pad", z));
    const later = generator.make(z);
    const made = await Promise.all(wishes);
    return {
      kind: generator.runner.constructor.name,
      made: made.map((result) => result !== null),
      last: Array.from(made.at(-1).sample),
      later: Array.from((await later).sample),
      ms: generator.ms,
    };
  } catch (error) {
    return { problem: error.message };
  }
}"""


@pytest.mark.parametrize(
    ("before", "kind"),
    [
        ("", "InWorker"),
        ("window.Worker = undefined", "Beside"),
        ("window.Worker = class { constructor() { throw new Error('blocked'); } }", "Beside"),
    ],
)
def test_the_newest_wish_wins_in_a_worker_and_without_one(
    before: str, kind: str, blank: Page, files: Files, tiny: tuple[Generator, str]
) -> None:
    worker = files.put("worker.js", browser.joined("runtime/worker.js").encode())
    result = blank.evaluate(OPEN, [tiny[1], worker, before])
    assert result["kind"] == kind
    assert result["made"] == [True, *[False] * 18, True]
    assert result["last"] == result["later"]
    assert result["ms"] > 0


def test_a_worker_that_is_not_there_is_done_without(
    blank: Page, tiny: tuple[Generator, str]
) -> None:
    result = blank.evaluate(OPEN, [tiny[1], "/files/none.js", ""])
    assert result["kind"] == "Beside"


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda content: content[:5], "it ends before its header does"),
        (lambda content: content[:-100], "tensor"),
        (lambda content: content[:8] + b"{" * 400 + content[408:], "its header cannot be read"),
        (lambda content: content.replace(b'"format\\":1', b'"format\\":9'), "not one that this"),
        (lambda content: content.replace(b'"outputs\\":1,', b'"outputs\\":2,'), "numbers. Reload"),
    ],
)
def test_a_damaged_file_is_one_sentence(
    damage: Any, sentence: str, blank: Page, files: Files, tiny: tuple[Generator, str]
) -> None:
    damaged = damage(browser.pack(tiny[0]))
    worker = files.put("worker.js", browser.joined("runtime/worker.js").encode())
    result = blank.evaluate(OPEN, [files.put("damaged.safetensors", damaged), worker, ""])
    assert sentence in result["problem"]
    assert result["problem"].endswith("eload the page.")
