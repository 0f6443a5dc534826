"""Outcomes of many calls in one transaction, each with its own audit events; one that fails takes no other with it."""

import logging
import random
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path

import pytest

from core.desk import Desk
from core.model.privacy_requests import TaskState
from core.store.audit import EventFilter, verify
from core.store.tasks import Outcome
from core.worker import Worker
from core.worker.settling import Finished
from tests.clocks import ManualClock
from tests.desks import ADMIN, desk_for, draft, settings_for
from tests.vendor import Vendor


class Bench:
    def __init__(self, folder: Path, vendor: Vendor) -> None:
        self.steps: list[str] = []
        self.clock = ManualClock()
        settings = settings_for(folder, vendor.url)
        self.desk: Desk = desk_for(settings, self.clock)
        self.worker = Worker(settings, self.desk.store, self.clock, rng=random.Random(1), watch=self.steps.append)
        for number in range(6):
            assert self.desk.submit(ADMIN, draft(f"USR-{number:07d}"), intent=str(number)).request

    def called(self) -> list[Finished]:
        """Six calls that came back, nothing of them written yet."""
        finished = [self.worker.call("cxone", one) for one in self.worker.lease("cxone", 6)]
        return [one for one in finished if one]

    def states(self) -> list[TaskState]:
        views = [self.desk.show(ADMIN, f"PR-{number:06d}") for number in range(1, 7)]
        return [view.request.tasks[0].state for view in views if view]

    def count(self, kind: str) -> int:
        return sum(event.kind == kind for event in self.desk.audit(ADMIN, EventFilter(), limit=100).rows)


@pytest.fixture
def bench(tmp_path: Path) -> Iterator[Bench]:
    with Vendor() as vendor:
        bench = Bench(tmp_path, vendor)
        yield bench
        bench.worker.close()


def test_six_outcomes_are_one_commit_and_six_events(bench: Bench) -> None:
    finished = bench.called()
    bench.steps.clear()
    bench.worker.settle(finished)
    assert bench.steps == ["committing", "committed"]
    assert bench.states() == [TaskState.IN_PROGRESS] * 6
    assert bench.count("task.submitted") == 6


def test_one_that_cannot_be_written_keeps_its_lease_and_the_others_are_written(
    bench: Bench, caplog: pytest.LogCaptureFixture
) -> None:
    finished = bench.called()
    finished[2] = replace(finished[2], outcome=Outcome(TaskState.AWAITING_APPROVAL))
    with caplog.at_level(logging.ERROR):
        bench.worker.settle(finished)
    wanted = [TaskState.IN_PROGRESS] * 6
    wanted[2] = TaskState.SENDING
    assert bench.states() == wanted
    assert bench.count("task.submitted") == 5
    assert [record.task for record in caplog.records if hasattr(record, "task")] == ["PR-000003-1"]
    store = bench.desk.store
    assert verify(store.path, keys=store.keys, checkpoints=store.checkpoints_path(store.path)).ok


def test_a_turn_writes_what_came_back_and_takes_what_is_due_in_one_commit(bench: Bench) -> None:
    first = bench.worker.lease("cxone", 3)
    finished = [one for one in (bench.worker.call("cxone", leased) for leased in first) if one]
    bench.steps.clear()
    leased = bench.worker.turn("cxone", finished, 10)
    assert [one.task.id for one in leased] == ["PR-000004-1", "PR-000005-1", "PR-000006-1"]
    assert bench.steps == ["committing", "committed"]
    assert bench.states() == [TaskState.IN_PROGRESS] * 3 + [TaskState.SENDING] * 3


def test_a_turn_whose_outcomes_cannot_be_written_together_takes_nothing_and_writes_the_others(bench: Bench) -> None:
    first = bench.worker.lease("cxone", 3)
    finished = [one for one in (bench.worker.call("cxone", leased) for leased in first) if one]
    finished[0] = replace(finished[0], outcome=Outcome(TaskState.AWAITING_APPROVAL))
    assert bench.worker.turn("cxone", finished, 10) == []
    assert bench.states()[:3] == [TaskState.SENDING, TaskState.IN_PROGRESS, TaskState.IN_PROGRESS]
    assert len(bench.worker.turn("cxone", [], 10)) == 3


def test_without_room_a_turn_only_writes(bench: Bench) -> None:
    assert bench.worker.turn("cxone", bench.called(), 0) == []
    assert bench.states() == [TaskState.IN_PROGRESS] * 6
