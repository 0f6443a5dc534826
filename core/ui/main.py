"""The script that the server runs for every page: sign-in, navigation, banners, then the page itself."""

from collections.abc import Mapping, Sequence

import streamlit as st

from core.model.people import Action
from core.ui import acting, kill_switch, notices, sign_in
from core.ui.links import PAGES
from core.ui.session import actor, desk

# The sections of the menu; the first has no heading and stands on its own. What each page is for: who may not do
# that does not see it in the menu, and is told so by the page itself.
MENU: Mapping[str, Sequence[tuple[str, str, str, Action]]] = {
    "": (("overview", "Overview", ":material/home:", Action.VIEW_REQUESTS),),
    "Requests": (
        ("submit_request", "Submit", ":material/edit_square:", Action.SUBMIT),
        ("submit_batch", "Batches", ":material/upload_file:", Action.VIEW_REQUESTS),
        ("track_requests", "Track", ":material/search:", Action.VIEW_REQUESTS),
        ("approvals", "Approvals", ":material/how_to_reg:", Action.VIEW_REQUESTS),
    ),
    "Retention": (
        ("retention", "Purposes", ":material/auto_delete:", Action.VIEW_PURPOSES),
        ("holds", "Legal holds", ":material/gavel:", Action.VIEW_HOLDS),
    ),
    "Reports": (
        ("notices", "Notices", ":material/notifications:", Action.VIEW_NOTICES),
        ("metrics", "Metrics", ":material/monitoring:", Action.VIEW_METRICS),
        ("audit_log", "Audit log", ":material/history:", Action.VIEW_AUDIT),
    ),
    "Set-up": (
        ("connections", "Connections", ":material/hub:", Action.VIEW_CONNECTIONS),
        ("people", "People", ":material/group:", Action.VIEW_PEOPLE),
    ),
}

# A shield, drawn here and set before the pages' own icons: for those the browser would call a server of Google's.
TAB_ICON = (
    '<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 24 24">'
    '<path fill="#17616e" d="M12 1 3 5v6c0 5.6 3.8 10.7 9 12 5.2-1.3 9-6.4 9-12V5z"/>'
    '<path fill="none" stroke="#fff" stroke-width="2" d="m8 12 3 3 5-6"/></svg>'
)

st.set_page_config(page_title="Privacy Desk", page_icon=TAB_ICON, layout="wide", initial_sidebar_state=220)

# Without anybody signed in, the script ends here: no page is known to Streamlit before somebody may see one.
person = actor(at_the_door=True)
if desk().settings.sign_in is not None:
    sign_in.check_role(desk(), person)
    desk().stay(person)

sections: dict[str, list[st.Page]] = {"": []}
for section, entries in MENU.items():
    for name, title, icon, action in entries:
        seen = person.may(action)
        page = st.Page(
            PAGES / f"{name}.py",
            title=title,
            icon=icon,
            url_path=name,
            default=name == "overview",
            visibility="visible" if seen else "hidden",
        )
        # A section of which nothing is seen would be an empty menu, so what is hidden goes to the one without heading.
        sections.setdefault(section if seen else "", []).append(page)
page = st.navigation(sections, position="top")
st.set_page_config(page_title=f"{page.title} – Privacy Desk")

if desk().settings.sign_in is not None:
    with st.sidebar:
        sign_in.card(desk(), person)
elif desk().settings.in_sandbox:
    with st.sidebar:
        acting.choose()

strip = st.container(horizontal=True, vertical_alignment="center")
with strip:
    if desk().settings.in_sandbox:
        st.info(
            "Sandbox: no vendor is contacted. Configure a connection to work with a real one.",
            icon=":material/science:",
        )
    elif desk().settings.sign_in is None:
        st.warning(
            "Nobody signs in here: whoever uses this machine is the desk's administrator. Set up sign-in before you "
            "let others in.",
            icon=":material/no_accounts:",
        )
    notices.bell(person)
kill_switch.banner(person)

page.run()
