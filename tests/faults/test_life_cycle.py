"""The life of requests against a plain model: whatever happens in whatever order, some things always hold."""

import random
import tempfile
from datetime import date
from pathlib import Path

from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, invariant, rule

from core.desk import Choice, DeskError, VendorEvent
from core.model.holds import HoldDraft
from core.model.privacy_requests import TERMINAL, TaskState
from core.store import task_leases
from core.worker import Worker
from tests.clocks import ManualClock
from tests.desks import ADMIN, APPROVER, desk_for, draft, settings_for
from tests.vendor import Vendor

PEOPLE = st.integers(min_value=0, max_value=3)


class LifeOfRequests(RuleBasedStateMachine):
    """One vendor request for each intent at the most; what has ended stays as it ended; nothing goes under a hold."""

    keyed = True
    strict = False  # erasures wait for a second person, and then for a minute

    def __init__(self) -> None:
        super().__init__()
        self.folder = tempfile.TemporaryDirectory()
        self.vendor = Vendor(keyed=self.keyed)
        self.vendor.__enter__()
        self.clock = ManualClock()
        header = "Idempotency-Key" if self.keyed else ""
        self.settings = settings_for(Path(self.folder.name), self.vendor.url, idempotency_header=header)
        if self.strict:
            self.settings = self.settings.model_copy(update={"approvals": "on", "erasure_grace_minutes": 1.0})
        self.desk = desk_for(self.settings, self.clock)
        self.worker = Worker(self.settings, self.desk.store, self.clock, rng=random.Random(1))
        self.intents = 0
        self.last_person = 0
        self.webhooks = 0
        self.filed: list[str] = []
        self.ended: dict[str, TaskState] = {}
        self.holds: dict[str, tuple[str, int]] = {}  # of each that is active, whom it keeps and what had reached them

    def teardown(self) -> None:
        self.vendor.__exit__(None, None, None)
        self.folder.cleanup()

    @rule(person=PEOPLE, under_hold=st.sampled_from(["", "hold_back"]))
    def file(self, person: int, under_hold: str) -> None:
        self.intents += 1
        self.last_person = person
        wish = draft(f"USR-{person:07d}", under_hold=under_hold)
        submitted = self.desk.submit(ADMIN, wish, intent=str(self.intents))
        if submitted.request:
            self.filed.append(submitted.request.id)

    @rule()
    def click_twice(self) -> None:
        if self.intents:
            before = len(self.filed)
            again = self.desk.submit(ADMIN, draft(f"USR-{self.last_person:07d}"), intent=str(self.intents))
            if again.request and not again.repeated:
                self.filed.append(again.request.id)
            assert len(self.filed) <= before + 1

    @rule(seconds=st.sampled_from([1, 10, 40, 4000]))
    def work(self, seconds: int) -> None:
        self.clock.advance(seconds)
        self.worker.step("cxone")

    @rule(fault=st.sampled_from(["lost before", "lost after", "503", "429"]))
    def work_with_a_fault(self, fault: str) -> None:
        if fault == "lost after":
            self.vendor.on_submitted = lambda number: True
        else:
            self.vendor.on_submit = lambda number: {"lost before": True, "503": 503, "429": 429}[fault]
        self.work(40)
        self.vendor.on_submit = self.vendor.on_submitted = lambda number: False

    @rule()
    def die_with_leases(self) -> None:
        """A worker takes what is due and is never heard of again."""
        self.clock.advance(10)
        self.worker.lease("cxone", 2)
        with self.desk.store.writing() as transaction:
            task_leases.release_leases_of_others(transaction, "the next worker")

    @rule(number=st.integers(min_value=1, max_value=6), again=st.booleans())
    def receive_webhook(self, number: int, again: bool) -> None:
        vendor_id = f"req-{number}"
        if not again:
            self.webhooks += 1
        body = self.vendor.bodies.get(vendor_id)
        subject = body["subjectId"] if body else None
        event = VendorEvent(f"wh-{self.webhooks}-{number}", "00", vendor_id, "COMPLETED", subject)
        self.desk.accept_webhook("cxone", event)

    @rule(index=st.integers(min_value=0, max_value=5))
    def cancel(self, index: int) -> None:
        if index < len(self.filed):
            try:
                self.desk.cancel(ADMIN, self.filed[index])
            except DeskError:
                return

    @rule(index=st.integers(min_value=0, max_value=5), approve=st.sampled_from([True, True, True, False]))
    def decide(self, index: int, approve: bool) -> None:
        if index < len(self.filed):
            choices = [Choice(self.filed[index])]
            if approve:
                self.desk.approve(APPROVER, choices)
            else:
                self.desk.deny(APPROVER, choices, code="art_12_6")

    @rule(index=st.integers(min_value=0, max_value=5))
    def send_now(self, index: int) -> None:
        if index < len(self.filed):
            try:
                self.desk.send_now(APPROVER, self.filed[index])
            except DeskError:
                return

    @rule(person=PEOPLE)
    def place_a_hold(self, person: int) -> None:
        if len(self.holds) == 2:
            return
        subject = f"USR-{person:07d}"
        draft = HoldDraft(subject, (), "art_17_3_e", "Suit", "Lea", date(2028, 1, 10))
        placed = self.desk.place_hold(ADMIN, draft)
        assert placed.hold
        self.holds[placed.hold.id] = (subject, self.vendor.carried_out[subject])

    @rule(goes_on=st.booleans())
    def release_a_hold(self, goes_on: bool) -> None:
        if self.holds:
            hold = next(iter(self.holds))
            del self.holds[hold]
            released = self.desk.release_hold(ADMIN, hold, "The suit was settled")
            if goes_on:
                assert all(d.done for d in self.desk.erase_held_back(ADMIN, released.free))

    @invariant()
    def nothing_is_carried_out_under_a_hold(self) -> None:
        for subject, before in self.holds.values():
            assert self.vendor.carried_out[subject] == before

    @invariant()
    def nothing_is_sent_that_a_second_person_had_to_approve_and_did_not(self) -> None:
        if self.strict:
            with self.desk.store.reading() as db:
                (row,) = db.query(
                    "SELECT count(*) AS n FROM tasks t JOIN requests r ON r.number = t.request WHERE t.attempts > 0 "
                    "AND NOT EXISTS (SELECT 1 FROM approvals a WHERE a.about = r.id AND a.state = 'approved')"
                )
            assert row["n"] == 0

    @invariant()
    def at_most_one_vendor_request_for_each_intent(self) -> None:
        with self.desk.store.reading() as db:
            (row,) = db.query("SELECT count(*) AS n FROM tasks WHERE attempts > 0")
        assert len(self.vendor.bodies) <= row["n"]
        assert len(set(self.vendor.ids.values())) == len(self.vendor.ids)

    @invariant()
    def what_has_ended_stays_as_it_ended(self) -> None:
        with self.desk.store.reading() as db:
            states = {row["id"]: TaskState(row["state"]) for row in db.query("SELECT id, state FROM tasks")}
        for task, state in self.ended.items():
            assert states[task] is state
        self.ended |= {task: state for task, state in states.items() if state in TERMINAL}

    @invariant()
    def what_was_cancelled_or_denied_or_is_kept_back_never_reached_the_vendor(self) -> None:
        with self.desk.store.reading() as db:
            rows = db.query(
                "SELECT intent FROM tasks WHERE state IN ('cancelled', 'refused', 'on_hold', 'awaiting_approval')"
            )
            kept = {row["intent"] for row in rows}
        assert not kept & set(self.vendor.ids)


class LifeWithoutAKey(LifeOfRequests):
    keyed = False


class LifeUnderFourEyes(LifeOfRequests):
    strict = True


FEW = settings(
    max_examples=12,
    stateful_step_count=20,
    deadline=None,
    suppress_health_check=[HealthCheck.too_slow],
    derandomize=True,
)
TestLifeOfRequests = LifeOfRequests.TestCase
TestLifeOfRequests.settings = FEW
TestLifeWithoutAKey = LifeWithoutAKey.TestCase
TestLifeWithoutAKey.settings = FEW
TestLifeUnderFourEyes = LifeUnderFourEyes.TestCase
TestLifeUnderFourEyes.settings = FEW
