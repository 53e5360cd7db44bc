"""The latent studio, one component: it runs generators in the visitor's browser."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import streamlit as st

from gandash import browser
from gandash.app.assets import publish
from gandash.browser.page.writing import facts
from gandash.checkpoints import Checkpoint

SCRIPT = Path(__file__).parents[1] / "components" / "studio.js"
PLACE = '<div class="studio-root"></div>'


def studio(found: Sequence[Checkpoint]) -> None:
    """Show the studio over these checkpoints; its state is in the link, with ``latent_`` before."""
    component = st.components.v2.component(
        "gandash_studio", html=PLACE, css=browser.style("studio/studio.css"), js=SCRIPT.read_text()
    )
    script = browser.joined("studio/in_app.js", exports=("mountStudio",))
    worker = browser.joined("runtime/worker.js")
    data = {
        "checkpoints": [facts(checkpoint.card) for checkpoint in found],
        "script": publish(script.encode(), "js"),
        "worker": publish(worker.encode(), "js"),
    }
    component(key="latent_studio", data=data)
