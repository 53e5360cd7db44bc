"""The style of the pages, in the very first bytes: what comes later finds its place kept.

Streamlit sends a page's style with its first elements, after it has drawn its own. Until then
widths and margins are others, and everything jumps.
"""

from __future__ import annotations

from pathlib import Path

from starlette.middleware import Middleware
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from gandash.app.hosting.headers import is_page

STYLE = Path(__file__).with_name("style.css")
TITLE = b"<title>Streamlit</title>"
STALE = (b"content-length", b"etag", b"last-modified")  # they describe the page without the style
WHOLE = (b"accept-encoding", b"if-none-match", b"if-modified-since")  # a page is asked for plainly


class FirstPaint:
    """Put the style and the title into the page that Streamlit serves."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app
        self.head = f"<title>gandash</title><style>{STYLE.read_text()}</style>".encode()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] != "GET":
            await self.app(scope, receive, send)
            return
        if b"text/html" in dict(scope["headers"]).get(b"accept", b""):
            headers = [pair for pair in scope["headers"] if pair[0] not in WHOLE]
            scope = {**scope, "headers": headers}
        await self.app(scope, receive, _Styled(send, self.head).send)


class _Styled:
    """One answer: a page is held back until it is whole, everything else passes."""

    def __init__(self, send: Send, head: bytes) -> None:
        self._send = send
        self._head = head
        self._start: Message | None = None
        self._body = b""

    async def send(self, message: Message) -> None:
        if message["type"] == "http.response.start" and _is_plain_page(message):
            self._start = message
        elif self._start is None:
            await self._send(message)
        else:
            await self._gather(self._start, message)

    async def _gather(self, start: Message, message: Message) -> None:
        self._body += message.get("body", b"")
        if message.get("more_body"):
            return
        body = self._body.replace(TITLE, self._head, 1)
        headers = [pair for pair in start["headers"] if pair[0].lower() not in STALE]
        length = (b"content-length", str(len(body)).encode())
        await self._send({**start, "headers": [*headers, length]})
        await self._send({"type": "http.response.body", "body": body})


def _is_plain_page(start: Message) -> bool:
    """Whether an answer begins an HTML page that is sent as it is, not compressed."""
    encoded = any(name.lower() == b"content-encoding" for name, _ in start["headers"])
    return start["status"] == 200 and is_page(start["headers"]) and not encoded


MIDDLEWARE = [Middleware(FirstPaint)]
