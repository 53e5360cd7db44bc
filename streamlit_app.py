"""Entry point: ``streamlit run streamlit_app.py``."""

import streamlit as st

from gandash.app.server import ROUTES, lifespan

app = st.App("gandash/app/main.py", lifespan=lifespan, routes=ROUTES)
