"""Entry point: ``streamlit run streamlit_app.py``, or ``gandash app``."""

import streamlit as st

from gandash.app import first_paint, old_links
from gandash.app.server import MAIN, ROUTES, lifespan

MIDDLEWARE = [*old_links.MIDDLEWARE, *first_paint.MIDDLEWARE]
app = st.App(MAIN, lifespan=lifespan, routes=ROUTES, middleware=MIDDLEWARE)
