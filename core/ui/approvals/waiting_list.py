"""What waits for a second person, the most pressing first: each in full, to be decided alone or together."""

import math
from collections.abc import Sequence
from datetime import timedelta

import streamlit as st

from core.desk.approvals import PendingApproval
from core.model.people import Action, Actor
from core.model.privacy_requests import PrivacyRequest
from core.store.approvals import ApprovalKind
from core.ui import links
from core.ui.approvals import deciding
from core.ui.contract_words import SCOPES, category_words
from core.ui.findings import escape
from core.ui.request_detail import facts_grid
from core.ui.retention.words import days_words
from core.ui.session import desk
from core.ui.words import TYPE_WORDS, day, days_left, minute, number

PAGE_SIZE = 20
_PAGE = "approvals_page"
_CHANGES_SHOWN = 20

KINDS = {
    "Everything": tuple(ApprovalKind),
    "Erasures": (ApprovalKind.ERASURE,),
    "Hold overrides": (ApprovalKind.HOLD_OVERRIDE,),
    "Shortened retention": (ApprovalKind.RETENTION_SHORTENING,),
}


def show(person: Actor) -> None:
    """The list, with the decision on each and on those that were ticked."""
    kind = st.radio("What waits", list(KINDS), horizontal=True, key="approvals_kind", bind="query-params")
    kinds = KINDS.get(kind, tuple(ApprovalKind))
    wanted = int(st.session_state.get(_PAGE) or 1)
    found = desk().pending_approvals(person, kinds=kinds, limit=PAGE_SIZE, offset=(wanted - 1) * PAGE_SIZE)
    if not found.total:
        _nothing(kinds)
        return
    count = "One decision waits." if found.total == 1 else f"{number(found.total)} decisions wait, the oldest first."
    st.caption(count)
    open_to_them = [one for one in found.rows if not one.own] if person.may(Action.APPROVE) else []
    if len(open_to_them) > 1:
        _together(open_to_them)
    for one in found.rows:
        with st.container(border=True):
            _one(person, one, together=len(open_to_them) > 1)
    pages = math.ceil(found.total / PAGE_SIZE)
    if pages > 1 or wanted > pages:
        st.pagination(pages, key=_PAGE, persist_state="page")


def _nothing(kinds: Sequence[ApprovalKind]) -> None:
    st.header("Nothing waits for a decision", anchor=False)
    if not desk().settings.four_eyes and ApprovalKind.ERASURE in kinds:
        st.markdown(
            "Approvals are off, so erasures go out without a second person. Set `PRIVACY_DESK_APPROVALS` to `on`, or "
            "configure sign-in, to have somebody else look at each."
        )
    else:
        st.markdown("What somebody else asks for is here, until you or another approver decide it.")


def _tick(one: PendingApproval) -> str:
    # With the version: what has changed is not ticked any more.
    return f"approval_chosen_{one.about}_{one.version}"


def _together(items: Sequence[PendingApproval]) -> None:
    chosen = [one for one in items if st.session_state.get(_tick(one))]
    with st.container(horizontal=True, vertical_alignment="center"):
        st.button(
            "Tick none" if len(chosen) == len(items) else "Tick all on this page",
            key="approvals_tick",
            icon=":material/done_all:",
            on_click=_tick_all,
            args=([_tick(one) for one in items], len(chosen) < len(items)),
        )
        if len(chosen) > 1:
            together = [deciding.Item.of(one) for one in chosen]
            deciding.approve_button(together, "many")
            deciding.deny_button(together, "many")
        else:
            st.caption("Tick two or more to decide them together.")


def _tick_all(keys: Sequence[str], value: bool) -> None:
    for key in keys:
        st.session_state[key] = value


