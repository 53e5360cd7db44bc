"""Translate in a real browser: a shoe drawn by hand, its link, and what the server tells."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from PIL import Image
from playwright.sync_api import Locator, Page, expect

from gandash import checkpoints
from gandash.checkpoints import Checkpoint, weights
from gandash.data import to_uint8, to_unit
from gandash.data.pairing import edges
from gandash.storage.paths import PROJECT
from tests.e2e.conftest import serve

pytestmark = pytest.mark.browser
NAME = "edges-fashion-pix2pix"
FOLDER = PROJECT / "pretrained" / NAME
SIDE = 32
BOOT = [(17, 4), (26, 4), (26, 22), (28, 27), (22, 27), (21, 24), (12, 27), (4, 27), (4, 23),
        (10, 20), (15, 16), (17, 10), (17, 4)]  # fmt: skip


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over one shipped translator."""
    root = tmp_path_factory.mktemp("site")
    (root / "pretrained").mkdir()
    (root / "pretrained" / NAME).symlink_to(FOLDER)
    with serve(root / "pretrained", root / "runs") as url:
        yield url


def gray(canvas: Locator) -> np.ndarray[Any, Any]:
    """The gray pixels of a canvas (32, 32)."""
    values = canvas.evaluate(
        "it => Array.from(it.getContext('2d').getImageData(0, 0, it.width, it.height).data)"
    )
    return np.array(values, dtype=int).reshape(SIDE, SIDE, 4)[..., 0]


def torchs(source: np.ndarray[Any, Any]) -> np.ndarray[Any, Any]:
    """What torch makes of gray pixels."""
    G = weights.load_translator(Checkpoint(FOLDER, checkpoints.load_card(FOLDER)))
    with torch.inference_mode():
        made = to_uint8(G(to_unit(torch.from_numpy(source).byte()[None, None])))
    return made[0, 0].numpy().astype(int)


def opened(page: Page, address: str) -> tuple[Locator, Locator]:
    page.goto(address)
    expect(page.get_by_text("Translated by your machine")).to_be_visible()
    return page.get_by_label("Source image"), page.get_by_role("img", name="Translation")


def test_what_is_drawn_is_translated_as_torch_does_and_goes_with_the_link(
    page: Page, site: str
) -> None:
    source, made = opened(page, f"{site}/translate")
    page.get_by_role("button", name="Clear").click()
    assert gray(source).min() == 255
    box = source.bounding_box()
    assert box is not None
    places = [(box["x"] + x / SIDE * box["width"], box["y"] + y / SIDE * box["height"])
              for x, y in BOOT]  # fmt: skip
    page.mouse.move(*places[0])
    page.mouse.down()
    for place in places[1:]:
        page.mouse.move(*place, steps=4)
    page.mouse.up()
    expect(page).to_have_url(re.compile("translate_drawn="))
    page.wait_for_timeout(1000)
    drawn = gray(source)
    assert 60 < (drawn == 0).sum() < 140, "an outline of single pixels"
    assert np.abs(gray(made) - torchs(drawn)).max() <= 1
    again, made_again = opened(page, page.url)
    assert np.array_equal(gray(again), drawn)
    assert np.abs(gray(made_again) - torchs(drawn)).max() <= 1
    page.get_by_role("button", name="Undo").click()
    assert not np.array_equal(gray(again), drawn)


def test_a_photograph_becomes_the_lines_that_the_network_learned_from(
    page: Page, site: str, tmp_path: Path
) -> None:
    rng = np.random.default_rng(4)
    rough = Image.fromarray(rng.integers(0, 256, (9, 9)).astype(np.uint8))
    photograph = rough.resize((SIDE, SIDE), Image.Resampling.BICUBIC)
    photograph.save(tmp_path / "photograph.png")
    source, made = opened(page, f"{site}/translate")
    page.locator("input[type=file]").first.set_input_files(tmp_path / "photograph.png")
    expect(page).to_have_url(re.compile("translate_drawn="))
    assert np.array_equal(gray(source), np.asarray(photograph))
    page.get_by_role("button", name="Take its lines").click()
    page.wait_for_timeout(1000)
    lines = edges(torch.from_numpy(np.array(photograph))[None, None])[0, 0].numpy()
    assert 100 < (lines == 0).sum() < 500
    assert np.array_equal(gray(source), lines)
    assert np.abs(gray(made) - torchs(lines)).max() <= 1
    page.get_by_role("button", name="Undo").click()
    assert np.array_equal(gray(source), np.asarray(photograph))


