"""The worker as a process: one at a time, and a dead one is replaced at once."""

import multiprocessing
import multiprocessing.connection
import os
import threading
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.desk import Desk
from core.model.privacy_requests import RequestState
from core.settings import Settings
from core.store import worker_leases
from core.worker.owners import is_gone, owner_name
from core.worker.run import WorkerProcess
from tests.desks import ADMIN, QUICK, desk_for, draft, settings_for
from tests.vendor import Vendor

FORKS = multiprocessing.get_context("forkserver")


@pytest.fixture
def vendor() -> Iterator[Vendor]:
    with Vendor() as vendor:
        yield vendor


@pytest.fixture
def settings(tmp_path: Path, vendor: Vendor) -> Settings:
    return settings_for(tmp_path, vendor.url, **QUICK)


@pytest.fixture
def desk(settings: Settings) -> Desk:
    return desk_for(settings, SystemClock())


def states(desk: Desk, ids: list[str]) -> set[RequestState]:
    views = [desk.show(ADMIN, one) for one in ids]
    return {view.request.state for view in views if view}


def test_it_works_off_what_is_due_and_stops_when_told(desk: Desk, settings: Settings, vendor: Vendor) -> None:
    ids = []
    for number in range(12):
        request = desk.submit(ADMIN, draft(f"USR-{number:07d}"), intent=str(number)).request
        assert request
        ids.append(request.id)
    worker = WorkerProcess(settings, desk.store, SystemClock())
    running = threading.Thread(
        target=worker.run, kwargs={"until": lambda: states(desk, ids) == {RequestState.COMPLETED}}
    )
    running.start()
    running.join(20)
    assert not running.is_alive()
    assert states(desk, ids) == {RequestState.COMPLETED}
    assert set(vendor.carried_out.values()) == {1}
    with desk.store.reading() as db:
        assert worker_leases.read(db) is None


def test_a_second_worker_waits_while_the_first_holds_the_lease(desk: Desk, settings: Settings) -> None:
    with desk.store.writing() as transaction:
        worker_leases.take(transaction, "another-host:1:1", 60)
    second = WorkerProcess(settings, desk.store, SystemClock())
    turns = iter([False, False, True])
    second.run(until=lambda: next(turns))
    with desk.store.reading() as db:
        held = worker_leases.read(db)
    assert held
    assert held.owner == "another-host:1:1"


def test_a_lease_that_ran_out_is_taken_over_with_a_new_epoch(desk: Desk, settings: Settings) -> None:
    with desk.store.writing() as transaction:
        worker_leases.take(transaction, "another-host:1:1", -1)
        assert worker_leases.take(transaction, "this-host:2:2", 60)
        held = worker_leases.read(transaction.db)
    assert held
    assert (held.owner, held.epoch) == ("this-host:2:2", 2)


def stay(owner: "multiprocessing.connection.Connection") -> None:
    owner.send(owner_name())
    time.sleep(60)


def test_a_dead_owner_on_this_host_is_known_to_be_gone(desk: Desk, settings: Settings) -> None:
    assert not is_gone(owner_name())
    here, there = FORKS.Pipe(duplex=False)
    child = FORKS.Process(target=stay, args=(there,), daemon=True)
    child.start()
    there.close()  # so that a child that dies is an end of file, not silence
    owner = here.recv()
    assert not is_gone(owner)
    child.kill()
    child.join(10)
    child.close()
    here.close()
    assert is_gone(owner)
    assert not is_gone("another-host:1:1"), "of another host nothing is known"
    assert is_gone(f"{owner_name().split(':')[0]}:{os.getpid()}:0"), "the number was given to another process"
