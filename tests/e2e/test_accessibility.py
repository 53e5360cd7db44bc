"""Names, roles and contrast of every page by axe-core, the rules of WCAG 2 A and AA."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from axe_playwright_python.sync_playwright import Axe
from playwright.sync_api import Browser

from tests.e2e.conftest import serve, visit
from tests.e2e.test_browser import settle

pytestmark = pytest.mark.browser
SHIPPED = Path(__file__).parents[2] / "pretrained"
LESSON = "learn?lesson=4&lesson_4_answer=2"
PAGES = ("", "latent", "compare", "translate", "curves", "smoothing", "playground", LESSON, "train")
RULES = {"runOnly": ["wcag2a", "wcag2aa"]}


@pytest.fixture(scope="module")
def shipped(tmp_path_factory: pytest.TempPathFactory) -> Iterator[str]:
    """A server over the shipped checkpoints."""
    with serve(SHIPPED, tmp_path_factory.mktemp("runs")) as url:
        yield url


def test_no_page_breaks_a_rule(browser: Browser, shipped: str) -> None:
    """Light, and dark without loading it anew."""
    page = visit(browser, color_scheme="light")
    broken = {}
    for path in PAGES:
        page.goto(f"{shipped}/{path}")
        settle(page)
        for scheme in ("light", "dark"):
            page.emulate_media(color_scheme=scheme)
            page.wait_for_timeout(1500)
            found = Axe().run(page, options=RULES).response["violations"]
            broken |= {(path, scheme, it["id"]): it["nodes"][0]["target"] for it in found}
        page.emulate_media(color_scheme="light")
    page.context.close()
    assert not broken
