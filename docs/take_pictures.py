"""Take the pictures of README anew, from the dashboard as it is, with a Chromium and Playwright.

    .venv/bin/python docs/take_pictures.py            # all, into docs/
    .venv/bin/python docs/take_pictures.py gallery    # one
    .venv/bin/python docs/take_pictures.py film       # the film of the pad

They show what ships, at 1440 by 900 pixels, so that anyone gets the same.
"""

from __future__ import annotations

import argparse
import io
import math
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from os import environ
from pathlib import Path

from PIL import Image
from playwright.sync_api import Page, sync_playwright

HERE = Path(__file__).parent
BOOT = (  # drawn by hand
    "AAAAAAAAAAAAAAAAAAAAAAAA_gcAAAIEAAACBAAAAgQAAAIEAAACBAAAAgQAAAEEAAABBAAAAQQAgAAEAIAAB"
    "ADAAAQAIAAEABgABAAEAAQABgAEgAEABGAAAAQQAAAEEAA4CBAAJwgQ4CAI8B_AHwAAAAAAAAAAAAAAAAAAAAA"
)
VIEWS = {
    "gallery": "",
    "latent": "latent?latent_checkpoint=tinyhero-dcgan",
    "curves": "curves?curves_runs=mnist-dcgan&curves_runs=mnist-failure-strong-d",
    "smoothing": "smoothing",
    "compare": "compare?compare_count=8",
    "translate": f"translate?translate_drawn={BOOT}",
    "playground": "playground?play_a=Collapse&play_b=Ring+of+eight&play_step=60",
    "learn": "learn?lesson=7&lesson_7_answer=1",
    "train": "train",
}
FILM = "film"
FILMED = "latent?latent_checkpoint=mnist-dcgan"
FRAMES = 60  # once around the pad
FRAME_MS = 66
FILM_WIDTH = 960
WAIT_SECONDS = 300
CHROMIUM = ["--no-sandbox", "--disable-gpu", "--no-first-run", "--disable-background-networking"]


@contextmanager
def dashboard() -> Iterator[str]:
    """The address of a server with no runs but what ships."""
    with socket.socket() as free, tempfile.TemporaryDirectory() as empty:
        free.bind(("127.0.0.1", 0))
        port = str(free.getsockname()[1])
        free.close()
        server = subprocess.Popen(
            [sys.executable, "-m", "gandash", "app", "--port", port],
            env={**environ, "GANDASH_RUNS": empty},
        )
        url = f"http://127.0.0.1:{port}/"
        try:
            wait_for(f"{url}_stcore/health")
            yield url
        finally:
            server.terminate()
            server.wait()


def wait_for(url: str) -> None:
    """Return when ``url`` answers; ``TimeoutError`` if it does not."""
    deadline = time.monotonic() + WAIT_SECONDS
    while time.monotonic() < deadline:
        try:
            with urllib.request.urlopen(url, timeout=5):  # noqa: S310 - our own server
                return
        except OSError:
            time.sleep(0.5)
    raise TimeoutError(f"the dashboard did not answer within {WAIT_SECONDS} s")


def settle(page: Page) -> None:
    """Wait until nothing loads any more."""
    page.wait_for_selector("[data-testid=stMain]", timeout=1000 * WAIT_SECONDS)
    page.wait_for_load_state("networkidle", timeout=1000 * WAIT_SECONDS)
    running = "document.querySelector('[data-testid=stStatusWidget], [data-testid=stSkeleton]')"
    quiet = 0
    while quiet < 10:
        page.wait_for_timeout(500)
        drawing = page.locator("[data-mount]:not([data-ready=true])").count()
        quiet = 0 if drawing or page.evaluate(f"!!{running}") else quiet + 1


def film(page: Page, path: Path) -> None:
    """The pointer goes once around the pad: an animated WebP of what the page then shows."""
    pad = page.locator(".surface").bounding_box()
    if pad is None:
        raise RuntimeError("the page shows no pad to film")
    middle = (pad["x"] + pad["width"] / 2, pad["y"] + pad["height"] / 2)
    reach = 0.42 * pad["width"]
    seen = {"x": 0, "y": 56, "width": 1440, "height": 664}
    frames = []
    for number in range(FRAMES):
        angle = 2 * math.pi * number / FRAMES
        page.mouse.move(middle[0] + reach * math.cos(angle), middle[1] + reach * math.sin(angle))
        if not number:
            page.mouse.down()
        page.wait_for_timeout(200)
        with Image.open(io.BytesIO(page.screenshot(clip=seen))) as picture:  # type: ignore[arg-type]
            size = (FILM_WIDTH, round(FILM_WIDTH * picture.height / picture.width))
            frames.append(picture.convert("RGB").resize(size, Image.Resampling.LANCZOS))
    first, *rest = frames
    first.save(
        path, save_all=True, append_images=rest, duration=FRAME_MS, loop=0, quality=70, method=6
    )


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "names", nargs="*", help=f"which of {', '.join([*VIEWS, FILM])}; all if not given"
    )
    parser.add_argument("--to", type=Path, default=HERE, help="folder of the pictures")
    chosen = parser.parse_args()
    with dashboard() as url, sync_playwright() as playwright:
        browser = playwright.chromium.launch(
            executable_path=shutil.which("chromium") or shutil.which("google-chrome"), args=CHROMIUM
        )
        for name in chosen.names or [*VIEWS, FILM]:
            page = browser.new_page(
                viewport={"width": 1440, "height": 900}, color_scheme="dark", device_scale_factor=1
            )
            page.goto(url + (FILMED if name == FILM else VIEWS[name]))
            settle(page)
            if name == FILM:
                film(page, chosen.to / "pad.webp")
                page.close()
                continue
            with Image.open(io.BytesIO(page.screenshot())) as picture:
                picture.convert("RGB").save(chosen.to / f"{name}.webp", quality=90, method=6)
            page.close()
        browser.close()


if __name__ == "__main__":
    main()
