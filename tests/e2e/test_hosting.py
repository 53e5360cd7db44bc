"""Under a path of the server's own, and behind a proxy that strips a prefix: pictures load."""

from __future__ import annotations

import io
import subprocess
import threading
from collections.abc import Iterator
from functools import partial
from http.server import SimpleHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from urllib.parse import urlsplit

import pytest
from playwright.sync_api import Browser, FrameLocator, Page, Response, expect

from gandash import runs
from gandash.runs import execution
from tests.conftest import ConfigFactory
from tests.e2e.conftest import serve, visit
from tests.e2e.stripping_proxy import read_head, stripping_proxy
from tests.e2e.test_browser import SCRUBBER, settle

pytestmark = pytest.mark.browser
PAGES = {"/": "Gallery", "/latent": "Latent space", "/curves": "Loss curves", "/train": "Train"}


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny_config: ConfigFactory) -> Path:
    """A finished run to show, and a stopped one."""
    folder = tmp_path_factory.mktemp("hosted")
    list(execution.execute(runs.create(folder / "pretrained", tiny_config(), "plain")))
    return folder


@pytest.fixture(scope="module", params=["path", "proxy", "both"])
def hosted(request: pytest.FixtureRequest, folder: Path) -> Iterator[str]:
    """The address of the app where it is not at the host's root."""
    base = "" if request.param == "proxy" else "gan/demo"
    with serve(folder / "pretrained", folder / "runs", base) as url:
        if request.param == "path":
            yield url
            return
        there = urlsplit(url)
        with stripping_proxy("/outside", int(there.port or 0)) as outside:
            yield outside + there.path


@pytest.fixture
def answers(browser: Browser) -> Iterator[tuple[Page, list[Response]]]:
    """A visitor, and what was answered to requests for pictures."""
    page = visit(browser)
    seen: list[Response] = []
    page.on("response", lambda it: seen.append(it) if "assets/" in it.url else None)
    yield page, seen
    page.context.close()


def test_pictures_load_on_every_page(hosted: str, answers: tuple[Page, list[Response]]) -> None:
    """From a link to each page, and from one page to the next."""
    page, seen = answers
    for path in PAGES:
        page.goto(hosted + path)
        settle(page)
        check(page, path)
    for path, title in [*PAGES.items(), ("/", "Gallery")]:
        page.get_by_role("link", name=title, exact=True).first.click()
        page.wait_for_url(f"**{urlsplit(hosted).path}{path}*")
        settle(page)
        check(page, path)
    assert len(seen) >= 5
    wrong = {it.url: it.status for it in seen if it.status != 200}
    assert not wrong
    assert all(it.url.startswith(f"{hosted}/assets/") for it in seen)


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A certificate that nobody has signed, with its key."""
    path = tmp_path_factory.mktemp("tls") / "both.pem"
    command = [
        "openssl",
        "req",
        "-x509",
        "-newkey",
        "rsa:2048",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=127.0.0.1",
    ]
    done = subprocess.run(
        [*command, "-keyout", path, "-out", "-"], check=True, capture_output=True, text=True
    )
    path.write_text(path.read_text() + done.stdout)
    return path


@pytest.fixture
def other_site(tmp_path: Path) -> Iterator[tuple[Path, str]]:
    """A folder, and the origin that its files are served from."""
    handler = partial(QuietFiles, directory=str(tmp_path))
    with ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        thread = threading.Thread(target=server.serve_forever, daemon=True)
        thread.start()
        yield tmp_path, f"http://127.0.0.1:{server.server_address[1]}"
        server.shutdown()
        thread.join()


class QuietFiles(SimpleHTTPRequestHandler):
    def log_message(self, *_: object) -> None:
        """Say nothing."""


def test_in_another_sites_frame_behind_https(
    browser: Browser,
    folder: Path,
    certificate: Path,
    other_site: tuple[Path, str],
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The host has let that site show it; another origin of the same files is refused."""
    files, allowed = other_site
    refused = allowed.replace("127.0.0.1", "localhost")
    monkeypatch.setenv("GANDASH_EMBED", allowed)
    with serve(folder / "pretrained", folder / "runs") as url:
        port = int(urlsplit(url).port or 0)
        with stripping_proxy("/outside", port, certificate) as outside:
            (files / "index.html").write_text(f'<iframe src="{outside}/" width=1200 height=900>')
            page = visit(browser, ignore_https_errors=True)
            page.goto(allowed)
            frame = page.frame_locator("iframe")
            expect(frame.get_by_role("heading", name="Gallery")).to_be_visible()
            check_cards(frame)
            cookies = {it["name"]: it for it in page.context.cookies(outside)}
            page.context.unroute_all()
            page.goto(refused)
            expect(page.locator("iframe")).to_be_visible()
            assert not page.frames[1].url.startswith(outside)
            page.context.close()
    assert cookies.get("gandash_visitor", {"secure": True})["secure"]


def test_the_proxy_ends_with_a_connection_that_was_never_used() -> None:
    """Browsers open some ahead of need: one must not keep the proxy reading for ever."""
    assert read_head(io.BytesIO()) == b""
    assert read_head(io.BytesIO(b"GET / HTTP/1.1\r\n")) == b""
    assert read_head(io.BytesIO(b"GET / HTTP/1.1\r\n\r\nrest")) == b"GET / HTTP/1.1\r\n\r\n"


def check(page: Page, path: str) -> None:
    if path == "/":
        check_cards(page)
    if path == "/latent":
        expect(page.locator(".studio-root[data-ready=true]")).to_be_visible()
    if path == "/curves":
        expect(page.locator(SCRUBBER).first).to_be_visible()
        expect(page.locator(".failed")).to_have_count(0)


def check_cards(view: Page | FrameLocator) -> None:
    """The gallery's pictures have come."""
    picture = view.locator("ul.cards img").first
    expect(picture).to_be_visible()
    expect(picture).not_to_have_js_property("naturalWidth", 0)