def _one(person: Actor, one: PendingApproval, *, together: bool) -> None:
    may_decide = person.may(Action.APPROVE) and not one.own
    with st.container(horizontal=True, vertical_alignment="center"):
        if together and may_decide:
            st.checkbox(f"Decide {one.about} together with others", key=_tick(one), label_visibility="collapsed")
        if one.request:
            links.to_request(one.about)
        elif one.about.startswith("B-"):
            st.page_link(
                links.PAGES / "submit_batch.py",
                label=one.about,
                icon=":material/arrow_forward:",
                query_params={"batch": one.about},
            )
        st.markdown(f"**{escape(_title(one))}**", width="stretch")
    if one.request:
        facts_grid(_facts(one, one.request))
    st.markdown("What will happen")
    st.markdown("\n".join(f"* {sentence}" for sentence in consequences(one, desk().settings.erasure_grace)))
    if one.own:
        st.info("You asked for this yourself, so somebody else has to decide it.", icon=":material/group:")
    elif not person.may(Action.APPROVE):
        st.caption("Somebody with the role of an approver decides.")
    else:
        with st.container(horizontal=True):
            deciding.approve_button([deciding.Item.of(one)], one.about)
            deciding.deny_button([deciding.Item.of(one)], one.about)


def _title(one: PendingApproval) -> str:
    match one.kind:
        case ApprovalKind.HOLD_OVERRIDE:
            return "Erase although it is to be kept"
        case ApprovalKind.RETENTION_SHORTENING:
            return f"Shorten retention: {one.about}"
    return TYPE_WORDS[one.request.type] if one.request else f"Erasures of the batch {one.about}"


def _facts(one: PendingApproval, request: PrivacyRequest) -> dict[str, str]:
    due = f"{day(one.due_on)}, {days_left(one.due_on, desk().today())}" if one.due_on else ""
    facts = {
        "Due": due,
        "Asked by": f"{one.asked_by_name}, {minute(one.asked_at)}",
        "Person": request.subject or request.masked_subject or "Destroyed",
        "Also known as": ", ".join(request.also_known_as),
        "Systems": ", ".join(dict.fromkeys(task.connection for task in request.tasks)),
        "Description": request.description,
        "Your reference": request.reference,
        "Why it should be overridden": one.reason,
    }
    return {name: value for name, value in facts.items() if value}


def consequences(one: PendingApproval, grace: timedelta) -> list[str]:
    """What an approval sets off, sentence by sentence, in markdown."""
    if one.shortening:
        return _of_shortening(one)
    if one.request is None:
        return [
            "Every request of the batch that waits goes on; the others of it are not touched.",
            "Its file, its counts and its requests are on its own page.",
            f"Asked for by {escape(f'{one.asked_by_name}, {minute(one.asked_at)}')}.",
        ]
    request = one.request
    systems = dict.fromkeys(task.connection for task in request.tasks)
    scope = SCOPES[request.scope][1].lower() if request.scope in SCOPES else request.scope
    sentences = [
        f"{escape(system)} is told to erase **{escape(category_words(request.categories))}** of this person: "
        f"{escape(scope)}."
        for system in systems
    ]
    if one.overrides:
        sentences.append(
            f":material/gavel: It is erased **although {escape(', '.join(one.overrides))} says that it is to be kept**."
        )
    minutes = math.ceil(grace.total_seconds() / 60)
    waits = "1 minute" if minutes == 1 else f"{number(minutes)} minutes"
    sentences.append(
        f"It waits {waits} first, in which it can still be stopped. Once it is sent, it cannot be undone."
        if minutes
        else "It is sent at once, and cannot be undone."
    )
    return sentences


def _of_shortening(one: PendingApproval) -> list[str]:
    assert one.shortening is not None  # noqa: S101 - asked by the only caller
    changes = one.shortening.changes
    sentences = [
        f"{escape(change.name)} at {escape(one.shortening.connection)}: "
        f"{escape(days_words(change.before['retention_days']))} :material/arrow_forward: "
        f"**{escape(days_words(change.wanted['retention_days']))}**"
        for change in changes[:_CHANGES_SHOWN]
    ]
    if len(changes) > _CHANGES_SHOWN:
        sentences.append(f"And {number(len(changes) - _CHANGES_SHOWN)} more.")
    asked = escape(f"{one.asked_by_name}, {minute(one.asked_at)}")
    return [*sentences, "The vendor then deletes what is older. It cannot be undone.", f"Asked for by {asked}."]
