"""The purpose worker: the drift check, comparisons, and enforcements one change at a time."""

import json
from collections.abc import Iterator
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from core.model.enforcements import ChangeState
from core.model.purposes import PurposeStatus
from core.store import enforcement_changes, purpose_comparisons
from core.worker.owners import owner_name
from core.worker.purposes import PurposeWorker
from tests.clocks import ManualClock
from tests.desks import ADMIN
from tests.purpose_desks import PurposeBench, declaration, purpose_settings
from tests.purpose_vendor import PurposeVendor, purpose


@pytest.fixture
def vendor() -> Iterator[PurposeVendor]:
    with PurposeVendor([purpose(number) for number in range(60)]) as vendor:
        yield vendor


@pytest.fixture
def bench(tmp_path: Path, vendor: PurposeVendor) -> Iterator[PurposeBench]:
    bench = PurposeBench(purpose_settings(tmp_path, vendor.url))
    yield bench
    bench.worker.close()


@pytest.fixture
def drifted(bench: PurposeBench) -> PurposeBench:
    """One purpose, declared for 120 days where the vendor keeps 90, and compared."""
    bench.declare(declaration(30, retention_days=120))
    bench.compare()
    return bench


NAME = "Purpose 0030"


# --- comparisons


def test_each_purpose_is_in_force_drifted_missing_or_not_declared(bench: PurposeBench) -> None:
    bench.declare(
        declaration(1), declaration(2, retention_days=30, legal_basis="consent"), declaration(3, name="Unknown purpose")
    )
    run = bench.compare()
    found = bench.statuses()
    assert found["Purpose 0001"] is PurposeStatus.IN_FORCE
    assert found["Purpose 0002"] is PurposeStatus.DRIFTED
    assert found["Unknown purpose"] is PurposeStatus.MISSING
    assert found["Purpose 0004"] is PurposeStatus.UNDECLARED
    assert dict(run.counts) == {
        PurposeStatus.IN_FORCE: 1,
        PurposeStatus.DRIFTED: 1,
        PurposeStatus.MISSING: 1,
        PurposeStatus.UNDECLARED: 58,
        PurposeStatus.AMBIGUOUS: 0,
    }


def test_a_name_the_vendor_has_twice_is_not_guessed_at(bench: PurposeBench, vendor: PurposeVendor) -> None:
    vendor.purposes.append(purpose(99, name="Purpose 0001", retentionPeriod="30d"))
    bench.declare(declaration(1))
    bench.compare()
    assert bench.statuses()["Purpose 0001"] is PurposeStatus.AMBIGUOUS
    assert bench.desk.preview_enforcement(ADMIN, "genesys", ["Purpose 0001"]).changes == ()


def test_a_comparison_leaves_one_audit_event_with_counts_latency_and_a_digest(bench: PurposeBench) -> None:
    bench.declare(declaration(1, retention_days=30))
    run = bench.compare()
    (event,) = bench.events("purpose.compared")
    assert (event.outcome, event.connection, event.actor) == ("drift", "genesys", ADMIN.id)
    assert event.detail["comparison"] == run.id
    assert event.detail["newly_drifted"] == ["Purpose 0001"]
    assert (event.detail["drifted"], event.detail["undeclared"], event.detail["calls"]) == (1, 59, 3)
    assert event.detail["latency_ms"] == run.latency_ms
    bench.compare()
    again = bench.events("purpose.compared")[1]
    assert again.detail["newly_drifted"] == []
    assert again.detail["live_sha256"] == event.detail["live_sha256"]


def test_429s_and_503s_in_the_middle_of_the_list_are_waited_out(bench: PurposeBench, vendor: PurposeVendor) -> None:
    refusals = {2: (429, {"Retry-After": "1.5"}), 3: 503, 5: (429, {"Retry-After": "2"})}
    vendor.on_list = refusals.get
    run = bench.compare()
    assert run.error is None
    assert run.counts[PurposeStatus.UNDECLARED] == 60
    assert vendor.lists == 6
    clock = bench.clock
    assert isinstance(clock, ManualClock)
    assert sum(clock.slept) >= 3.5


