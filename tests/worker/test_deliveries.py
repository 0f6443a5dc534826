"""The vault outbox: at least once, signed, backing off, with a dead-letter list."""

import random
from collections.abc import Callable
from pathlib import Path

import pytest
from standardwebhooks import Webhook

from core.clock import SystemClock
from core.desk import Desk, DeskError
from core.model.privacy_requests import TaskState
from core.settings import Settings, VaultSettings
from core.store import tasks, vault
from core.store.proof import record_end
from core.store.tasks import Outcome
from core.store.vault import Delivery
from core.worker.deliveries import Deliveries
from tests.clocks import ManualClock
from tests.desks import ADMIN, desk_for, draft, settings_for
from tests.loopback import LoopbackServer, answer

SECRET = "whsec_" + "c2VjcmV0LW1hZGUtdXAtZm9yLXRoZS10ZXN0cy1vbmx5"


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


@pytest.fixture
def built_in(tmp_path: Path) -> Settings:
    return settings_for(tmp_path, "http://127.0.0.1:9")


@pytest.fixture
def over_https(built_in: Settings) -> Callable[[LoopbackServer], Settings]:
    def settings(server: LoopbackServer) -> Settings:
        to = VaultSettings.model_validate({"url": f"{server.url}/records", "secret": SECRET, "max_attempts": 3})
        return built_in.model_copy(update={"vault": to})

    return settings


def completed(desk: Desk) -> str:
    """A completed erasure; returns its task id."""
    request = desk.submit(ADMIN, draft(), intent="form-1").request
    assert request
    task_id = f"{request.id}-1"
    with desk.store.writing() as transaction:
        for state in (TaskState.SENDING, TaskState.IN_PROGRESS, TaskState.COMPLETED):
            task = tasks.change(
                transaction, task_id, Outcome(state, vendor_request_id="req-1", vendor_status="COMPLETED")
            )
        record_end(
            transaction,
            task,
            actor="desk|worker",
            categories=request.categories,
            scope=request.scope,
            pseudonym=request.pseudonym,
        )
    return task_id


def only_delivery(desk: Desk, task_id: str) -> Delivery:
    with desk.store.reading() as db:
        (delivery,) = vault.of_task(db, task_id)
    return delivery


def test_the_built_in_vault_keeps_the_record_under_the_pseudonym(built_in: Settings, clock: ManualClock) -> None:
    desk = desk_for(built_in, clock)
    task_id = completed(desk)
    assert Deliveries(built_in, desk.store, clock, random.Random(1)).step() == 1
    assert only_delivery(desk, task_id).state == "delivered"
    with desk.store.reading() as db:
        (record,) = db.query("SELECT * FROM vault_records")
    assert record["subject"].startswith("subj_")
    assert (record["request_id"], record["status"], record["scope"]) == ("req-1", "COMPLETED", "CONTACT")
    assert record["categories_erased"] == '["CONTACT", "EMAIL"]'


def test_an_https_vault_gets_the_record_once_signed(
    over_https: Callable[[LoopbackServer], Settings],
) -> None:
    clock = SystemClock()  # the library that verifies reads the machine's
    with LoopbackServer([answer(200, {})]) as server:
        settings = over_https(server)
        desk = desk_for(settings, clock)
        task_id = completed(desk)
        deliveries = Deliveries(settings, desk.store, clock, random.Random(1))
        assert [deliveries.step(), deliveries.step()] == [1, 0]
        deliveries.close()
    (received,) = server.received
    Webhook(SECRET).verify(received.body, received.headers)
    assert received.json["subjectId"].startswith("subj_")
    assert only_delivery(desk, task_id).state == "delivered"


def test_a_vault_that_fails_is_tried_later_and_in_the_end_the_record_is_a_dead_letter(
    over_https: Callable[[LoopbackServer], Settings], clock: ManualClock
) -> None:
    with LoopbackServer([*[answer(503, {})] * 3, answer(200, {})]) as server:
        settings = over_https(server)
        desk = desk_for(settings, clock)
        task_id = completed(desk)
        deliveries = Deliveries(settings, desk.store, clock, random.Random(1))
        for _ in range(3):
            assert deliveries.step() == 1
            clock.advance(3600)
        letter = only_delivery(desk, task_id)
        assert (letter.state, letter.attempts, deliveries.step()) == ("dead", 3, 0)
        assert [d.id for d in desk.deliveries(ADMIN, "dead")] == [letter.id]
        desk.resend(ADMIN, letter.id)
        assert deliveries.step() == 1
        deliveries.close()
    assert only_delivery(desk, task_id).state == "delivered"
    ids = {received.headers["webhook-id"] for received in server.received}
    assert ids == {letter.id}, "every attempt carries the same id"


def test_a_record_that_the_vault_refuses_is_a_dead_letter_at_once(
    over_https: Callable[[LoopbackServer], Settings], clock: ManualClock
) -> None:
    with LoopbackServer([answer(400, {"message": "unknown field"})]) as server:
        settings = over_https(server)
        desk = desk_for(settings, clock)
        task_id = completed(desk)
        deliveries = Deliveries(settings, desk.store, clock, random.Random(1))
        deliveries.step()
        deliveries.close()
    assert only_delivery(desk, task_id).state == "dead"


def test_only_a_dead_letter_can_be_sent_again(built_in: Settings, clock: ManualClock) -> None:
    desk = desk_for(built_in, clock)
    delivery = only_delivery(desk, completed(desk))
    with pytest.raises(DeskError, match="no dead letter"):
        desk.resend(ADMIN, delivery.id)
