"""The dashboard: the only part that imports streamlit."""