def test_a_list_that_cannot_be_had_changes_nothing_and_says_why(bench: PurposeBench, vendor: PurposeVendor) -> None:
    bench.declare(declaration(1, retention_days=30))
    bench.compare()
    vendor.on_list = lambda call: 503
    began = bench.clock.monotonic()
    run = bench.compare()
    assert run.error
    assert (run.error.code, run.counts) == ("vendor_unavailable", {})
    assert bench.clock.monotonic() - began <= 30
    assert bench.statuses()["Purpose 0001"] is PurposeStatus.DRIFTED
    (event,) = bench.events("purpose.not_compared")
    assert event.detail["why"] == "vendor_unavailable"


def test_a_call_is_repeated_three_times_in_the_thread_and_no_more(bench: PurposeBench, vendor: PurposeVendor) -> None:
    vendor.on_list = lambda call: 503
    bench.compare()
    assert vendor.lists == 4


def test_a_retry_after_beyond_the_thread_s_patience_ends_the_comparison(
    bench: PurposeBench, vendor: PurposeVendor
) -> None:
    vendor.on_list = lambda call: (429, {"Retry-After": "600"})
    run = bench.compare()
    assert run.error
    assert (run.error.code, vendor.lists) == ("rate_limited", 1)


def test_a_comparison_waits_while_the_breaker_is_open_and_then_is_made(
    bench: PurposeBench, vendor: PurposeVendor
) -> None:
    vendor.on_list = lambda call: 503
    bench.compare()
    bench.compare()
    vendor.on_list = lambda call: None
    asked = bench.desk.ask_comparison(ADMIN, "genesys")
    calls = vendor.lists
    until = bench.worker.spared_until("genesys")
    assert until
    assert (bench.worker.compare("genesys"), vendor.lists) == (0, calls)
    bench.clock.sleep((until - bench.clock.now()).total_seconds() + 1)
    assert bench.worker.compare("genesys") == 1
    run = bench.desk.comparison(ADMIN, asked)
    assert run
    assert run.error is None


def test_every_call_of_a_comparison_is_kept_and_only_those_of_the_newest_five(bench: PurposeBench) -> None:
    for _ in range(7):
        bench.compare()
    with bench.desk.store.reading() as db:
        kept = {row["task"] for row in db.query("SELECT DISTINCT task FROM exchanges")}
    assert kept == {f"PC-{number:06d}" for number in range(3, 8)}


def test_a_drift_check_runs_by_itself_every_day_and_its_actor_is_the_desk(bench: PurposeBench) -> None:
    assert bench.worker.step("genesys") == 1
    assert bench.worker.step("genesys") == 0
    bench.clock.sleep(timedelta(hours=23, minutes=59).total_seconds())
    assert bench.worker.step("genesys") == 0
    bench.clock.sleep(61)
    assert bench.worker.step("genesys") == 1
    assert [event.actor for event in bench.events("purpose.compared")] == ["desk|worker"] * 2


def test_a_comparison_by_a_person_puts_the_next_check_off(bench: PurposeBench) -> None:
    bench.worker.step("genesys")
    bench.clock.sleep(timedelta(hours=12).total_seconds())
    bench.compare()
    bench.clock.sleep(timedelta(hours=13).total_seconds())
    assert bench.worker.step("genesys") == 0


def test_a_failed_check_is_repeated_within_the_hour(bench: PurposeBench, vendor: PurposeVendor) -> None:
    vendor.on_list = lambda call: 403
    bench.worker.step("genesys")
    vendor.on_list = lambda call: None
    bench.clock.sleep(timedelta(minutes=61).total_seconds())
    assert bench.worker.step("genesys") == 1
    assert len(bench.events("purpose.compared")) == 1


def test_how_often_is_a_setting_and_zero_is_never(tmp_path: Path, vendor: PurposeVendor) -> None:
    off = PurposeBench(purpose_settings(tmp_path / "off", vendor.url, desk={"drift_check_hours": 0}))
    assert off.worker.step("genesys") == 0
    hourly = PurposeBench(purpose_settings(tmp_path / "hourly", vendor.url, desk={"drift_check_hours": 1}))
    assert hourly.worker.step("genesys") == 1
    hourly.clock.sleep(3601)
    assert hourly.worker.step("genesys") == 1
    hourly.worker.close()


