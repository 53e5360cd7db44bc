"""Lessons in a real browser: an answer is an action, and Back takes it back."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

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
    page.goto(f"{site}/learn")
    for number in range(1, 9):
        expect(page.get_by_text(f"Round {number} of 8.")).to_be_visible()
        page.get_by_role("button", name="Real").press("Enter")
    expect(page.get_by_text(re.compile("You: 4 of 8. D: "))).to_be_visible()
    expect(page).to_have_url(re.compile("lesson_1_said=rrrrrrrr"))
