"""A generator of another program, from the file to the pad of the Latent space, in Chromium."""

from __future__ import annotations

import io

import pytest
import torch
from playwright.sync_api import FilePayload, Page, expect

from tests.exchange.found import lived
from tests.exchange.test_readings import FAMILIES

pytestmark = pytest.mark.browser


def weights() -> bytes:
    """A generator of 28 pixels: a matrix, enlarged maps, plain convolutions."""
    torch.manual_seed(0)
    held = io.BytesIO()
    torch.save(lived(FAMILIES["enlarged maps, epsilon 0.8"][0](), ()).state_dict(), held)
    return held.getvalue()


def test_a_file_is_chosen_by_eye_opened_and_removed(page: Page, site: str) -> None:
    page.goto(site)
    page.get_by_text("Bring in a generator of another program").click()
    place = page.locator("input[type=file]").first
    broken: FilePayload = {"name": "G.pth", "mimeType": "x/x", "buffer": b"no weights"}
    place.set_input_files(broken)
    expect(page.get_by_text("cannot be read as weights")).to_be_visible()
    page.get_by_test_id("stFileUploader").get_by_role("button", name="Remove").click()
    whole: FilePayload = {"name": "netG.pth", "mimeType": "x/x", "buffer": weights()}
    place.set_input_files(whole)
    first = page.get_by_role("img", name="Samples of way 1:")
    expect(first).to_be_visible()
    page.get_by_role("button", name="Take this one").first.click()
    expect(page.get_by_text("netg is a checkpoint now, on every page.")).to_be_visible()
    page.get_by_role("link", name="Open in Latent space").last.click()
    expect(page.get_by_text("drawn by your machine")).to_be_visible()
    page.goto(site)
    page.get_by_text("Bring in a generator of another program").click()
    page.get_by_role("button", name="1 taken in").click()
    page.get_by_test_id("stPopoverBody").get_by_role("button").click()
    expect(page.get_by_role("button", name="1 taken in")).to_be_hidden()
