"""Save picture: what a view shows, as one PNG that is made when it is asked for."""

from __future__ import annotations

from collections.abc import Sequence

import streamlit as st

from gandash.pictures.raster import beside


def save_picture(pictures: Sequence[bytes], name: str, key: str) -> None:
    """A button that saves encoded pictures beside each other as ``gandash-{name}.png``; none
    without any.
    """
    if pictures:
        st.download_button(
            "Save picture",
            lambda: beside(pictures),
            f"gandash-{name}.png",
            "image/png",
            icon=":material/download:",
            on_click="ignore",
            type="tertiary",
            key=key,
        )
