"""Sign-ins and sessions, roles given and taken, what stays masked, and four eyes."""

import json
from contextlib import nullcontext
from datetime import timedelta
from pathlib import Path
from typing import Any
from zipfile import ZipFile

import pytest

from core.desk import Desk, DeskError
from core.model.events import EventKind
from core.model.people import Actor, NotAllowedError, Role, SessionEndedError
from core.store import approvals, audit
from core.store.approvals import ApprovalError, ApprovalKind
from core.store.audit import EventFilter, StoredEvent
from core.store.exports import Export
from core.store.requests import RequestFilter
from tests.clocks import ManualClock
from tests.desks import draft, settings_for
from tests.sign_ins import ISSUER, claims, desk_with_sign_in


def events(desk: Desk, kind: EventKind | None = None) -> list[StoredEvent]:
    """What is in the audit log, oldest first."""
    with desk.store.reading() as db:
        return list(reversed(audit.events(db, EventFilter(kind=kind), before_seq=None, limit=500)))


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def desk(tmp_path: Path, clock: ManualClock) -> Desk:
    return desk_with_sign_in(tmp_path, clock)


@pytest.fixture
def boss(desk: Desk, clock: ManualClock) -> Actor:
    return desk.enter(claims("boss", at=clock.now())).actor


# --- who somebody is ----------------------------------------------------------------------------------------------


def test_the_same_subject_of_another_issuer_is_somebody_else(desk: Desk, clock: ManualClock) -> None:
    one = desk.enter(claims("248", "requester", at=clock.now())).actor
    other = desk.enter(claims("248", "requester", at=clock.now(), iss="https://other.example")).actor
    assert one.id != other.id


def test_nobody_is_known_by_an_e_mail_address(desk: Desk, clock: ManualClock) -> None:
    one = desk.enter(claims("248", "requester", at=clock.now(), email="dana@example.com")).actor
    other = desk.enter(claims("249", "approver", at=clock.now(), email="dana@example.com")).actor
    assert one.roles == {Role.REQUESTER}
    assert other.roles == {Role.APPROVER}
    assert one.id != other.id


@pytest.mark.parametrize("missing", [{"sub": None}, {"sub": ""}, {"sub": "x" * 256}, {"sub": 7}])
def test_without_a_usable_subject_nobody_comes_in(desk: Desk, clock: ManualClock, missing: dict[str, Any]) -> None:
    sent = {**claims("248", "administrator", at=clock.now()), **missing}
    for _ in range(2):  # a page asks on each run
        with pytest.raises(NotAllowedError, match="did not say who you are"):
            desk.enter(sent)
    assert [event.detail for event in events(desk, EventKind.PERSON_REFUSED)] == [{"why": "claims"}]


def test_the_audit_log_holds_neither_names_nor_addresses_of_people(desk: Desk, clock: ManualClock, boss: Actor) -> None:
    sent = claims("dana.canary@example.com", at=clock.now(), name="Dana Canary", email="dana.canary@example.com")
    dana = desk.enter(sent).actor
    desk.give_role(boss, dana.id, Role.AUDITOR)
    desk.suspend(boss, dana.id)
    with pytest.raises(SessionEndedError):
        desk.enter(sent)
    logged = json.dumps([[e.actor, e.detail] for e in events(desk)]).casefold()
    assert "canary" not in logged
    assert dana.id in json.loads(json.dumps([e.actor for e in events(desk)]))


# --- roles given and taken ----------------------------------------------------------------------------------------


def test_somebody_without_a_role_waits_and_is_listed_first(desk: Desk, clock: ManualClock, boss: Actor) -> None:
    new = desk.enter(claims("new", at=clock.now())).actor
    assert new.roles == frozenset()
    with pytest.raises(NotAllowedError):
        desk.overview(new, desk.today())
    first, second = desk.people(boss)
    assert (first.person.id, first.waits) == (new.id, True)
    assert (second.person.id, second.bootstrap) == (boss.id, True)
    assert second.roles == {Role.ADMINISTRATOR}
    told = [
        (e.actor, e.outcome, e.detail["roles"], e.detail["first"]) for e in events(desk, EventKind.PERSON_SIGNED_IN)
    ]
    assert told == [(boss.id, "entered", ["administrator"], True), (new.id, "waits", [], True)]


