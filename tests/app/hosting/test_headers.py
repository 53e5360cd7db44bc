"""Headers of answers, for machines and browsers."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from http.cookies import SimpleCookie
from pathlib import Path
from types import SimpleNamespace

import pytest
from starlette.types import Message, Receive, Scope, Send

from gandash.app.hosting import headers, permissions, routes

HTML = (b"content-type", b"text/html; charset=utf-8")


@pytest.fixture(autouse=True)
def fresh(monkeypatch: pytest.MonkeyPatch) -> Iterator[None]:
    """Limits are read once a process: here once a test."""
    permissions.limits.cache_clear()
    yield
    permissions.limits.cache_clear()


def answered(
    given: list[tuple[bytes, bytes]] | None = None, kind: tuple[bytes, bytes] = HTML
) -> dict[str, str]:
    """The headers that reach a browser."""
    said: list[Message] = []

    async def app(_scope: Scope, _receive: Receive, send: Send) -> None:
        start = [kind, (b"X-Content-Type-Options", b"other")]
        await send({"type": "http.response.start", "status": 200, "headers": start})

    async def receive() -> Message:
        return {"type": "http.request"}

    async def send(message: Message) -> None:
        said.append(message)

    scope = {"type": "http", "method": "GET", "headers": given or [], "scheme": "http"}
    asyncio.run(headers.Headers(app)(scope, receive, send))
    found = [(name.decode().lower(), value.decode()) for name, value in said[0]["headers"]]
    assert len(found) == len(dict(found)), "each once"
    return dict(found)


def policy(found: dict[str, str]) -> dict[str, str]:
    parts = (part.strip().split(" ", 1) for part in found["content-security-policy"].split(";"))
    return dict(tuple(part) for part in parts)


def test_a_page_loads_from_its_own_server_alone() -> None:
    found = answered()
    assert found["x-content-type-options"] == "nosniff"
    sources = policy(found)
    assert sources["frame-ancestors"] == "'self'"
    allowed = {source for name, value in sources.items() for source in value.split()}
    assert not [source for source in allowed if "." in source or source in ("*", "http:", "https:")]


@pytest.mark.parametrize("origins", ["*", "https://school.example https://other.example:8443"])
def test_who_may_frame_it_is_the_hosts_choice(
    origins: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("GANDASH_EMBED", origins)
    expected = origins if origins == "*" else f"'self' {origins}"
    assert policy(answered())["frame-ancestors"] == expected


def test_a_visitor_gets_one_cookie_that_scripts_do_not_see() -> None:
    cookie: SimpleCookie = SimpleCookie(answered()["set-cookie"])
    morsel = cookie[headers.VISITOR]
    assert len(morsel.value) >= 20
    assert morsel["httponly"]
    assert morsel["samesite"] == "Lax"
    assert not morsel["secure"]
    assert "set-cookie" not in answered([(b"cookie", f"{headers.VISITOR}=abc".encode())])
    assert "set-cookie" not in answered(kind=(b"content-type", b"image/webp"))
    assert "Secure" in answered([(b"x-forwarded-proto", b"https")])["set-cookie"]
    assert "set-cookie" in answered([(b"cookie", b"\xff=;;bad[]")])


def test_health_and_robots(pretrained_root: Path) -> None:
    health, robots = (route.endpoint for route in routes.routes())
    answer = health(SimpleNamespace())
    assert answer.status_code == 503
    assert json.loads(bytes(answer.body))["checkpoints"] == 0
    assert b"Disallow: /train" in robots(SimpleNamespace()).body
