"""Every action of the desk by every role: who may, and that whoever may not is refused first, with an event."""

import inspect
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from core.desk import Desk
from core.model.events import EventKind
from core.model.people import Action, Actor, NotAllowedError, Role
from core.store import audit
from core.store.audit import EventFilter
from tests.clocks import ManualClock
from tests.desks import settings_for

EVERYBODY = frozenset(Role)
WORKING = frozenset({Role.REQUESTER, Role.APPROVER, Role.ADMINISTRATOR})
FILING = frozenset({Role.REQUESTER, Role.ADMINISTRATOR})
DECIDING = frozenset({Role.APPROVER, Role.ADMINISTRATOR})
AUDITING = frozenset({Role.AUDITOR, Role.ADMINISTRATOR})
RULING = frozenset({Role.ADMINISTRATOR})

# Every action of the desk that takes an actor, and who may.
ACTIONS: dict[str, frozenset[Role]] = {
    "accept_batch": FILING,
    "acknowledge": WORKING,
    "adopt": FILING,
    "approve": DECIDING,
    "ask_comparison": WORKING,
    "attest": FILING,
    "audit": AUDITING,
    "audit_checkpoints": AUDITING,
    "audit_pseudonym": AUDITING,
    "audit_values": AUDITING,
    "backup": AUDITING,
    "bad_rows": AUDITING,
    "batch": EVERYBODY,
    "batch_findings": FILING,
    "batch_result": EVERYBODY,
    "batches": EVERYBODY,
    "cancel": WORKING,
    "cancel_batch": WORKING,
    "cancel_enforcement": FILING,
    "cancel_export": AUDITING,
    "cancel_verification": AUDITING,
    "changes": EVERYBODY,
    "changes_of": EVERYBODY,
    "check": FILING,
    "check_batch": FILING,
    "check_declaration": FILING,
    "check_hold": WORKING,
    "check_ledger": WORKING,
    "checkpoint": AUDITING,
    "choices": EVERYBODY,
    "compared_purposes": EVERYBODY,
    "comparison": EVERYBODY,
    "connection_views": EVERYBODY,
    "count_changes": EVERYBODY,
    "decide_shortening": DECIDING,
    "declare": FILING,
    "deliveries": EVERYBODY,
    "denial": EVERYBODY,
    "deny": DECIDING,
    "discard_batch": FILING,
    "dispose": RULING,
    "due": RULING,
    "enforce": FILING,
    "enforcement": EVERYBODY,
    "erase_held_back": DECIDING,
    "erasure_budget": EVERYBODY,
    "event_in_chain": AUDITING,
    "export_events": AUDITING,
    "export_file": AUDITING,
    "export_requests": AUDITING,
    "export_work": AUDITING,
    "exports": AUDITING,
    "extend": WORKING,
    "faults": EVERYBODY,
    "fill_sample": RULING,
    "find": EVERYBODY,
    "find_purposes": EVERYBODY,
    "give_role": RULING,
    "headline": EVERYBODY,
    "held_back": EVERYBODY,
    "hold": EVERYBODY,
    "holds": EVERYBODY,
    "holds_due_for_review": EVERYBODY,
    "identity_established": WORKING,
    "issue_ticket": AUDITING,
    "import_declarations": FILING,
    "in_grace": EVERYBODY,
    "keep_export": AUDITING,
    "kill_switch": EVERYBODY,
    "limit_batch": FILING,
    "make_evidence": AUDITING,
    "measures": EVERYBODY,
    "newest_enforcements": EVERYBODY,
    "notices": EVERYBODY,
    "open_notices": EVERYBODY,
    "overview": EVERYBODY,
    "part": EVERYBODY,
    "pause": WORKING,
    "pause_batch": WORKING,
    "pause_clock": WORKING,
    "pending_approval": EVERYBODY,
    "pending_approvals": EVERYBODY,
    "pending_shortenings": EVERYBODY,
    "people": AUDITING,
    "person_names": EVERYBODY,
    "place_hold": WORKING,
    "planned_file": EVERYBODY,
    "preview": FILING,
    "preview_enforcement": EVERYBODY,
    "processing_record": AUDITING,
    "purpose_metrics": EVERYBODY,
    "purposes_at_a_glance": EVERYBODY,
    "read_file": EVERYBODY,
    "reinstate": RULING,
    "rejected_rows": FILING,
    "release_hold": DECIDING,
    "report": AUDITING,
    "request_clock": EVERYBODY,
    "resend": RULING,
    "resend_notices": RULING,
    "resume": DECIDING,
    "resume_all": DECIDING,
    "resume_batch": WORKING,
    "resume_clock": WORKING,
    "retry": FILING,
    "section_7102": EVERYBODY,
    "review_hold": WORKING,
    "sections": EVERYBODY,
    "send_now": DECIDING,
    "set_faults": RULING,
    "show": EVERYBODY,
    "show_purpose": EVERYBODY,
    "start_export": AUDITING,
    "start_verification": AUDITING,
    "stop_all": WORKING,
    "submit": FILING,
    "suspend": RULING,
    "tables": AUDITING,
    "take_role": RULING,
    "test_token": RULING,
    "unfinished_batch": FILING,
    "unfinished_sample": RULING,
    "upload_batch": FILING,
    "verification": AUDITING,
    "verify_audit": AUDITING,
    "withdraw": FILING,
}

