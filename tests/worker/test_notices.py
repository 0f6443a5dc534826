"""What raises a notice, and how it reaches the webhook of the settings."""

import json
import random
from collections.abc import Callable, Iterator
from datetime import timedelta
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from core.clock import SystemClock
from core.desk import Acceptance, Desk, DeskError, VendorEvent
from core.model.notices import Notice, NoticeKind
from core.settings import NoticeSettings, Settings
from core.store import notice_deliveries, notices
from core.store.audit import EventFilter
from core.store.notices import NoticeFilter, raise_notice
from core.worker import Worker
from core.worker.notice_deliveries import MOST_ATTEMPTS, NoticeDeliveries
from core.worker.watching import tell_of_deadlines
from tests.clocks import ManualClock
from tests.desks import ADMIN, desk_for, draft, settings_for
from tests.loopback import LoopbackServer, answer
from tests.purpose_desks import PurposeBench, declaration, purpose_settings
from tests.purpose_vendor import PurposeVendor, purpose
from tests.vendor import Vendor

SECRET = "whsec_" + "c2VjcmV0LW1hZGUtdXAtZm9yLXRoZS10ZXN0cy1vbmx5"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


@pytest.fixture
def settings(tmp_path: Path, vendor: Vendor) -> Settings:
    return settings_for(tmp_path, vendor.url)


@pytest.fixture
def desk(settings: Settings, clock: ManualClock) -> Desk:
    return desk_for(settings, clock)


@pytest.fixture
def worker(settings: Settings, desk: Desk, clock: ManualClock) -> Iterator[Worker]:
    worker = Worker(settings, desk.store, clock, rng=random.Random(1))
    yield worker
    worker.close()


def file(desk: Desk, count: int, received_days_ago: int = 0, start: int = 0) -> None:
    received = desk.today() - timedelta(days=received_days_ago)
    for number in range(start, start + count):
        assert desk.submit(ADMIN, draft(f"USR-{number:07d}", received=received), intent=f"{start}-{number}").request


def open_notices(desk: Desk) -> list[Notice]:
    return list(reversed(desk.notices(ADMIN).rows))


def titles(desk: Desk) -> list[str]:
    return [notice.title for notice in open_notices(desk)]


# --- what raises one


def test_a_thousand_failures_are_one_notice_that_counts(desk: Desk, worker: Worker, vendor: Vendor) -> None:
    vendor.on_submit = lambda number: 403
    file(desk, 12)
    while worker.step("cxone"):
        pass
    assert titles(desk) == ["12 requests failed at cxone"]


def test_what_waits_for_a_person_names_the_request(
    desk: Desk, worker: Worker, vendor: Vendor, clock: ManualClock
) -> None:
    vendor.default_status = [{"status": "PROCESSING"}]
    file(desk, 1)
    worker.step("cxone")
    clock.advance(timedelta(days=31).total_seconds())
    worker.step("cxone")
    (notice,) = open_notices(desk)
    assert (notice.kind, notice.about, notice.latest) == (NoticeKind.TASKS_NEED_PERSON, "cxone", "PR-000001")


def test_a_vendor_that_stays_down_is_told_of_and_said_to_be_over_when_it_answers(
    desk: Desk, worker: Worker, vendor: Vendor, clock: ManualClock
) -> None:
    vendor.on_submit = lambda number: 503
    file(desk, 6)
    for _ in range(60):
        worker.step("cxone", 6)
        clock.advance(10)
        if titles(desk):
            break
    assert titles(desk) == ["Cxone does not answer"]
    vendor.on_submit = lambda number: False
    for _ in range(100):
        worker.step("cxone", 6)
        clock.advance(60)
        if open_notices(desk)[0].over_at:
            return
    pytest.fail("it was never over")


def test_a_vendor_that_stumbles_for_a_moment_is_no_notice(
    desk: Desk, worker: Worker, vendor: Vendor, clock: ManualClock
) -> None:
    vendor.on_submit = lambda number: 503 if number <= 5 else False
    file(desk, 6)
    for _ in range(30):
        worker.step("cxone", 6)
        clock.advance(10)
    assert titles(desk) == []