def test_a_comparison_whose_reader_died_is_taken_over_at_once(bench: PurposeBench, vendor: PurposeVendor) -> None:
    bench.desk.ask_comparison(ADMIN, "genesys")
    host = owner_name().partition(":")[0]
    with bench.desk.store.writing() as transaction:
        assert purpose_comparisons.lease(transaction, "genesys", owner=f"{host}:999999:1", seconds=600)
    assert bench.worker.compare("genesys") == 1
    assert len(bench.events("purpose.compared")) == 1


def test_a_comparison_that_another_process_holds_is_left_to_it(bench: PurposeBench) -> None:
    bench.desk.ask_comparison(ADMIN, "genesys")
    with bench.desk.store.writing() as transaction:
        purpose_comparisons.lease(transaction, "genesys", owner="another-host:1:1", seconds=600)
    assert bench.worker.compare("genesys") == 0
    bench.clock.sleep(601)
    assert bench.worker.compare("genesys") == 1


def test_what_was_read_back_meanwhile_is_newer_than_a_comparison_begun_before(
    drifted: PurposeBench, vendor: PurposeVendor
) -> None:
    def enforce_in_between(call: int) -> None:
        if call == 6:  # the last page of the second comparison
            vendor.on_list = lambda call: None
            drifted.clock.sleep(1)
            drifted.ask([NAME])
            drifted.work()
            drifted.clock.sleep(1)

    before = vendor.lists
    vendor.on_page = lambda call, body: body
    stale = [dict(p) for p in vendor.purposes]

    def page_as_it_was(call: int, body: dict[str, Any]) -> dict[str, Any]:
        # The page with the purpose was answered before the change, the last one after it.
        return {**body, "entities": stale[25:50]} if call == before + 2 else body

    vendor.on_page = page_as_it_was
    vendor.on_list = enforce_in_between
    drifted.compare()
    assert drifted.statuses()[NAME] is PurposeStatus.IN_FORCE


# --- enforcement


def test_a_drifted_purpose_is_sent_read_back_and_in_force(drifted: PurposeBench, vendor: PurposeVendor) -> None:
    asked = drifted.ask()
    assert drifted.states(asked) == [ChangeState.QUEUED]
    assert drifted.work() == 1
    change = drifted.change(asked)
    assert change.state is ChangeState.ENFORCED
    assert change.found == change.wanted
    assert change.put_ms is not None
    assert vendor.bodies == [
        {
            "name": NAME,
            "description": "What purpose 30 is for",
            "retentionPeriod": "120d",
            "legalBasis": "contract",
            "isActive": True,
        }
    ]
    assert drifted.statuses()[NAME] is PurposeStatus.IN_FORCE, "without another comparison"
    assert drifted.compare().counts[PurposeStatus.DRIFTED] == 0


def test_without_a_declared_description_the_vendors_own_is_sent_back_unchanged(
    bench: PurposeBench, vendor: PurposeVendor
) -> None:
    bench.declare(declaration(30, description="", retention_days=120))
    bench.compare()
    asked = bench.ask()
    bench.work()
    assert bench.states(asked) == [ChangeState.ENFORCED]
    assert vendor.bodies[0]["description"] == "What purpose 30 is for"


def test_the_put_that_the_preview_showed_is_the_put_that_is_made(drifted: PurposeBench, vendor: PurposeVendor) -> None:
    preview = drifted.desk.preview_enforcement(ADMIN, "genesys")
    text = drifted.desk.put_text("genesys", preview.changes[0])
    drifted.ask()
    drifted.work()
    head, _, body = text.partition("\n\n")
    request, *shown = head.splitlines()
    assert request == f"PUT {vendor.url}/api/v2/privacy/purposes/p-0030"
    headers = dict(line.split(": ", 1) for line in shown)
    assert headers.pop("Authorization") == "Bearer <token>"
    sent = {name: value for name, value in vendor.headers[0].items() if name in headers}
    assert sent == headers
    assert json.loads(body) == vendor.bodies[0]


def test_every_put_has_its_intent_and_its_outcome_in_the_audit_log(drifted: PurposeBench) -> None:
    asked = drifted.ask()
    drifted.work()
    kinds = [event.kind for event in drifted.events() if event.kind.startswith("purpose.")]
    assert kinds[-3:] == ["purpose.enforcement_asked", "purpose.enforcing", "purpose.enforced"]
    (sending,) = drifted.events("purpose.enforcing")
    assert sending.detail["fields"] == ["retention_days"]
    assert (sending.detail["before_days"], sending.detail["retention_days"]) == (90, 120)
    assert "What purpose 30 is for" not in str(drifted.events())
    (enforced,) = drifted.events("purpose.enforced")
    change = drifted.change(asked)
    assert (enforced.task, enforced.outcome) == (change.id, "enforced")
    assert (enforced.detail["latency_ms"], enforced.detail["put_ms"]) == (change.latency_ms, change.put_ms)