# Everybody's own session.
OWN_SESSION = {"leave", "stay"}

# What needs nobody: it tells nothing about anybody's request, or is how somebody comes in and goes.
WITHOUT_ACTOR = {
    "accept_webhook",  # signed by the vendor
    "connections",
    "enter",
    "erases",
    "figures",
    "file_of_ticket",  # asks for the person whom the ticket was given
    "health",
    "lately",
    "leave",
    "open",
    "places",
    "purpose_connections",
    "put_text",
    "report_worker",
    "today",
    "work_on_batches",  # what somebody who was checked has asked for
    "worker_is_alive",
}


class ReachedError(Exception):
    """The action was allowed, and would have been done now."""


class CheckedDesk(Desk):
    """A desk that stops each action right after its check."""

    def _require(self, actor: Actor, action: Action) -> Actor:
        super()._require(actor, action)
        raise ReachedError


def public_methods() -> dict[str, Callable[..., Any]]:
    return {name: method for name, method in inspect.getmembers(Desk, callable) if not name.startswith("_")}


def call(desk: Desk, name: str, actor: Actor) -> None:
    """Call an action with nothing in its hands: the check comes before anybody looks."""
    method = getattr(desk, name)
    needed = {
        parameter.name: None
        for parameter in inspect.signature(method).parameters.values()
        if parameter.default is parameter.empty and parameter.name != "actor"
    }
    result = method(actor=actor, **needed)
    if inspect.isgenerator(result):
        next(result)


def dump(desk: Desk) -> dict[str, list[tuple[Any, ...]]]:
    """Every row but those of the audit log and what is made of it."""
    with desk.store.reading() as db:
        return {
            table: [tuple(row) for row in db.execute(f'SELECT * FROM "{table}"')]
            for table in db.table_names()
            if not table.startswith(("audit_", "sqlite_"))
        }


def denials(desk: Desk) -> int:
    """How many are in the audit log."""
    with desk.store.reading() as db:
        return len(audit.events(db, EventFilter(kind=EventKind.ACCESS_DENIED), before_seq=None, limit=500))


def test_every_public_action_is_in_the_table() -> None:
    methods = public_methods()
    with_actor = {name for name, method in methods.items() if "actor" in inspect.signature(method).parameters}
    nameless = set(methods) - with_actor

    new = sorted(with_actor - OWN_SESSION - ACTIONS.keys())
    assert not new, f"Say in ACTIONS of {Path(__file__).name} who may do this: {', '.join(new)}"
    new = sorted(nameless - WITHOUT_ACTOR)
    assert not new, f"Give these an actor, or say in WITHOUT_ACTOR of {Path(__file__).name} why not: {', '.join(new)}"
    gone = sorted((ACTIONS.keys() | WITHOUT_ACTOR) - set(methods))
    assert not gone, f"Take these out of {Path(__file__).name}, they are no more: {', '.join(gone)}"


@pytest.mark.parametrize("role", [*Role, None], ids=lambda role: role or "no role")
def test_every_action_is_refused_with_an_event_and_no_change_to_whoever_may_not(
    tmp_path: Path, role: Role | None
) -> None:
    clock = ManualClock()
    settings = settings_for(tmp_path, "http://127.0.0.1:1")
    desk = CheckedDesk(settings, Desk.open(settings, clock).store, clock)
    actor = Actor("test", "somebody", "Somebody", frozenset({role} if role else ()))
    before = dump(desk)
    allowed = set()
    for name in sorted(ACTIONS.keys() & public_methods().keys()):
        denied = denials(desk)
        try:
            call(desk, name, actor)
        except ReachedError:
            allowed.add(name)
        except NotAllowedError:
            assert denials(desk) == denied + 1, name
        else:
            pytest.fail(f"{name} does not begin with self._require(actor, …)")
    assert allowed == {name for name, roles in ACTIONS.items() if role in roles}
    assert dump(desk) == before
