"""Parts of a page that run in the visitor's browser, from modules that the browser keeps."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path
from typing import Any

import streamlit as st

from gandash import browser
from gandash.app.assets import publish

SCRIPT = Path(__file__).parents[1] / "components" / "in_browser.js"


def in_browser(
    name: str, entry: str, mount: str, style: str, data: Mapping[str, Any], *, key: str
) -> None:
    """Show what ``mount`` of the module ``entry`` (below ``gandash/browser``) makes of ``data``.

    ``name`` is the class of its place, ``{name}-root``, which ``style`` speaks of.
    """
    component = st.components.v2.component(
        f"gandash_{name}",
        html=f'<div class="{name}-root" data-mount></div>',
        css=browser.style(style),
        js=SCRIPT.read_text(),
    )
    script = browser.joined(entry, exports=(mount,))
    component(key=key, data={**data, "mount": mount, "script": publish(script.encode(), "js")})
