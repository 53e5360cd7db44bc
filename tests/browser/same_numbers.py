"""What the browser makes of latent vectors and images against what torch makes of them.

They are compared in the browser, where pictures need not be spelled out for the way back.
"""

from __future__ import annotations

from collections.abc import Sequence

import torch
from playwright.sync_api import Page
from torch import Tensor, nn

from gandash import latent
from gandash.config import Config
from gandash.data import to_uint8
from gandash.networks import Generator, build_pair
from tests.browser.conftest import Files

ENGINES = {"TypedArrays": "typed_arrays", "WebGL": "webgl"}
SAMPLES = ((0, 0), (7, 1), (2**32 - 1, 2))  # seeds and classes
FEW = SAMPLES[1:2]  # for the engine that the processor has to play the graphics processor for
COMPARE = """async ([url, wanted, module, name, given]) => {
  const { [name]: Engine } = await import(`/runtime/${module}.js`);
  const { readProgram, toPixels, makesPoints, oneClass, withStyles } = await import(
    "/runtime/program.js");
  const { drawLatent } = await import("/runtime/random.js");
  const read = async (from) => (await fetch(from)).arrayBuffer();
  const program = readProgram(await read(url));
  const [channels] = program.shape;
  const expected = new Float32Array(await read(wanted));
  const engine = new Engine(program, document.createElement("canvas"));
  const images = given.images && new Float32Array(await read(given.images));
  const inputOf = (index) => {
    if (images) return [images.slice(index * program.latent, (index + 1) * program.latent), null];
    const [seed, label] = given.samples[index];
    if (given.styled) {
      const [z, other] = [seed, given.styled.seed].map((it) => drawLatent(it, program.latent));
      return [withStyles(program, z, other, given.styled), null];
    }
    return [drawLatent(seed, program.latent), given.shares ?? oneClass(program, label)];
  };
  const numbers = program.shape.reduce((product, side) => product * side, 1);
  let largest = 0;
  for (let index = 0; index * numbers < expected.length; index += 1) {
    const values = engine.make(...inputOf(index));
    const pixels = makesPoints(program) ? null : toPixels(values, channels);
    const opaque = !pixels || pixels.every((value, i) => i % 4 < 3 || value === 255);
    if (!opaque || values.length !== numbers) return Infinity;
    for (let i = 0; i < (pixels ? (3 * numbers) / channels : numbers); i += 1) {
      const [place, c] = [Math.floor(i / 3), i % 3];
      const shown = pixels ? pixels[4 * place + c] : values[i];
      const at = pixels ? place * channels + Math.min(c, channels - 1) : i; // gray is all three
      largest = Math.max(largest, Math.abs(shown - expected[index * numbers + at]));
    }
  }
  engine.close?.();
  return largest;
}"""


class Comparison:
    """Networks in a page of Chromium, which finds what it needs among ``files``."""

    def __init__(self, page: Page, files: Files) -> None:
        self.page = page
        self.files = files

    def of_samples(
        self,
        engine: str,
        packed: bytes,
        G: Generator,
        *,
        samples: Sequence[tuple[int, int]] = SAMPLES,
        shares: list[float] | None = None,
    ) -> float:
        """The largest difference between what the browser makes of ``packed`` and G of
        ``samples``, of 255 where they are images. ``shares`` are those of the classes, in place of
        the one of a sample.
        """
        z = torch.cat([latent.draw(seed, 1, G.latent_dim) for seed, _ in samples])
        labels = torch.tensor([label for _, label in samples]) % G.classes if G.classes else None
        with torch.inference_mode():
            wanted = G(z, labels)
        told = [[seed, label % max(G.classes, 1)] for seed, label in samples]
        return self._difference(engine, packed, wanted, {"samples": told, "shares": shares})

    def of_styles(
        self, engine: str, packed: bytes, wanted: Tensor, seed: int, styled: dict[str, object]
    ) -> float:
        """The same of a picture whose styles are mixed and moved as ``styled`` says: ``seed`` of
        the other latent, ``from`` which stage it has its say, ``psi``, ``moved``.
        """
        return self._difference(engine, packed, wanted, {"samples": [[seed, 0]], "styled": styled})

    def of_translations(
        self, engine: str, packed: bytes, network: nn.Module, images: Tensor
    ) -> float:
        """The same of what a translator makes of images (N, C, S, S) in [-1, 1]."""
        with torch.inference_mode():
            wanted = network(images)
        given = self.files.put("images.f32", _rows(images))
        return self._difference(engine, packed, wanted, {"images": given})

    def _difference(
        self, engine: str, packed: bytes, wanted: Tensor, given: dict[str, object]
    ) -> float:
        url = self.files.put("network.safetensors", packed)
        kept = wanted if wanted.dim() == 2 else to_uint8(wanted)
        expected = self.files.put("expected.f32", _rows(kept))
        arguments = [url, expected, ENGINES[engine], engine, given]
        largest: float = self.page.evaluate(COMPARE, arguments)
        return largest


def _rows(samples: Tensor) -> bytes:
    """Points as they are, images row by row with their channels last, in 32-bit floats."""
    last = samples if samples.dim() == 2 else samples.permute(0, 2, 3, 1)
    return bytes(last.float().contiguous().numpy().tobytes())


def trained(config: Config, shape: tuple[int, ...], classes: int = 0) -> Generator:
    """A generator of full precision whose norms hold the statistics of what they have seen.

    Scales and shifts of classes differ, as after training.
    """
    G, _ = build_pair(config, shape, classes)
    rng = torch.Generator().manual_seed(5)
    for module in G.modules():
        if isinstance(module, torch.nn.Embedding):
            module.weight.data.add_(torch.randn(module.weight.shape, generator=rng) * 0.3)
        if isinstance(module, nn.Conv2d) and not module.weight.any():  # those that begin with 0
            module.weight.data.normal_(0, 0.1, generator=rng)
        if isinstance(module, torch.nn.BatchNorm1d | torch.nn.BatchNorm2d):
            module.momentum = 1.0
    labels = torch.arange(64) % G.classes if G.classes else None
    with torch.no_grad():
        G.train()(latent.draw(3, 64, G.latent_dim), labels)
    return G.eval().requires_grad_(False)
