"""The app in a real browser: permalinks, scrubbing, training that survives a closed tab."""

from __future__ import annotations

import re
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote, urljoin

import pytest
from playwright.sync_api import Browser, Locator, Page, expect

from gandash.config import Config
from gandash.storage.paths import PROJECT
from tests.e2e.conftest import is_local, serve, visit
from tests.waiting import PATIENCE

pytestmark = pytest.mark.browser
SCRUBBER = ".scrubber[data-ready=true]"
SOURCES = "[...document.querySelectorAll('img.gd-images')].map(image => image.getAttribute('src'))"
PERMALINKS = {
    "/?gallery_nearest_seed=7&gallery_sort=Name": ("Gallery", "Nearest"),
    "/compare?compare_seed=7&compare_count=16": ("Compare", "First seed"),
    "/curves?curves_runs=two-sided&curves_x=Epoch&curves_smoothing=0.5": ("Loss curves", "Epoch"),
    "/smoothing?smoothing_seed=5&smoothing_alpha=0.2": ("Label smoothing", "What α and β do"),
    "/train?train_preset=Fashion-MNIST&train.epochs=7": ("Train", "The quick run on clothing"),
}


def settle(page: Page) -> None:
    """Wait until the page's script has run."""
    page.locator("h1").wait_for(state="attached")
    expect(
        page.locator('[data-testid="stApp"][data-test-script-state="notRunning"]')
    ).to_be_visible()


def frames_sent(page: Page) -> list[Any]:
    """Everything that the page tells the server from now on, filled as it does."""
    sent: list[Any] = []

    def record(frame: Any) -> None:
        sent.append(frame)

    page.on("websocket", lambda socket: socket.on("framesent", record))
    return sent


def open_frames(page: Page, site: str) -> Locator:
    """The samples of a run's steps, when the page has come to rest."""
    page.goto(f"{site}/curves?curves_runs=plain")
    settle(page)
    canvas = page.locator(f"{SCRUBBER} .tracks canvas")
    canvas.wait_for()
    page.wait_for_timeout(1500)
    return canvas


@pytest.mark.parametrize("link", PERMALINKS)
def test_each_page_opens_from_its_permalink(page: Page, site: str, link: str) -> None:
    """Without an error, and without asking any other host for anything."""
    problems: list[str] = []
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on(
        "requestfailed",
        lambda request: problems.append(request.url) if not is_local(request.url) else None,
    )
    title, text = PERMALINKS[link]
    page.goto(site + link)
    settle(page)
    expect(page.locator("h1")).to_have_text(title)
    expect(page.get_by_text(text).first).to_be_visible()
    expect(page.locator('[data-testid="stException"]')).to_have_count(0)
    kept = dict(part.split("=") for part in link.partition("?")[2].split("&"))
    for key, value in kept.items():
        assert f"{key}={quote(value)}" in page.url, page.url
    assert not problems


def test_curves_and_samples_share_a_step_cursor(page: Page, site: str) -> None:
    """Moved by keys or by the pointer over a curve, in the browser alone; it is in the URL."""
    sent = frames_sent(page)
    page.goto(f"{site}/curves?curves_runs=plain&curves_runs=two-sided")
    settle(page)
    canvas = page.locator(f"{SCRUBBER} .tracks canvas").first
    lines = page.locator(".gd-cursor:visible")
    expect(lines).to_have_count(2)  # of losses and D's outputs; further charts are folded
    page.wait_for_timeout(1500)
    before, end, last = len(sent), left_of(lines.first), canvas.get_attribute("data-position")
    page.locator(f"{SCRUBBER} input").press("ArrowLeft")
    expect(canvas).not_to_have_attribute("data-position", str(last))
    assert left_of(lines.first) < end
    area = page.locator(".st-key-curves_losses .nsewdrag").first.bounding_box()
    assert area is not None
    page.mouse.move(area["x"] + 3, area["y"] + 50)
    page.mouse.move(area["x"] + 5, area["y"] + 50)
    expect(canvas).to_have_attribute(
        "data-position", re.compile("^[01]$")
    )  # the first row of metrics is not step 0
    assert [left_of(line) < (area["x"] + end) / 2 for line in lines.all()] == [True, True]
    expect(page).to_have_url(re.compile("curves_snapshot=[01]"))
    assert len(sent) == before


