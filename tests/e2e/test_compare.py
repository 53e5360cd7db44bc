"""The comparison in a real browser: its pictures are torch's, wipes and differences of them."""

from __future__ import annotations

import re
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_browser import frames_sent
from tests.e2e.test_studio import folder, made, seed, shown, site

pytestmark = pytest.mark.browser
__all__ = ["folder", "site"]  # fixtures
READY = ".compare-root[data-ready=true]"
TWO = "compare_checkpoints=plain&compare_checkpoints=seeded&compare_count=4"


def open_compare(page: Page, address: str) -> None:
    page.goto(address)
    page.locator(READY).wait_for()


def test_a_cell_is_what_torch_makes_and_leads_to_the_latent_space(
    page: Page, site: str, folder: Path
) -> None:
    open_compare(page, f"{site}/compare?{TWO}&compare_seed=3&compare_scale=0.5")
    for name in ("plain", "seeded"):
        for number in (3, 6):
            canvas = page.get_by_role("img", name=f"{name}, seed {number}", exact=True)
            expected = made(folder, name, 0.5 * seed(number))
            assert np.abs(shown(canvas) - expected).max() <= 2
    page.get_by_role("img", name="seeded, seed 6", exact=True).click()
    expect(page).to_have_url(re.compile("latent_checkpoint=seeded"))
    page.locator(".studio-root[data-ready=true]").wait_for()
    page.wait_for_timeout(500)
    canvas = page.locator(".stage canvas").first
    assert np.abs(shown(canvas) - made(folder, "seeded", 0.5 * seed(6))).max() <= 3


def test_wipe_and_difference_are_of_both(page: Page, site: str, folder: Path) -> None:
    open_compare(page, f"{site}/compare?{TWO}&compare_view=wipe")
    left, right = (made(folder, name, seed(1)) for name in ("plain", "seeded"))
    tile = page.get_by_role("img", name="Seed 1", exact=True)
    page.wait_for_timeout(300)
    half = left.shape[1] // 2
    assert np.abs(shown(tile)[:, :half] - left[:, :half]).max() <= 2
    assert np.abs(shown(tile)[:, half:] - right[:, half:]).max() <= 2
    sent = frames_sent(page)
    page.get_by_role("button", name="Difference").click()
    expect(page).to_have_url(re.compile("compare_view=difference"))
    page.wait_for_timeout(300)
    assert np.abs(shown(tile) - np.abs(left - right)).max() <= 3
    assert not sent
    page.go_back()
    expect(page.get_by_role("button", name="Wipe")).to_have_attribute("aria-pressed", "true")


def test_a_generator_that_the_browser_does_not_know_is_drawn_by_the_server(
    page: Page, site: str, folder: Path
) -> None:
    open_compare(page, f"{site}/compare?compare_checkpoints=attentive&compare_count=4")
    expect(page.locator(".compare-note")).to_contain_text("drawn by the server")
    canvas = page.get_by_role("img", name="attentive, seed 2", exact=True)
    assert np.abs(shown(canvas) - made(folder, "attentive", seed(2))).max() <= 2


def test_all_is_saved_as_one_picture(page: Page, site: str) -> None:
    open_compare(page, f"{site}/compare?{TWO}")
    with page.expect_download() as saved:
        page.get_by_role("button", name="Save picture").click()
    assert saved.value.suggested_filename == "gandash.png"
    assert Path(saved.value.path()).read_bytes().startswith(b"\x89PNG")