def test_a_role_counts_from_the_next_action_on_and_so_does_its_loss(
    desk: Desk, clock: ManualClock, boss: Actor
) -> None:
    rita = desk.enter(claims("rita", at=clock.now())).actor
    desk.give_role(boss, rita.id, Role.REQUESTER)
    assert desk.submit(rita, draft(), intent="one").request  # the page was drawn before

    desk.take_role(boss, rita.id, Role.REQUESTER)

    drawn_before = Actor(rita.issuer, rita.subject, rita.name, frozenset({Role.REQUESTER}), rita.session)
    for _ in range(2):
        with pytest.raises(NotAllowedError):
            desk.submit(drawn_before, draft("USR-8847292"), intent="two")
    kinds = [e.kind for e in events(desk) if e.kind.startswith(("person.role", "access"))]
    assert kinds == ["person.role_given", "person.role_taken", "access.denied", "access.denied"]


def test_a_page_left_open_does_not_fill_the_audit_log_after_its_role_is_gone(
    desk: Desk, clock: ManualClock, boss: Actor
) -> None:
    rita = desk.enter(claims("rita", "requester", at=clock.now())).actor
    desk.suspend(boss, rita.id)
    desk.reinstate(boss, rita.id)
    stale = Actor(rita.issuer, rita.subject, rita.name, frozenset({Role.AUDITOR}), rita.session)
    for _ in range(5):
        with pytest.raises(NotAllowedError):
            desk.audit(stale, EventFilter())
        clock.advance(2)
    assert len(events(desk, EventKind.ACCESS_DENIED)) == 1


def test_identifiers_are_masked_from_the_moment_the_role_is_gone(desk: Desk, clock: ManualClock, boss: Actor) -> None:
    rita = desk.enter(claims("rita", "auditor", at=clock.now())).actor
    desk.give_role(boss, rita.id, Role.REQUESTER)
    rita = desk.enter(claims("rita", "auditor", at=clock.now())).actor
    filed = desk.submit(rita, draft("CANARY-4711"), intent="one").request
    assert filed
    shown = desk.show(rita, filed.id)
    assert shown
    assert shown.request.subject == "CANARY-4711"

    desk.take_role(boss, rita.id, Role.REQUESTER)

    shown = desk.show(rita, filed.id)
    assert shown
    assert shown.request.subject is None
    assert "CANARY" not in repr(shown)


def test_no_file_that_an_auditor_takes_along_holds_an_identifier(desk: Desk, clock: ManualClock, boss: Actor) -> None:
    subject = "CANARY-8847291"
    filed = desk.submit(boss, draft(subject, description="canary reason"), intent="one").request
    assert filed
    auditor = desk.enter(claims("aud", "auditor", at=clock.now())).actor

    def files(actor: Actor) -> bytes:
        made = [
            desk.export_events(actor, EventFilter(), "csv"),
            desk.export_events(actor, EventFilter(), "jsonl"),
            desk.export_requests(actor, RequestFilter()),
            desk.make_evidence(actor, EventFilter()),
        ]
        return b"".join(content for export in made for content in contents(export))

    assert subject.encode() in files(boss)  # there is one to be taken
    taken = files(auditor)
    assert filed.id.encode() in taken
    assert b"canary" not in taken.lower()


def contents(export: Export) -> list[bytes]:
    """What is in a file, and in the files in it."""
    assert export.path
    if export.path.suffix != ".zip":
        return [export.path.read_bytes()]
    with ZipFile(export.path) as bundle:
        return [bundle.read(name) for name in bundle.namelist()]


def test_nobody_changes_their_own_access_nor_that_of_their_other_account(
    desk: Desk, clock: ManualClock, boss: Actor
) -> None:
    boss = desk.enter(claims("boss", at=clock.now(), nonce="again", email="bo@example.com")).actor
    other = desk.enter(claims("other", at=clock.now(), email="Bo@Example.com")).actor
    for person in (boss.id, other.id):
        with pytest.raises(DeskError, match="Nobody changes their own access"):
            desk.give_role(boss, person, Role.APPROVER)
        with pytest.raises(DeskError, match="Nobody changes their own access"):
            desk.suspend(boss, person)


