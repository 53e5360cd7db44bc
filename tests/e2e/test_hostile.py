"""In a real browser: markup in a card is text, and a link may ask for anything."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Page, expect

from gandash import runs
from gandash.checkpoints import CARD
from gandash.config import LossConfig
from gandash.runs import execution
from tests.app.test_what_lies_around import MARKUP
from tests.conftest import ConfigFactory, measured
from tests.e2e.conftest import serve
from tests.e2e.test_browser import settle

pytestmark = pytest.mark.browser
ACTIVE = """() => [
    ...document.querySelectorAll(
        "form, a[href*='e.example'], img[src*='e.example'], img[src='x'], .stMain del"
    ),
    ...[...document.querySelectorAll("style")].filter(it => it.textContent.includes("*{color:")),
].map(it => it.outerHTML.slice(0, 100))"""


@pytest.fixture(scope="module")
def site(tmp_path_factory: pytest.TempPathFactory, tiny_config: ConfigFactory) -> Iterator[str]:
    """A server over two checkpoints, of which one has markup wherever a card takes words."""
    folder = tmp_path_factory.mktemp("hostile")
    for name, alpha in (("plain", 0.0), ("smooth", 0.1)):
        config = tiny_config(loss=LossConfig(alpha=alpha))
        list(execution.execute(runs.create(folder / "pretrained", config, name)))
    mark(folder / "pretrained" / "plain" / CARD)
    with serve(folder / "pretrained", folder / "runs") as url:
        yield url


def mark(path: Path) -> None:
    card = json.loads(path.read_text())
    card |= dict.fromkeys(("title", "device", "note", "arithmetic"), MARKUP)
    card["data"] |= dict.fromkeys(("title", "licence"), MARKUP)
    card["evaluation"] = json.loads(measured(3.0).model_dump_json())
    card["evaluation"]["protocol"]["features"] = MARKUP
    path.write_text(json.dumps(card))


def test_markup_is_shown_as_it_was_written(page: Page, site: str) -> None:
    page.goto(site)
    settle(page)
    heading = page.locator(".stMain strong", has_text="onerror=alert").first
    expect(heading).to_be_visible()
    shown = heading.inner_text().replace("\u2060", "")
    assert shown == MARKUP
    assert page.evaluate(ACTIVE) == []
    page.goto(f"{site}/?gallery_open=plain")
    settle(page)
    opened = page.get_by_role("dialog")
    opened.get_by_text("All facts").first.click()
    expect(opened.get_by_text("onerror=alert").nth(3)).to_be_visible()
    assert page.evaluate(ACTIVE) == []
    for path in ("/latent", "/curves", "/smoothing"):
        page.goto(site + path)
        settle(page)
        assert page.evaluate(ACTIVE) == []


def test_a_link_may_ask_for_anything(page: Page, site: str) -> None:
    """It is said, the page is whole, and from then on the URL follows the widgets again."""
    page.goto(f"{site}/smoothing?smoothing_seed=inf&smoothing_alpha=0.2&smoothing_arms=%3Cb%3E")
    settle(page)
    told = page.get_by_test_id("stToast")
    expect(told).to_contain_text("The link asked for")
    expect(told).to_contain_text("smoothing_seed=inf")
    expect(told).to_contain_text("smoothing_arms=<b>")
    assert page.locator(".stException").count() == 0
    seed = page.get_by_label("Seed", exact=True)
    expect(seed).to_have_value("0")
    page.wait_for_url("**/smoothing?smoothing_alpha=0.2")
    seed.fill("5")
    seed.press("Enter")
    page.wait_for_url("**smoothing_seed=5*")
