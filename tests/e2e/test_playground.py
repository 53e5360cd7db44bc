"""The playground in a real browser: films that play without the server, and links to a frame."""

from __future__ import annotations

import re

import pytest
from playwright.sync_api import Page, expect

from tests.e2e.test_browser import frames_sent

pytestmark = pytest.mark.browser
READY = ".player-root[data-ready=true]"
COLORS = """it => {
  const { data } = it.getContext('2d').getImageData(0, 0, it.width, it.height);
  return new Set(new Uint32Array(data.buffer)).size;
}"""


def open_player(page: Page, address: str) -> None:
    page.goto(address)
    page.locator(READY).wait_for()


def test_it_plays_steps_and_scrubs_without_a_message(page: Page, site: str) -> None:
    sent = frames_sent(page)
    open_player(page, f"{site}/playground?play_step=10")
    root = page.locator(".player-root")
    expect(root).to_have_attribute("data-frame", "10")
    assert page.locator(".scene").evaluate(COLORS) > 50
    page.wait_for_timeout(1500)
    before = len(sent)
    page.get_by_role("button", name="On", exact=True).click()
    expect(root).to_have_attribute("data-frame", "11")
    page.keyboard.press("ArrowLeft")
    page.keyboard.press("ArrowLeft")
    expect(root).to_have_attribute("data-frame", "9")
    page.keyboard.press("End")
    expect(root).to_have_attribute("data-frame", "80")
    page.get_by_role("button", name="Play").click()
    expect(page.get_by_role("button", name="Pause")).to_be_visible()
    expect(root).to_have_attribute("data-frame", re.compile("^[1-9]$"))
    page.get_by_role("button", name="Pause").click()
    page.get_by_role("img", name="Losses", exact=True).click(position={"x": 1, "y": 10})
    expect(root).to_have_attribute("data-frame", re.compile("^[01]$"))
    page.wait_for_timeout(500)
    assert len(sent) == before


def test_the_frame_and_what_is_shown_are_in_the_link(page: Page, site: str) -> None:
    open_player(page, f"{site}/playground?play_a=Collapse&play_b=Two+moons&play_step=30")
    expect(page.locator(".scene")).to_have_count(2)
    page.get_by_role("slider", name="Step").focus()
    page.keyboard.press("ArrowRight")
    page.get_by_text("Grid of z", exact=True).click()
    expect(page).to_have_url(re.compile("play_step=31"))
    expect(page).to_have_url(re.compile("play_shown=(?=.*g)"))
    page.reload()
    page.locator(READY).wait_for()
    expect(page.locator(".player-root")).to_have_attribute("data-frame", "31")
    expect(page.get_by_label("Grid of z", exact=True)).to_be_checked()


def test_another_run_is_shown_when_it_is_chosen(page: Page, site: str) -> None:
    open_player(page, f"{site}/playground?play_step=80")
    expect(page.locator(".facts")).to_contain_text("of 8 modes")
    page.get_by_role("combobox", name="Run").click()
    page.get_by_role("option", name="Two moons").click()
    expect(page.locator(".facts")).not_to_contain_text("modes")
    expect(page.get_by_role("heading", name="Two moons")).to_be_visible()


def test_who_wants_less_motion_sees_the_end(page: Page, site: str) -> None:
    page.emulate_media(reduced_motion="reduce")
    open_player(page, f"{site}/playground")
    expect(page.locator(".player-root")).to_have_attribute("data-frame", "80")
    expect(page.get_by_role("button", name="Play")).to_be_visible()


SMALL = "&".join(f"play.a.network.{it}=4" for it in ("g_width", "d_width"))


def test_points_are_drawn_and_go_with_the_link(page: Page, site: str) -> None:
    """A stroke from the middle to the right: a row of points, two cells apart; then one by keys."""
    open_player(page, f"{site}/playground?play.a.data.dataset=drawn&play_a_points=AA&{SMALL}")
    page.get_by_text("Settings", exact=True).click()
    paper = page.get_by_label("Points: draw with the mouse")
    box = paper.bounding_box()
    assert box is not None
    middle = (box["x"] + box["width"] * 32.5 / 64, box["y"] + box["height"] * 31.5 / 64)
    page.mouse.move(*middle)
    page.mouse.down()
    page.mouse.move(middle[0] + box["width"] * 8 / 64, middle[1], steps=16)
    page.mouse.up()
    expect(page).to_have_url(re.compile("play_a_points=AAggigkgmgog(&|$)"))
    expect(page.get_by_label("Points", exact=True)).to_have_value("AAggigkgmgog")
    paper.focus()
    page.keyboard.press("ArrowUp")
    page.keyboard.press("Space")
    expect(page.locator(".drawn output")).to_have_text("7 points")
    expect(page).to_have_url(re.compile("play_a_points=AAggigkgmgogg"))
    page.get_by_role("button", name="Undo").click()
    expect(page).to_have_url(re.compile("play_a_points=AAggigkgmgog(&|$)"))


def test_new_settings_are_trained_when_asked_for_and_stopped(page: Page, site: str) -> None:
    """Stopped, what was recorded plays; trained again, the whole film."""
    open_player(page, f"{site}/playground?play.a.seed=5&{SMALL}")
    expect(
        page.get_by_text(re.compile("is not trained yet: 2,000 steps take about .* here"))
    ).to_be_visible()
    expect(page.locator(".side h3")).to_have_text("Ring of eight")
    page.get_by_role("button", name="Train", exact=True).click()
    expect(page.get_by_text(re.compile("Training 2,000 steps: about .* left"))).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.locator(".side h3")).to_contain_text(re.compile(r"\(stopped at step [\d,]+\)"))
    expect(page.get_by_text("anew take about")).to_be_visible()
    page.get_by_role("button", name="Train", exact=True).press("Enter")
    expect(page.locator(".side h3")).to_have_text(re.compile("Seed 5$"))
    expect(page.get_by_role("button", name="Train", exact=True)).to_have_count(0)


def test_nonsense_in_place_of_points_is_one_word(page: Page, site: str) -> None:
    open_player(page, f"{site}/playground?play.a.data.dataset=drawn&play_a_points=A*&{SMALL}")
    expect(page.get_by_text("play_a_points=A*")).to_be_visible()
    page.get_by_text("Settings", exact=True).click()
    expect(page.locator(".drawn output")).to_have_text("40 points")
