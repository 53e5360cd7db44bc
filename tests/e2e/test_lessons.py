"""Lessons in a real browser: an answer is an action, and Back takes it back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Locator, Page, expect

pytestmark = pytest.mark.browser


def test_an_answer_moves_the_figure_and_back_takes_it_away(page: Page, site: str) -> None:
    page.goto(f"{site}/learn?lesson=4")
    page.get_by_role("heading", name="4 · Why “non-saturating”?").wait_for()
    page.get_by_text("99 times less").click()
    expect(page.get_by_text("Where G is worst it learns least.")).to_be_visible()
    expect(page).to_have_url(re.compile("lesson_4_answer=2"))
    page.go_back()
    expect(page.get_by_text("Choose first")).to_be_visible()
    expect(page).not_to_have_url(re.compile("lesson_4_answer"))
    page.get_by_role("button", name="Next: 5 · Mode collapse and cures").click()
    expect(page).to_have_url(re.compile("lesson=5"))
    page.locator(".player-root[data-ready=true]").wait_for()


def test_being_the_discriminator_by_keys(page: Page, site: str) -> None:
    """One button is found once: the focus stays on it from round to round."""
    page.goto(f"{site}/learn")
    expect(page.get_by_text("Round 1 of 8.")).to_be_visible()
    real = page.get_by_role("button", name="Real")
    real.focus()
    for number in range(1, 9):
        expect(page.get_by_text(f"Round {number} of 8.")).to_be_visible()
        expect(real).to_be_focused()
        page.keyboard.press("Enter")
    expect(page.get_by_text(re.compile("You: 4 of 8. D: "))).to_be_visible()
    expect(page).to_have_url(re.compile("lesson_1_said=rrrrrrrr"))


OUTLINED = """() => {
  const ring = document.activeElement.closest('label') ?? document.activeElement;
  return parseFloat(getComputedStyle(ring).outlineWidth) >= 2;
}"""


def tab_to(page: Page, wanted: Locator) -> None:
    """Go on by Tab until an element has the focus."""
    for _ in range(40):
        page.keyboard.press("Tab")
        if wanted.evaluate("it => it === document.activeElement"):
            return
    raise AssertionError("Tab does not reach it")


def test_a_lesson_by_keys_alone(page: Page, site: str) -> None:
    """The answer, the figure's slider, the next lesson; the answer is seen to be focused."""
    page.goto(f"{site}/learn?lesson=2")
    tab_to(page, page.get_by_role("radio", name="1: everything looks real"))
    assert page.evaluate(OUTLINED)
    page.keyboard.press("ArrowDown")
    expect(page.get_by_role("heading", name="What happened, and why")).to_be_visible()
    expect(page.get_by_role("radio", name="½ everywhere")).to_be_focused()
    tab_to(page, page.get_by_role("slider", name="Mean of p_g"))
    page.keyboard.press("ArrowLeft")
    expect(page).to_have_url(re.compile("lesson_2_mean=1.9"))
    onward = page.get_by_role("button", name="Next: 3 · Two players")
    tab_to(page, onward)
    assert page.evaluate(OUTLINED)
    page.keyboard.press("Enter")
    expect(page.get_by_role("heading", name="3 · Two players")).to_be_visible()
    expect(page.get_by_role("heading", name="3 · Two players")).to_be_focused()
    page.keyboard.press("Tab")
    assert page.evaluate("document.activeElement.matches('.st-key-lesson_words [type=radio]')")
