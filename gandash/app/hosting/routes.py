"""What a host's machines ask for: whether the server is well, and what robots may read."""

from __future__ import annotations

from starlette.requests import Request
from starlette.responses import JSONResponse, PlainTextResponse, Response
from starlette.routing import Route

from gandash import checkpoints
from gandash.app.assets import base_path
from gandash.storage.paths import pretrained_root

KEPT_OUT = ("/assets/", "/generators/", "/discriminators/", "/train")
ROBOTS = "User-agent: *\n" + "".join(f"Disallow: {path}\n" for path in KEPT_OUT)


def _health(_request: Request) -> Response:
    """200 while checkpoints can be read, 503 else; they are read beside the server's own loop."""
    found, broken = checkpoints.find(pretrained_root())
    body = {"checkpoints": len(found), "damaged": len(broken)}
    return JSONResponse(body, 200 if found else 503, headers={"Cache-Control": "no-store"})


def _robots(_request: Request) -> Response:
    return PlainTextResponse(ROBOTS)


def routes() -> list[Route]:
    """Below the path that the server serves the app at."""
    return [Route(f"{base_path()}/health", _health), Route(f"{base_path()}/robots.txt", _robots)]
