"""Retention purposes in the worker's process: worked off beside requests, and no danger to them."""

import logging
import threading
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.model.enforcements import ChangeState
from core.worker.run import WorkerProcess, note_clock_jump
from tests.desks import ADMIN
from tests.purpose_desks import PurposeBench, declaration, purpose_settings
from tests.purpose_vendor import PurposeVendor, purpose

WAIT_SECONDS = 20


@pytest.fixture
def vendor() -> Iterator[PurposeVendor]:
    with PurposeVendor([purpose(number) for number in range(30)]) as vendor:
        yield vendor


@pytest.fixture
def bench(tmp_path: Path, vendor: PurposeVendor) -> PurposeBench:
    return PurposeBench(purpose_settings(tmp_path, vendor.url), SystemClock())


def test_the_process_compares_by_itself_and_works_off_what_was_asked_for(bench: PurposeBench) -> None:
    bench.declare(*(declaration(n, retention_days=120) for n in range(5)))
    process = WorkerProcess(bench.settings, bench.desk.store, bench.clock)
    running = threading.Thread(target=process.run)
    running.start()
    try:
        until(lambda: bool(bench.events("purpose.compared")))
        asked = bench.ask()
        until(lambda: set(bench.states(asked)) == {ChangeState.ENFORCED})
    finally:
        process.stop()
        running.join(WAIT_SECONDS)
        process.purposes.close()
    assert not running.is_alive()


def test_a_step_that_fails_is_told_and_the_process_goes_on(
    bench: PurposeBench, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    process = WorkerProcess(bench.settings, bench.desk.store, bench.clock)
    stepped = threading.Event()

    def broken(name: str) -> int:
        stepped.set()
        raise RuntimeError("as the test wishes")

    monkeypatch.setattr(process.purposes, "step", broken)
    turns = iter(range(10**6))
    with caplog.at_level(logging.ERROR):
        process.run(until=lambda: stepped.is_set() and next(turns) > 2)
    assert "a step for retention purposes failed" in caplog.text
    assert not any(record.message.startswith("another worker") for record in caplog.records)


def until(condition: Callable[[], bool]) -> None:
    """Wait for it, at most 20 seconds."""
    clock = SystemClock()
    give_up_at = clock.monotonic() + WAIT_SECONDS
    while not condition():
        assert clock.monotonic() < give_up_at, "it did not happen"
        clock.sleep(0.05)


def test_a_clock_that_jumps_back_moves_what_waits_with_it(bench: PurposeBench) -> None:
    bench.declare(declaration(1, retention_days=120))
    bench.compare()
    asked = bench.ask()
    (before,) = bench.changes(asked)
    note_clock_jump(bench.desk.store, 3600)
    (after,) = bench.desk.changes(ADMIN, asked.changes)
    assert before.next_due_at
    assert after.next_due_at
    assert (before.next_due_at - after.next_due_at).total_seconds() == pytest.approx(3600, abs=0.01)
    bench.worker.close()
