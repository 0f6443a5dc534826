"""Decisions by a second person: asked once, never decided by who asked, nor about anything that has changed."""

from pathlib import Path

import pytest

from core.model.people import Actor, Role
from core.store import approvals, audit
from core.store.approvals import Approval, ApprovalError, ApprovalKind, ApprovalState
from core.store.audit import EventFilter
from core.store.database import Store
from core.store.keys import load_or_create
from tests.clocks import ManualClock

ANA = Actor("idp", "1", "Ana", frozenset({Role.ADMINISTRATOR}))
BO = Actor("idp", "2", "Bo", frozenset({Role.APPROVER}))
DIGEST = approvals.digest({"what": "as asked"})


@pytest.fixture
def store(tmp_path: Path) -> Store:
    return Store(tmp_path / "data" / "desk.db", load_or_create(tmp_path / "keys" / "desk.keys"), ManualClock())


def ask(store: Store, kind: ApprovalKind = ApprovalKind.ERASURE, about: str = "PR-000001", by: Actor = ANA) -> Approval:
    with store.writing() as transaction:
        asked = approvals.ask(transaction, kind, about, DIGEST, by)
    return get(store, asked)


def get(store: Store, approval_id: str) -> Approval:
    with store.reading() as db:
        found = approvals.get(db, approval_id)
    assert found
    return found


def decide(
    store: Store,
    approval: Approval,
    *,
    by: Actor = BO,
    approve: bool = True,
    ground: str = "",
    payload: str = DIGEST,
    version: int | None = None,
) -> Approval:
    with store.writing() as transaction:
        return approvals.decide(
            transaction,
            approval.id,
            version=approval.version if version is None else version,
            payload_sha256=payload,
            actor=by,
            approve=approve,
            ground=ground,
        )


def kinds(store: Store) -> list[tuple[str, str | None]]:
    with store.reading() as db:
        return [(e.kind, e.outcome) for e in reversed(audit.events(db, EventFilter(), None, 100))]


def test_what_is_asked_for_waits_with_who_asked_when_and_for_exactly_what(store: Store) -> None:
    asked = ask(store)
    assert (asked.id, asked.state, asked.version) == ("AP-000001", ApprovalState.PENDING, 1)
    assert (asked.asked_by, asked.asked_by_name, asked.payload_sha256) == (ANA.id, "Ana", DIGEST)
    assert asked.asked_at == store.clock.now()
    with store.reading() as db:
        assert approvals.pending(db) == [asked]
        assert approvals.about(db, ApprovalKind.ERASURE, "PR-000001") == asked


def test_the_same_thing_waits_once_and_another_kind_about_it_beside_it(store: Store) -> None:
    ask(store)
    with pytest.raises(ApprovalError, match="waits for a decision already"):
        ask(store, by=BO)
    ask(store, ApprovalKind.HOLD_OVERRIDE)


def test_a_second_person_approves_and_is_on_record(store: Store) -> None:
    decided = decide(store, ask(store))
    assert (decided.state, decided.decided_by, decided.version) == (ApprovalState.APPROVED, BO.id, 2)
    assert decided.decided_at == store.clock.now()
    assert kinds(store) == [("approval.asked", "pending"), ("approval.decided", "approved")]


def test_who_asked_never_decides_not_even_under_another_name(store: Store) -> None:
    asked = ask(store)
    with pytest.raises(ApprovalError, match="somebody else has to decide"):
        decide(store, asked, by=Actor(ANA.issuer, ANA.subject, "Somebody Else", frozenset({Role.APPROVER})))
    assert get(store, asked.id) == asked
    namesake = Actor("another-idp", ANA.subject, ANA.name, frozenset({Role.APPROVER}))
    assert decide(store, asked, by=namesake).state is ApprovalState.APPROVED


def test_a_denial_needs_its_ground_which_stays_out_of_the_audit_log(store: Store) -> None:
    asked = ask(store)
    with pytest.raises(ApprovalError, match="needs its ground"):
        decide(store, asked, approve=False, ground="  ")
    denied = decide(store, asked, approve=False, ground="Litigation about Ms Example")
    assert (denied.state, denied.ground) == (ApprovalState.DENIED, "Litigation about Ms Example")
    with store.reading() as db:
        (event,) = audit.events(db, EventFilter(kind="approval.decided"), None, 10)
    assert "Example" not in str(event)
    assert len(event.detail["ground_sha256"]) == 64


def test_a_stale_page_decides_nothing(store: Store) -> None:
    asked = ask(store)
    with pytest.raises(ApprovalError, match="has changed since"):
        decide(store, asked, version=asked.version + 1)
    with pytest.raises(ApprovalError, match="has changed since"):
        decide(store, asked, payload=approvals.digest({"what": "more than was asked"}))
    assert get(store, asked.id).state is ApprovalState.PENDING


def test_a_decision_is_made_once(store: Store) -> None:
    asked = ask(store)
    decide(store, asked)
    with pytest.raises(ApprovalError, match="approved already by Bo"):
        decide(store, asked, approve=False, ground="too late")
    with pytest.raises(ApprovalError, match="approved already"), store.writing() as transaction:
        approvals.withdraw(transaction, asked.id, ANA)


def test_who_asked_may_withdraw_and_then_ask_again(store: Store) -> None:
    asked = ask(store)
    with store.writing() as transaction:
        assert approvals.withdraw(transaction, asked.id, ANA).state is ApprovalState.WITHDRAWN
    again = ask(store)
    assert again.id != asked.id
    with store.reading() as db:
        assert approvals.pending(db) == [again]


def test_pending_ones_come_oldest_first_and_by_kind(store: Store) -> None:
    first = ask(store, about="PR-000001")
    second = ask(store, ApprovalKind.RETENTION_SHORTENING, "PE-000001")
    third = ask(store, about="PR-000002")
    with store.reading() as db:
        assert approvals.pending(db) == [first, second, third]
        assert approvals.pending(db, [ApprovalKind.ERASURE]) == [first, third]
        assert approvals.pending(db, limit=1) == [first]


def test_an_unknown_one_cannot_be_decided(store: Store) -> None:
    asked = ask(store)
    with pytest.raises(ApprovalError, match="nothing to decide"), store.writing() as transaction:
        approvals.decide(transaction, "AP-000099", version=1, payload_sha256=DIGEST, actor=BO, approve=True)
    assert get(store, asked.id).state is ApprovalState.PENDING


def test_a_digest_does_not_depend_on_the_order_of_keys() -> None:
    assert approvals.digest({"a": 1, "b": [True, None]}) == approvals.digest({"b": [True, None], "a": 1})
    assert approvals.digest({"a": 1}) != approvals.digest({"a": "1"})
