"""The page that needs no server, opened from disk with the network cut."""

from __future__ import annotations

import functools
import http.server
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest
from playwright.sync_api import Browser, Page, expect

from gandash import checkpoints, runs
from gandash.browser import page as pages
from gandash.checkpoints import Checkpoint
from gandash.cli.main import main
from gandash.config import Config
from gandash.runs import execution
from tests.e2e.test_studio import READY, check, made, seed

pytestmark = pytest.mark.browser
HOSTILE = 'plain"><script>alert(1)</script></script>'


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory, tiny_config: Callable[..., Config]) -> Path:
    """Two checkpoints, one of a title that tries to be more."""
    root = tmp_path_factory.mktemp("page") / "pretrained"
    tiny = {"latent_dim": 8, "g_width": 4, "d_width": 4}
    for name, changes in {"plain": {}, "attentive": {"network": tiny | {"attention": 8}}}.items():
        list(execution.execute(runs.create(root, tiny_config(**changes), name)))
    runs_card = checkpoints.load_card(root / "plain")
    hostile = runs_card.model_copy(update={"title": HOSTILE})
    (root / "plain" / "card.json").write_text(hostile.model_dump_json())
    return root


def checkpoint(folder: Path, name: str) -> Checkpoint:
    return Checkpoint(folder / name, checkpoints.load_card(folder / name))


@pytest.fixture
def cut_off(browser: Browser) -> Iterator[tuple[Page, list[str]]]:
    """A visitor without a network, and what went wrong or was asked of others."""
    context = browser.new_context(offline=True)
    context.set_default_timeout(90_000)
    opened = context.new_page()
    problems: list[str] = []
    opened.on("pageerror", lambda error: problems.append(str(error)))
    opened.on("dialog", lambda dialog: problems.append(dialog.message))
    inner = ("file:", "data:", "blob:")
    opened.on(
        "request",
        lambda it: None if it.url.startswith(inner) else problems.append(it.url),
    )
    yield opened, problems
    context.close()


def test_a_file_opens_from_disk_with_the_network_cut(
    folder: Path, tmp_path: Path, cut_off: tuple[Page, list[str]]
) -> None:
    page, problems = cut_off
    path = tmp_path / "page.html"
    size = pages.write_file([checkpoint(folder, "plain")], path)
    assert path.stat().st_size == size
    page.goto(path.as_uri() + "#x=1&y=0")
    page.locator(READY).wait_for()
    check(page.locator(".surface canvas"), made(folder, "plain", seed(14)))
    expect(page.locator(".status")).to_contain_text("drawn by your machine")
    expect(page.locator(".page-cards span")).to_have_text(HOSTILE)
    page.get_by_role("button", name="Path", exact=True).click()
    page.wait_for_url(re.compile("view=path"))
    page.go_back()
    page.locator(".surface").wait_for()
    page.reload()
    page.locator(READY).wait_for()
    check(page.locator(".surface canvas"), made(folder, "plain", seed(14)))
    assert not problems


def test_a_folder_is_the_same_on_a_static_host(
    folder: Path,
    tmp_path: Path,
    browser: Browser,
) -> None:
    pages.write_folder([checkpoint(folder, "plain")], tmp_path / "site")
    handler = functools.partial(QuietHandler, directory=str(tmp_path / "site"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/#view=path&keys=1,2&t=0")
        page.locator(READY).wait_for()
        check(page.locator(".path .stage canvas"), made(folder, "plain", seed(14)))
        page.close()
        server.shutdown()


class QuietHandler(http.server.SimpleHTTPRequestHandler):
    """Without a line for each request."""

    def log_message(self, *_: object) -> None: ...


def test_what_cannot_be_in_a_page_is_one_sentence(
    folder: Path,
    tmp_path: Path,
    monkeypatch: pytest.MonkeyPatch,
    capsys: pytest.CaptureFixture[str],
) -> None:
    monkeypatch.setenv("GANDASH_PRETRAINED", str(folder))
    out = tmp_path / "page.html"
    assert main(["page", "attentive", "-o", str(out)]) == 2
    assert "the browser cannot run 'attentive' (self-attention" in capsys.readouterr().err
    assert not out.exists()
    assert main(["page", "plain", "-o", str(out)]) == 0
    assert out.exists()
    assert "Wrote a page of 1 checkpoint" in capsys.readouterr().out
    assert main(["page", "plain", "--folder", "-o", str(tmp_path / "site")]) == 0
    assert (tmp_path / "site" / "index.html").is_file()


def test_a_page_needs_a_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one checkpoint"):
        pages.write_file([], tmp_path / "page.html")
