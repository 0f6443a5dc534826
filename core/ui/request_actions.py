"""What a person may do with a request now: cancel it, try a task again, say how a task ended."""

from collections.abc import Callable

import streamlit as st

from core.desk import ChangedError, DeskError, RequestView
from core.model.people import NotAllowedError
from core.model.privacy_requests import PrivacyRequest, Task, TaskState
from core.ui import session
from core.ui.findings import escape
from core.ui.words import STATE_WORDS

_NOTICE = "track_notice"
_LAST = "track_last_action"

_ENDS = {
    TaskState.COMPLETED: "The vendor has done it",
    TaskState.NOTHING_FOUND: "The vendor holds nothing about the person",
    TaskState.FAILED: "The vendor has not done it and will not",
}


def show(view: RequestView) -> None:
    """The actions that are open to this person, and what came of the last one."""
    _notice(view.request)
    if not (view.can_cancel or view.can_retry or view.can_attest):
        return
    tasks = {task.id: task for task in view.request.tasks if task.superseded_by is None}
    # One system needs no name; of several, each button says which it is for.
    where = {task.id: f" at {escape(task.connection)}" if len(tasks) > 1 else "" for task in tasks.values()}
    with st.container(horizontal=True):
        for task_id in view.can_attest:
            with st.popover(
                f"Say how it ended{where[task_id]}", icon=":material/history_edu:", key=f"attest_{task_id}"
            ):
                _attest(view.request, tasks[task_id])
        for task_id in view.can_retry:
            with st.popover(f"Try again{where[task_id]}", icon=":material/replay:", key=f"retry_{task_id}"):
                _retry(view.request, tasks[task_id])
        if view.can_cancel:
            with st.popover("Cancel the request", icon=":material/cancel:", key="cancel"):
                _cancel(view.request)


def _cancel(request: PrivacyRequest) -> None:
    st.markdown(
        "Nothing has reached a vendor yet for what is cancelled. It cannot be taken back: file it anew instead."
    )
    st.button(
        f"Yes, cancel {request.id}",
        key="cancel_confirmed",
        type="primary",
        on_click=_do,
        args=(
            request,
            "cancel",
            lambda: session.desk().cancel(session.actor(), request.id, version=request.version),
            "Cancelled. What had not reached a vendor will not be sent.",
        ),
    )


def _retry(request: PrivacyRequest, task: Task) -> None:
    looked_up = f"looked_up_{task.id}"
    if task.is_in_doubt:
        st.markdown("It may have reached the vendor. Sent twice, it may be carried out twice.")
        st.checkbox("I looked it up at the vendor and it is not there", key=looked_up)
    elif task.state is TaskState.NEEDS_PERSON:
        st.markdown(
            "Privacy Desk asks the vendor again how it stands."
            if task.vendor_request_id
            else "Privacy Desk sends it to the vendor again."
        )
    else:
        st.markdown("It is sent again as a new task. The one that ended stays on record as it is.")
    st.button(
        "Yes, try again",
        key=f"retry_confirmed_{task.id}",
        type="primary",
        disabled=task.is_in_doubt and not st.session_state.get(looked_up),
        on_click=_do,
        args=(
            request,
            f"retry {task.id}",
            lambda: session.desk().retry(
                session.actor(),
                task.id,
                version=request.version,
                not_received=bool(st.session_state.get(looked_up)),
            ),
            f"{task.id} is on its way again.",
        ),
    )


def _attest(request: PrivacyRequest, task: Task) -> None:
    """In a form, so that the page's own refresh does not disturb what is being typed."""
    name = f"attested_{task.id}"
    with st.form(f"{name}_form", border=False):
        st.markdown("Your word, with what you saw, ends this task. It goes on record under your name.")
        st.radio("How did it end?", list(_ENDS), index=None, format_func=_ENDS.__getitem__, key=f"{name}_state")
        st.text_area(
            "What you saw, and where",
            key=f"{name}_evidence",
            placeholder="Case 4711 in the vendor's console shows the deletion as finished on 20 November",
            help="Ten characters or more. It is stored encrypted and shown with the request.",
        )
        st.number_input("Records affected (if the vendor says)", value=None, min_value=0, step=1, key=f"{name}_records")
        st.form_submit_button(
            "Put it on record", type="primary", key=f"{name}_send", on_click=_put_on_record, args=(request, task, name)
        )


def _put_on_record(request: PrivacyRequest, task: Task, name: str) -> None:
    state, evidence, records = (st.session_state[f"{name}_{part}"] for part in ("state", "evidence", "records"))

    def act() -> PrivacyRequest:
        if state is None:
            raise DeskError("Not put on record: choose how it ended.")
        return session.desk().attest(
            session.actor(),
            task.id,
            state=TaskState(state),
            evidence=evidence or "",
            records=records,
            version=request.version,
        )

    _do(request, f"attest {task.id}", act, f"On record: {task.id} is {STATE_WORDS[state].lower() if state else ''}.")


def _do(request: PrivacyRequest, name: str, act: Callable[[], PrivacyRequest], done: str) -> None:
    """Do it, and remember what to say about it when the page is drawn next.

    A double click, or a click that meets the page's own refresh, can arrive twice: what was done is not tried again.
    """
    once = (name, request.id, request.version)
    if st.session_state.get(_LAST) == once:
        return
    try:
        act()
    except ChangedError as error:
        notice = ("changed", f"{error} Nothing was done. What you see below is how it stands now.")
    except (DeskError, NotAllowedError) as error:
        notice = ("refused", str(error))
    else:
        notice = ("done", done)
        st.session_state[_LAST] = once
    st.session_state[_NOTICE] = (request.id, *notice)


def _notice(request: PrivacyRequest) -> None:
    request_id, kind, text = st.session_state.get(_NOTICE, ("", "", ""))
    if request_id != request.id:
        return
    box, icon = {
        "done": (st.success, ":material/check_circle:"),
        "changed": (st.info, ":material/sync:"),
        "refused": (st.error, ":material/error:"),
    }[kind]
    box(escape(text), icon=icon)
    st.button(
        "Reload" if kind == "changed" else "Close this message", key="notice_close", type="tertiary", on_click=_forget
    )


def _forget() -> None:
    st.session_state.pop(_NOTICE, None)