PHONE = {
    "viewport": {"width": 390, "height": 844}, "has_touch": True, "is_mobile": True,
    "user_agent": "Mozilla/5.0 (Linux; Android 15; Pixel 9) AppleWebKit/537.36 Chrome/140.0 Mobile "
        "Safari/537.36",
}  # fmt: skip


@pytest.mark.parametrize("page", [PHONE], indirect=True)
def test_a_finger_scrolls_over_charts_and_pictures_and_moves_their_step(
    page: Page, site: str
) -> None:
    """Up and down is the page's, across the picture or a tap on either is the step's.

    Nothing zooms.
    """
    page.goto(f"{site}/curves?curves_runs=plain")
    settle(page)
    chart = page.locator(".st-key-curves_losses .nsewdrag").first
    canvas = page.locator(f"{SCRUBBER} .tracks canvas").first
    expect(page.locator(".js-plotly-plot")).to_have_count(2)
    last = canvas.get_attribute("data-position")
    axes = (
        "() => [...document.querySelectorAll('.js-plotly-plot')]"
        ".map(plot => plot._fullLayout.yaxis.range)"
    )
    before = page.evaluate(axes)
    chart.scroll_into_view_if_needed()
    assert drag(page, chart, up=80) > 40
    assert page.evaluate(axes) == before
    assert canvas.get_attribute("data-position") == last
    area = chart.bounding_box()
    assert area is not None
    page.touchscreen.tap(area["x"] + 4, area["y"] + area["height"] / 2)
    expect(canvas).to_have_attribute("data-position", re.compile("^[01]$"))
    tapped = canvas.get_attribute("data-position")
    canvas.scroll_into_view_if_needed()
    assert drag(page, canvas, up=80) > 40
    assert canvas.get_attribute("data-position") == tapped
    assert drag(page, canvas, across=120) == 0
    assert canvas.get_attribute("data-position") not in (tapped, None)


def drag(page: Page, element: Locator, up: int = 0, across: int = 0) -> float:
    """Draw a finger over an element, from its middle; returns by how much the page has scrolled."""
    scrolled = "() => document.querySelector('[data-testid=stMain]').scrollTop"
    before = page.evaluate(scrolled)
    box = element.bounding_box()
    assert box is not None
    x, y = box["x"] + box["width"] / 2, box["y"] + box["height"] / 2
    devtools = page.context.new_cdp_session(page)
    for part in range(11):
        point = {"x": x + across * part / 10, "y": y - up * part / 10}
        kind = "touchMove" if part else "touchStart"
        devtools.send("Input.dispatchTouchEvent", {"type": kind, "touchPoints": [point]})
        page.wait_for_timeout(30)
    devtools.send("Input.dispatchTouchEvent", {"type": "touchEnd", "touchPoints": []})
    page.wait_for_timeout(500)
    return float(page.evaluate(scrolled) - before)


def left_of(element: Locator) -> float:
    box = element.bounding_box()
    assert box is not None
    return box["x"]


def test_widgets_write_the_url_and_the_link_shows_the_same_view(
    page: Page, site: str, browser: Browser
) -> None:
    page.goto(f"{site}/smoothing")
    settle(page)
    before = pictures(page)
    seed = page.locator(".st-key-smoothing_seed input")
    seed.fill("11")
    seed.press("Enter")
    expect(page).to_have_url(re.compile("smoothing_seed=11"))
    page.wait_for_function(
        f"before => JSON.stringify({SOURCES}) !== JSON.stringify(before)", arg=before
    )
    settle(page)
    sources = pictures(page)
    other = visit(browser)
    other.goto(page.url)
    other.wait_for_function(
        f"expected => JSON.stringify({SOURCES}) === JSON.stringify(expected)", arg=sources
    )
    other.context.close()


def test_what_was_side_by_side_in_the_gallery_is_compared(page: Page, site: str) -> None:
    page.goto(f"{site}/?gallery_checkpoints=plain&gallery_checkpoints=two-sided&gallery_seed=7")
    settle(page)
    expect(page.locator("h1")).to_have_text("Compare")
    expect(page.locator(".compare-controls")).to_be_visible()
    assert page.url == (
        f"{site}/compare?compare_checkpoints=plain&compare_checkpoints=two-sided&compare_seed=7"
    )


def pictures(page: Page) -> list[str]:
    """Addresses of the page's pictures at one moment, once there are any."""
    page.locator("img.gd-images").first.wait_for()
    found: list[str] = page.evaluate(SOURCES)
    return found


