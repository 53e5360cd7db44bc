"""Back, forward and reload on every page: one entry an action, each restoring what it showed."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

import pytest
from playwright.sync_api import Locator, Page, expect

from tests.e2e.test_browser import SCRUBBER, settle

pytestmark = pytest.mark.browser


def numbered(key: str, value: int) -> Callable[[Page], None]:
    """Type a number into a widget."""

    def act(page: Page) -> None:
        field = page.locator(f".st-key-{key} input")
        field.fill(str(value))
        field.press("Enter")

    return act


def pressed(name: str, role: str = "radio") -> Callable[[Page], None]:
    """Press the button or choice of a name."""

    def act(page: Page) -> None:
        page.get_by_role(role, name=name, exact=True).click()  # type: ignore[arg-type]

    return act


@dataclass(frozen=True)
class Action:
    """What a visitor does, and how the address says so afterwards."""

    act: Callable[[Page], None]
    says: str


ACTIONS = {
    "": [
        Action(numbered("gallery_nearest_seed", 11), "gallery_nearest_seed=11"),
        Action(pressed("Sample 3", "option"), "gallery_sample=3"),
    ],
    "curves": [
        Action(pressed("Epoch"), "curves_x=Epoch"),
        Action(lambda page: page.get_by_text("Log scale").click(), "curves_log=true"),
    ],
    "smoothing": [Action(numbered("smoothing_seed", 5), "smoothing_seed=5")],
    "train": [Action(numbered("train-seed", 7), "train.seed=7")],
}


# Values of the page's numbers and choices.
STATE = (
    "[...document.querySelectorAll('input[type=number], [role=radio], input[type=checkbox]')]"
    ".map(it => [it.value, it.checked, it.ariaChecked])"
)


def entries(page: Page) -> int:
    return int(page.evaluate("history.length"))


@pytest.mark.parametrize("path", ACTIONS)
def test_every_action_is_one_entry_and_back_forward_and_reload_restore_it(
    page: Page, site: str, path: str
) -> None:
    page.goto(f"{site}/{path}")
    settle(page)
    page.wait_for_timeout(1000)
    addresses = [page.url]
    for action in ACTIONS[path]:
        before = entries(page)
        action.act(page)
        expect(page).to_have_url(re.compile(re.escape(action.says)))
        settle(page)
        page.wait_for_timeout(500)
        assert entries(page) == before + 1, page.url
        addresses.append(page.url)
    shown = page.evaluate(f"JSON.stringify({STATE})")
    for address in reversed(addresses[:-1]):
        page.go_back()
        expect(page).to_have_url(address)
        settle(page)
    for address in addresses[1:]:
        page.go_forward()
        expect(page).to_have_url(address)
        settle(page)
    page.wait_for_function(f"shown => JSON.stringify({STATE}) === shown", arg=shown)
    page.reload()
    settle(page)
    expect(page).to_have_url(addresses[-1])
    page.wait_for_function(f"shown => JSON.stringify({STATE}) === shown", arg=shown)


def test_a_change_of_page_is_one_entry_and_leads_back_to_the_view(page: Page, site: str) -> None:
    page.goto(site)
    settle(page)
    numbered("gallery_nearest_seed", 11)(page)
    expect(page).to_have_url(re.compile("gallery_nearest_seed=11"))
    settle(page)
    view, before = page.url, entries(page)
    page.get_by_role("link", name="Loss curves").first.click()
    expect(page).to_have_url(f"{site}/curves")
    settle(page)
    page.wait_for_timeout(1000)
    assert entries(page) == before + 1
    page.go_back()
    expect(page).to_have_url(view)
    expect(page.locator(".st-key-gallery_nearest_seed input")).to_have_value("11")


def scrubber(page: Page) -> Locator:
    return page.locator(f"{SCRUBBER} input")


def test_the_frame_under_the_pointer_is_in_the_link_and_adds_no_entry(
    page: Page, site: str
) -> None:
    page.goto(f"{site}/curves?curves_runs=plain")
    settle(page)
    scrubber(page).wait_for()
    before = entries(page)
    scrubber(page).press("Home")
    expect(page).to_have_url(re.compile(r"curves_snapshot=0\b"))
    assert entries(page) == before
    pressed("Epoch")(page)
    expect(page).to_have_url(re.compile("curves_x=Epoch"))
    expect(page).to_have_url(re.compile(r"curves_snapshot=0\b"))
    settle(page)
    scrubber(page).press("End")
    expect(page).not_to_have_url(re.compile("curves_snapshot"))
    page.go_back()
    expect(page).to_have_url(re.compile(r"curves_snapshot=0\b"))
    settle(page)
    canvas = page.locator(f"{SCRUBBER} .tracks canvas")
    expect(canvas).to_have_attribute("data-position", "0")


def test_a_press_puts_the_address_of_the_view_into_the_clipboard(page: Page, site: str) -> None:
    """On every page; without a clipboard the address is shown, to be copied by hand."""
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    for path in ("/curves?curves_x=Epoch", "/train?train.seed=7"):
        page.goto(site + path)
        settle(page)
        page.get_by_role("button", name="Copy link").first.click()
        expect(page.get_by_role("button", name="Link copied")).to_be_visible()
        assert page.evaluate("navigator.clipboard.readText()") == page.url == site + path
    page.evaluate("Object.defineProperty(navigator, 'clipboard', { value: undefined })")
    page.get_by_role("button", name="Copy link").first.click()
    field = page.get_by_label("Link to this view")
    expect(field).to_have_value(page.url)
    field.press("Escape")
    expect(field).to_be_hidden()
