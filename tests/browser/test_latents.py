"""The studio's arithmetic against Python's, its links and files against readers of their own."""

from __future__ import annotations

import base64
import io
import json
import math
import zipfile
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Page

import gandash
from gandash import latent
from gandash.checkpoints import weights

pytestmark = pytest.mark.browser
LINKS = Path(__file__).with_name("links.json")
CHECKPOINTS = [
    {"name": name, "title": name, "latent": 8, "shape": [1, 16, 16], "classes": []}
    for name in ("plain", "smoothed")
]


def called(page: Page, module: str, name: str, *arguments: Any) -> Any:
    """What a function of a module returns; typed arrays as lists."""
    script = """async ([module, name, args]) => {
      const { [name]: call } = await import(`/${module}`);
      const typed = (value) => Array.isArray(value) && value.every((v) => typeof v === "number")
        ? Float32Array.from(value)
        : Array.isArray(value) ? value.map(typed) : value;
      const result = await call(...args.map(typed));
      return ArrayBuffer.isView(result) ? Array.from(result) : result;
    }"""
    return page.evaluate(script, [module, name, list(arguments)])


def vectors(count: int, size: int = 12) -> torch.Tensor:
    return latent.draw(3, count, size)


@pytest.mark.parametrize("how", ["slerp", "lerp"])
@pytest.mark.parametrize("t", [0.0, 0.3, 0.5, 1.0])
def test_paths_are_pythons(how: str, t: float, blank: Page) -> None:
    a, b = vectors(2)
    expected = (latent.slerp if how == "slerp" else latent.lerp)(a, b, torch.tensor([t]))[0]
    found = called(blank, "studio/latents.js", how, a.tolist(), b.tolist(), t)
    assert np.allclose(found, expected, atol=2e-6)


@pytest.mark.parametrize(("x", "y"), [(0, 0), (1, 0), (0, 1), (1, 1), (0.25, 0.7)])
def test_planes_go_between_four_corners(x: float, y: float, blank: Page) -> None:
    corners = vectors(4)
    share = [torch.tensor([float(value)]) for value in (x, y)]
    a, b, c, d = corners
    above, below = latent.slerp(a, b, share[0])[0], latent.slerp(c, d, share[0])[0]
    expected = {
        "spherical": latent.slerp(above, below, share[1])[0],
        "bilinear": (1 - y) * ((1 - x) * a + x * b) + y * ((1 - x) * c + x * d),
    }
    for how, point in expected.items():
        found = called(blank, "studio/latents.js", "plane", corners.tolist(), x, y, how)
        assert np.allclose(found, point, atol=2e-6)
    if (x, y) in ((0, 0), (1, 1)):
        assert np.allclose(found, corners[3 * x], atol=1e-6)


def test_opposite_vectors_have_no_great_circle(blank: Page) -> None:
    a = vectors(1)[0]
    with pytest.raises(Exception, match="ends that are not opposite"):
        called(blank, "studio/latents.js", "slerp", a.tolist(), (-a).tolist(), 0.5)


def test_a_closed_path_comes_back_and_rests_at_its_keyframes(blank: Page) -> None:
    keys = vectors(3).tolist()

    def at(t: float, **settings: Any) -> Any:
        usual = {"how": "slerp", "closed": True, "ease": False, "hold": 0}
        return called(blank, "studio/latents.js", "along", keys, t, usual | settings)

    assert np.allclose(at(0), keys[0], atol=1e-6)
    assert np.allclose(at(1 / 3), keys[1], atol=1e-5)
    assert np.allclose(at(1), keys[0], atol=1e-6)
    assert np.allclose(at(1, closed=False), keys[2], atol=1e-6)
    assert np.allclose(at(0.1, hold=0.5), keys[0], atol=1e-6)
    assert np.allclose(at(1 / 6, ease=True), at(1 / 6), atol=1e-6), "halfway is halfway"
    assert not np.allclose(at(1 / 12, ease=True), at(1 / 12), atol=1e-3)


