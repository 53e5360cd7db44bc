"""A page without a server, handed out by the app: the same file that the command writes."""

from __future__ import annotations

from pathlib import Path

import pytest
from playwright.sync_api import Page

pytestmark = pytest.mark.browser


@pytest.mark.parametrize("path", ["?gallery_open=plain", "latent"])
def test_a_page_is_downloaded(path: str, site: str, page: Page, tmp_path: Path) -> None:
    page.goto(f"{site}/{path}")
    if path == "latent":
        page.get_by_text("Take generators with you").click()
        button = page.get_by_role("button", name="Download as a page")
    else:
        button = page.get_by_role("dialog").get_by_role("button", name="Download as a page")
    with page.expect_download() as download:
        button.click()
    download.value.save_as(tmp_path / "page.html")
    content = (tmp_path / "page.html").read_text()
    assert content.startswith("<!doctype html>")
    assert 'id="weights-' in content
    assert "http://" not in content.replace("http://www.w3.org", "")
