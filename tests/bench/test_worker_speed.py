"""How fast the worker works off a queue, and how quickly the dashboard answers meanwhile. Run by hand:

pytest -m bench -s tests/bench/test_worker_speed.py
"""

import multiprocessing
import time
from multiprocessing.connection import Connection
from pathlib import Path
from statistics import median

import pytest

from core.clock import SystemClock
from core.sandbox.address import connections
from core.sandbox.process import SandboxProcess
from core.settings import Settings
from core.store import requests
from core.store.requests import RequestFilter
from core.worker.run import WorkerProcess
from tests.desks import ADMIN, desk_for, draft

FORKS = multiprocessing.get_context("spawn")
SECONDS = 20.0
QUEUED = 6_000


def work(settings: Settings, seconds: float, told: Connection) -> None:
    """A worker in a process of its own, for so long; sends how much CPU it took."""
    ends_at = time.monotonic() + seconds
    worker = WorkerProcess(settings, desk_for(settings, SystemClock()).store, SystemClock())
    told.send("works")
    before = time.process_time()
    worker.run(lambda: time.monotonic() > ends_at)
    told.send(time.process_time() - before)


@pytest.mark.bench
def test_tasks_a_second_and_the_dashboard_s_answers_meanwhile(tmp_path: Path) -> None:
    sandbox = SandboxProcess(tmp_path / "sandbox" / "unused.db", clock=SystemClock(), processing_seconds=1)
    address = sandbox.start()
    try:
        connection = connections(address)["cxone"].model_copy(update={"limit_per_minute": 1_000_000})
        settings = Settings(
            database=tmp_path / "desk" / "desk.db", keys=tmp_path / "keys" / "k", connections={"cxone": connection}
        )
        desk = desk_for(settings, SystemClock())
        for first in range(0, QUEUED, 1000):
            with desk.store.writing() as transaction:
                for number in range(first, first + 1000):
                    new = desk._new_request(ADMIN, draft(f"USR-{number:07d}"), str(number))
                    requests.file(transaction, new)
        here, there = FORKS.Pipe(duplex=False)
        child = FORKS.Process(target=work, args=(settings, SECONDS, there), daemon=True)
        child.start()
        assert here.recv() == "works"
        reads: list[float] = []
        writes: list[float] = []
        began = time.monotonic()
        while time.monotonic() - began < SECONDS - 2:
            at = time.monotonic()
            desk.overview(ADMIN)
            desk.connection_views(ADMIN)
            desk.open_notices(ADMIN)
            desk.find(ADMIN, RequestFilter(), page_size=20)
            reads.append(time.monotonic() - at)
            at = time.monotonic()
            assert desk.submit(ADMIN, draft(f"OTHER-{len(writes):06d}"), intent=f"other-{len(writes)}").request
            writes.append(time.monotonic() - at)
            time.sleep(0.1)
        cpu = here.recv()
        child.join(20)
        with desk.store.reading() as db:
            (row,) = db.query("SELECT count(*) AS n FROM exchanges")
            calls = int(row["n"])
            (row,) = db.query("SELECT count(*) AS n FROM tasks WHERE ended_at IS NOT NULL")
            ended = int(row["n"])
    finally:
        sandbox.stop()
    for name, times in (("a page's reads", reads), ("filing a request", writes)):
        times.sort()
        worst = times[int(len(times) * 0.99)]
        print(f"\n{name}: median {median(times) * 1000:.0f} ms, p99 {worst * 1000:.0f} ms, of {len(times)}")  # noqa: T201
    print(  # noqa: T201 - the measured figures
        f"{calls} calls in {SECONDS:.0f} s ({calls / SECONDS:.0f} a second, {cpu / calls * 1000:.1f} ms of CPU each), "
        f"{ended} tasks ended"
    )
    assert calls > 0
