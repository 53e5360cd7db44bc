"""Images behind immutable, content-addressed URLs, so that a browser or a CDN keeps them.

The store is bounded: the least recently used assets go first, and a page that is shown
again publishes what it needs anew.
"""

from __future__ import annotations

import hashlib
import threading
from collections import OrderedDict

import streamlit as st
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route

MAX_BYTES = 128 * 1024 * 1024
PREFIX = "assets"
MEDIA_TYPES = {
    "webp": "image/webp",
    "png": "image/png",
    "js": "text/javascript",
    "safetensors": "application/octet-stream",
    "gz": "application/gzip",
}


class AssetStore:
    """Bytes by name, least recently used first, never more than ``max_bytes`` in all."""

    def __init__(self, max_bytes: int = MAX_BYTES) -> None:
        self.max_bytes = max_bytes
        self._size = 0
        self._assets: OrderedDict[str, bytes] = OrderedDict()
        self._lock = threading.Lock()

    def put(self, content: bytes, suffix: str) -> str:
        """Keep ``content`` and return its name, ``<sha256>.<suffix>``."""
        name = f"{hashlib.sha256(content).hexdigest()}.{suffix}"
        with self._lock:
            if name not in self._assets:
                self._assets[name] = content
                self._size += len(content)
            self._assets.move_to_end(name)
            while self._size > self.max_bytes and len(self._assets) > 1:
                _, dropped = self._assets.popitem(last=False)
                self._size -= len(dropped)
        return name

    def get(self, name: str) -> bytes | None:
        with self._lock:
            if name in self._assets:
                self._assets.move_to_end(name)
            return self._assets.get(name)


STORE = AssetStore()


def publish(content: bytes, suffix: str = "webp") -> str:
    """The URL under which the browser finds ``content``, relative to the page.

    All pages are one level below the app, wherever that is: at the host's root, under
    ``server.baseUrlPath``, or behind a proxy that strips a prefix which the server never hears of.
    """
    return f"{PREFIX}/{STORE.put(content, suffix)}"


async def _serve(request: Request) -> Response:
    name = request.path_params["name"]
    content = STORE.get(name)
    if content is None:
        return Response(
            "This image is no longer kept: reload the page.",
            status_code=404,
            media_type="text/plain",
        )
    headers = {
        "Cache-Control": "public, max-age=31536000, immutable",
        "X-Content-Type-Options": "nosniff",
    }
    return Response(content, media_type=MEDIA_TYPES[name.rsplit(".", 1)[-1]], headers=headers)


def route() -> Route:
    """Where the server answers, under the path that it serves the app at."""
    return Route(f"{base_path()}/{PREFIX}/{{name}}", _serve)


def base_path() -> str:
    """The path that the server serves the app at; empty for the host's root."""
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    return f"/{base}" if base else ""
