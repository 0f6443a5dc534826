"""How the purposes of a connection stand at a glance: when they were compared, four numbers, and a chart."""

from datetime import datetime

import plotly.graph_objects as go
import streamlit as st

from core.desk import DeskError
from core.desk.purposes import PurposesAtAGlance
from core.model.people import Action, Actor, NotAllowedError
from core.model.purposes import PurposeStatus
from core.store.purpose_standings import Standing, StandingFilter
from core.ui import charts, session
from core.ui.findings import escape
from core.ui.retention import filters
from core.ui.retention.words import SHORT_WORDS, STATUS_HINTS, STATUS_ICONS
from core.ui.session import desk
from core.ui.words import ago, minute, number

IN_THE_CHART = 8
_PROBLEM = "retention_compare_problem"


def choose(person: Actor) -> PurposesAtAGlance | None:
    """The connection that the page is about; None, having said so, where there is none."""
    glances = {glance.connection: glance for glance in desk().purposes_at_a_glance(person)}
    if not glances:
        st.info(
            "No connected system keeps purposes yet. Configure one, for example with "
            "`PRIVACY_DESK_CONNECTIONS__GENESYS__CLIENT_ID`, and restart the server.",
            icon=":material/hub:",
        )
        return None
    if len(glances) == 1:
        return next(iter(glances.values()))
    chosen = st.selectbox("System", list(glances), key="system", bind="query-params", width=260)
    return glances[chosen]


def compared(person: Actor, glance: PurposesAtAGlance) -> None:
    """When the vendor was last asked, and the button that asks now. Draws the page anew when something has ended."""
    busy = glance.comparing
    st.fragment(_compared, run_every="1s" if busy else "10s")(person, glance.connection, _mark(glance))


def _compared(person: Actor, connection: str, mark: object) -> None:
    glance = next(g for g in desk().purposes_at_a_glance(person) if g.connection == connection)
    if _mark(glance) != mark:
        st.rerun(scope="app")
    now = desk().clock.now()
    with st.container(horizontal=True, vertical_alignment="center"):
        st.markdown(_when(glance, now), width="stretch")
        if person.may(Action.COMPARE_PURPOSES):
            st.button(
                "Comparing …" if glance.comparing else "Compare now",
                key="retention_compare",
                icon=":material/compare_arrows:",
                disabled=glance.comparing or glance.paused,
                on_click=_compare,
                args=(connection,),
            )
    if glance.paused:
        st.warning(
            f"{escape(connection)} is paused: the vendor is neither asked nor changed until somebody resumes it on the "
            "Connections page.",
            icon=":material/pause_circle:",
        )
    if problem := st.session_state.get(_PROBLEM):
        st.error(escape(problem), icon=":material/error:")
    if glance.newest and glance.newest.error and not glance.comparing:
        error = glance.newest.error
        st.error(
            f"**The last comparison, {minute(glance.newest.ended_at)}, failed.** {escape(error.message)} "
            f"{escape(error.advice)}",
            icon=":material/error:",
        )
    for warning in glance.last_good.warnings if glance.last_good else ():
        st.warning(escape(warning), icon=":material/info:")


def _mark(glance: PurposesAtAGlance) -> object:
    """What has to change for the page to be drawn anew."""
    newest = glance.newest
    return (newest.id, newest.ended_at) if newest else None


def _when(glance: PurposesAtAGlance, now: datetime) -> str:
    if glance.comparing:
        return ":material/sync: Reading the vendor's list …"
    last = glance.last_good
    said = f"Compared {ago(last.ended_at, now)}, {minute(last.ended_at)}" if last else "Never compared with the vendor"
    if glance.next_check_at:
        return f"{said}. Next check by itself: {minute(max(glance.next_check_at, now))}."
    return f"{said}. No check by itself is scheduled."


def _compare(connection: str) -> None:
    st.session_state.pop(_PROBLEM, None)
    try:
        desk().ask_comparison(session.actor(), connection)
    except (DeskError, NotAllowedError) as error:
        st.session_state[_PROBLEM] = str(error)


def cards(glance: PurposesAtAGlance) -> None:
    """How many purposes stand how; each number leads to its purposes."""
    shown = [PurposeStatus.IN_FORCE, PurposeStatus.DRIFTED, PurposeStatus.MISSING, PurposeStatus.UNDECLARED]
    shown += [s for s in (PurposeStatus.AMBIGUOUS, PurposeStatus.NOT_COMPARED) if glance.counts[s]]
    grid = st.grid(len(shown), min_column_width=170)
    for status in shown:
        with grid.cell(), st.container(border=True, height="stretch", gap="xsmall"):
            st.metric(
                SHORT_WORDS[status],
                number(glance.counts[status]),
                icon=STATUS_ICONS[status],
                help=STATUS_HINTS[status],
            )
            st.button(
                "Show them",
                key=f"retention_show_{status}",
                type="tertiary",
                icon=":material/filter_alt:",
                disabled=not glance.counts[status],
                on_click=filters.show_only,
                args=(status,),
            )


def chart(person: Actor, glance: PurposesAtAGlance) -> None:
    """Retention days, declared against live: those that are furthest apart."""
    if not glance.declared:
        return
    where = StandingFilter(statuses=(PurposeStatus.DRIFTED, PurposeStatus.IN_FORCE, PurposeStatus.MISSING), order="gap")
    page = desk().find_purposes(person, glance.connection, where, page_size=IN_THE_CHART)
    if not page.rows:
        return
    st.header("Retention days, declared against live", anchor=False)
    apart = sum(row.declared_days != row.live_days for row in page.rows)
    if page.total > len(page.rows):
        others = " In all others they are the same." if apart < len(page.rows) else ""
        st.caption(f"The {len(page.rows)} of {number(page.total)} declared purposes furthest apart.{others}")
    charts.show(
        _bars(page.rows),
        alt=f"Retention days of {len(page.rows)} purposes, declared and live; {apart} of them differ.",
        key="retention_chart",
        table={
            "Purpose": [row.name for row in page.rows],
            "Declared, days": [row.declared_days for row in page.rows],
            "Live, days": [row.live_days for row in page.rows],
        },
    )


def _bars(rows: tuple[Standing, ...]) -> go.Figure:
    names = [row.name for row in rows]
    figure = charts.empty()
    for name, days, pattern in (
        ("Declared", [row.declared_days for row in rows], ""),
        ("Live", [row.live_days for row in rows], "/"),
    ):
        figure.add_bar(
            y=names,
            x=days,
            name=name,
            orientation="h",
            text=days,
            textposition="outside",
            cliponaxis=False,
            marker_pattern_shape=pattern,
            marker_pattern_fillmode="replace" if pattern else None,
        )
    figure.update_layout(
        barmode="group",
        height=max(180, 46 * len(rows) + 70),
        margin={"l": 8, "r": 40, "t": 32, "b": 8},
        dragmode=False,
        bargap=0.3,
        bargroupgap=0.08,
        legend={"orientation": "h", "x": 0, "y": 1, "yanchor": "bottom", "traceorder": "normal"},
    )
    figure.update_xaxes(fixedrange=True, rangemode="tozero", visible=False)
    figure.update_yaxes(autorange="reversed", fixedrange=True, automargin=True, showgrid=False, ticksuffix="  ")
    return figure