def test_a_role_from_the_claim_is_not_taken_here_but_a_suspension_takes_everything(
    desk: Desk, clock: ManualClock, boss: Actor
) -> None:
    sent = claims("ada", "administrator", at=clock.now())
    ada = desk.enter(sent).actor
    with pytest.raises(DeskError, match="by the sign-in provider"):
        desk.take_role(boss, ada.id, Role.ADMINISTRATOR)

    desk.suspend(boss, ada.id)

    with pytest.raises(SessionEndedError, match="suspended"):
        desk.people(ada)
    with pytest.raises(SessionEndedError, match="suspended"):
        desk.enter(sent)
    with pytest.raises(SessionEndedError, match="suspended"):
        desk.enter({**sent, "nonce": "another sign-in"})
    assert [e.detail["why"] for e in events(desk, EventKind.PERSON_REFUSED)] == ["suspended", "suspended"]

    desk.reinstate(boss, ada.id)

    assert desk.enter({**sent, "nonce": "a third"}).actor.roles == {Role.ADMINISTRATOR}


def test_the_roles_of_a_new_sign_in_take_the_place_of_the_old_claim_s(desk: Desk, clock: ManualClock) -> None:
    assert desk.enter(claims("rita", "requester", at=clock.now())).actor.roles == {Role.REQUESTER}
    clock.advance(60)
    assert desk.enter(claims("rita", "auditor", at=clock.now())).actor.roles == {Role.AUDITOR}


def test_a_role_goes_to_people_who_signed_in_only(desk: Desk, boss: Actor) -> None:
    with pytest.raises(DeskError, match="once they have signed in"):
        desk.give_role(boss, f"{ISSUER}|nobody", Role.REQUESTER)


# --- sessions -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("hours_of_token", "settings", "seconds", "why"),
    [
        (8, {"idle_minutes": 30}, 30 * 60, "nothing was done"),
        (0.25, {"idle_minutes": 30}, 15 * 60, "the time that the sign-in provider gave it"),
        (99, {"idle_minutes": 1440, "session_hours": 12}, 12 * 3600, "longest time"),
        (0.25, {"end_with_token": False, "idle_minutes": 30}, 30 * 60, "nothing was done"),
    ],
    ids=["idle", "token", "hours", "token ignored"],
)
def test_a_session_ends_in_time_on_pages_and_in_actions(
    tmp_path: Path, clock: ManualClock, hours_of_token: float, settings: dict[str, Any], seconds: int, why: str
) -> None:
    desk = desk_with_sign_in(tmp_path, clock, **settings)
    sent = claims("rita", "requester", at=clock.now(), hours=hours_of_token)
    rita = desk.enter(sent).actor
    clock.advance(seconds - 1)
    assert desk.find(rita, RequestFilter()).total == 0
    clock.advance(1)
    with pytest.raises(SessionEndedError, match=why):
        desk.submit(rita, draft(), intent="late")
    for _ in range(2):
        with pytest.raises(SessionEndedError, match=why):
            desk.enter(sent)
    assert len(events(desk, EventKind.PERSON_SESSION_ENDED)) == 1
    assert not events(desk, EventKind.REQUEST_FILED)


def test_whoever_does_something_is_not_idle(desk: Desk, clock: ManualClock) -> None:
    sent = claims("rita", "requester", at=clock.now())
    rita = desk.enter(sent).actor
    for opens_pages in (True, False) * 5:
        if opens_pages:
            desk.stay(rita)
        else:
            desk.preview(rita, draft())
        clock.advance(25 * 60)
    assert desk.enter(sent).actor.roles == {Role.REQUESTER}


