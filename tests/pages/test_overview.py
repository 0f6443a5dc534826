"""The overview: first steps at an empty desk, and what needs a person at a busy one."""

from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path

import pytest

from core.clock import to_text
from core.model.privacy_requests import TaskError
from core.store import connection_states, task_leases, vault
from core.store.requests import RequestFilter
from core.ui import overview
from tests.desks import ADMIN, AUDITOR, REQUESTER, draft
from tests.pages.screens import Screen, links_of, number_in, publish_sandbox, said, screen, vendor_at


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    publish_sandbox(tmp_path)
    with screen(tmp_path, monkeypatch) as made:
        yield made


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at()}) as made:
        yield made


def dead_letter(at: Screen, request: str, name: str = "letter-1") -> None:
    with at.desk.store.writing() as transaction:
        vault.post(transaction, name, f"{request}-1", {"status": "COMPLETED"})
        vault.failed(transaction, name, TaskError("rejected", "The vault refused the record."), None)


def test_an_empty_desk_says_what_to_do_next(sandbox: Screen) -> None:
    page = sandbox.open()
    assert "No requests yet" in said(page)
    assert "Submit the first request" in links_of(page)
    assert [button.label for button in page.button] == ["Stop everything now", "Fill a year of sample history"]


def test_sample_history_is_offered_in_the_sandbox_only(live: Screen) -> None:
    page = live.open()
    assert "Submit the first request" in links_of(page)
    assert [button.key for button in page.button] == ["stop_all"]


def test_first_steps_offer_nothing_that_the_person_may_not_do(sandbox: Screen) -> None:
    sandbox.become(AUDITOR)
    page = sandbox.open()
    assert "No requests yet" in said(page)
    assert not links_of(page)
    assert not page.button