def test_the_length_of_gaussian_vectors(blank: Page) -> None:
    """The histogram is the chi density, scaled to 1 at its mode."""
    for size in (1, 2, 32, 100):
        mode = math.sqrt(size - 1)
        for length in (0.5, 1.3, 6.0):
            log = (size - 1) * (math.log(length) - (math.log(mode) if mode else 0))
            expected = math.exp(log - (length**2 - mode**2) / 2)
            found = called(blank, "studio/latents.js", "lengthDensity", length, size)
            assert found == pytest.approx(expected, rel=1e-9)


ROUND_TRIP = """async ([query, checkpoints]) => {
  const { paramsOf, stateOf } = await import("/studio/link.js");
  const read = async (params) => stateOf(params, checkpoints);
  const first = await read(new URLSearchParams(query));
  const params = await paramsOf(first.state);
  const second = await read(new URLSearchParams(params));
  const plain = (state) => JSON.parse(JSON.stringify(state, (_, value) =>
    ArrayBuffer.isView(value) ? Array.from(value) : value));
  return { params, words: first.words, state: plain(first.state), again: plain(second.state) };
}"""


def opened(page: Page, query: str) -> dict[str, Any]:
    """The state that a link asks for, and the link of that state read again."""
    result: dict[str, Any] = page.evaluate(ROUND_TRIP, [query, CHECKPOINTS])
    return result


@pytest.mark.parametrize("number", range(len(json.loads(LINKS.read_text()))))
def test_links_made_earlier_still_open(number: int, blank: Page) -> None:
    """They stand in a file with the states that they meant when they were made."""
    link = json.loads(LINKS.read_text())[number]
    result = opened(blank, link["query"])
    assert not result["words"]
    assert {key: result["state"][key] for key in link["means"]} == link["means"]
    assert result["again"] == result["state"]


def test_a_long_tray_is_packed_and_comes_back(blank: Page) -> None:
    tray = ",".join(str(7919 * n) for n in range(200))
    result = opened(blank, f"tray={tray}")
    assert result["params"]["tray"].startswith("z.")
    assert len(result["params"]["tray"]) < len(tray)
    assert [entry["seed"] for entry in result["again"]["tray"]] == [7919 * n for n in range(200)]


def test_a_vector_in_a_link_is_exact(blank: Page) -> None:
    z = latent.draw(5, 1, 8)[0].numpy()
    text = f"*v{_base64(z.tobytes())}:my%20own"
    entry = opened(blank, f"tray={text}")["again"]["tray"][0]
    assert np.array_equal(np.float32(entry["vector"]), z)
    assert (entry["name"], entry["pinned"]) == ("my own", True)


def _base64(content: bytes) -> str:
    return base64.urlsafe_b64encode(content).decode().rstrip("=")


@pytest.mark.parametrize(
    ("query", "word"),
    [
        ("checkpoint=../../etc", "checkpoint=../../etc"),
        ("a=inf&b=3", "a=inf"),
        ("a=1e309", "a=1e309"),
        ("a=-1", "a=-1"),
        ("a=4294967296", "a=4294967296"),
        ("tray=abc", "tray=abc"),
        ("tray=z.%%%", "tray=z."),
        ("tray=v" + "A" * 12, "tray=vAAA"),
        ("x=inf", "x=inf"),
        ("y=", "y="),
        ("length=-3", "length=-3"),
        ("seconds=1e9", "seconds=1e9"),
        ("view=<script>", "view=<script>"),
        ("keys=" + ",".join(["1"] * 1_000_000), "keys=1,1"),
        ("corners=1,2", "corners=1,2"),
        ("dims=1:4", "dims=1:4"),
        ("dims=-1:1", "dims=-1:1"),
        ("dims=1:inf", "dims=1:inf"),
        ("groups=1", "groups=1"),
    ],
)
def test_nonsense_in_a_link_is_left_out_with_a_word(query: str, word: str, blank: Page) -> None:
    result = opened(blank, query)
    assert len(result["words"]) == 1
    assert word in result["words"][0]
    assert len(result["words"][0]) < 60
    said = called(blank, "studio/link.js", "saidOf", result["words"])
    assert said == f"The link asked for “{result['words'][0]}”, which is not here."
    assert result["again"] == result["state"]