def test_what_is_in_force_already_is_not_sent(drifted: PurposeBench, vendor: PurposeVendor) -> None:
    asked = drifted.ask()
    vendor.live(NAME)["retentionPeriod"] = "P120D"  # somebody did it by hand, and the form of a period does not matter
    drifted.work()
    assert (drifted.states(asked), vendor.puts) == ([ChangeState.IN_FORCE], 0)


def test_what_changed_at_the_vendor_since_the_preview_is_shown_and_not_overwritten(
    drifted: PurposeBench, vendor: PurposeVendor
) -> None:
    asked = drifted.ask()
    vendor.live(NAME)["retentionPeriod"] = "7d"
    drifted.work()
    change = drifted.change(asked)
    assert (change.state, vendor.puts) == (ChangeState.CHANGED_MEANWHILE, 0)
    assert change.found
    assert change.found["retention_days"] == 7
    (event,) = drifted.events("purpose.conflict")
    assert event.detail["fields"] == ["retention_days"]
    assert drifted.desk.preview_enforcement(ADMIN, "genesys").changes[0].before["retention_days"] == 7


def test_a_purpose_renamed_at_the_vendor_is_not_renamed_back(drifted: PurposeBench, vendor: PurposeVendor) -> None:
    asked = drifted.ask()
    vendor.live(NAME)["name"] = "Another name"
    drifted.work()
    assert (drifted.states(asked), vendor.puts) == ([ChangeState.CHANGED_MEANWHILE], 0)


def test_accepted_but_unchanged_is_an_outcome_of_its_own(drifted: PurposeBench, vendor: PurposeVendor) -> None:
    vendor.keeps = lambda before, sent: {}
    asked = drifted.ask()
    drifted.work()
    change = drifted.change(asked)
    assert change.state is ChangeState.ACCEPTED_BUT_UNCHANGED
    assert change.error
    assert "retention days" in change.error.message
    assert vendor.puts == 1
    (event,) = drifted.events("purpose.not_changed")
    assert event.detail["fields"] == ["retention_days"]
    assert drifted.statuses()[NAME] is PurposeStatus.DRIFTED


def test_a_vendor_that_clamps_a_value_did_not_do_what_was_asked(drifted: PurposeBench, vendor: PurposeVendor) -> None:
    vendor.keeps = lambda before, sent: {**sent, "retentionPeriod": "100d"}
    asked = drifted.ask()
    drifted.work()
    change = drifted.change(asked)
    assert change.state is ChangeState.ACCEPTED_BUT_UNCHANGED
    assert change.found
    assert change.found["retention_days"] == 100


def test_a_value_that_is_readable_only_after_a_moment_is_enforced(drifted: PurposeBench, vendor: PurposeVendor) -> None:
    late: dict[str, Any] = {}
    vendor.keeps = lambda before, sent: (late.update(sent), {})[1]
    seen_before = vendor.lists

    def on_list(call: int) -> None:
        if call == seen_before + 3:  # one look before the PUT, then the second look after it
            vendor.live(NAME).update(late)

    asked = drifted.ask()
    vendor.on_list = on_list
    drifted.work()
    assert (drifted.states(asked), vendor.puts) == ([ChangeState.ENFORCED], 1)


@pytest.mark.parametrize("when", ["before", "at the PUT"])
def test_a_purpose_deleted_meanwhile_is_not_found_at_the_vendor_and_never_created(
    drifted: PurposeBench, vendor: PurposeVendor, when: str
) -> None:
    asked = drifted.ask()
    if when == "before":
        vendor.purposes.remove(vendor.live(NAME))
    else:
        vendor.on_put = lambda call: 404
    drifted.work()
    change = drifted.change(asked)
    assert change.state is ChangeState.MISSING_AT_VENDOR
    assert change.error
    assert "not found at the vendor" in change.error.message.lower()


