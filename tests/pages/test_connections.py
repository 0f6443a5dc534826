"""Connections: how each stands, token tests with advice, the pause switch, and the sandbox's faults."""

from collections.abc import Iterator
from pathlib import Path

import pytest
from streamlit.testing.v1 import AppTest

from core.clients.breaker import Breaker
from core.clients.limiter import LimiterState
from core.model.events import EventKind
from core.model.people import Actor, Role
from core.sandbox.faults import Chance, Faults
from core.store import connection_states
from core.store.audit import EventFilter
from tests.desks import ADMIN, AUDITOR, REQUESTER
from tests.loopback import LoopbackServer, answer
from tests.pages.screens import Screen, links_of, publish_sandbox, said, screen, vendor_at


@pytest.fixture
def live(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at()}) as made:
        yield made


@pytest.fixture
def sandbox(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Screen]:
    publish_sandbox(tmp_path)
    with screen(tmp_path, monkeypatch) as made:
        yield made


def press(page: AppTest, key: str) -> AppTest:
    page.button(key=key).click().run()
    assert not page.exception
    return page


def test_a_connection_shows_its_settings_and_none_of_its_secrets(live: Screen) -> None:
    words = said(live.open("connections"))
    for shown in ("NICE CXone", "cxone-requests", "http://127.0.0.1:1/oauth/token", "privacy:read privacy:write"):
        assert shown in words
    assert "Client id and secret are set" in words
    assert "canary-secret" not in words


def test_missing_credentials_are_named_by_their_settings(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at(client_secret="")}) as bare:
        words = said(bare.open("connections"))
    assert "No client secret. Set PRIVACY_DESK_CONNECTIONS__CXONE__CLIENT_SECRET and start again." in words


def test_the_page_says_that_the_contracts_are_not_published_ones(live: Screen) -> None:
    assert "are in the vendors' published API" in said(live.open("connections"))


def test_a_token_test_that_reaches_nobody_says_so(live: Screen) -> None:
    page = press(live.open("connections"), "test_cxone")
    (error,) = page.error
    assert "The token server could not be reached" in error.value.replace("\\", "")
    assert "Tested 21 Nov 2026, 09:00 UTC" in error.value


@pytest.mark.parametrize(
    ("status", "happened", "advice"),
    [
        (401, "Authentication failed", "Check CLIENT_ID, CLIENT_SECRET and CREDENTIALS_IN of the connection."),
        (403, "does not grant this client what it asks for", "Add data:read for analytics category erasure."),
    ],
)
def test_a_refused_token_comes_with_advice(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, status: int, happened: str, advice: str
) -> None:
    with (
        LoopbackServer([answer(status, {"error": "invalid_client"})]) as vendor,
        screen(tmp_path, monkeypatch, connections={"cxone": vendor_at(vendor.url)}) as at,
    ):
        words = said(press(at.open("connections"), "test_cxone"))
    assert happened in words
    assert advice in words


def test_a_good_token_says_how_long_it_lasts_and_is_never_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with (
        LoopbackServer([answer(200, {"access_token": "canary-token", "expires_in": 3600})]) as vendor,
        screen(tmp_path, monkeypatch, connections={"cxone": vendor_at(vendor.url)}) as at,
    ):
        page = press(at.open("connections"), "test_cxone")
    assert "The vendor gave a token. It is good until 21 Nov 2026, 10:00 UTC." in said(page)
    assert "canary-token" not in said(page)
    assert len(page.success) == 1


def test_pausing_needs_a_reason(live: Screen) -> None:
    page = live.open("connections")
    page.text_input(key="reason_cxone").set_value("   ")
    press(page, "pause_cxone")
    assert "Say why" in page.error[0].value
    assert not live.desk.connection_views(ADMIN)[0].paused


def test_a_paused_connection_says_why_and_resumes(live: Screen) -> None:
    page = live.open("connections")
    page.text_input(key="reason_cxone").set_value("Vendor maintenance")
    press(page, "pause_cxone")
    assert live.desk.connection_views(ADMIN)[0].state.pause_reason == "Vendor maintenance"
    assert "Paused: Vendor maintenance (Ada Admin, 21 Nov 2026, 09:00 UTC)." in said(page)
    press(page, "resume_cxone")
    assert not live.desk.connection_views(ADMIN)[0].paused
    assert "Paused" not in said(page)


