"""The front page's generator, which the visitor's browser runs."""

from __future__ import annotations

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_browser import frames_sent, settle

pytestmark = pytest.mark.browser
PIXELS = """canvas => Array.from(
    canvas.getContext("2d").getImageData(0, 0, canvas.width, canvas.height).data
)"""


def test_the_pointer_moves_through_the_latent_space_and_the_server_hears_nothing(
    page: Page, site: str
) -> None:
    sent = frames_sent(page)
    page.goto(site)
    settle(page)
    surface = page.locator(".hand .surface")
    canvas = surface.locator("canvas")
    expect(page.locator(".hand output")).to_contain_text("Drawn by your machine")
    middle = canvas.evaluate(PIXELS)
    assert len(set(middle)) > 2, "it is drawn"
    page.wait_for_timeout(1000)
    before = len(sent)
    box = surface.bounding_box()
    assert box is not None
    for share in (0.2, 0.4, 0.6, 0.9):
        page.mouse.move(box["x"] + share * box["width"], box["y"] + 0.25 * box["height"])
    page.wait_for_url("**gallery_x=0.9*gallery_y=0.25*")
    moved = canvas.evaluate(PIXELS)
    assert moved != middle
    surface.focus()
    page.keyboard.press("Shift+ArrowDown")
    page.wait_for_url("**gallery_y=0.35*")
    assert canvas.evaluate(PIXELS) != moved
    assert len(sent) == before, "the server heard nothing"
    kept = canvas.evaluate(PIXELS)
    page.goto(page.url)
    expect(page.locator(".hand output")).to_contain_text("Drawn by your machine")
    assert page.locator(".hand canvas").evaluate(PIXELS) == kept


def test_a_link_to_a_place_that_is_none_shows_the_middle(page: Page, site: str) -> None:
    page.goto(f"{site}/?gallery_x=nan&gallery_y=7")
    settle(page)
    ring = page.locator(".hand .ring")
    expect(ring).to_have_attribute("style", "left: 50%; top: 50%;")