def test_pictures_are_immutable_and_really_load(page: Page, site: str) -> None:
    page.goto(f"{site}/?gallery_open=plain")
    settle(page)
    first = pictures(page)[0]
    page.wait_for_function(
        "[...document.querySelectorAll('img.gd-images')].every(i => i.naturalWidth > 0)"
    )
    answer = page.request.get(urljoin(page.url, first))
    assert answer.headers["content-type"] == "image/webp"
    assert "immutable" in answer.headers["cache-control"]
    assert page.request.get(f"{site}/assets/{'0' * 64}.webp").status == 404


def test_scrubbing_with_mouse_and_keys_sends_nothing(page: Page, site: str) -> None:
    sent = frames_sent(page)
    canvas = open_frames(page, site)
    before = len(sent)
    box = canvas.bounding_box()
    assert box is not None
    slider = page.locator(f"{SCRUBBER} input")
    last = int(str(slider.get_attribute("max")))
    assert last >= 3
    seen = set()
    for step in range(41):
        page.mouse.move(box["x"] + 1 + step / 40 * (box["width"] - 2), box["y"] + box["height"] / 2)
        page.wait_for_timeout(20)
        seen.add(canvas.get_attribute("data-position"))
    assert seen == {str(position) for position in range(last + 1)}
    slider.focus()
    slider.press("Home")
    for _ in range(2):
        slider.press("ArrowRight")
    expect(canvas).to_have_attribute("data-position", "2")
    slider.press("End")
    expect(canvas).to_have_attribute("data-position", str(last))
    page.wait_for_timeout(500)
    assert len(sent) == before, "scrubbing must not talk to the server"


def test_the_position_is_in_the_url_without_a_message(page: Page, site: str) -> None:
    sent = frames_sent(page)
    canvas = open_frames(page, site)
    before = len(sent)
    canvas.click(position={"x": 60, "y": 50})
    expect(page).to_have_url(re.compile(r"curves_snapshot=\d+"))
    page.wait_for_timeout(500)
    assert len(sent) == before
    shown = canvas.get_attribute("data-position")
    page.reload()
    settle(page)
    expect(page.locator(f"{SCRUBBER} .tracks canvas")).to_have_attribute(
        "data-position", str(shown)
    )


@pytest.mark.parametrize(
    "page", [{"has_touch": True, "viewport": {"width": 390, "height": 844}}], indirect=True
)
def test_a_finger_scrubs_on_a_phone_and_nothing_overflows(page: Page, site: str) -> None:
    for path in ("/", "/latent", "/curves", "/smoothing", "/train"):
        page.goto(site + path)
        settle(page)
        wide = page.evaluate("document.documentElement.scrollWidth > window.innerWidth + 1")
        assert not wide, f"{path} scrolls sideways"
    canvas = open_frames(page, site)
    canvas.scroll_into_view_if_needed()
    box = canvas.bounding_box()
    assert box is not None
    page.touchscreen.tap(box["x"] + 3, box["y"] + 20)
    expect(canvas).to_have_attribute("data-position", "0")


def test_one_cursor_moves_the_samples_of_all_runs(page: Page, site: str) -> None:
    page.goto(f"{site}/smoothing")
    settle(page)
    canvases = page.locator(f"{SCRUBBER} .tracks canvas")
    expect(canvases).to_have_count(3)
    page.get_by_role("slider", name="Training step").press("End")
    last = canvases.first.get_attribute("data-position")
    assert last != "0"
    for canvas in canvases.all():
        expect(canvas).to_have_attribute("data-position", str(last))


