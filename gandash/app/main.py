"""Navigation over the pages; runs at the start of every page view."""

from __future__ import annotations

from pathlib import Path

import streamlit as st

from gandash.app.hosting import limits
from gandash.app.parts import links
from gandash.app.parts.copy_link import copy_link
from gandash.app.parts.entries import entries
from gandash.app.parts.quoted import in_markdown
from gandash.app.parts.refusals import forget_elsewhere

HERE = Path(__file__).parent

st.set_page_config(page_title="gandash", page_icon=str(HERE / "icon.svg"), layout="wide")
st.logo(str(HERE / "logo.svg"), size="large")

pages = [
    st.Page(
        HERE / "views" / "gallery.py", title="Gallery", icon=":material/grid_view:", default=True
    ),
    st.Page(
        HERE / "views" / "latent.py",
        title="Latent space",
        icon=":material/timeline:",
        url_path="latent",
    ),
    st.Page(
        HERE / "views" / "compare.py",
        title="Compare",
        icon=":material/compare:",
        url_path="compare",
    ),
    st.Page(
        HERE / "views" / "translate.py",
        title="Translate",
        icon=":material/brush:",
        url_path="translate",
    ),
    st.Page(
        HERE / "views" / "curves.py",
        title="Loss curves",
        icon=":material/show_chart:",
        url_path="curves",
    ),
    st.Page(
        HERE / "views" / "smoothing.py",
        title="Label smoothing",
        icon=":material/tune:",
        url_path="smoothing",
    ),
    st.Page(
        HERE / "views" / "playground.py",
        title="Playground",
        icon=":material/scatter_plot:",
        url_path="playground",
    ),
    st.Page(HERE / "views" / "learn.py", title="Learn", icon=":material/school:", url_path="learn"),
    st.Page(
        HERE / "views" / "train.py",
        title="Train",
        icon=":material/model_training:",
        url_path="train",
    ),
]
shown = st.navigation(pages, position="top")
forget_elsewhere(shown.url_path)
entries()
copy_link()
links.tell()
if banner := limits().banner:
    st.info(in_markdown(banner), icon=":material/campaign:")
try:
    shown.run()
finally:  # also where the page ends early
    links.settle()
