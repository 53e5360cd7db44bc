"""Links that were made by earlier versions: they still open.

Up to version 0.1 a setting's name in the URL was ``train_`` and its last name; now it is the
dotted name, ``train.loss.alpha``. The gallery had checkpoints side by side, which the page Compare
has. Whoever comes by an old link is sent on by the names of today, so that pages know no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from starlette.middleware import Middleware
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from gandash.app.assets import base_path

# By section, the settings that had a key in 0.1. Later ones were never linked so.
SETTINGS: Mapping[str, str] = {
    "data": "dataset size color limit",
    "network": "architecture latent_dim g_width d_width depth g_norm d_norm d_spectral_norm "
    "attention",
    "loss": "objective alpha beta g_form",
    "regularizer": "gradient_penalty r1_gamma r1_every weight_clip instance_noise",
    "collapse": "minibatch minibatch_kernels pack unroll_steps unroll_method unroll_lr",
    "labels": "conditioning g_labels labelled",
    "balance": "d_steps g_steps rule ratio discriminators",
    "optimizer": "method g_lr d_lr adam_beta1 adam_beta2",
    "": "epochs steps batch_size ema seed report_every evaluate_every snapshots precision device",
}
TODAY: Mapping[str, str] = {
    f"train_{name}": ".".join(filter(None, ("train", section, name)))
    for section, names in SETTINGS.items()
    for name in names.split()
}
# What stood side by side in the gallery, by the names of the page that shows it now.
SIDE_BY_SIDE: Mapping[str, str] = {
    "gallery_checkpoints": "compare_checkpoints",
    "gallery_seed": "compare_seed",
    "gallery_count": "compare_count",
}
GONE = "gallery_class"  # Compare asks for a class by its number
GALLERY = "gallery_"
MOST_SEEDS = 24  # the gallery had more of them


def moved(query: str) -> str | None:
    """The query of Compare for a link to what stood side by side in the gallery; None for others.

    A link that asks the gallery for more than that stays there.
    """
    asked = parse_qsl(query, keep_blank_values=True)
    names = {name for name, _ in asked if name.startswith(GALLERY)}
    if not names or not names <= {*SIDE_BY_SIDE, GONE}:
        return None
    return urlencode(
        [
            (SIDE_BY_SIDE.get(name, name), _fewer(value) if name == "gallery_count" else value)
            for name, value in asked
            if name != GONE
        ]
    )


def _fewer(count: str) -> str:
    return str(min(int(count), MOST_SEEDS)) if count.isascii() and count.isdecimal() else count


def translated(query: str) -> str:
    """A query string by the names of today; as it is if it has no old name."""
    asked = parse_qsl(query, keep_blank_values=True)
    names = {name for name, _ in asked}
    if not names & TODAY.keys():
        return query
    return urlencode(
        [
            (TODAY.get(name, name), "gray" if (name, value) == ("train_color", "grey") else value)
            for name, value in asked
            if TODAY.get(name) not in names  # the name of today counts where both are there
        ]
    )


class OldLinks:
    """Answers an old link with the way to the same page, relative to wherever that lies."""

    def __init__(self, app: ASGIApp) -> None:
        self.app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] == "http" and scope["method"] in ("GET", "HEAD"):
            query = scope["query_string"].decode("latin-1")
            if (compared := moved(query)) is not None and (way := _to_compare(scope["path"])):
                await RedirectResponse(f"{way}?{compared}")(scope, receive, send)
                return
            today = translated(query)
            if today != query:
                await RedirectResponse(f"?{today}")(scope, receive, send)
                return
        await self.app(scope, receive, send)


def _to_compare(path: str) -> str:
    """The way from the gallery's address to Compare's, whatever lies before; empty from others."""
    if path.removeprefix(base_path()) not in ("", "/", "/gallery"):
        return ""
    last = path.rpartition("/")[2]
    return "compare" if last in ("", "gallery") else f"{last}/compare"


MIDDLEWARE = [Middleware(OldLinks)]
