"""Latent space: what a generator makes of the space of its vectors, at the speed of the hand."""

from __future__ import annotations

import streamlit as st

from gandash.app.parts import page
from gandash.app.parts.studio import studio

page.header("Latent space")
studio(page.checkpoints_or_stop())
with st.expander("What am I looking at?", icon=":material/school:"):
    st.markdown(
        "Each seed draws one latent vector $z \\sim \\mathcal N(0, I)$ with as many entries as the "
        "checkpoint's latent "
        "size. In many dimensions they all have nearly the same length, $\\lVert z\\rVert \\approx "
        "\\sqrt d$.\n\n"
        "- **lerp**, $z_t = (1-t)\\,a + t\\,b$, cuts through the inside of that sphere: halfway "
        "the vector is about "
        "$1/\\sqrt 2$ as long, a place the generator has hardly seen, and images there tend to be "
        "bland.\n"
        "- **slerp** turns the direction at constant speed and keeps the length "
        "([White 2016](https://arxiv.org/abs/1609.04468))."
    )