@pytest.mark.parametrize(
    ("text", "sentence"),
    [
        ("{", "It is no JSON"),
        ("[1]", "It holds no latents"),
        ('{"format": "gandash latents", "latents": []}', "It holds no latents"),
        ('{"format": "gandash latents", "latents": [{"seed": -1}]}', "Latent 1 is neither"),
        ('{"format": "gandash latents", "latents": [{"seed": 1}, {"vector": [1, 2]}]}',
         "Latent 2 has 2 entries, and this checkpoint takes 8"),
        ('{"format": "gandash latents", "latents": ' + json.dumps([{"seed": 1}] * 201) + "}",
         "at most 200 entries"),
    ],
)  # fmt: skip
def test_files_that_hold_no_latents_are_one_sentence(text: str, sentence: str, blank: Page) -> None:
    with pytest.raises(Exception, match=sentence):
        called(blank, "studio/tray.js", "readLatents", text, 8)


@pytest.mark.parametrize("colors", [2, 200, 5000])
def test_an_animation_decodes_to_its_frames(colors: int, blank: Page) -> None:
    """Exactly where there are at most 256 colors, else nearly."""
    rng = np.random.default_rng(0)
    palette = rng.integers(0, 256, (colors, 3))
    frames = np.full((5, 20, 30, 4), 255, np.uint8)
    frames[..., :3] = palette[rng.integers(0, colors, (5, 20, 30))]
    content = blank.evaluate(
        """async (frames) => {
          const { writeGif } = await import("/studio/gif.js");
          return Array.from(writeGif(frames.map((it) => Uint8Array.from(it)), 30, 20, 5));
        }""",
        [frame.ravel().tolist() for frame in frames],
    )
    with Image.open(io.BytesIO(bytes(content))) as image:
        assert (image.size, image.n_frames, image.info["duration"]) == ((30, 20), 5, 50)
        for number, frame in enumerate(frames):
            image.seek(number)
            found = np.asarray(image.convert("RGB")).astype(int)
            difference = np.abs(found - frame[..., :3])
            assert difference.max() == 0 if colors <= 256 else difference.mean() < 12


def test_a_large_animation_restarts_its_table_of_codes(blank: Page) -> None:
    rng = np.random.default_rng(1)
    frame = np.full((100, 100, 4), 255, np.uint8)
    frame[..., :3] = rng.integers(0, 256, (100, 100, 1))
    content = blank.evaluate(
        """async (frame) => {
          const { writeGif } = await import("/studio/gif.js");
          return Array.from(writeGif([Uint8Array.from(frame)], 100, 100, 5));
        }""",
        frame.ravel().tolist(),
    )
    with Image.open(io.BytesIO(bytes(content))) as image:
        assert np.array_equal(np.asarray(image.convert("RGB")), frame[..., :3])


def test_a_zip_holds_its_files(blank: Page) -> None:
    content = blank.evaluate(
        """async () => {
          const { writeZip } = await import("/studio/zip.js");
          const files = [["a.txt", Uint8Array.of(104, 105)], ["b.bin", new Uint8Array(3000)]];
          return Array.from(writeZip(files));
        }"""
    )
    with zipfile.ZipFile(io.BytesIO(bytes(content))) as archive:
        assert archive.testzip() is None
        assert archive.read("a.txt") == b"hi"
        assert archive.read("b.bin") == bytes(3000)


@pytest.mark.parametrize("kept", [False, True])
def test_copied_lines_make_the_same_picture(kept: bool, blank: Page) -> None:
    """Of a seed, and of a vector that no seed gives; of a class."""
    checkpoint = gandash.load("mnist-conditional")
    G = weights.load_generator(checkpoint)
    z = latent.draw(7, 1, G.latent_dim) * (0.7 if kept else 1)
    script = """async ([vector, kept]) => {
      const { pythonOf } = await import("/studio/snippets.js");
      const entry = kept ? { vector: Float32Array.from(vector) } : { seed: 7 };
      return pythonOf("mnist-conditional", entry, 3);
    }"""
    lines = blank.evaluate(script, [z[0].tolist(), kept])
    names: dict[str, Any] = {}
    exec(lines, names)
    assert len(lines.splitlines()) <= 3
    expected = latent.generate(G, z, 3)[0, 0].numpy()
    assert np.array_equal(np.asarray(names["image"]).reshape(32, 32), expected)
