"""Images of one's own in a real Chromium: what is made of them, and what is refused."""

from __future__ import annotations

import io
from typing import Any

import numpy as np
import pytest
from PIL import Image
from playwright.sync_api import Page

from tests.browser.conftest import Files

pytestmark = pytest.mark.browser
SIDE = 16
READ = """async ([url, name, side, gray, inverted, added]) => {
  const { readImage } = await import("/studio/own_image.js");
  const bytes = await (await fetch(url)).arrayBuffer();
  const file = new File([bytes, new Uint8Array(added)], name);
  return Array.from(await readImage(file, side, gray, inverted));
}"""


def encoded(pixels: np.ndarray[Any, Any], kind: str = "png") -> bytes:
    content = io.BytesIO()
    Image.fromarray(pixels).save(content, kind)
    return content.getvalue()


def read(
    page: Page, url: str, *, gray: bool = False, inverted: bool = False, added: int = 0
) -> np.ndarray[Any, Any]:
    """The pixels (side, side, 4) of a file, with so many bytes behind it."""
    values = page.evaluate(READ, [url, "mine.png", SIDE, gray, inverted, added])
    return np.array(values).reshape(SIDE, SIDE, 4)


@pytest.mark.parametrize("shape", [(33, 57), (57, 33), (16, 16), (5, 3), (301, 16)])
def test_any_size_is_cut_to_its_middle_square(
    shape: tuple[int, int], blank: Page, files: Files
) -> None:
    """The middle is green, what lies beyond it on the longer side red."""
    height, width = shape
    least = min(shape)
    pixels = np.zeros((*shape, 3), np.uint8)
    pixels[..., 0] = 255
    top, left = (height - least) // 2, (width - least) // 2
    pixels[top : top + least + 1, left : left + least + 1] = (0, 255, 0)
    made = read(blank, files.put("mine.png", encoded(pixels)))
    inner = made[1:-1, 1:-1]
    assert (inner[..., 1] > 200).all()
    assert (inner[..., 0] < 60).all()
    assert (made[..., 3] == 255).all()


def test_what_is_transparent_lies_on_black(blank: Page, files: Files) -> None:
    pixels = np.full((SIDE, SIDE, 4), 255, np.uint8)
    pixels[:8, :, 3] = 0
    pixels[8:12, :, 3] = 128
    made = read(blank, files.put("mine.png", encoded(pixels)))
    assert (made[:8, :, :3] == 0).all()
    assert np.abs(made[8:12, :, :3] - 128).max() <= 2
    assert (made[12:, :, :3] == 255).all()
    assert (made[..., 3] == 255).all()


def test_gray_is_the_light_of_the_colors_and_can_be_turned_around(
    blank: Page, files: Files
) -> None:
    url = files.put("mine.png", encoded(np.full((SIDE, SIDE, 3), (200, 100, 50), np.uint8)))
    light = round(0.299 * 200 + 0.587 * 100 + 0.114 * 50)
    assert np.abs(read(blank, url, gray=True)[..., :3] - light).max() <= 1
    assert np.abs(read(blank, url, gray=True, inverted=True)[..., :3] - (255 - light)).max() <= 1
    assert (read(blank, url, inverted=True)[0, 0, :3] == (55, 155, 205)).all()


def test_no_image_and_far_too_much_are_one_sentence(blank: Page, files: Files) -> None:
    none = files.put("mine.png", b"no image")
    with pytest.raises(Exception, match=r"mine\.png is no image that this browser can read"):
        read(blank, none)
    with pytest.raises(Exception, match="An image has at most 20 MB, and mine"):
        read(blank, none, added=20_000_001)
    large = files.put("large.png", encoded(np.zeros((7100, 7100), np.bool_)))
    with pytest.raises(Exception, match="has more than 50 million pixels: make it smaller first"):
        read(blank, large)