def test_training_survives_a_closed_tab(
    browser: Browser,
    site: str,
    image_folder: Path,
    tmp_path: Path,
    tiny_config: Callable[..., Config],
) -> None:
    archive = tmp_path / "squares.zip"
    archive.write_bytes(zip_of(image_folder))
    tab = visit(browser)
    tab.goto(
        f"{site}/train?train.data.size=16&train.batch_size=8&train.network.g_width=4&train.network.d_width=4&train.epochs=100000"
        "&train.report_every=5&train_name=survivor"
    )
    settle(tab)
    tab.get_by_text("Use my own images").click()
    tab.locator('input[type="file"]').set_input_files(archive)
    expect(tab.get_by_role("combobox", name="Dataset")).to_have_value("squares.zip")
    tab.get_by_role("button", name="Start training").click()
    first = wait_for_step(tab, 5)
    link = tab.url
    assert "train_run=survivor" in link
    tab.context.close()

    back = visit(browser)
    back.goto(link)
    settle(back)
    assert wait_for_step(back, first + 5) > first
    back.get_by_role("button", name="Stop").click()
    expect(back.get_by_role("button", name="Resume")).to_be_visible()
    expect(back.get_by_text(re.compile("Stopped at step"))).to_be_visible()
    back.get_by_role("button", name="Resume").click()
    expect(
        back.get_by_text("running", exact=False).first
    ).to_be_visible()  # the page follows it again
    back.get_by_role("button", name="Stop").click()
    expect(back.get_by_role("button", name="Resume")).to_be_visible()
    back.goto(f"{site}/curves?curves_runs=survivor")
    settle(back)
    expect(back.get_by_text("survivor: D", exact=False).first).to_be_visible()
    back.context.close()


def test_a_link_to_a_preset_trains_on_points(page: Page, site: str) -> None:
    page.goto(
        f"{site}/train?train_preset=Mode+collapse+on+a+ring&train.steps=100000&train_name=ring"
    )
    settle(page)
    expect(page.get_by_text("Networks · MLP")).to_be_visible()
    page.get_by_role("button", name="Start training").click()
    wait_for_step(page, 50)
    expect(page.get_by_alt_text("Samples at step")).to_be_visible()
    page.get_by_role("button", name="Stop").click()
    expect(page.get_by_role("button", name="Resume")).to_be_visible()


def zip_of(folder: Path) -> bytes:
    from io import BytesIO
    from zipfile import ZipFile

    buffer = BytesIO()
    with ZipFile(buffer, "w") as archive:
        for path in sorted(folder.rglob("*.png")):
            archive.write(path, path.relative_to(folder))
    return buffer.getvalue()


def wait_for_step(page: Page, least: int) -> int:
    """Wait until the progress says at least this step; returns the step it says."""
    seen = ""
    since = time.monotonic()
    while time.monotonic() - since < PATIENCE:
        said = progress(page).inner_text() if progress(page).count() else ""
        step = re.search(r"Step ([\d,]+) of", said)
        if step and int(step[1].replace(",", "")) >= least:
            return int(step[1].replace(",", ""))
        if said != seen:
            seen = said
            since = time.monotonic()
        page.wait_for_timeout(500)
    pytest.fail(f"The run stands still before step {least}: {seen}")


def progress(page: Page) -> Locator:
    said = re.compile(r"Step|Preparing|Not begun")  # images that are handed in have one, too
    return page.locator('[data-testid="stProgress"]').filter(has_text=said)


def test_a_sample_is_picked_with_mouse_and_keys_and_the_link_shows_it(
    page: Page, site: str
) -> None:
    page.goto(site)
    settle(page)
    tile = page.get_by_role("option", name="Sample 3", exact=True)
    tile.click()
    expect(page).to_have_url(re.compile(r"gallery_sample=3\b"))
    expect(page.get_by_text("In pixels: the nearest is at")).to_be_visible()
    expect(page.locator(".gd-near figure")).to_have_count(6)
    expect(tile).to_have_attribute("aria-selected", "true")
    tile.press("ArrowRight")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile(r"gallery_sample=4\b"))
    page.reload()
    settle(page)
    expect(page.get_by_role("option", name="Sample 4", exact=True)).to_have_attribute(
        "aria-selected", "true"
    )
    expect(page.locator(".gd-near .gd-self img")).to_have_attribute("alt", "Sample 4")


def test_the_server_starts_over_what_ships_and_a_story_leads_to_its_view(
    page: Page, tmp_path: Path
) -> None:
    shipped = [
        path.parent.name
        for path in (PROJECT / "pretrained").glob("*/card.json")
        if not (path.parent / "examples.safetensors").exists()  # translators have their own page
    ]
    with serve(PROJECT / "pretrained", tmp_path / "runs") as url:
        page.goto(url)
        settle(page)
        expect(page.locator(".card img")).to_have_count(len(shipped))
        page.get_by_role("link", name="Mode collapse").click()
        expect(page.locator("h1")).to_have_text("Loss curves")
        expect(page).to_have_url(re.compile(r"/curves\?curves_runs=mnist-failure-collapse"))
        expect(page.get_by_text("D only guesses").first).to_be_visible()