def test_conflicting_messages_of_a_vendor_are_told_of(desk: Desk) -> None:
    desk.accept_webhook("cxone", VendorEvent("wh-1", "00", "req-1", "COMPLETED", None))
    for body in ("11", "22"):
        event = VendorEvent("wh-1", body, "req-1", "FAILED", None)
        assert desk.accept_webhook("cxone", event) is Acceptance.CONFLICT
    assert titles(desk) == ["2 messages of cxone contradict earlier ones"]


def test_purposes_that_drifted_since_the_last_check_are_told_of_once(tmp_path: Path) -> None:
    with PurposeVendor([purpose(30), purpose(31)]) as vendor:
        bench = PurposeBench(purpose_settings(tmp_path, vendor.url))
        bench.declare(declaration(30, retention_days=120), declaration(31, retention_days=120))
        bench.compare()
        bench.compare()
        bench.worker.close()
    assert titles(bench.desk) == ["2 retention purposes at genesys differ from what is declared"]


class TestDeadlines:
    """Requests that are at risk or overdue, each told of once at each threshold."""

    def test_each_threshold_tells_once(self, desk: Desk, settings: Settings, clock: ManualClock) -> None:
        file(desk, 3)
        seen: list[str] = []
        for _ in range(40):
            tell_of_deadlines(settings, desk.store)
            tell_of_deadlines(settings, desk.store)
            seen += titles(desk)
            for notice in open_notices(desk):
                desk.acknowledge(ADMIN, notice.id)
            clock.advance(86_400)
        assert seen == [
            "3 requests have 5 days or less left",
            "3 requests have 1 day or less left",
            "3 requests are overdue",
        ]

    def test_many_at_once_are_one_notice_for_each_threshold(self, desk: Desk, settings: Settings) -> None:
        file(desk, 4, received_days_ago=27)
        file(desk, 2, received_days_ago=60, start=100)
        tell_of_deadlines(settings, desk.store)
        assert {notice.kind: notice.count for notice in open_notices(desk)} == {
            NoticeKind.REQUESTS_AT_RISK: 4,
            NoticeKind.REQUESTS_OVERDUE: 2,
        }

    def test_what_is_closed_is_not_told_of(
        self, desk: Desk, settings: Settings, worker: Worker, clock: ManualClock
    ) -> None:
        file(desk, 1)
        worker.step("cxone")
        clock.advance(10)
        worker.step("cxone")
        clock.advance(timedelta(days=60).total_seconds())
        tell_of_deadlines(settings, desk.store)
        assert titles(desk) == []


def test_a_worker_that_is_missing_is_told_of_once_and_is_over_when_one_is_back(desk: Desk) -> None:
    for _ in range(3):
        desk.report_worker(down=True)
    (notice,) = open_notices(desk)
    assert (notice.kind, notice.count, notice.over_at) == (NoticeKind.WORKER_DOWN, 1, None)
    desk.report_worker(down=False)
    assert open_notices(desk)[0].over_at


# --- the webhook


def raised(desk: Desk, kind: NoticeKind = NoticeKind.TASKS_FAILED, about: str = "cxone") -> int:
    with desk.store.writing() as transaction:
        number = raise_notice(transaction, kind, about, latest="PR-000001")
    assert number
    return number


Outbox = Callable[[LoopbackServer], NoticeDeliveries]


@pytest.fixture
def outbox(settings: Settings, desk: Desk, clock: ManualClock) -> Iterator[Outbox]:
    made: list[NoticeDeliveries] = []

    def to(server: LoopbackServer) -> NoticeDeliveries:
        wanted = NoticeSettings.model_validate({"url": f"{server.url}/notices", "secret": SECRET})
        made.append(
            NoticeDeliveries(
                settings.model_copy(update={"notices": wanted}), desk.store, desk.store.clock, random.Random(1)
            )
        )
        return made[-1]

    yield to
    for one in made:
        one.close()


