"""Every generator in a real Chromium, by both engines, against torch in fp32."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from playwright.sync_api import Page

from gandash import browser, checkpoints, latent
from gandash.checkpoints import weights
from gandash.config import Config
from gandash.latent import directions
from gandash.networks import Generator, style
from gandash.storage.paths import PROJECT
from tests.browser.conftest import Files
from tests.browser.same_numbers import (
    ENGINES,
    FEW,
    SAMPLES,
    Comparison,
    trained,
)

pytestmark = pytest.mark.browser
SHIPPED = sorted(
    path.parent
    for path in (PROJECT / "pretrained").glob("*/generator.safetensors")
    if not (path.parent / weights.EXAMPLES).exists()  # translators have a test of their own
)


@pytest.mark.parametrize("folder", SHIPPED, ids=lambda folder: folder.name)
def test_every_shipped_generator_makes_torchs_pictures(
    folder: Path, blank: Page, files: Files
) -> None:
    """Within 1/255: their weights are of half precision already and travel bit for bit."""
    checkpoint = checkpoints.Checkpoint(folder, checkpoints.load_card(folder))
    G = weights.load_generator(checkpoint)
    differences = by_engines(blank, files, G)
    assert max(differences.values()) <= 1, differences


def by_engines(
    page: Page, files: Files, G: Generator, engines: Iterable[str] = ENGINES
) -> dict[str, float]:
    """The largest differences from torch."""
    packed = browser.pack(G)
    return {
        engine: Comparison(page, files).of_samples(
            engine, packed, G, samples=FEW if engine == "WebGL" else SAMPLES
        )
        for engine in engines
    }


MODERN = {"architecture": "modern", "latent_dim": 20, "g_norm": "none", "d_norm": "none"}
STYLE = MODERN | {"architecture": "style", "latent_dim": 24}
OTHERS: dict[str, tuple[dict[str, Any], tuple[int, ...], int]] = {
    "dcgan of 16 pixels, width 6": ({"latent_dim": 5, "g_width": 6}, (1, 16, 16), 0),
    "dcgan of 128 pixels": ({"latent_dim": 9, "g_width": 4}, (3, 128, 128), 0),
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
    "modern": (MODERN | {"g_width": 8}, (3, 32, 32), 0),
    "modern with an odd width": (MODERN | {"g_width": 5}, (1, 16, 16), 0),
    "style": (STYLE | {"g_width": 8}, (3, 32, 32), 0),
    "mlp for points": ({"architecture": "mlp", "latent_dim": 2, "g_width": 64}, (2,), 0),
}  # fmt: skip


@pytest.mark.parametrize("name", OTHERS)
def test_every_architecture_makes_torchs_pictures(name: str, blank: Page, files: Files) -> None:
    """Within 2/255, points within 0.005: weights of full precision are rounded to half of it."""
    network, shape, classes = OTHERS[name]
    labels = {"conditioning": "projection", "g_labels": "batch-norm"} if classes else {}
    config = Config.model_validate({"network": network, "labels": labels})
    G = trained(config, shape, classes)
    refused = network.get("g_norm") in ("layer", "instance") or name.endswith("odd width")
    engines = ["TypedArrays"] if refused else list(ENGINES)  # the other one says that it cannot
    differences = by_engines(blank, files, G, engines)
    assert max(differences.values()) <= (0.005 if len(shape) == 1 else 2), differences


def test_styles_drawn_towards_their_mean(blank: Page, files: Files) -> None:
    config = Config.model_validate({"network": STYLE | {"g_width": 8}})
    G = trained(config, (1, 16, 16))
    with latent.truncated(G, 0.6):
        differences = by_engines(blank, files, G)
    assert max(differences.values()) <= 2, differences


@pytest.mark.parametrize("engine", ENGINES)
def test_styles_are_mixed_truncated_and_moved(blank: Page, files: Files, engine: str) -> None:
    """Coarse stages of one latent and finer ones of another, drawn to the mean, then moved."""
    config = Config.model_validate({"network": STYLE | {"g_width": 8}})
    G = trained(config, (1, 16, 16))
    mapping, synthesis = G.layers
    assert isinstance(mapping, style.Mapping)
    assert isinstance(synthesis, style.Synthesis)
    along = directions.of_styles(mapping)
    w = mapping(torch.cat([latent.draw(seed, 1, G.latent_dim) for seed in (7, 9)]))
    w = mapping.mean + 0.7 * (w - mapping.mean) + 1.5 * along[0] - 0.5 * along[2]
    wanted = synthesis(torch.stack([w[0], w[0], w[1]])[None])
    styled: dict[str, object] = {"seed": 9, "from": 2, "psi": 0.7, "moved": [1.5, 0, -0.5]}
    comparison = Comparison(blank, files)
    assert comparison.of_styles(engine, browser.pack(G), wanted, 7, styled) <= 2
    apart = comparison.of_styles(engine, browser.pack(G), wanted, 7, styled | {"from": 1})
    assert apart > 2, "what is mixed shows"


def test_classes_beside_z(blank: Page, files: Files) -> None:
    config = Config.model_validate(
        {"network": {"g_width": 8}, "labels": {"conditioning": "concat", "g_labels": "concat"}}
    )
    G = trained(config, (1, 32, 32), 4)
    assert browser.describe(G).labels == "beside"
    assert max(by_engines(blank, files, G).values()) <= 2


def test_between_classes_norms_are_mixed(blank: Page, files: Files) -> None:
    """A third of class 0 and two of class 1 is what norms of such a mean make."""
    config = Config.model_validate(
        {
            "network": {"g_width": 8},
            "labels": {"conditioning": "projection", "g_labels": "batch-norm"},
        }
    )
    G = trained(config, (1, 32, 32), 3)
    packed = browser.pack(G)
    for module in G.modules():
        if isinstance(module, torch.nn.Embedding):
            mean = module.weight[0] / 3 + module.weight[1] * 2 / 3
            module.weight.data[:] = mean
    shares = [1 / 3, 2 / 3, 0]
    compare = Comparison(blank, files)
    for engine in ENGINES:
        assert compare.of_samples(engine, packed, G, samples=FEW, shares=shares) <= 2, engine


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
  const begins = engines.title;
  engines.rival();
  const first = engines.title;
  const z = drawLatent(7, engines.program.latent);
  const sample = Array.from(engines.make(z, null));
  if (first === "WebGL2") engines.best.engine.close();
  const again = Array.from(engines.make(z, null));
  return { begins, first, last: engines.title, sample, again, trials: engines.report().trials };
}"""


