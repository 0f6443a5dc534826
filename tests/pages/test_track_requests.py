"""Tracking requests: finding them, seeing one whole, and acting on it, with nothing shown to whom it is not for."""

import logging
from collections.abc import Iterator
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import pytest
from streamlit.testing.v1 import AppTest

from core.model.events import EventKind
from core.model.people import Actor, Role
from core.model.privacy_requests import TERMINAL, CascadeEntry, RequestState, TaskError, TaskState
from core.store import exchanges, requests, task_leases, tasks
from core.store.exchanges import StoredExchange
from core.store.proof import record_end, task_event
from core.store.requests import RequestFilter
from core.store.tasks import Outcome
from core.ui import links
from tests.desks import ADMIN, AUDITOR, REQUESTER
from tests.pages.screens import Screen, links_of, publish_sandbox, said, screen, vendor_at

SUBJECT = "USR-8847290"
HOSTILE = "<b>No</b> ![x](http://evil.example/x.png) [y](http://evil.example) **z** :red[now] $x$"
MISSING = "There is no request with this id. Check the address, or look for it in the list."
IN_DOUBT = TaskError("interrupted", "The connection broke off.", "Look it up in the vendor's console.")


@pytest.fixture
def at(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at()}) as made:
        made.become(REQUESTER)
        made.start_worker()
        yield made


def bring(at: Screen, request_id: str, state: TaskState, error: TaskError | None = None, **outcome: Any) -> None:
    """Let the request's task come to a state, as the worker would."""
    store, task_id = at.desk.store, f"{request_id}-1"
    with store.writing() as transaction:
        task_leases.lease(transaction, "cxone", owner="worker", limit=10, seconds=60)
        task = tasks.change(transaction, task_id, Outcome(state, error=error, **outcome))
        if state in TERMINAL:
            record_end(
                transaction,
                task,
                actor="desk|worker",
                categories=("CONTACT",),
                scope="CONTACT",
                pseudonym=task.pseudonym,
            )
        else:
            transaction.record(task_event(EventKind.TASK_NEEDS_PERSON, task, "desk|worker", {"state": state}))
        number = requests.number_of(transaction.db, request_id)
        requests.follow_tasks(transaction, number, actor="desk|worker", grace_days=30)


def exchanged(at: Screen, request_id: str, count: int = 1, **more: Any) -> None:
    one: dict[str, Any] = {
        "task": f"{request_id}-1",
        "connection": "cxone",
        "at": at.clock.now(),
        "attempt": 1,
        "purpose": "submit",
        "method": "POST",
        "url": "https://vendor.example/api/v2/privacy/requests",
        "request_headers": {"Authorization": "Bearer ***"},
        "request_body": '{"subjectId":"{subject}"}',
        "status": 202,
        "response_headers": {"Content-Type": "application/json"},
        "response_body": '{"id":"VND-1"}',
        "elapsed_ms": 120,
        "why": "",
        **more,
    }
    with at.desk.store.writing() as transaction:
        exchanges.keep(transaction, [StoredExchange(**{**one, "elapsed_ms": 100 + n}) for n in range(count)])


def open_request(at: Screen, request_id: str, tab: str = "Timeline") -> AppTest:
    page = at.open("track_requests", request=request_id)
    if tab != "Timeline":
        page.session_state["request_tab"] = tab
        page.run()
    return page


def listed(page: AppTest) -> list[str]:
    return [label for label in links_of(page) if label.startswith("PR-")]


def filters(page: AppTest) -> dict[str, Any]:
    return {box.label: box.value for box in (*page.multiselect, *page.selectbox)}


def press(page: AppTest, label: str) -> AppTest:
    return next(button for button in page.button if button.label == label).click().run()


def labels(page: AppTest) -> list[str]:
    return [button.label for button in page.button]


def errors(page: AppTest) -> list[str]:
    return [error.value.replace("\\", "").replace("\u200b", "") for error in page.error]