def test_one_button_fills_in_sample_history_and_shows_it(sandbox: Screen, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(overview, "SAMPLE_REQUESTS", 30)
    page = sandbox.open()
    page.button(key="fill_sample").click().run()
    assert not page.exception
    assert sandbox.desk.find(ADMIN, RequestFilter()).total == 30
    assert number_in(page, "Need a person") == str(
        sandbox.desk.overview(ADMIN, sandbox.desk.today()).needs_person_total
    )
    assert "fill_sample" not in [button.key for button in page.button]


def test_each_card_shows_the_desk_s_own_number(sandbox: Screen) -> None:
    sandbox.fill()
    view = sandbox.desk.overview(ADMIN, sandbox.desk.today())
    page = sandbox.open()
    shown = {str(metric.label): int(metric.value) for metric in page.metric}
    assert shown == {
        "Need a person": view.needs_person_total,
        "Overdue": view.overdue,
        "At risk": view.at_risk,
        "Awaiting approval": view.awaiting_approval,
        "On legal hold": view.on_hold,
        "In grace": view.in_grace,
        "In flight": view.in_flight + view.queued,
        "Closed in 7 days": view.closed_last_7_days,
    }
    assert view.needs_person_total
    assert view.queued
    assert view.closed_last_7_days


def test_each_card_leads_to_the_requests_behind_its_number(sandbox: Screen) -> None:
    sandbox.fill()
    today = sandbox.desk.today()
    for number, days_ago in enumerate((45, 40, 28), start=1):  # two overdue, one at risk
        sandbox.submit(number, received=today - timedelta(days=days_ago))
    approval, hold, grace = (sandbox.submit(number) for number in (4, 5, 6))
    with sandbox.desk.store.writing() as transaction:
        for request, state in ((approval, "awaiting_approval"), (hold, "on_hold")):
            transaction.db.execute("UPDATE requests SET state = ? WHERE id = ?", [state, request])
        until = to_text(sandbox.clock.now() + timedelta(minutes=10))
        transaction.db.execute("UPDATE tasks SET grace_until = ? WHERE id = ?", [until, f"{grace}-1"])
    page = sandbox.open()
    queries = links_of(page)
    for label, link in (
        ("Need a person", "Look at them"),
        ("Overdue", "See overdue"),
        ("At risk", "See at risk"),
        ("Awaiting approval", "See waiting"),
        ("On legal hold", "See on hold"),
        ("In grace", "See in grace"),
        ("In flight", "See in flight"),
        ("Closed in 7 days", "See closed"),
    ):
        count = number_in(page, label)
        found = sandbox.open("track_requests", **queries[link])
        assert count != "0", label
        heading = next(caption.value for caption in found.caption if "of" in caption.value or "One" in caption.value)
        assert heading == "One request" if count == "1" else heading.endswith(f" of {count}"), label


def test_a_waiting_request_shows_its_problem_in_words_and_links_to_it(live: Screen) -> None:
    request = live.submit()
    message = "It said: **bold** ![x](http://example.com/x.png)"
    with live.desk.store.writing() as transaction:
        transaction.db.execute(
            "UPDATE tasks SET state = 'needs_person', error = ?", [f'{{"code":"x","message":"{message}"}}']
        )
        transaction.db.execute("UPDATE requests SET state = 'needs_person'")
    page = live.open()
    assert message in said(page)
    # The vendor's own markdown is shown, not obeyed.
    assert not any("![x](" in element.value or "**bold**" in element.value for element in page.markdown)
    assert links_of(page)[request] == {"request": [request]}


def test_nearest_deadlines_say_how_many_days_are_left(live: Screen) -> None:
    today = live.desk.today()
    live.submit(1, received=today)
    live.submit(2, received=today - timedelta(days=40))
    badges = [element.value for element in live.open().markdown if "badge[" in element.value]
    assert ":red-badge[:material/event_busy: 9 days overdue]" in badges
    assert ":gray-badge[:material/event: 30 days left]" in badges


def test_a_stopped_worker_is_warned_about_until_it_runs(live: Screen) -> None:
    live.submit()
    assert "The worker is not running" in said(live.open())
    live.start_worker()
    page = live.open()
    assert "The worker is not running" not in said(page)
    assert "Worker at work" in said(page)


def test_a_paused_vendor_shows_why_and_what_waits(live: Screen) -> None:
    live.submit()
    live.desk.pause(ADMIN, "cxone", reason="Maintenance window")
    words = said(live.open())
    assert "Paused: Maintenance window (Ada Admin, 21 Nov 2026, 09:00 UTC)" in words
    assert "Queued: 1" in words


def test_a_vendor_s_last_problem_is_shown_as_plain_text(live: Screen) -> None:
    live.submit()
    with live.desk.store.writing() as transaction:
        connection_states.note_call(transaction, "cxone", "It said: [click](http://example.com)")
    page = live.open()
    assert "Last problem: It said: [click](http://example.com)" in said(page)
    assert not any("[click](" in element.value for element in page.caption)


def test_a_dead_letter_is_sent_again_by_one_button(live: Screen) -> None:
    request = live.submit()
    dead_letter(live, request)
    page = live.open()
    assert "The vault refused the record. Tried once." in said(page)
    page.button(key="resend_letter-1").click().run()
    assert [letter.id for letter in live.desk.deliveries(ADMIN, "pending")] == ["letter-1"]
    assert "did not reach the vault" not in said(page)


def test_a_dead_letter_that_somebody_else_sent_meanwhile_is_explained(live: Screen) -> None:
    request = live.submit()
    dead_letter(live, request)
    dead_letter(live, request, name="letter-2")
    page = live.open()
    live.desk.resend(ADMIN, "letter-1")
    page.button(key="resend_letter-1").click().run()
    assert "There is no dead letter letter-1." in said(page)


def test_a_requester_sees_dead_letters_but_cannot_send_them(live: Screen) -> None:
    dead_letter(live, live.submit())
    live.become(REQUESTER)
    page = live.open()
    assert "The vault refused the record." in said(page)
    assert "resend_letter-1" not in [button.key for button in page.button]


def test_a_desk_without_its_sandbox_says_that_it_is_starting(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with screen(tmp_path, monkeypatch) as bare:
        bare.fill(requests=10)
        assert "the sandbox has not started yet" in said(bare.open())


def test_batches_under_way_are_counted(sandbox: Screen) -> None:
    sandbox.submit(1)
    with sandbox.desk.store.writing() as transaction:
        transaction.db.execute(
            "INSERT INTO batches (state, work, created_by, created_by_name, created_at, file_sha256, file_bytes, "
            "about) "
            "VALUES ('checking', 'check', 't|a', 'A', '2026-11-21T09:00:00.000000Z', '', 0, x'00')"
        )
    assert sandbox.desk.overview(ADMIN).batches_under_way == 1
    assert "1 batch under way" in links_of(sandbox.open())


def test_a_used_up_limit_of_erasures_an_hour_says_when_it_goes_on(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at()}, erasures_per_hour=1) as at:
        at.submit(1)
        assert "0 of 1 allowed" in said(at.open())
        with at.desk.store.writing() as transaction:
            task_leases.lease(transaction, "cxone", owner="w", limit=1, seconds=60)
        assert "The limit of 1 erasures an hour is used up: the next one is sent at 21 Nov 2026, 10:00 UTC" in said(
            at.open()
        )


@pytest.mark.parametrize("requests", [3, 60])
def test_the_overview_asks_the_database_little_however_much_is_on_record(live: Screen, requests: int) -> None:
    for number in range(requests):
        assert live.desk.submit(ADMIN, draft(f"USR-{number:07d}"), intent=str(number)).request
    statements: list[str] = []
    live.desk.store._connections._idle[-1].conn.set_trace_callback(statements.append)
    live.desk.overview(ADMIN)
    asked = [statement for statement in statements if statement.lstrip().startswith("SELECT")]
    assert len(asked) <= 7, asked
