"""Every fault of the sandbox at random: each request is carried out once and ends in its true state."""

import json
import threading
import urllib.request
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from starlette.applications import Starlette

from core.clock import SystemClock
from core.desk import Desk
from core.model.privacy_requests import CLOSED, RequestState
from core.sandbox.address import Address, connections
from core.sandbox.faults import Chance, Faults, fired, write_faults
from core.sandbox.process import SandboxProcess
from core.settings import Settings
from core.store.requests import RequestFilter
from core.web.webhooks import Webhooks
from core.worker.run import WorkerProcess
from tests.desks import ADMIN, QUICK, desk_for, draft
from tests.serving import serving

RARE, SELDOM = Chance(probability=0.01), Chance(probability=0.03)

# Together they spoil about a quarter of all calls; the circuit breaker opens at half.
EVERY_FAULT = Faults(
    latency=SELDOM,
    drop_before=SELDOM,
    rate_limited=SELDOM,
    error_500=SELDOM,
    error_503=SELDOM,
    expired_token=SELDOM,
    drop_after=SELDOM,
    wrong_json=SELDOM,
    truncated=SELDOM,
    oversized=RARE,
    gzip_bomb=RARE,
    slow_drip=RARE,
    unknown_status=SELDOM,
    wrong_records=SELDOM,
    repeated_id=RARE,
    webhook_duplicate=SELDOM,
    webhook_conflict=SELDOM,
    webhook_late=SELDOM,
    webhook_out_of_order=SELDOM,
    webhook_wrong_signature=SELDOM,
    latency_ms=50,
    retry_after="fraction",
    retry_after_seconds=0.05,
    act_before_error=True,
    slow_drip_ms=100,
    webhook_late_seconds=0.5,
    seed=7,
)


def run_with_faults(tmp_path: Path, count: int, seconds: float) -> None:
    """File `count` requests and work until each is closed or waits for a person."""
    database = tmp_path / "sandbox" / "unused.db"
    webhooks: Webhooks | None = None

    async def receive_webhooks(scope: Any, receive: Any, send: Any) -> None:
        assert webhooks
        await Starlette(routes=[webhooks.route()])(scope, receive, send)

    with serving(receive_webhooks) as desk_url:
        sandbox = SandboxProcess(database, clock=SystemClock(), webhook_base=desk_url, processing_seconds=0.1)
        address = sandbox.start()
        try:
            settings = Settings(
                database=tmp_path / "desk" / "desk.db",
                keys=tmp_path / "keys" / "desk.keys",
                connections={
                    "cxone": connections(address)["cxone"].model_copy(
                        update={**QUICK, "limit_per_minute": 1_000_000, "timeout_seconds": 1.0}
                    )
                },
            )
            desk = desk_for(settings, SystemClock())
            webhooks = Webhooks(desk)
            write_faults(database.parent, "cxone", EVERY_FAULT)
            for number in range(count):
                subject = f"USR-{number:07d}"
                assert desk.submit(ADMIN, draft(subject), intent=subject).request
            worker = WorkerProcess(settings, desk.store, SystemClock())
            started = SystemClock().monotonic()

            def done() -> bool:
                ended = SystemClock().monotonic() - started > seconds
                return ended or settled(desk) == count

            running = threading.Thread(target=worker.run, kwargs={"until": done})
            running.start()
            running.join(seconds + 30)
            assert not running.is_alive()
            check(desk, database.parent, address, count)
        finally:
            sandbox.stop()


def settled(desk: Desk) -> int:
    states = tuple(CLOSED | {RequestState.NEEDS_PERSON})
    return desk.find(ADMIN, RequestFilter(states=states), page_size=1).total


def check(desk: Desk, folder: Path, address: Address, count: int) -> None:
    seen = asked(address, "/_sandbox/counts")
    assert seen["by_subject"] == {f"USR-{number:07d}": 1 for number in range(count)}
    assert all(key["acted"] == 1 for key in seen["by_idempotency_key"].values())
    struck = fired(folder, "cxone")
    assert sum(struck.values()) > count / 4, "the run was spoiled too little to prove anything"
    conflicts = struck.get("repeated_id", 0)
    states = [row.state for row in desk.find(ADMIN, RequestFilter(), page_size=count).rows]
    unsettled = [state for state in states if state is not RequestState.COMPLETED]
    assert set(unsettled) <= {RequestState.NEEDS_PERSON}
    assert len(unsettled) <= 2 * conflicts, "only an id given twice may leave a request to a person"
    verdict = desk.verify_audit(ADMIN)
    assert (verdict.ok, verdict.bad) == (True, [])


def asked(address: Address, path: str) -> Any:
    with closing(urllib.request.urlopen(address.url + path, timeout=5)) as answer:
        return json.load(answer)


def test_sixty_requests_through_every_fault(tmp_path: Path) -> None:
    run_with_faults(tmp_path, 60, seconds=60)


@pytest.mark.full
def test_three_hundred_requests_through_every_fault(tmp_path: Path) -> None:
    run_with_faults(tmp_path, 300, seconds=200)