@pytest.fixture
def tiny(files: Files) -> tuple[Generator, str]:
    """A small generator and where its file is."""
    G = trained(Config.model_validate({"network": {"g_width": 8}}), (1, 32, 32))
    return G, files.put("tiny.safetensors", browser.pack(G))


def test_engines_are_measured_and_a_lost_context_is_survived(
    fresh: Page, tiny: tuple[Generator, str]
) -> None:
    """WebGL2 is made the faster one by a clock that stands still for it."""
    clock = """
      let calls = 0;
      performance.now = () => { calls += 1; return calls <= 6 ? 1000 * calls : 7000; };
    """
    result = fresh.evaluate(CHOOSE, [tiny[1], clock])
    assert [trial["title"] for trial in result["trials"]] == ["plain JavaScript", "WebGL2"]
    assert [trial["reason"] for trial in result["trials"]] == ["", ""]
    assert (result["first"], result["last"]) == ("WebGL2", "plain JavaScript")
    assert result["begins"] == "plain JavaScript"
    difference = np.abs(np.array(result["sample"]) - np.array(result["again"]))
    assert difference.max() <= 1
    assert np.array(result["sample"]).std() > 1


def test_without_float_textures_typed_arrays_are_left(
    fresh: Page, tiny: tuple[Generator, str]
) -> None:
    refuse = """
      WebGL2RenderingContext.prototype.getExtension = () => null;
    """
    result = fresh.evaluate(CHOOSE, [tiny[1], refuse])
    assert result["last"] == "plain JavaScript"
    assert result["trials"][1]["reason"] == "this graphics processor cannot draw into floats"


def test_an_engine_with_a_wrong_picture_is_not_taken(
    fresh: Page, tiny: tuple[Generator, str]
) -> None:
    """A spoilt first texel stands for a driver that computes something else."""
    wrong = """
      const right = WebGL2RenderingContext.prototype.readPixels;
      WebGL2RenderingContext.prototype.readPixels = function (...rest) {
        right.apply(this, rest);
        rest.at(-1).fill(0.5, 0, 4);
      };
    """
    result = fresh.evaluate(CHOOSE, [tiny[1], wrong])
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
    const early = generator.trials.length;
    await generator.measured;
    return {
      kind: generator.runner.constructor.name,
      made: made.map((result) => result !== null),
      last: Array.from(made.at(-1).sample),
      later: Array.from((await later).sample),
      ms: generator.ms,
      trials: [early, generator.trials.length],
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
    before: str, kind: str, fresh: Page, files: Files, tiny: tuple[Generator, str]
) -> None:
    worker = files.put("worker.js", browser.joined("runtime/worker.js").encode())
    result = fresh.evaluate(OPEN, [tiny[1], worker, before])
    assert result["kind"] == kind
    assert result["made"] == [True, *[False] * 18, True]
    assert result["last"] == result["later"]
    assert result["ms"] > 0
    assert result["trials"] == [1, 2], "pictures come before the other engine is measured"


def test_a_worker_that_is_not_there_is_done_without(
    fresh: Page, tiny: tuple[Generator, str]
) -> None:
    result = fresh.evaluate(OPEN, [tiny[1], "/files/none.js", ""])
    assert result["kind"] == "Beside"


@pytest.mark.parametrize(
    ("damage", "sentence"),
    [
        (lambda content: content[:5], "it ends before its header does"),
        (lambda content: content[:-100], "tensor"),
        (lambda content: content[:8] + b"{" * 400 + content[408:], "its header cannot be read"),
        (lambda content: content.replace(b'"format\\":2', b'"format\\":9'), "not one that this"),
        (lambda content: content.replace(b'"outputs\\":1,', b'"outputs\\":2,'), "numbers. Reload"),
    ],
)
def test_a_damaged_file_is_one_sentence(
    damage: Any, sentence: str, fresh: Page, files: Files, tiny: tuple[Generator, str]
) -> None:
    damaged = damage(browser.pack(tiny[0]))
    worker = files.put("worker.js", browser.joined("runtime/worker.js").encode())
    result = fresh.evaluate(OPEN, [files.put("damaged.safetensors", damaged), worker, ""])
    assert sentence in result["problem"]
    assert result["problem"].endswith("eload the page.")