@pytest.mark.parametrize(
    "page",
    [{"has_touch": True, "is_mobile": True, "viewport": {"width": 390, "height": 844}}],
    indirect=True,
)
def test_a_finger_draws_and_back_undoes_one_stroke(page: Page, site: str) -> None:
    """Two strokes and a chosen example are three entries of the history; the page does not
    scroll under the finger.
    """
    source, made = opened(page, f"{site}/translate")
    first = gray(source)
    source.scroll_into_view_if_needed()
    before = page.evaluate("window.scrollY")
    stroke(page, source, [(4, 4), (4, 20)])
    expect(page).to_have_url(re.compile("translate_drawn="))
    one, address = gray(source), page.url
    assert (one[4:20, 4] == 0).all()
    stroke(page, source, [(20, 20), (28, 28)])
    expect(page).not_to_have_url(address)
    two = gray(source)
    assert page.evaluate("window.scrollY") == before
    page.get_by_role("button", name="Example 4", exact=True).click()
    expect(page).to_have_url(re.compile("translate_example=3"))
    page.go_back()
    assert np.array_equal(gray(source), two)
    page.go_back()
    expect(page).to_have_url(address)
    assert np.array_equal(gray(source), one)
    page.wait_for_timeout(1000)
    assert np.abs(gray(made) - torchs(one)).max() <= 1
    page.go_back()
    assert np.array_equal(gray(source), first)
    page.go_forward()
    assert np.array_equal(gray(source), one)
    assert page.evaluate("document.documentElement.scrollWidth") <= 391


def stroke(page: Page, canvas: Locator, places: list[tuple[int, int]]) -> None:
    """A finger that goes from place to place of the image."""
    box = canvas.bounding_box()
    assert box is not None
    at = [
        {"x": box["x"] + (x + 0.5) / SIDE * box["width"],
         "y": box["y"] + (y + 0.5) / SIDE * box["height"]} for x, y in places
    ]  # fmt: skip
    session = page.context.new_cdp_session(page)
    session.send("Input.dispatchTouchEvent", {"type": "touchStart", "touchPoints": [at[0]]})
    for place in at[1:]:
        session.send("Input.dispatchTouchEvent", {"type": "touchMove", "touchPoints": [place]})
    session.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    session.detach()


def test_an_example_shows_its_pair_and_keys_draw(page: Page, site: str) -> None:
    source, made = opened(page, f"{site}/translate?translate_example=3")
    pairs = weights.load_examples(Checkpoint(FOLDER, checkpoints.load_card(FOLDER)))
    assert np.array_equal(gray(source), pairs[3, 0, 0].numpy())
    tile = page.get_by_role("button", name="Example 5")
    tile.click()
    expect(tile).to_have_attribute("aria-pressed", "true")
    expect(page).to_have_url(re.compile("translate_example=4"))
    page.wait_for_timeout(500)
    assert np.abs(gray(made) - torchs(gray(source))).max() <= 1
    page.get_by_role("button", name="Clear").click()
    source.focus()
    page.keyboard.press("Space")
    for _ in range(4):
        page.keyboard.press("ArrowRight")
    assert (gray(source)[16, 16:21] == 0).all()
    assert (gray(source) == 0).sum() == 5


def test_a_picture_is_opened_and_what_is_none_is_said(
    page: Page, site: str, tmp_path: Path
) -> None:
    source, _ = opened(page, f"{site}/translate")
    picture, other = tmp_path / "wide.png", tmp_path / "words.png"
    Image.new("RGB", (64, 32), (0, 0, 0)).save(picture)
    other.write_text("no picture")
    chooser = page.locator(".translate input[type=file]")
    chooser.set_input_files(picture)
    expect(page).to_have_url(re.compile("translate_drawn="))
    assert (gray(source)[10:22] == 0).all()
    assert (gray(source)[:7] == 255).all(), "whole, on white"
    chooser.set_input_files(other)
    expect(page.get_by_text("none that this browser reads")).to_be_visible()


@pytest.mark.parametrize(
    ("path", "method", "said"),
    [
        ("nowhere/there", "GET", "There is no checkpoint 'nowhere'"),
        (f"{NAME}/sideways", "GET", "choose there"),
        (f"{NAME}/back", "GET", "choose there"),
        (f"{NAME}/there/sample", "POST", "An image for"),
    ],
)
def test_what_cannot_be_translated_is_one_sentence(
    page: Page, site: str, path: str, method: str, said: str
) -> None:
    answer = page.request.fetch(f"{site}/translators/{path}", method=method, data=b"1234")
    assert answer.status == 404
    assert said in answer.text()
    assert str(FOLDER) not in answer.text()


def test_the_server_translates_where_the_browser_cannot(page: Page, site: str) -> None:
    source = np.full((SIDE, SIDE), 255)
    source[8:24, 8] = 0
    numbers = (source / 127.5 - 1).astype("<f4").tobytes()
    answer = page.request.post(f"{site}/translators/{NAME}/there/sample", data=numbers)
    pixels = np.frombuffer(answer.body(), np.uint8).reshape(SIDE, SIDE, 4)
    assert np.abs(pixels[..., 0].astype(int) - torchs(source)).max() <= 1
