"""Train: a form over the config, a queue, and the runs while they go on."""

from __future__ import annotations

import streamlit as st

from gandash.app.hosting import limits
from gandash.app.parts import config_form, page
from gandash.app.parts.run_form import DATASET, form
from gandash.app.parts.run_panel import watch

page.header("Train")
with st.container(key="train_halves"):  # on a phone a run comes before the form
    left, right = st.columns([1, 1.8], gap="medium")
from_link = config_form.key_of(DATASET) not in st.session_state
with left:
    if limits().training == "off":
        page.section("New run")
        st.info(
            "Training is off on this server. On a machine of your own, `pip install gandash` and "
            "`gandash app` open this page with a form here.",
            icon=":material/lock:",
        )
    else:
        form()
with right, st.container(key="train_watch"):  # stays in view beside a long form
    watch()
# A link's values are known only once their widgets are there: what is disabled and titles follow.
if from_link and limits().training != "off":
    st.rerun()
