"""Headers of every answer: what a page may load, who may show it in a frame, who a visitor is."""

from __future__ import annotations

import secrets
from http.cookies import CookieError, SimpleCookie

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gandash.app.hosting.permissions import limits

VISITOR = "gandash_visitor"
YEAR = 31_536_000
# Streamlit writes styles into the page, compiles what it draws charts with, and loads components
# from blobs; everything else comes from the server itself.
SOURCES = {
    "default-src": "'self'",
    "script-src": "'self' 'unsafe-inline' 'unsafe-eval' 'wasm-unsafe-eval' blob:",
    "style-src": "'self' 'unsafe-inline'",
    "img-src": "'self' data: blob:",
    "media-src": "'self' data: blob:",
    "font-src": "'self' data:",
    "connect-src": "'self' ws: wss: data: blob:",
    "worker-src": "'self' blob:",
    "object-src": "'none'",
    "base-uri": "'self'",
    "form-action": "'self'",
}


class Headers:
    """Put them on every answer, and a cookie on a page whose visitor has none."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        frames = f"'self' {limits().embed}".strip() if limits().embed != "*" else "*"
        policy = "; ".join(f"{name} {value}" for name, value in SOURCES.items())
        self.fixed = {
            b"content-security-policy": f"{policy}; frame-ancestors {frames}".encode(),
            b"x-content-type-options": b"nosniff",
            b"referrer-policy": b"same-origin",
            b"permissions-policy": b"camera=(), microphone=(), geolocation=()",
        }

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self.app(scope, receive, send)
            return
        known = VISITOR in _cookies(scope)

        async def labelled(message: Message) -> None:
            if message["type"] == "http.response.start":
                headers = [pair for pair in message["headers"] if pair[0].lower() not in self.fixed]
                headers += self.fixed.items()
                if not known and is_page(headers):
                    headers.append((b"set-cookie", _new_visitor(scope)))
                message = {**message, "headers": headers}
            await send(message)

        await self.app(scope, receive, labelled)


def is_page(headers: list[tuple[bytes, bytes]]) -> bool:
    """Whether the headers of an answer are those of an HTML page."""
    return any(
        name.lower() == b"content-type" and value.startswith(b"text/html")
        for name, value in headers
    )


def _cookies(scope: Scope) -> SimpleCookie:
    found = SimpleCookie()
    for name, value in scope["headers"]:
        if name == b"cookie":
            try:
                found.load(value.decode("latin-1"))
            except CookieError:
                continue
    return found


def _new_visitor(scope: Scope) -> bytes:
    """A cookie that tells this visitor from others, and nothing else."""
    forwarded = dict(scope["headers"]).get(b"x-forwarded-proto", b"")
    secure = "; Secure" if b"https" in (forwarded, scope.get("scheme", "").encode()) else ""
    token = secrets.token_urlsafe(16)
    cookie = f"{VISITOR}={token}; Path=/; Max-Age={YEAR}; HttpOnly; SameSite=Lax{secure}"
    return cookie.encode()


MIDDLEWARE = [Middleware(Headers)]
