"""Train: a form over the config, a queue, and the runs while they go on."""

from __future__ import annotations

import streamlit as st

from gandash.app.parts import config_form, page
from gandash.app.parts.run_form import DATASET, form
from gandash.app.parts.run_panel import watch

page.header(
    "Train",
    "Train a GAN here and watch it learn. A run has a process of its own: it goes on when you "
    "close this tab, and turns up on the other pages when it is finished. One runs at a time; "
    "further ones wait in the queue.",
)
with st.container(key="train_halves"):  # on a phone a run comes before the form
    left, right = st.columns([1, 1.5], gap="large")
from_link = config_form.key_of(DATASET) not in st.session_state
with left:
    form()
with right:
    watch()
# A link's values are known only once their widgets are there: what is disabled and titles follow.
if from_link:
    st.rerun()
