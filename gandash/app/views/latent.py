"""Latent space: what a generator makes of the space of its vectors, at the speed of the hand."""

from __future__ import annotations

import streamlit as st

from gandash.app.parts import choose, offline_page, page
from gandash.app.parts.encoded import images_in_z
from gandash.app.parts.studio import studio

MOST_TAKEN = 8

page.header("Latent space")
found = page.checkpoints_or_stop()
studio(found)
images_in_z(found)
with st.expander("Take generators with you", icon=":material/offline_bolt:"):
    titles = choose.titles_of(found)
    taken = st.multiselect(
        "Checkpoints",
        list(titles),
        list(titles)[:1],
        format_func=titles.__getitem__,
        max_selections=MOST_TAKEN,
        key="latent_taken",
    )
    offline_page.offer([item for item in found if item.name in taken], "latent_offline")
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
