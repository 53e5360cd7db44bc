"""What the web server does beside running pages: warm up once, serve assets."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager, suppress
from pathlib import Path

import pandas as pd
import plotly.graph_objects as go
import streamlit as st

from gandash import checkpoints, latent
from gandash.app import assets, generators, told_in_parts, translators
from gandash.app.collecting import collect, collecting, share_heaps
from gandash.app.hosting import routes
from gandash.app.session_values import look_up_one_at_a_time
from gandash.checkpoints import weights
from gandash.jobs import control
from gandash.storage.paths import pretrained_root, runs_root


@asynccontextmanager
async def lifespan(_app: st.App) -> AsyncIterator[None]:
    """What the server does before the first visitor comes."""
    share_heaps()
    look_up_one_at_a_time()
    warm_up()
    print(f"gandash: open {address()} (Ctrl-C ends it)", flush=True)
    async with collecting():
        yield


def address() -> str:
    """Where a browser on this machine finds the app."""
    host = str(st.get_option("server.address") or "localhost")
    if host in ("0.0.0.0", "::", "127.0.0.1"):  # noqa: S104 - listens on all: this machine is one
        host = "localhost"
    base = str(st.get_option("server.baseUrlPath") or "").strip("/")
    scheme = "https" if st.get_option("server.sslCertFile") else "http"
    return f"{scheme}://{host}:{st.get_option('server.port')}/{base}".rstrip("/")


def warm_up() -> None:
    """Import and load what every visitor needs, then freeze it out of the garbage collector's
    sight.
    """
    # What st.cache_data decorates must not be imported before the server has its runtime.
    from gandash.app import cached  # noqa: PLC0415

    cached.use_all_cores()
    go.Figure(go.Scatter(x=[0], y=[0])).to_json()
    pd.DataFrame({"x": [0.0]}).ewm(alpha=0.5).mean()
    found, _ = checkpoints.find(pretrained_root())
    for checkpoint in [each for each in found if each.card.data.kind.latent][:1]:
        with suppress(
            ValueError
        ):  # damaged weights: its card says so, and the server starts nevertheless
            network = weights.load_generator(checkpoint)
            latent.generate(network, latent.draw(0, 16, network.latent_dim))
    control.recover(runs_root())
    collect()


MAIN = str(Path(__file__).with_name("main.py"))
ROUTES = [
    assets.route(),
    *generators.routes(),
    *translators.routes(),
    *told_in_parts.routes(),
    *routes.routes(),
]
