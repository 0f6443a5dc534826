"""Streamlit that is no page: the shell around the pages and the pieces they share."""