def test_a_page_that_is_left_open_does_not_keep_a_session_alive(desk: Desk, clock: ManualClock) -> None:
    sent = claims("rita", "requester", at=clock.now())
    for _ in range(29):
        desk.overview(desk.enter(sent).actor, desk.today())
        clock.advance(60)
    desk.enter(sent)
    clock.advance(60)
    with pytest.raises(SessionEndedError, match="nothing was done"):
        desk.enter(sent)


def test_an_old_cookie_opens_no_new_session(desk: Desk, clock: ManualClock) -> None:
    """Streamlit's cookie lives 30 days; the hours are counted from when the provider issued the token."""
    old = claims("rita", "requester", at=clock.now() - timedelta(days=20), hours=24 * 365)
    with pytest.raises(SessionEndedError, match="longest time"):
        desk.enter(old)
    assert not events(desk, EventKind.PERSON_SIGNED_IN)


def test_a_copied_cookie_opens_nothing_after_signing_out(desk: Desk, clock: ManualClock) -> None:
    sent = claims("rita", "requester", at=clock.now())
    rita = desk.enter(sent).actor
    desk.leave(rita)
    with pytest.raises(SessionEndedError, match="You signed out"):
        desk.enter(sent)
    with pytest.raises(SessionEndedError, match="You signed out"):
        desk.preview(rita, draft())
    assert [e.detail["why"] for e in events(desk, EventKind.PERSON_SESSION_ENDED)] == ["signed_out"]


def test_a_session_of_somebody_else_is_nobody_s(desk: Desk, clock: ManualClock, boss: Actor) -> None:
    rita = desk.enter(claims("rita", "requester", at=clock.now())).actor
    thief = Actor(boss.issuer, boss.subject, "Rita", frozenset({Role.ADMINISTRATOR}), rita.session)
    with pytest.raises(SessionEndedError):
        desk.people(thief)
    desk.leave(thief)
    assert desk.preview(rita, draft())


def test_a_provider_s_clock_ahead_of_ours_makes_no_session_longer(desk: Desk, clock: ManualClock) -> None:
    visit = desk.enter(claims("rita", "requester", at=clock.now() + timedelta(hours=3), hours=99))
    assert visit.until == clock.now() + timedelta(hours=12)


def test_two_tabs_share_one_session(desk: Desk, clock: ManualClock) -> None:
    sent = claims("rita", "requester", at=clock.now())
    assert desk.enter(sent).actor.session == desk.enter(sent).actor.session
    assert len(events(desk, EventKind.PERSON_SIGNED_IN)) == 1


def test_without_sign_in_configured_no_claims_open_anything(tmp_path: Path, clock: ManualClock) -> None:
    desk = Desk.open(settings_for(tmp_path, "http://127.0.0.1:1"), clock)
    with pytest.raises(NotAllowedError, match="no sign-in is configured"):
        desk.enter(claims("boss", "administrator", at=clock.now()))


# --- four eyes ----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("one", "other", "refused"),
    [
        ({"email": "dana@example.com"}, {"email": "DANA@example.com "}, True),
        ({"email": "dana@example.com"}, {"email": "dana@example.com", "email_verified": True}, True),
        ({"email": "dana@example.com"}, {"email": "dana@example.com", "email_verified": False}, False),
        ({"email": "dana@example.com"}, {"email": "erin@example.com"}, False),
        ({}, {}, False),
        ({"email": ""}, {"email": ""}, False),
    ],
)
def test_a_second_account_with_the_same_address_is_no_second_person(
    desk: Desk, clock: ManualClock, one: dict[str, Any], other: dict[str, Any], refused: bool
) -> None:
    first = desk.enter(claims("1", "requester", at=clock.now(), **one)).actor
    second = desk.enter(claims("2", "approver", at=clock.now(), **other)).actor
    payload = approvals.digest({"what": "as asked"})
    with desk.store.writing() as transaction:
        asked = approvals.ask(transaction, ApprovalKind.ERASURE, "PR-000001", payload, first)
    expected = pytest.raises(ApprovalError, match="somebody else has to decide") if refused else nullcontext()
    with expected, desk.store.writing() as transaction:
        approvals.decide(transaction, asked, version=1, payload_sha256=payload, actor=second, approve=True)