def state_of(at: Screen, request_id: str) -> str:
    view = at.desk.show(ADMIN, request_id)
    assert view
    return view.request.state


class TestFinding:
    def test_an_empty_desk_says_how_to_begin(self, at: Screen) -> None:
        page = at.open("track_requests")
        assert "No requests yet" in said(page)
        assert "Submit the first request" in links_of(page)

    def test_an_empty_sandbox_offers_sample_history_too(self, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
        publish_sandbox(tmp_path)
        with screen(tmp_path, monkeypatch) as sandbox:
            page = sandbox.open("track_requests")
        assert "Or fill in sample history on the Overview" in links_of(page)

    def test_a_row_says_in_words_how_a_request_stands_and_leads_to_it(self, at: Screen) -> None:
        request_id = at.submit(reference="CASE-7")
        bring(at, request_id, TaskState.OUTCOME_UNKNOWN, IN_DOUBT)
        page = at.open("track_requests")
        assert links_of(page)[request_id] == {"request": [request_id]}
        words = said(page)
        for part in ("Needs a person", "Erasure · cxone", "30 days left", "CASE-7", "The connection broke off."):
            assert part in words

    def test_an_overdue_row_stands_out(self, at: Screen) -> None:
        at.submit(received=date(2026, 10, 1))
        assert ":red[**19 days overdue**]" in "".join(text.value for text in at.open("track_requests").markdown)

    @pytest.mark.parametrize(
        "query",
        [
            links.NEEDS_PERSON,
            links.IN_FLIGHT,
            links.FAILED,
            links.OVERDUE,
            links.AT_RISK,
            links.CLOSED,
            links.NEAREST,
            links.of_system("cxone"),
        ],
    )
    def test_what_other_pages_link_to_is_a_filter_here(self, at: Screen, query: dict[str, Any]) -> None:
        at.submit()
        wanted = {name: list(value) if isinstance(value, list) else value for name, value in query.items()}
        page = at.open("track_requests", **wanted)
        chosen = {box.key: box for box in (*page.multiselect, *page.selectbox)}
        for name, value in wanted.items():
            assert name in chosen
            shown = chosen[name].value
            assert bool(shown), f"{name}={value} was not understood"

    def test_filters_that_mean_nothing_are_passed_over(self, at: Screen) -> None:
        request_id = at.submit()
        page = at.open("track_requests", state="nonsense", when="never", order="../../etc", type="X" * 10_000)
        assert filters(page) == {
            "State": [],
            "Type": "Any",
            "System": "Any",
            "When": "Any time",
            "Order": "Newest first",
        }
        assert listed(page) == [request_id]

    def test_each_time_filter_finds_what_the_overview_counts(self, at: Screen) -> None:
        at.submit(1, received=date(2026, 10, 1))
        at.submit(2, received=date(2026, 10, 24))
        at.submit(3)
        at.submit(4)
        bring(at, "PR-000004", TaskState.COMPLETED)
        overview = at.desk.overview(ADMIN, at.desk.today())
        found = {
            query["when"]: listed(at.open("track_requests", when=str(query["when"])))
            for query in (links.OVERDUE, links.AT_RISK, links.CLOSED)
        }
        assert list(found.values()) == [["PR-000001"], ["PR-000002"], ["PR-000004"]]
        assert [len(rows) for rows in found.values()] == [
            overview.overdue,
            overview.at_risk,
            overview.closed_last_7_days,
        ]

    def test_the_nearest_deadline_can_come_first_and_closed_ones_have_none_ahead(self, at: Screen) -> None:
        at.submit(1)
        at.submit(2, received=date(2026, 10, 24))
        at.submit(3, received=date(2026, 10, 1))
        at.desk.cancel(ADMIN, "PR-000003")
        page = at.open("track_requests", order="Nearest deadline first")
        assert listed(page) == ["PR-000002", "PR-000001"]
        assert "1–2 of 2 that are open" in said(page)
        closed = at.open("track_requests", order="Nearest deadline first", state="Cancelled")
        assert listed(closed) == ["PR-000003"]

    @pytest.mark.parametrize("text", ["PR-000002", "pr-000002", " CASE-2 ", "VND-2", "USR-8847292"])
    def test_one_box_finds_by_id_reference_vendor_id_and_identifier(self, at: Screen, text: str) -> None:
        for number in (1, 2):
            at.submit(number, reference=f"CASE-{number}")
        bring(at, "PR-000002", TaskState.IN_PROGRESS, vendor_request_id="VND-2", next_due_at=at.clock.now())
        page = at.open("track_requests")
        page.text_input[0].set_value(text).run()
        assert listed(page) == ["PR-000002"]

    def test_what_is_searched_for_enters_neither_the_address_nor_a_log(
        self, at: Screen, caplog: pytest.LogCaptureFixture
    ) -> None:
        at.submit()
        caplog.set_level(logging.DEBUG)
        page = at.open("track_requests")
        page.text_input[0].set_value(SUBJECT).run()
        page.multiselect[0].set_value([RequestState.QUEUED]).run()
        assert listed(page) == ["PR-000001"]
        in_the_address = [box.proto.query_param_key for box in (*page.text_input, *page.multiselect)]
        assert in_the_address == ["", "state"]
        assert SUBJECT not in str(page.query_params)
        assert SUBJECT not in caplog.text

    def test_nothing_found_says_so_and_clears_with_one_click(self, at: Screen) -> None:
        request_id = at.submit()
        page = at.open("track_requests", state="Failed")
        page.text_input[0].set_value("nobody").run()
        assert page.info[0].value.startswith("No request matches.")
        press(page, "Clear search and filters")
        assert listed(page) == [request_id]
        assert "state" not in page.query_params

    def test_pages_hold_twenty_and_another_search_begins_with_the_first(self, at: Screen) -> None:
        for number in range(45):
            at.submit(number)
        page = at.open("track_requests")
        assert "1–20 of 45" in said(page)
        assert listed(page)[0] == "PR-000045"
        page.pagination[0].set_value(3).run()
        assert "41–45 of 45" in said(page)
        assert listed(page) == [f"PR-00000{n}" for n in (5, 4, 3, 2, 1)]
        page.multiselect[0].set_value([RequestState.QUEUED]).run()
        assert "1–20 of 45" in said(page)

    def test_somebody_without_any_role_sees_no_requests(self, at: Screen) -> None:
        at.submit()
        at.become(Actor("test", "nobody", "No Body", frozenset()))
        page = at.open("track_requests")
        assert "You do not have access to this page" in errors(page)[0]
        assert listed(page) == []


class TestOneRequest:
    @pytest.mark.parametrize(
        "asked",
        [
            "PR-999999",
            "nonsense",
            "../../etc/passwd",
            "PR-000001\n",
            "PR-000001' OR 1=1 --",
            "PR-" + "0" * 10_000,
            "PR-٠٠٠٠٠١",
            "<b>x</b>",
        ],
    )
    def test_an_address_that_leads_to_no_request_gets_the_same_words_whatever_it_is(
        self, at: Screen, asked: str
    ) -> None:
        at.submit()
        page = at.open("track_requests", request=asked)
        assert page.title[0].value == "No such request"
        assert [text.value for text in page.markdown] == [MISSING]
        assert asked not in said(page)

    def test_it_says_how_it_stands_and_what_happens_next(self, at: Screen) -> None:
        request_id = at.submit()
        due = at.clock.now() + timedelta(minutes=31)
        bring(at, request_id, TaskState.IN_PROGRESS, vendor_request_id="VND-1", next_due_at=due)
        words = said(open_request(at, request_id))
        assert "cxone is working on it; Privacy Desk asks again at 09:31 UTC." in words
        assert "Mon 21 Dec 2026, 30 days left" in words
        assert "One month from Sat 21 Nov 2026 is Mon 21 Dec 2026." in words

    def test_it_says_why_it_stands_still(self, at: Screen) -> None:
        request_id = at.submit()
        at.desk.pause(ADMIN, "cxone", reason="Maintenance")
        assert "It waits to be sent. cxone is paused" in said(open_request(at, request_id))

    def test_the_timeline_tells_what_happened_in_words(self, at: Screen) -> None:
        request_id = at.submit()
        bring(at, request_id, TaskState.COMPLETED, records_affected=12)
        page = open_request(at, request_id)
        steps = [step.label.replace("\\", "").replace("\u200b", "").split(" · ")[1] for step in page.expander[1:]]
        assert steps == [
            "Filed by Ada Admin",
            "Completed at cxone, 12 records",
            "Deletion completed",
            "Request closed: completed",
        ]

    def test_a_task_shows_what_the_vendor_said_and_removed(self, at: Screen) -> None:
        request_id = at.submit()
        cascade = (CascadeEntry("CONVERSATION", 12), CascadeEntry("EMAIL", 3))
        bring(
            at,
            request_id,
            TaskState.COMPLETED,
            vendor_status="COMPLETED",
            vendor_request_id="VND-1",
            records_affected=1432,
            cascade=cascade,
        )
        page = open_request(at, request_id, "Vendor tasks")
        words = said(page)
        for part in ("PR-000001-1", "VND-1", "COMPLETED", "1\u00a0432"):
            assert part in words
        assert page.dataframe[0].value.to_dict("list") == {
            "Linked entity": ["CONVERSATION", "EMAIL"],
            "Records removed": [12, 3],
        }
        assert page.get("plotly_chart")

    def test_each_http_attempt_is_there_with_a_command_that_repeats_it(self, at: Screen) -> None:
        request_id = at.submit()
        exchanged(at, request_id, status=503, why="The vendor could not answer (HTTP 503).")
        page = open_request(at, request_id, "HTTP exchanges")
        sent, body, received, answer, command = [code.value for code in page.code][-5:]
        assert sent == "POST https://vendor.example/api/v2/privacy/requests\nAuthorization: Bearer ***"
        assert body == '{\n  "subjectId": "USR-8847290"\n}'
        assert received == "HTTP 503\nContent-Type: application/json"
        assert answer == '{\n  "id": "VND-1"\n}'
        assert command.startswith("curl -X POST https://vendor.example")
        assert '"Authorization: Bearer $TOKEN"' in command
        assert "Repeated because: The vendor could not answer (HTTP 503)." in said(page)

    def test_many_http_attempts_come_ten_at_a_time_the_newest_first_to_be_seen(self, at: Screen) -> None:
        request_id = at.submit()
        exchanged(at, request_id, count=23)
        page = open_request(at, request_id, "HTTP exchanges")
        assert [step.label.split(" · ")[-1] for step in page.expander[1:]] == ["120 ms", "121 ms", "122 ms"]
        page.pagination[0].set_value(1).run()
        assert len(page.expander[1:]) == 10

    def test_proof_is_there_once_it_is_made(self, at: Screen) -> None:
        request_id = at.submit()
        assert "Once a task succeeds" in said(open_request(at, request_id, "Proof"))
        bring(at, request_id, TaskState.COMPLETED, vendor_request_id="VND-1")
        words = said(open_request(at, request_id, "Proof"))
        assert "On its way to the vault" in words
        assert '"requestId": "VND-1"' in words

    @pytest.mark.parametrize("tab", ["Timeline", "Vendor tasks", "HTTP exchanges", "Proof"])
    def test_an_identifier_is_masked_for_whoever_may_not_see_it(self, at: Screen, tab: str) -> None:
        request_id = at.submit(description="Her name is Ida Invented")
        bring(at, request_id, TaskState.NEEDS_PERSON, IN_DOUBT)
        at.desk.attest(ADMIN, "PR-000001-1", state=TaskState.COMPLETED, evidence="Ida Invented is gone")
        exchanged(at, request_id)
        seen = said(open_request(at, request_id, tab))
        assert SUBJECT in seen
        at.become(AUDITOR)
        masked = said(open_request(at, request_id, tab))
        assert SUBJECT not in masked
        assert "Ida Invented" not in masked
        assert "US…0 (your role sees it masked)" in masked

    def test_a_destroyed_identifier_is_said_to_be_gone(self, at: Screen) -> None:
        request_id = at.submit()
        with at.desk.store.writing() as transaction:
            transaction.db.execute("DELETE FROM identifiers")
        assert "Destroyed after closing, as it should be" in said(open_request(at, request_id))

    @pytest.mark.parametrize("tab", ["Timeline", "Vendor tasks", "HTTP exchanges"])
    def test_what_vendors_and_people_write_is_shown_as_it_is(self, at: Screen, tab: str) -> None:
        request_id = at.submit(reference=HOSTILE[:100], description=HOSTILE)
        error = TaskError("rejected", HOSTILE, HOSTILE)
        bring(at, request_id, TaskState.NEEDS_PERSON, error, vendor_status=HOSTILE, vendor_request_id="VND-1")
        exchanged(at, request_id, response_body=HOSTILE, why=HOSTILE)
        page = open_request(at, request_id, tab)
        assert HOSTILE in said(page)
        kinds = ("markdown", "caption", "warning", "error", "info")
        read_as_markdown = [str(element.value) for kind in kinds for element in getattr(page, kind)]
        read_as_markdown += [step.label for step in page.expander]
        for text in read_as_markdown:
            for harm in ("](http", "**z**", ":red[now]", "<b>", "$x$", "http://"):
                assert harm not in text

    def test_what_vendors_write_is_shown_as_it_is_in_the_list_too(self, at: Screen) -> None:
        bring(at, at.submit(), TaskState.NEEDS_PERSON, TaskError("rejected", HOSTILE))
        page = at.open("track_requests")
        assert HOSTILE in said(page)
        assert not any("](http" in caption.value for caption in page.caption)

    def test_the_way_back_leads_to_the_list_as_it_was(self, at: Screen) -> None:
        at.submit(1)
        at.submit(2)
        page = at.open("track_requests")
        page.text_input[0].set_value("PR-000002").run()
        page.query_params["request"] = "PR-000002"
        page.run()
        press(page, "All requests")
        assert listed(page) == ["PR-000002"]
        assert page.text_input[0].value == "PR-000002"


class TestActing:
    def test_cancelling_asks_once_more_and_then_cancels(self, at: Screen) -> None:
        request_id = at.submit()
        page = open_request(at, request_id)
        assert state_of(at, request_id) == "queued"
        press(page, f"Yes, cancel {request_id}")
        assert state_of(at, request_id) == "cancelled"
        assert "Cancelled. What had not reached a vendor will not be sent." in said(page)
        assert labels(page) == ["All requests", "Close this message"]

    def test_what_reached_the_vendor_offers_no_cancelling(self, at: Screen) -> None:
        request_id = at.submit()
        bring(at, request_id, TaskState.IN_PROGRESS, vendor_request_id="VND-1", next_due_at=at.clock.now())
        assert not [label for label in labels(open_request(at, request_id)) if "cancel" in label]

    def test_a_stale_page_changes_nothing_and_says_so_calmly(self, at: Screen) -> None:
        request_id = at.submit()
        page = open_request(at, request_id)
        bring(at, request_id, TaskState.QUEUED, TaskError("not_sent", "Nothing was sent."), next_due_at=at.clock.now())
        press(page, f"Yes, cancel {request_id}")
        assert state_of(at, request_id) == "queued"
        assert "has changed since this page was drawn" in page.info[0].value
        assert errors(page) == []
        press(page, "Reload")
        assert not page.info
        press(page, f"Yes, cancel {request_id}")
        assert state_of(at, request_id) == "cancelled"

    def test_a_click_that_arrives_twice_counts_once(self, at: Screen) -> None:
        request_id = at.submit()
        page = open_request(at, request_id)
        next(button for button in page.button if button.label.startswith("Yes, cancel")).click()
        clicked = page._tree.get_widget_states()
        page._run(clicked)
        page._run(clicked)
        assert "Cancelled. What had not reached a vendor will not be sent." in said(page)
        assert not page.info

    def test_an_unknown_outcome_is_sent_again_only_on_a_persons_word(self, at: Screen) -> None:
        request_id = at.submit()
        bring(at, request_id, TaskState.OUTCOME_UNKNOWN, IN_DOUBT)
        page = open_request(at, request_id)
        assert "Nobody knows yet whether cxone has it." in said(page)
        again = next(button for button in page.button if button.label == "Yes, try again")
        assert again.disabled
        page.checkbox[0].check().run()
        press(page, "Yes, try again")
        assert state_of(at, request_id) == "queued"

    def test_a_failed_task_goes_again_as_a_new_one_and_stays_on_record(self, at: Screen) -> None:
        request_id = at.submit()
        bring(at, request_id, TaskState.FAILED, TaskError("rejected", "Refused."))
        page = press(open_request(at, request_id, "Vendor tasks"), "Yes, try again")
        assert state_of(at, request_id) == "queued"
        assert "Tried again as PR-000001-2; kept here as it ended." in said(page)

    def test_a_persons_word_with_evidence_ends_a_task(self, at: Screen) -> None:
        request_id = at.submit()
        bring(at, request_id, TaskState.OUTCOME_UNKNOWN, IN_DOUBT)
        page = open_request(at, request_id)
        page.radio[0].set_value(TaskState.COMPLETED)
        page.text_area[0].set_value("Case 4711 in the console says done")
        page.number_input[0].set_value(7)
        press(page, "Put it on record")
        assert state_of(at, request_id) == "completed"
        page.session_state["request_tab"] = "Proof"
        words = said(page.run())
        assert "Rita Requester attested PR-000001-1: completed" in words
        assert "Case 4711 in the console says done" in words

    @pytest.mark.parametrize(
        ("state", "evidence", "complaint"),
        [(None, "Case 4711 in the console", "choose how it ended"), (TaskState.FAILED, "gone", "ten characters")],
    )
    def test_a_word_that_is_not_enough_is_refused_with_what_is_missing(
        self, at: Screen, state: TaskState | None, evidence: str, complaint: str
    ) -> None:
        request_id = at.submit()
        bring(at, request_id, TaskState.OUTCOME_UNKNOWN, IN_DOUBT)
        page = open_request(at, request_id)
        page.radio[0].set_value(state)
        page.text_area[0].set_value(evidence)
        press(page, "Put it on record")
        assert complaint in errors(page)[0]
        assert page.text_area[0].value == evidence
        assert state_of(at, request_id) == "needs_person"

    def test_who_may_only_look_is_offered_nothing(self, at: Screen) -> None:
        request_id = at.submit()
        bring(at, request_id, TaskState.OUTCOME_UNKNOWN, IN_DOUBT)
        at.become(AUDITOR)
        assert labels(open_request(at, request_id)) == ["All requests"]

    def test_a_role_that_was_taken_away_meanwhile_is_refused_and_recorded(self, at: Screen) -> None:
        request_id = at.submit()
        page = open_request(at, request_id)
        at.become(Actor(REQUESTER.issuer, REQUESTER.subject, REQUESTER.name, frozenset({Role.AUDITOR})))
        press(page, f"Yes, cancel {request_id}")
        assert "may not do this" in errors(page)[0]
        assert state_of(at, request_id) == "queued"
        view = at.desk.show(ADMIN, request_id)
        assert view
        assert not at.desk.find(ADMIN, RequestFilter(states=(RequestState.CANCELLED,))).rows
