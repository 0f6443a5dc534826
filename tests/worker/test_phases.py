"""Where the time of a submission goes when a real worker sees it through."""

from pathlib import Path

import pytest

from core.model.measures import Phase
from tests.clocks import ManualClock
from tests.desks import settings_for
from tests.vendor import Vendor
from tests.worker.test_worker import Bench


def seconds(bench: Bench, request_id: str) -> dict[str, float]:
    """What each phase has, where it has anything; that they add up to the latency is checked on the way."""
    with bench.desk.store.reading() as db:
        (row,) = db.query("SELECT * FROM tasks WHERE id = ?", [f"{request_id}-1"])
    assert row["latency_ms"] in {None, sum(row[f"{phase}_ms"] for phase in Phase)}
    return {phase: row[f"{phase}_ms"] / 1000 for phase in Phase if row[f"{phase}_ms"]}


@pytest.fixture
def clock() -> ManualClock:
    return ManualClock()


def test_the_vendors_own_duration_parts_its_time_from_the_wait_for_the_news(tmp_path: Path, clock: ManualClock) -> None:
    with Vendor() as vendor:
        bench = Bench(settings_for(tmp_path, vendor.url), clock)
        request = bench.file()
        clock.advance(7)
        bench.work(request)
        clock.advance(30)
        bench.work(request)
    # It told 1.2 s; the desk looked when its first poll was due, or later.
    assert seconds(bench, request) == {"queued": 7, "vendor": 1.2, "callback": pytest.approx(28.8)}


def test_what_a_429_makes_wait_is_throttled(tmp_path: Path, clock: ManualClock) -> None:
    with Vendor() as vendor:
        vendor.on_submit = lambda number: 429 if number == 1 else False
        bench = Bench(settings_for(tmp_path, vendor.url), clock)
        request = bench.file()
        bench.work(request)
        clock.advance(60)
        bench.work(request, steps=2)
    found = seconds(bench, request)
    assert found["throttled"] >= 60
    assert "queued" not in found


def test_what_the_connections_limit_makes_wait_is_throttled(tmp_path: Path, clock: ManualClock) -> None:
    with Vendor() as vendor:
        bench = Bench(settings_for(tmp_path, vendor.url, limit_per_minute=2), clock)
        first, second = (bench.file(f"USR-{number}", f"form-{number}") for number in (1, 2))
        clock.advance(5)
        assert bench.worker.step("cxone") == 1, "one permit, and the next in half a minute"
        clock.advance(90)
        bench.worker.step("cxone")
        bench.worker.step("cxone")
    times = [seconds(bench, request) for request in (first, second)]
    assert [found["queued"] for found in times] == [5, 5]
    assert times[1]["throttled"] == 90
    assert "throttled" not in times[0]