def test_a_connection_paused_in_the_settings_is_resumed_there(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    with screen(tmp_path, monkeypatch, connections={"cxone": vendor_at(paused=True)}) as at:
        page = at.open("connections")
    assert "Take PAUSED out of the settings" in said(page)
    assert [button.key for button in page.button] == ["test_cxone"]


def test_an_open_breaker_is_explained_with_the_time_of_the_next_try(live: Screen) -> None:
    now = live.clock.now()
    with live.desk.store.writing() as transaction:
        opened = Breaker(opened_at=now.timestamp(), open_seconds=120)
        connection_states.save_flow(transaction, "cxone", limiter=None, breaker=opened.to_json())
    words = said(live.open("connections"))
    assert "Holding back" in words
    assert "nothing is sent until 21 Nov 2026, 09:02 UTC. Then one trial call decides." in words
    live.clock.advance(121)
    assert "One trial call at a time" in said(live.open("connections"))


def test_a_vendor_that_asked_to_slow_down_is_shown_with_the_end_of_the_pause(live: Screen) -> None:
    held = LimiterState(not_before=live.clock.now().timestamp() + 300, pause=300)
    with live.desk.store.writing() as transaction:
        connection_states.save_flow(transaction, "cxone", limiter=held.to_json(), breaker=None)
    assert "the desk goes on by itself at 21 Nov 2026, 09:05 UTC." in said(live.open("connections"))


def test_calls_that_went_well_or_badly_are_told_apart(live: Screen) -> None:
    assert "Not used yet" in said(live.open("connections"))
    with live.desk.store.writing() as transaction:
        connection_states.note_call(transaction, "cxone", None)
    assert "Working" in said(live.open("connections"))
    live.clock.advance(60)
    with live.desk.store.writing() as transaction:
        connection_states.note_call(transaction, "cxone", "The vendor could not answer (HTTP 503).")
    words = said(live.open("connections"))
    assert "Last call failed" in words
    assert "Last problem: The vendor could not answer (HTTP 503)." in words


def test_waiting_tasks_lead_to_their_requests(live: Screen) -> None:
    live.submit(1)
    live.submit(2)
    page = live.open("connections")
    assert "Queued: 2" in said(page)
    found = live.open("track_requests", **links_of(page)["Show its requests"])
    assert found.selectbox(key="system").value == "cxone"
    assert "1–2 of 2" in said(found)


def test_with_a_public_address_the_webhook_to_register_is_shown(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    connection = vendor_at(webhook_secret="whsec_" + "QUFB" * 8)
    with screen(tmp_path, monkeypatch, connections={"cxone": connection}, public_url="https://desk.example.com") as at:
        page = at.open("connections")
    assert "https://desk.example.com/webhooks/cxone" in [block.value for block in page.code]
    assert "A webhook secret is set" in said(page)


def test_without_a_public_address_the_page_says_what_to_set(live: Screen) -> None:
    words = said(live.open("connections"))
    assert "set PRIVACY_DESK_PUBLIC_URL to its public https address" in words
    assert "Set PRIVACY_DESK_CONNECTIONS__CXONE__WEBHOOK_SECRET." in words


@pytest.mark.parametrize("person", [REQUESTER, AUDITOR])
def test_only_an_administrator_tests_tokens_and_sets_faults(sandbox: Screen, person: Actor) -> None:
    sandbox.become(person)
    page = sandbox.open("connections")
    assert "Ask an administrator to test the token of this connection." in said(page)
    assert {str(button.key).partition("_")[0] for button in page.button} <= {"pause"}
    assert not page.multiselect


def test_a_requester_pauses_a_connection_and_an_approver_resumes_it(live: Screen) -> None:
    live.become(REQUESTER)
    page = live.open("connections")
    page.text_input(key="reason_cxone").set_value("maintenance")
    page.button(key="pause_cxone").click().run()
    assert "An approver or administrator can let it go on." in said(page)
    live.become(Actor("test", "app", "App Approver", frozenset({Role.APPROVER})))
    page = live.open("connections")
    page.button(key="resume_cxone").click().run()
    assert not next(view for view in live.desk.connection_views(ADMIN) if view.name == "cxone").paused


def test_an_auditor_changes_nothing(live: Screen) -> None:
    live.become(AUDITOR)
    assert not live.open("connections").button


def test_real_vendors_cannot_be_made_to_misbehave(live: Screen) -> None:
    assert "misbehave" not in said(live.open("connections"))


def test_a_fault_is_chosen_set_shown_and_switched_off(sandbox: Screen) -> None:
    page = sandbox.open("connections")
    assert "All faults are off." in said(page)
    page.multiselect(key="fault_cxone_kinds").select("rate_limited").run()
    page.number_input(key="fault_cxone_rate_limited_next").set_value(3)
    page.number_input(key="fault_cxone_rate_limited_percent").set_value(20)
    page.selectbox(key="fault_cxone_retry_after").select("http_date")
    press(page, "fault_cxone_apply")
    faults = Faults(rate_limited=Chance(probability=0.2, next=3), retry_after="http_date")
    assert sandbox.desk.faults(ADMIN, "cxone") == faults
    assert "NICE CXone misbehaves" in said(page)
    assert "Answer 429, too many requests: the next 3 requests, then 20 % of requests" in said(page)
    press(page, "faults_off")
    assert sandbox.desk.faults(ADMIN, "cxone") == Faults()
    assert "All faults are off." in said(page)
    assert page.multiselect(key="fault_cxone_kinds").value == []


def test_every_fault_and_parameter_of_the_model_can_be_set(sandbox: Screen) -> None:
    page = sandbox.open("connections")
    kinds = page.multiselect(key="fault_cxone_kinds")
    for option in kinds.options:
        kinds.select(option)
    kinds.run()
    assert not page.exception
    for name, field in Faults.model_fields.items():
        at = f"fault_cxone_{name}_percent" if field.annotation is Chance else f"fault_cxone_{name}"
        assert page.get_by_key(at), name
    press(page, "fault_cxone_apply")
    chances = sandbox.desk.faults(ADMIN, "cxone").model_dump(exclude_defaults=True)
    assert set(chances) == {name for name, field in Faults.model_fields.items() if field.annotation is Chance}


def test_taking_a_fault_out_of_the_choice_switches_it_off(sandbox: Screen) -> None:
    sandbox.desk.set_faults(ADMIN, "cxone", Faults(error_500=Chance(probability=1), act_before_error=True))
    page = sandbox.open("connections")
    assert page.multiselect(key="fault_cxone_kinds").value == ["error_500"]
    assert page.checkbox(key="fault_cxone_act_before_error").value is True
    page.multiselect(key="fault_cxone_kinds").unselect("error_500").run()
    press(page, "fault_cxone_apply")
    assert not sandbox.desk.faults(ADMIN, "cxone").error_500


def test_each_part_of_the_sandbox_has_faults_of_its_own(sandbox: Screen) -> None:
    page = sandbox.open("connections")
    page.radio(key="fault_part").set_value("vault").run()
    page.multiselect(key="fault_vault_kinds").select("error_503").run()
    press(page, "fault_vault_apply")
    assert sandbox.desk.faults(ADMIN, "vault").error_503 == Chance(probability=0.25)
    assert sandbox.desk.faults(ADMIN, "cxone") == Faults()
    assert "Vault misbehaves" in said(page)


def test_a_rule_without_a_chance_counts_as_misbehaviour_too(sandbox: Screen) -> None:
    page = sandbox.open("connections")
    page.number_input(key="fault_cxone_limit_per_minute").set_value(10)
    press(page, "fault_cxone_apply")
    assert "Requests allowed in a calendar minute: 10" in said(page)


def test_switching_off_leaves_no_event_for_a_part_that_was_quiet(sandbox: Screen) -> None:
    sandbox.desk.set_faults(ADMIN, "genesys", Faults(error_500=Chance(next=1)))
    press(sandbox.open("connections"), "faults_off")
    set_faults = sandbox.desk.audit(ADMIN, EventFilter(kind=EventKind.SANDBOX_FAULTS_SET)).rows
    assert [(event.connection, event.outcome) for event in set_faults] == [("genesys", "off"), ("genesys", "on")]
