"""Links to the form of a new run that were made before its keys had dots: they still open.

Up to version 0.1 a setting's name in the URL was ``train_`` and its last name; now it is the
dotted name, ``train.loss.alpha``. Whoever comes by an old link is sent to the same page by the
names of today, so that the page knows no others.
"""

from __future__ import annotations

from collections.abc import Mapping
from urllib.parse import parse_qsl, urlencode

from starlette.middleware import Middleware
from starlette.responses import RedirectResponse
from starlette.types import ASGIApp, Receive, Scope, Send

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
            today = translated(query)
            if today != query:
                await RedirectResponse(f"?{today}")(scope, receive, send)
                return
        await self.app(scope, receive, send)


MIDDLEWARE = [Middleware(OldLinks)]