def test_each_notice_is_sent_once_signed_and_without_personal_data(settings: Settings, vendor: Vendor) -> None:
    clock = SystemClock()  # the verifying library asks the machine's clock
    desk = desk_for(settings, clock)
    vendor.on_submit = lambda number: 403
    file(desk, 3)
    worker = Worker(settings, desk.store, clock)
    while worker.step("cxone"):
        pass
    worker.close()
    with LoopbackServer([answer(200, {})]) as server:
        wanted = NoticeSettings.model_validate({"url": f"{server.url}/notices", "secret": SECRET})
        to = NoticeDeliveries(settings.model_copy(update={"notices": wanted}), desk.store, clock, random.Random(1))
        assert to.step() == 1
        assert to.step() == 0
        to.close()
        (request,) = server.received
    said = Webhook(SECRET).verify(request.body, request.headers)
    assert said["type"] == "notice.raised"
    assert (said["data"]["kind"], said["data"]["about"], said["data"]["count"]) == ("tasks_failed", "cxone", 3)
    assert said["data"]["title"] == "3 requests failed at cxone"
    assert "USR-" not in json.dumps(said)
    assert "Ada" not in json.dumps(said)


def test_a_receiver_that_is_down_is_tried_again_with_the_same_id(
    desk: Desk, outbox: Outbox, clock: ManualClock
) -> None:
    raised(desk)
    with LoopbackServer([answer(503, {}), answer(503, {}), answer(200, {})]) as server:
        to = outbox(server)
        for _ in range(3):
            assert to.step() == 1
            assert to.step() == 0, "not before its time"
            clock.advance(3600)
        assert to.step() == 0
        assert len({request.headers["webhook-id"] for request in server.received}) == 1
    with desk.store.reading() as db:
        assert notice_deliveries.counts(db) == {"delivered": 1}


def test_one_that_is_never_taken_is_a_dead_letter_that_the_bell_tells_of_and_a_person_sends_again(
    desk: Desk, outbox: Outbox, clock: ManualClock
) -> None:
    raised(desk)
    with LoopbackServer([answer(503, {})] * (2 * MOST_ATTEMPTS + 2)) as server:
        to = outbox(server)
        for _ in range(2 * MOST_ATTEMPTS):
            to.step()
            clock.advance(3601)
        assert len(server.received) == 2 * MOST_ATTEMPTS, "the notice, and the one that it was given up on"
    assert titles(desk) == ["A request failed at cxone", "A message to notices was given up on"]
    assert desk.resend_notices(ADMIN) == 2
    with LoopbackServer([answer(200, {})]) as server:
        assert outbox(server).step() == 2


def test_without_a_webhook_nothing_waits_for_one(desk: Desk, settings: Settings, clock: ManualClock) -> None:
    raised(desk)
    NoticeDeliveries(settings, desk.store, clock, random.Random(1)).step()
    with desk.store.reading() as db:
        assert notice_deliveries.counts(db) == {}
    assert len(titles(desk)) == 1


def test_a_redirect_is_not_followed(desk: Desk, outbox: Outbox) -> None:
    raised(desk)
    with LoopbackServer([answer(302, {}, headers={"Location": "http://127.0.0.1:9/in"})]) as server:
        outbox(server).step()
        assert len(server.received) == 1
    with desk.store.reading() as db:
        assert notice_deliveries.counts(db)["dead"] == 1


# --- acknowledging


def test_acknowledging_says_who_and_when_and_is_an_event(desk: Desk, clock: ManualClock) -> None:
    number = raised(desk)
    clock.advance(90)
    notice = desk.acknowledge(ADMIN, number)
    assert (notice.acknowledged_by_name, notice.acknowledged_at) == (ADMIN.name, clock.now())
    assert desk.open_notices(ADMIN) == 0
    assert desk.audit(ADMIN, EventFilter(), limit=1).rows[0].kind == "notice.acknowledged"
    with pytest.raises(DeskError, match="Ada Admin has acknowledged"):
        desk.acknowledge(ADMIN, number)
    with pytest.raises(DeskError, match="There is no notice"):
        desk.acknowledge(ADMIN, 999)
    with desk.store.reading() as db:
        assert notices.find(db, NoticeFilter("acknowledged"))[1] == 1
