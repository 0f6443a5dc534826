"""What people may type, paste or send into the form for one request, each with what is expected of the desk."""

from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from core.clock import day_in, to_text
from core.desk import Choice, Desk
from core.model.deadlines import deadlines_for
from core.model.holds import HoldDraft
from core.model.identifiers import canonical
from core.model.people import Actor, Role
from core.model.privacy_requests import RequestState
from core.store.audit import EventFilter, events
from core.store.ledger import ledger_hash
from core.validation import check_privacy_request
from tests.clocks import ManualClock
from tests.desks import ADMIN, REQUESTER, desk_for, draft, settings_for

NOWHERE = "http://127.0.0.1:9"
ANA = Actor("test", "ana", "Ana Approver", frozenset({Role.APPROVER}))


@pytest.fixture
def desk(tmp_path: Path) -> Desk:
    return desk_for(settings_for(tmp_path, NOWHERE), ManualClock())


def blocked(desk: Desk, **more: Any) -> list[tuple[str, str]]:
    """What stops the draft; and nothing is written."""
    submitted = desk.submit(REQUESTER, draft(**more), intent="form-1")
    assert submitted.request is None
    with desk.store.reading() as db:
        assert [db[table].count for table in ("requests", "audit_events")] == [0, 0]
    return [(f.field, f.rule) for f in submitted.findings if f.blocks]


# --- subject ids ---


@pytest.mark.parametrize(
    ("subject", "rule"),
    [
        pytest.param("USR-1\n", "pattern", id="trailing newline"),
        pytest.param("..", "path_segment", id="dots"),
        pytest.param("%2e%2e%2f", "pattern", id="encoded dots"),
        pytest.param("a/b", "pattern", id="slash"),
        pytest.param("x" * 1_000_000, "max_length", id="1 MB long"),
        pytest.param("USR-\x001", "pattern", id="NUL"),
        pytest.param("USR-\u202e1", "pattern", id="RTL override"),
        pytest.param("USR-\u200b1", "pattern", id="zero-width"),
        pytest.param("USR-\u0430", "pattern", id="homoglyph"),
        pytest.param("Ann@Example.com", "pattern", id="e-mail address with upper case"),
        pytest.param("ann+tag@example.com", "pattern", id="e-mail address with a plus tag"),
        pytest.param("änne@exämple.com", "pattern", id="international e-mail address"),
    ],
)
def test_a_subject_id_that_the_contract_does_not_allow_is_found_and_never_repeated(
    desk: Desk, subject: str, rule: str
) -> None:
    assert blocked(desk, subject=subject) == [("subjectId", rule)]
    (finding,) = desk.check(REQUESTER, draft(subject=subject))
    assert finding.fix
    assert subject not in finding.message


def test_one_canonical_form_is_behind_pseudonym_matching_and_ledger(desk: Desk) -> None:
    """Unicode NFC and nothing else: case is kept, for a vendor's id is case-sensitive."""
    composed, decomposed = "Zo\u00eb", "Zoe\u0308"
    assert canonical(decomposed) == composed
    hashes = {
        ledger_hash(desk.store.keys, desk._pseudonym(one))
        for one in (composed, decomposed, "ZO\u00cb", "zo\u00eb", "zo\u00eb+tag")
    }
    assert len(hashes) == 4


# --- holds and house rules ---


def test_analytics_under_a_legal_hold_is_blocked_with_its_reference_and_passes_with_a_second_person(desk: Desk) -> None:
    hold = HoldDraft("", ("ANALYTICS",), "art_17_3_b", "Tax audit 2026", "Lea Legal", date(2027, 1, 10))
    placed = desk.place_hold(REQUESTER, hold)
    assert placed.hold
    wish: dict[str, Any] = {"categories": ("CONTACT", "ANALYTICS")}
    found = desk.check(REQUESTER, draft(**wish))
    assert [f.rule for f in found if f.blocks] == ["immutable_category", "legal_hold"]
    assert placed.hold.id in found[1].message
    assert "Tax audit 2026" in found[1].message
    without_reason = desk.check(REQUESTER, draft(**wish, under_hold="override"))
    assert [f.rule for f in without_reason if f.blocks] == ["required"]
    filed = desk.submit(
        REQUESTER, draft(**wish, under_hold="override", reason="The audit is closed since May"), intent="form-2"
    ).request
    assert filed
    assert filed.state is RequestState.AWAITING_APPROVAL
    assert desk.approve(ANA, [Choice(filed.id)])[0].done
    with desk.store.reading() as db:
        kinds = {event.kind for event in events(db, EventFilter(request=filed.id), before_seq=None, limit=50)}
    assert {"request.filed", "approval.asked", "approval.decided"} <= kinds


