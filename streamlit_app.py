"""Entry point: ``streamlit run streamlit_app.py``, or ``gandash app``."""

import streamlit as st

from gandash.app.old_links import MIDDLEWARE
from gandash.app.server import MAIN, ROUTES, lifespan

app = st.App(MAIN, lifespan=lifespan, routes=ROUTES, middleware=MIDDLEWARE)
