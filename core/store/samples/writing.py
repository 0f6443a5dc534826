"""A fill with sample history, batch by batch in order of time; an interrupted one goes on where it stopped."""

import heapq
import json
import uuid
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from datetime import datetime, timedelta

from core.model.events import Event
from core.model.identifiers import pseudonym
from core.store import audit
from core.store.database import Store, Transaction
from core.store.samples import comparisons, fills
from core.store.samples.comparisons import Comparison
from core.store.samples.fills import Fill
from core.store.samples.rows import keep
from core.store.samples.sample import Pinned, Sample
from core.store.samples.timeline import Step, Written, steps

# About half a second: others who write wait for no more.
BATCH_STEPS = 8000

# Of a large database, a batch changes more pages than SQLite holds by itself; each one that has to make room costs a
# wait for the disk.
CACHE_KB = 131_072


class _History:
    """Samples and what became of them, one step after the other in order of time."""

    def __init__(
        self,
        source: Iterable[Sample],
        compared: Iterable[Comparison],
        fill: Fill,
        written: Callable[[int, Sample], Written],
        grace: timedelta,
    ) -> None:
        self._source = enumerate(source)
        self._upcoming = next(self._source, None)
        self._compared = deque(compared)
        self._fill = fill
        self._written = written
        self._grace = grace
        self.waiting: list[tuple[datetime, int, Step, Written]] = []
        self.filed = 0
        self.steps = 0

    def __bool__(self) -> bool:
        return self._upcoming is not None or bool(self.waiting)

    def step(self) -> tuple[datetime, Step, Written]:
        """The next step that anything takes."""
        self.steps += 1
        if self._upcoming is None or (self.waiting and self.waiting[0][0] < self._upcoming[1].filed_at):
            at, _, step, written = heapq.heappop(self.waiting)
            written.take(step, at)
            return at, step, written
        index, sample = self._upcoming
        self._upcoming = next(self._source, None)
        self.filed += 1
        written = self._written(index, sample)
        for at, step in steps(sample, self._grace, self._fill.until):
            heapq.heappush(self.waiting, (at, index, step, written))
        return sample.filed_at, Step.FILED, written

    def compared_until(self, at: datetime) -> list[Comparison]:
        """The comparisons that came before the step of this instant, each told once."""
        found = []
        while self._compared and self._compared[0].at <= at:
            found.append(self._compared.popleft())
        return found


def write(
    store: Store,
    fill: Fill,
    history: Iterable[Sample],
    compared: Iterable[Comparison] = (),
    *,
    pinned: Callable[[Sample], Pinned],
    grace_days: float,
) -> Iterator[int]:
    """Write samples, which come in the order they were filed, and comparisons as they would have happened.

    Yields how many are filed after each batch. A batch stands by itself: its rows and its events are one
    transaction, and `fill` says how far it came, so that the same history with the same fill goes on from there.
    Raises TakenOverError where another process already does.
    """

    def written(index: int, sample: Sample) -> Written:
        intent = str(uuid.uuid5(uuid.NAMESPACE_URL, f"sample/{fill.number}/{fill.seed}/{index}"))
        return Written(sample, intent, pseudonym(sample.subject, store.keys.pseudonym), pinned(sample))

    grace = timedelta(days=grace_days)
    story = _History(history, compared, fill, written, grace)
    _catch_up(store, story, fill)
    while story:
        with store.writing() as transaction:
            fills.check_hold(transaction, fill, story.steps)
            _write_batch(transaction, story, fill, grace)
            fills.advance(transaction, fill, story.steps, story.filed, finished=not story)
        yield story.filed


def _write_batch(transaction: Transaction, story: _History, fill: Fill, grace: timedelta) -> None:
    transaction.db.execute(f"PRAGMA cache_size = -{CACHE_KB}")
    number, approval, hold = (_last(transaction, table) for table in ("requests", "approvals", "holds"))
    new: list[Written] = []
    changed: dict[int, Written] = {}
    events: list[tuple[datetime, Event]] = []
    for _ in range(BATCH_STEPS):
        if not story:
            break
        at, step, one = story.step()
        if step is Step.FILED:
            number += 1
            one.name(number)
            if one.state == "awaiting_approval":
                approval += 1
                one.approval = approval
            if one.sample.released_at:
                hold += 1
                one.hold = hold
            new.append(one)
        elif step is not Step.DESTROYED:  # of an identifier that is gone by now, none was kept
            changed[one.number] = one
        events += comparisons.keep(transaction, story.compared_until(at))
        events += [(at, event) for event in one.events(step)]
    filed = {one.number for one in new}
    keep(transaction, new, (one for one in changed.values() if one.number not in filed), fill.until, grace)
    audit.append_many(transaction.db, transaction.keys, events)
    transaction.recorded += len(events)


def _catch_up(store: Store, story: _History, fill: Fill) -> None:
    """Take the steps again that are on disk, without writing them, and find the rows of what is under way."""
    while story and story.steps < fill.steps:
        at, _, _ = story.step()
        story.compared_until(at)
    under_way = {one.intent: one for _, _, _, one in story.waiting}
    with store.reading() as db:
        for row in db.query(
            "SELECT number, id, intent, pseudonym FROM requests WHERE intent IN (SELECT value FROM json_each(?))",
            [json.dumps(list(under_way))],
        ):
            one = under_way[row["intent"]]
            one.name(row["number"])
            for found in db.query("SELECT number FROM approvals WHERE about = ?", [row["id"]]):
                one.approval = found["number"]
            for found in db.query("SELECT number FROM holds WHERE pseudonym = ?", [row["pseudonym"]]):
                one.hold = found["number"]


def _last(transaction: Transaction, table: str) -> int:
    (row,) = transaction.db.query(f"SELECT coalesce(max(number), 0) AS n FROM {table}")  # noqa: S608 - three fixed names
    return int(row["n"])