@pytest.mark.parametrize(
    ("status", "code"), [(400, "rejected"), (401, "authentication_failed"), (403, "not_authorised")]
)
def test_a_refusal_is_final_and_carries_its_advice(
    drifted: PurposeBench, vendor: PurposeVendor, status: int, code: str
) -> None:
    vendor.on_put = lambda call: status
    asked = drifted.ask()
    drifted.work()
    change = drifted.change(asked)
    assert change.state is ChangeState.FAILED
    assert change.error
    assert (change.error.code, bool(change.error.advice)) == (code, True)


def test_a_desk_that_is_not_let_in_does_not_ask_for_every_purpose(bench: PurposeBench, vendor: PurposeVendor) -> None:
    bench.declare(*(declaration(n, retention_days=120) for n in range(8)))
    bench.compare()
    vendor.on_put = lambda call: 403
    asked = bench.ask()
    bench.work()
    assert set(bench.states(asked)) == {ChangeState.FAILED}
    assert vendor.puts == 1


def test_a_500_is_tried_again_and_what_the_vendor_did_before_it_is_not_done_twice(
    drifted: PurposeBench, vendor: PurposeVendor
) -> None:
    vendor.after_put = lambda call: 500
    asked = drifted.ask()
    assert drifted.work() == 2
    change = drifted.change(asked)
    assert (change.state, change.attempts, vendor.puts) == (ChangeState.ENFORCED, 2, 1)
    assert vendor.carried_out == {NAME: 1}
    (retry,) = drifted.events("purpose.retry")
    assert retry.detail["why"] == "vendor_unavailable"


def test_the_first_retry_after_a_500_waits_fifteen_base_delays(tmp_path: Path, vendor: PurposeVendor) -> None:
    bench = PurposeBench(purpose_settings(tmp_path, vendor.url, base_delay_seconds=1.0))
    bench.declare(declaration(30, retention_days=120))
    bench.compare()
    vendor.on_put = lambda call: 500 if call == 1 else None
    bench.ask()
    assert bench.worker.enforce("genesys") == 1
    assert bench.next_due() == bench.clock.now() + timedelta(seconds=15)
    bench.worker.close()


def test_a_429_waits_at_least_as_long_as_the_vendor_asks(drifted: PurposeBench, vendor: PurposeVendor) -> None:
    vendor.on_put = lambda call: (429, {"Retry-After": "20"}) if call == 1 else None
    asked = drifted.ask()
    began = drifted.clock.now()
    drifted.work()
    assert drifted.states(asked) == [ChangeState.ENFORCED]
    assert (drifted.clock.now() - began).total_seconds() >= 20


def test_attempts_end_with_a_failure_that_can_be_repeated(drifted: PurposeBench, vendor: PurposeVendor) -> None:
    vendor.on_put = lambda call: 503
    asked = drifted.ask()
    assert drifted.work() == 3
    change = drifted.change(asked)
    assert change.error
    assert (change.state, change.error.code) == (ChangeState.FAILED, "vendor_unavailable")
    vendor.on_put = lambda call: None
    drifted.clock.sleep(60)
    again = drifted.ask(intent="preview-2")
    drifted.work()
    assert drifted.states(again) == [ChangeState.ENFORCED]


def test_a_read_back_that_fails_does_not_send_the_put_again(drifted: PurposeBench, vendor: PurposeVendor) -> None:
    looks = vendor.lists

    def on_list(call: int) -> int | None:
        return 503 if looks + 2 <= call <= looks + 5 else None  # the read-back with all its repeats

    asked = drifted.ask()
    vendor.on_list = on_list
    drifted.work()
    assert (drifted.states(asked), vendor.puts) == ([ChangeState.ENFORCED], 1)


def test_a_declaration_changed_after_it_was_asked_for_is_not_enforced_any_more(
    drifted: PurposeBench, vendor: PurposeVendor
) -> None:
    asked = drifted.ask()
    drifted.declare(declaration(30, retention_days=180))
    drifted.work()
    change = drifted.change(asked)
    assert change.error
    assert (change.state, change.error.code, vendor.puts) == (ChangeState.CANCELLED, "declared_anew", 0)


