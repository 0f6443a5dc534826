"""The script that the server runs for every page: navigation, the sandbox banner, then the page itself."""

import streamlit as st

from core.model.people import Action
from core.ui.links import PAGES
from core.ui.session import actor, desk

# What each page is for; who may not do that does not see it in the menu, and is told so by the page itself.
MENU = (
    ("overview", "Overview", ":material/home:", Action.VIEW_REQUESTS),
    ("submit_request", "Submit", ":material/edit_square:", Action.SUBMIT),
    ("track_requests", "Track", ":material/search:", Action.VIEW_REQUESTS),
    ("retention", "Retention", ":material/auto_delete:", Action.VIEW_PURPOSES),
    ("metrics", "Metrics", ":material/monitoring:", Action.VIEW_METRICS),
    ("audit_log", "Audit log", ":material/history:", Action.VIEW_AUDIT),
    ("connections", "Connections", ":material/hub:", Action.VIEW_CONNECTIONS),
)

# A shield, drawn here and set before the pages' own icons: for those the browser would call a server of Google's.
TAB_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
    '<path fill="#17616e" d="M12 1 3 5v6c0 5.6 3.8 10.7 9 12 5.2-1.3 9-6.4 9-12V5z"/>'
    '<path fill="none" stroke="#fff" stroke-width="2" d="m8 12 3 3 5-6"/></svg>'
)

st.set_page_config(page_icon=TAB_ICON, layout="wide")

person = actor()
page = st.navigation(
    [
        st.Page(
            PAGES / f"{name}.py",
            title=title,
            icon=icon,
            url_path=name,
            default=name == "overview",
            visibility="visible" if person.may(action) else "hidden",
        )
        for name, title, icon, action in MENU
    ],
    position="top",
)
st.set_page_config(page_title=f"{page.title} – Privacy Desk")

if desk().settings.in_sandbox:
    st.info(
        "Sandbox: no vendor is contacted. Configure a connection to work with a real one.", icon=":material/science:"
    )

page.run()
