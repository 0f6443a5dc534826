"""The worker against vendors that keep their limits, over real HTTP: what of the limit is used, and by whom."""

import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.desk import Desk
from core.settings import Settings
from core.store import requests
from core.worker.run import WorkerProcess
from tests.desks import ADMIN, connection, desk_for, draft
from tests.worker.rated_vendor import RatedVendor


def settings_of(folder: Path, vendors: dict[str, RatedVendor], **more: object) -> Settings:
    return Settings(
        database=folder / "desk" / "desk.db",
        keys=folder / "keys" / "desk.keys",
        connections={name: connection(vendor.url, **more) for name, vendor in vendors.items()},
    )


def file(desk: Desk, name: str, count: int) -> None:
    """File them in one transaction, which is quick."""
    drafts = [draft(f"USR-{name}-{number:06d}", connections=(name,)) for number in range(count)]
    with desk.store.writing() as transaction:
        for number, wanted in enumerate(drafts):
            requests.file(transaction, desk._new_request(ADMIN, wanted, f"{name}-{number}"))


@contextmanager
def working(settings: Settings, desk: Desk) -> Iterator[WorkerProcess]:
    worker = WorkerProcess(settings, desk.store, SystemClock())
    running = threading.Thread(target=worker.run)
    running.start()
    try:
        yield worker
    finally:
        worker.stop()
        running.join(20)
        assert not running.is_alive()


def wait_for(happened: Callable[[], bool], seconds: float = 30) -> float:
    """Seconds until it did."""
    began = time.monotonic()
    while not happened():
        assert time.monotonic() - began < seconds, "it did not happen"
        time.sleep(0.02)
    return time.monotonic() - began


@pytest.mark.parametrize("trouble", ["silent", "down", "refused"])
def test_a_vendor_that_is_down_does_not_slow_the_other(tmp_path: Path, trouble: str) -> None:
    silent, down = trouble == "silent", trouble == "down"
    with RatedVendor(100_000) as good, RatedVendor(100_000, silent=silent, down=down) as bad:
        bad_url = "http://127.0.0.1:9" if trouble == "refused" else bad.url
        limits = {"limit_per_minute": 100_000, "timeout_seconds": 2}
        settings = settings_of(tmp_path, {"good": good}, **limits)
        settings = settings.model_copy(
            update={"connections": {**settings.connections, "bad": connection(bad_url, **limits)}}
        )
        desk = desk_for(settings, SystemClock())
        file(desk, "bad", 40)
        file(desk, "good", 40)
        with working(settings, desk):
            wait_for(lambda: len(good.answered) == 40)
        assert set(good.answered.values()) == {1}
        assert not bad.answered


def test_two_connections_share_the_worker_however_much_one_of_them_has_to_do(tmp_path: Path) -> None:
    with RatedVendor(1_000_000) as much, RatedVendor(1_000_000) as little:
        settings = settings_of(tmp_path, {"much": much, "little": little}, limit_per_minute=1_000_000)
        desk = desk_for(settings, SystemClock())
        file(desk, "much", 200)
        file(desk, "little", 30)
        with working(settings, desk):
            wait_for(lambda: len(little.answered) == 30)
            assert much.kinds.total() <= 3 * little.kinds.total()


@pytest.mark.full
@pytest.mark.parametrize("delay", [0.0, 1.5])
def test_of_600_a_minute_at_least_98_percent_are_used_and_no_429_is_drawn(tmp_path: Path, delay: float) -> None:
    with RatedVendor(600, delay_seconds=delay) as vendor:
        settings = settings_of(
            tmp_path, {"cxone": vendor}, limit_per_minute=600, poll_first_seconds=0.05, poll_max_seconds=1
        )
        desk = desk_for(settings, SystemClock())
        file(desk, "cxone", 700)
        with working(settings, desk):
            wait_for(lambda: vendor.kinds.total() > 0)
            began = time.monotonic() + 2
            time.sleep(2 + 120.5)
        used = [vendor.arrived_between(began + at, began + at + 60) for at in (0, 60)]
        print(f"used of 600 a minute: {used}, 429s: {vendor.refused}, kinds: {dict(vendor.kinds)}")  # noqa: T201 - the measured figures
        assert vendor.refused == 0
        assert min(used) >= 0.98 * 600
        assert set(vendor.answered.values()) == {1}
        assert len(vendor.answered) >= 0.94 * 600


@pytest.mark.full
def test_two_limited_vendors_are_both_used_to_98_percent_beside_a_third_that_is_down(tmp_path: Path) -> None:
    with RatedVendor(600) as one, RatedVendor(600) as other, RatedVendor(600, silent=True) as down:
        settings = settings_of(
            tmp_path,
            {"one": one, "other": other, "down": down},
            limit_per_minute=600,
            timeout_seconds=5,
            poll_first_seconds=0.05,
            poll_max_seconds=1,
        )
        desk = desk_for(settings, SystemClock())
        file(desk, "one", 600)
        file(desk, "other", 50)
        file(desk, "down", 100)
        with working(settings, desk):
            wait_for(lambda: one.kinds.total() > 0 and other.kinds.total() > 0)
            began = time.monotonic() + 2
            time.sleep(2 + 60.5)
        used = [vendor.arrived_between(began, began + 60) for vendor in (one, other)]
        print(f"used of 600 a minute: {used}, 429s: {one.refused + other.refused}")  # noqa: T201 - the measured figures
        assert one.refused + other.refused == 0
        assert min(used) >= 0.98 * 600