def test_a_paused_connection_is_neither_asked_nor_changed_until_it_is_resumed(
    drifted: PurposeBench, vendor: PurposeVendor
) -> None:
    asked = drifted.ask()
    drifted.desk.pause(ADMIN, "genesys", reason="maintenance")
    lists = vendor.lists
    drifted.clock.sleep(timedelta(days=2).total_seconds())
    assert drifted.worker.step("genesys") == 0
    assert vendor.lists == lists
    drifted.desk.resume(ADMIN, "genesys")
    drifted.work()
    assert drifted.states(asked) == [ChangeState.ENFORCED]


def test_an_open_breaker_holds_changes_back_without_using_up_their_attempts(
    bench: PurposeBench, vendor: PurposeVendor
) -> None:
    bench.declare(*(declaration(n, retention_days=120) for n in range(6)))
    bench.compare()
    bench.clock.sleep(120)
    asked = bench.ask()
    vendor.on_list = lambda call: 503
    for _ in range(20):
        bench.worker.enforce("genesys")
    calls = vendor.lists
    assert bench.worker.enforce("genesys") == 0, "the breaker is open"
    assert vendor.lists == calls
    vendor.on_list = lambda call: None
    bench.work()
    assert set(bench.states(asked)) == {ChangeState.ENFORCED}


def test_the_limit_of_the_connection_is_kept(tmp_path: Path, vendor: PurposeVendor) -> None:
    bench = PurposeBench(purpose_settings(tmp_path, vendor.url, limit_per_minute=60))
    bench.declare(*(declaration(n, retention_days=120) for n in range(30)))
    began = bench.clock.monotonic()
    bench.compare()
    bench.ask()
    bench.work()
    calls = vendor.lists + vendor.puts
    assert calls == 3 + 3 * 30
    assert calls <= (bench.clock.monotonic() - began) / 60 * 60 + 2
    bench.worker.close()


class _DiedError(Exception):
    """The process is no more."""


STEPS = ["change leased", "read answered", "change sent", "put answered", "change committing", "change committed"]


@pytest.mark.parametrize("step", STEPS)
def test_a_crash_at_any_step_is_resumed_with_nothing_sent_twice(
    tmp_path: Path, vendor: PurposeVendor, step: str
) -> None:
    def die(at: str) -> None:
        if at == step:
            raise _DiedError

    settings = purpose_settings(tmp_path, vendor.url)
    bench = PurposeBench(settings)
    bench.declare(declaration(30, retention_days=120))
    bench.compare()
    asked = bench.ask()
    host = owner_name().partition(":")[0]
    dying = PurposeWorker(settings, bench.desk.store, bench.clock, owner=f"{host}:999999:1", watch=die)
    with pytest.raises(_DiedError):
        dying.enforce("genesys")
    dying.close()
    bench.work()
    assert bench.states(asked) == [ChangeState.ENFORCED]
    assert vendor.carried_out == {NAME: 1}
    assert len(bench.events("purpose.enforced")) == 1
    bench.worker.close()


def test_a_worker_that_lost_its_lease_sends_nothing_and_writes_nothing(
    drifted: PurposeBench, vendor: PurposeVendor
) -> None:
    asked = drifted.ask()

    def overtaken(call: int) -> None:
        with drifted.desk.store.writing() as transaction:
            enforcement_changes.release(transaction, [drifted.worker.owner])

    vendor.on_list = overtaken
    drifted.worker.enforce("genesys")
    assert (vendor.puts, drifted.states(asked)) == (0, [ChangeState.SENDING])
    vendor.on_list = lambda call: None
    drifted.work()
    assert (vendor.puts, drifted.states(asked)) == (1, [ChangeState.ENFORCED])


def test_forty_purposes_with_a_500_in_the_middle_are_completed_by_running_it_again(
    bench: PurposeBench, vendor: PurposeVendor
) -> None:
    bench.declare(*(declaration(n, retention_days=120) for n in range(40)))
    bench.compare()
    asked = bench.ask()
    vendor.on_put = lambda call: 500 if call >= 20 else None
    bench.work()
    assert bench.states(asked).count(ChangeState.ENFORCED) == 19
    vendor.on_put = lambda call: None
    bench.clock.sleep(3600)
    bench.compare()
    again = bench.ask(intent="preview-2")
    bench.work()
    assert len(again.changes) == 21
    assert set(bench.states(again)) == {ChangeState.ENFORCED}
    assert set(vendor.carried_out.values()) == {1}
    assert len(vendor.carried_out) == 40
    assert bench.compare().counts[PurposeStatus.IN_FORCE] == 40
