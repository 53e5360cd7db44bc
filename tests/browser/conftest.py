"""A Chromium that loads the modules as they lie on disk, from an address without a server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, Route

import gandash.browser

SITE = "http://127.0.0.1:9"
MODULES = Path(gandash.browser.__file__).parent
MEDIA_TYPES = {".js": "text/javascript", ".css": "text/css", ".html": "text/html"}


class Files:
    """What the page finds below ``/files/``, by name."""

    def __init__(self) -> None:
        self.content: dict[str, bytes] = {}

    def put(self, name: str, content: bytes) -> str:
        self.content[name] = content
        return f"/files/{name}"

    def answer(self, route: Route) -> None:
        path = route.request.url.removeprefix(SITE)
        if path == "/":
            route.fulfill(body="<!doctype html><body></body>", content_type="text/html")
        elif path.startswith("/files/") and path[7:] in self.content:
            suffix = Path(path).suffix
            kind = MEDIA_TYPES.get(suffix, "application/octet-stream")
            route.fulfill(body=self.content[path[7:]], content_type=kind)
        elif (MODULES / path[1:]).is_file():
            route.fulfill(path=MODULES / path[1:], content_type="text/javascript")
        else:
            route.fulfill(status=404, body="")


@pytest.fixture(scope="module")
def files() -> Files:
    return Files()


@pytest.fixture(scope="module")
def blank(browser: Browser, files: Files) -> Iterator[Page]:
    """An empty page that can import the modules and fetch ``files``, for all tests of a file."""
    yield from _opened(browser, files)


@pytest.fixture
def fresh(browser: Browser, files: Files) -> Iterator[Page]:
    """As ``blank``, for a test that changes what the page finds in its browser."""
    yield from _opened(browser, files)


def _opened(browser: Browser, files: Files) -> Iterator[Page]:
    context = browser.new_context()
    context.route("**/*", files.answer)
    opened = context.new_page()
    opened.goto(f"{SITE}/")
    yield opened
    context.close()
