"""Images of one's own on the Train page: what is left out is said, and what is refused too."""

from __future__ import annotations

import pytest
from playwright.sync_api import FilePayload, Page, expect

from tests.data.pictures import RGB, blank, encoded, zipped

pytestmark = pytest.mark.browser


def hand_in(page: Page, content: bytes) -> None:
    payload: FilePayload = {"name": "pets.zip", "mimeType": "application/zip", "buffer": content}
    page.locator("input[type=file]").set_input_files(payload)


def test_a_zip_is_chosen_and_what_is_left_out_is_said(page: Page, site: str) -> None:
    page.goto(f"{site}/train")
    page.get_by_text("Use my own images").click()
    hand_in(page, zipped(dict.fromkeys([f"{i}.png" for i in range(120)], blank(4096))))
    said = page.get_by_text(
        "may have 2,000 million pixels in all, and those of 'pets.zip' have more"
    )
    expect(said).to_be_visible()
    pictures = {f"{kind}/{i}.png": encoded(RGB) for kind in ("cats", "dogs") for i in range(2)}
    page.get_by_test_id("stFileUploader").get_by_role("button", name="Remove").click()
    expect(said).to_be_hidden()
    hand_in(page, zipped(pictures | {"cats/broken.png": b"no picture"}))
    expect(page.get_by_text("4 of 5 files used")).to_be_visible()
    expect(page.get_by_role("combobox", name="Dataset")).to_have_value("pets.zip")
