"""The page that needs no server, opened from disk with the network cut."""

from __future__ import annotations

import base64
import functools
import http.server
import math
import re
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import numpy as np
import pytest
from playwright.sync_api import Browser, Page, expect

from gandash import checkpoints, runs
from gandash.browser import page as pages
from gandash.checkpoints import Checkpoint
from gandash.cli.main import main
from gandash.config import Config
from gandash.runs import execution
from gandash.storage.paths import PROJECT
from tests.e2e.test_studio import READY, check, logit, made, seed

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


@pytest.fixture(scope="module")
def digits() -> Checkpoint:
    """A shipped one, for whose data there is a classifier."""
    return checkpoint(PROJECT / "pretrained", "mnist-half-dcgan-seed-0")


@pytest.fixture(autouse=True)
def own_runs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What is computed for a page is kept beside the runs."""
    monkeypatch.setenv("GANDASH_RUNS", str(tmp_path / "runs"))


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
    written = pages.write_file([checkpoint(folder, "plain")], path)
    assert path.stat().st_size == written.total
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


def test_d_and_the_directions_of_classes_go_along(
    digits: Checkpoint, tmp_path: Path, cut_off: tuple[Page, list[str]]
) -> None:
    """D's opinion where it was asked for, the directions toward classes wherever there are such,
    the numbers of z ranked by the browser; images of one's own are not offered.
    """
    page, problems = cut_off
    path = tmp_path / "page.html"
    without = pages.write_file([digits], path)
    written = pages.write_file([digits], path, [digits.name])
    assert written.total == path.stat().st_size
    assert written.total - without.total == pytest.approx(written.opinions, rel=0.01)
    page.goto(path.as_uri() + "#x=1&y=0&moves=classes")
    page.locator(READY).wait_for()
    share = 1 / (1 + math.exp(-logit(digits.folder.parent, digits.name, seed(14, 32))))
    expect(page.locator(".opinion output")).to_contain_text(f"D(G(z)) {share:.3f}"[:-1])
    page.get_by_role("button", name="Find them").click()
    page.get_by_label("To 9").fill("2.5")
    expect(page).to_have_url(re.compile("toward=0%2C0%2C0%2C0%2C0%2C0%2C0%2C0%2C0%2C2.5"))
    page.get_by_role("button", name="Numbers").click()
    page.get_by_role("button", name="Rank all 32").click()
    expect(page.get_by_label(re.compile(r"^z\[\d+\]$"))).to_have_count(8)
    expect(page.get_by_role("button", name="Own image")).to_have_count(0)
    expect(page.locator(".page-foot")).to_contain_text("left out here")
    assert not problems


def test_where_d_was_left_out_the_page_says_so(
    folder: Path, digits: Checkpoint, tmp_path: Path, cut_off: tuple[Page, list[str]]
) -> None:
    page, problems = cut_off
    path = tmp_path / "page.html"
    pages.write_file([digits, checkpoint(folder, "plain")], path, ["plain"])
    page.goto(path.as_uri())
    page.locator(READY).wait_for()
    expect(page.locator(".opinion output")).to_contain_text("this page came without its")
    page.get_by_label("Checkpoint", exact=True).select_option("plain")
    expect(page.locator(".opinion output")).to_contain_text("D(G(z)) ")
    assert not problems


def test_a_link_with_a_vector_of_another_length_is_one_sentence(
    folder: Path, tmp_path: Path, cut_off: tuple[Page, list[str]]
) -> None:
    """The rest of the page is there: seeds take the places of what does not fit."""
    page, problems = cut_off
    path = tmp_path / "page.html"
    pages.write_file([checkpoint(folder, "plain")], path)
    vector = base64.urlsafe_b64encode(np.ones(5, "<f4").tobytes()).decode().rstrip("=")
    page.goto(f"{path.as_uri()}#x=0&y=0&dims=99:1&tray=v{vector},14&checkpoint=none")
    page.locator(READY).wait_for()
    expect(page.locator(".notice")).to_contain_text("Vectors of another length than 8 do not fit")
    expect(page.locator(".tray .tile")).to_have_count(2)
    check(page.locator(".surface canvas"), made(folder, "plain", seed(0)))
    assert not problems


def test_a_folder_is_the_same_on_a_static_host(
    folder: Path,
    tmp_path: Path,
    browser: Browser,
) -> None:
    pages.write_folder([checkpoint(folder, "plain")], tmp_path / "site", ["plain"])
    handler = functools.partial(QuietHandler, directory=str(tmp_path / "site"))
    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        page = browser.new_page()
        page.goto(f"http://127.0.0.1:{server.server_port}/#view=path&keys=1,2&t=0")
        page.locator(READY).wait_for()
        check(page.locator(".path .stage canvas"), made(folder, "plain", seed(14)))
        page.get_by_role("button", name="Pad", exact=True).click()
        expect(page.locator(".opinion output")).to_contain_text("D(G(z)) ")
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
    assert main(["page", "plain", "-o", str(out), "--opinions", "other"]) == 2
    assert "'other' is none of them" in capsys.readouterr().err
    (folder / "plain" / "discriminator.safetensors").rename(tmp_path / "D")
    assert main(["page", "plain", "-o", str(out), "--opinions", "plain"]) == 2
    assert "came without its discriminator): leave its opinion out" in capsys.readouterr().err
    (tmp_path / "D").rename(folder / "plain" / "discriminator.safetensors")
    assert main(["page", "plain", "-o", str(out), "--opinions", "plain"]) == 0
    assert out.exists()
    said = capsys.readouterr().out
    assert "Wrote a page of 1 checkpoint" in said
    assert "for D's opinion" in said
    assert main(["page", "plain", "--folder", "-o", str(tmp_path / "site")]) == 0
    assert (tmp_path / "site" / "index.html").is_file()


def test_a_page_needs_a_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="at least one checkpoint"):
        pages.write_file([], tmp_path / "page.html")