def test_scope_all_with_six_categories_is_refused_before_anything_is_sent(desk: Desk) -> None:
    six = ("CONTACT", "CONVERSATION", "SURVEY", "INTERACTION", "IVR", "CHAT")
    assert blocked(desk, scope="ALL", categories=six) == [("scope", "scope_depth")]


def test_an_unknown_field_of_the_payload_is_refused() -> None:
    payload = {"subjectId": "USR-1", "type": "ERASURE", "categories": ["CONTACT"], "scope": "CONTACT", "force": True}
    assert [(f.field, f.rule) for f in check_privacy_request(payload)] == [("force", "unknown_field")]


# --- descriptions ---


@pytest.mark.parametrize(
    "description",
    ["line\r\nbreak", "<script>alert(1)</script>", "=HYPERLINK(1)", "🙂" * 255],
    ids=["CRLF", "HTML", "formula", "255 emoji"],
)
def test_a_description_is_data_and_kept_as_it_is(desk: Desk, description: str) -> None:
    filed = desk.submit(REQUESTER, draft(description=description), intent="form-1").request
    assert filed
    assert filed.description == description


@pytest.mark.parametrize("character", ["x", "🙂"])
def test_a_description_s_length_is_counted_in_characters(desk: Desk, character: str) -> None:
    assert blocked(desk, description=character * 256) == [("description", "max_length")]


# --- days and instants ---


def test_a_day_of_receipt_that_is_long_past_makes_a_deadline_in_the_past_which_is_overdue(desk: Desk) -> None:
    filed = desk.submit(REQUESTER, draft(received=desk.today() - timedelta(days=300)), intent="form-1").request
    assert filed
    assert filed.due_on < desk.today()


@pytest.mark.parametrize(
    ("received", "rule"), [(date(9999, 12, 31), "in_future"), (date(2009, 1, 1), "too_old"), (date.min, "too_old")]
)
def test_a_day_of_receipt_that_cannot_be_is_found(desk: Desk, received: date, rule: str) -> None:
    assert blocked(desk, received=received) == [("received", rule)]


def test_the_30th_of_february_is_no_day() -> None:
    with pytest.raises(ValueError, match="day"):
        date.fromisoformat("2026-02-30")
    assert deadlines_for("gdpr", date(2026, 1, 31), region="DE")[0].due == date(2026, 3, 2)


def test_the_day_of_receipt_is_the_controller_s_also_while_the_clocks_are_changed() -> None:
    berlin = "Europe/Berlin"
    assert day_in(berlin, datetime(2026, 3, 28, 23, 30, tzinfo=UTC)) == date(2026, 3, 29)  # 00:30, before the gap
    assert day_in(berlin, datetime(2026, 3, 29, 1, 30, tzinfo=UTC)) == date(2026, 3, 29)  # 02:30 does not exist: 03:30
    assert day_in(berlin, datetime(2026, 10, 25, 1, 30, tzinfo=UTC)) == date(2026, 10, 25)  # 02:30 for the second time


def test_an_instant_without_a_time_zone_is_never_stored() -> None:
    with pytest.raises(ValueError, match="time zone"):
        to_text(datetime(2026, 3, 29, 2, 30))  # noqa: DTZ001 - the mistake this is about
    assert to_text(datetime.fromisoformat("2026-03-29T03:30:00+02:00")) == "2026-03-29T01:30:00.000000Z"


# --- stale pages ---


def test_a_page_from_before_approves_nothing_that_was_changed_and_says_by_whom_and_when(tmp_path: Path) -> None:
    strict = desk_for(settings_for(tmp_path, NOWHERE).model_copy(update={"approvals": "on"}), ManualClock())
    filed = strict.submit(REQUESTER, draft(), intent="form-1").request
    assert filed
    strict.cancel(ADMIN, filed.id)
    (decided,) = strict.approve(ANA, [Choice(filed.id, version=filed.version)])
    assert (decided.done, decided.changed) == (False, True)
    assert "changed by ada at 21 Nov 2026, 09:00 UTC" in decided.message
    view = strict.show(ANA, filed.id)
    assert view
    assert view.request.state is RequestState.CANCELLED
