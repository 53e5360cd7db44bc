"""Links that were made with earlier versions still open; ``old_links.json`` keeps some."""

from __future__ import annotations

import asyncio
import json
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, parse_qsl, quote

import pytest
from starlette.types import Message, Receive, Scope, Send

from gandash.app import old_links
from gandash.app.old_links import TODAY, OldLinks, moved, translated
from gandash.app.parts.config_form import FIELDS, key_of
from tests.app.test_pages import assert_fine
from tests.app.visiting import visit

LINKS: list[dict[str, Any]] = json.loads(Path(__file__).with_name("old_links.json").read_text())


@pytest.mark.parametrize("case", LINKS, ids=lambda case: case["link"][:50])
def test_an_old_link_fills_the_form(
    case: dict[str, Any], runs_root: Path, pretrained_root: Path
) -> None:
    asked = dict(parse_qsl(translated(case["link"]), keep_blank_values=True))
    assert not asked.keys() & TODAY.keys()
    app = visit("train", **asked)
    assert_fine(app, "train")
    shown = {key: app.session_state[key] for key in case["shows"]}
    assert shown == case["shows"]
    said = "".join(toast.value for toast in app.toast)
    refused = case.get("refused", 0)
    assert said.startswith("The link asked for " if refused else "")
    assert said.count("“") == min(refused, 3)
    assert (f"and {refused - 3} more" in said) == (refused > 3)


def test_every_old_name_is_a_setting_of_today() -> None:
    assert set(TODAY.values()) <= {key_of(name) for name in FIELDS}
    assert len(set(TODAY.values())) == len(TODAY) == 51


@pytest.mark.parametrize(
    ("query", "today"),
    [
        ("", ""),
        ("gallery_seed=7&x=%20", "gallery_seed=7&x=%20"),
        ("train.loss.alpha=0.1", "train.loss.alpha=0.1"),
        ("train_alpha=0.1&train_preset=A+b", "train.loss.alpha=0.1&train_preset=A+b"),
        ("train_alpha=0.1&train.loss.alpha=0.2", "train.loss.alpha=0.2"),
        ("train_steps=&train_color=grey", "train.steps=&train.data.color=gray"),
        ("train_name=%3Cb%3E%26&train_seed=1", "train_name=%3Cb%3E%26&train.seed=1"),
    ],
)
def test_a_query_is_put_into_the_names_of_today(query: str, today: str) -> None:
    assert translated(query) == today
    assert translated(today) == today


def answered(query: str, method: str = "GET", path: str = "/train") -> list[Message]:
    """What the server says to a request, where the app says "page"."""
    said: list[Message] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        await send({"type": "http.response.body", "body": b"page"})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        said.append(message)

    scope = {
        "type": "http",
        "method": method,
        "path": path,
        "query_string": query.encode(),
        "headers": [],
    }
    asyncio.run(OldLinks(app)(scope, receive, send))
    return said


def test_an_old_link_is_answered_with_the_way_to_the_same_page() -> None:
    start = answered("train_epochs=3")[0]
    assert start["status"] == 307
    assert dict(start["headers"])[b"location"] == b"?train.epochs=3"
    for query, method in (("train.epochs=3", "GET"), ("", "GET"), ("train_epochs=3", "POST")):
        assert answered(query, method) == [{"type": "http.response.body", "body": b"page"}]


def test_the_way_leads_nowhere_else() -> None:
    start = answered(f"train_epochs=3&x={quote('//elsewhere.example/')}")[0]
    location = dict(start["headers"])[b"location"]
    assert location.startswith(b"?")
    assert b"\n" not in location


@pytest.mark.parametrize(
    ("link", "today"),
    [
        (
            "gallery_checkpoints=a&gallery_checkpoints=b&gallery_seed=7&gallery_count=16",
            "compare_checkpoints=a&compare_checkpoints=b&compare_seed=7&compare_count=16",
        ),
        ("gallery_count=144", "compare_count=24"),
        ("gallery_count=many&gallery_class=right", "compare_count=many"),
        ("gallery_seed=&x=%20", "compare_seed=&x=+"),
        ("gallery_seed=7&gallery_open=a", None),
        ("gallery_sort=Name", None),
        ("compare_seed=7", None),
        ("", None),
    ],
)
def test_what_stood_side_by_side_in_the_gallery_is_compared(link: str, today: str | None) -> None:
    assert moved(link) == today


@pytest.mark.parametrize(
    ("base", "path", "way"),
    [
        ("", "/", b"compare?compare_seed=7"),
        ("", "/gallery", b"compare?compare_seed=7"),
        ("/gan/demo", "/gan/demo/", b"compare?compare_seed=7"),
        ("/gan/demo", "/gan/demo", b"demo/compare?compare_seed=7"),
        ("", "/curves", None),
        ("", "/assets/x.webp", None),
    ],
)
def test_a_link_to_the_gallery_leads_to_compare_below_any_path(
    base: str, path: str, way: bytes | None, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(old_links, "base_path", lambda: base)
    start = answered("gallery_seed=7", path=path)[0]
    assert dict(start.get("headers", [])).get(b"location") == way


def test_an_old_link_of_the_gallery_shows_the_same_checkpoints(arms: Path) -> None:
    query = moved("gallery_checkpoints=two-sided&gallery_checkpoints=plain&gallery_seed=7")
    assert query is not None
    app = visit("compare", **parse_qs(query))
    assert_fine(app, "compare")
    assert app.multiselect(key="compare_checkpoints").value == ["two-sided", "plain"]
    assert app.number_input(key="compare_seed").value == 7
    assert not app.toast
