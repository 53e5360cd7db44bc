"""Entry point: ``streamlit run streamlit_app.py``, or ``gandash app``."""

import sys

import streamlit as st

from gandash.app import first_paint, old_links
from gandash.app.hosting import headers, limits
from gandash.app.server import MAIN, ROUTES, lifespan
from gandash.jobs import slots

try:
    limits()
    slots.count()
except ValueError as error:
    sys.exit(f"gandash: {error}")
MIDDLEWARE = [*headers.MIDDLEWARE, *old_links.MIDDLEWARE, *first_paint.MIDDLEWARE]
app = st.App(MAIN, lifespan=lifespan, routes=ROUTES, middleware=MIDDLEWARE)
