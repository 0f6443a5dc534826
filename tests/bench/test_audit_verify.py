"""How long a million audit events with 10 000 checkpoints take to verify, and how much memory: `-m bench -s`."""

import subprocess
import sys
from datetime import datetime, timedelta
from itertools import islice
from pathlib import Path
from time import perf_counter

import pytest

from core.store import audit, checkpoints
from core.store.audit import EventFilter
from core.store.keys import load_or_create
from tests.bench.many_events import FIRST, many_events, subject
from tests.store.audit_logs import START, connected, new_log

ROWS = 1_000_000
VERIFY = """
import re, sys, time
from pathlib import Path
from core.store.audit import verify
from core.store.keys import load_or_create
keys = load_or_create(Path(sys.argv[2]))
start = time.perf_counter()
verdict = verify(sys.argv[1], keys=keys)
seconds = time.perf_counter() - start
assert verdict.ok and verdict.events == int(sys.argv[3])
# Not getrusage: its peak is inherited from the process that started this one.
peak = re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())
print(seconds, time.process_time(), int(peak[1]) / 1024)
"""


@pytest.fixture(scope="module")
def keys_path(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("keys") / "desk.keys"


@pytest.fixture(scope="module")
def log(tmp_path_factory: pytest.TempPathFactory, keys_path: Path) -> Path:
    """A million events, with a checkpoint every hundred."""
    keys = load_or_create(keys_path)
    log = new_log(tmp_path_factory.mktemp("log") / "desk.db")
    with connected(log) as db:
        db.conn.execute("PRAGMA temp_store=MEMORY")
        rows = many_events(ROWS)
        added = 0.0
        while batch := list(islice(rows, 100_000)):
            begun = perf_counter()
            db.conn.execute("BEGIN IMMEDIATE")
            audit.append_many(db, keys, batch)
            db.conn.execute("COMMIT")
            added += perf_counter() - begun
        print(f"\n{ROWS / added:,.0f} rows/s appended, {log.stat().st_size / 2**20:,.0f} MB")  # noqa: T201 - what it is run for
        for size, head in db.execute("SELECT seq, hash FROM audit_events WHERE seq % 100 = 0").fetchall():
            checkpoints.write(checkpoints.path_for(log), keys, size, head, START)
    return log


@pytest.mark.bench
def test_a_million_rows_are_verified_in_under_5_seconds_and_64_mb(log: Path, keys_path: Path) -> None:
    run = subprocess.run(
        [sys.executable, "-c", VERIFY, log, keys_path, str(ROWS)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, busy, megabytes = map(float, run.stdout.split())
    print(f"\nverified in {seconds:.2f} s ({busy:.2f} s of processor), {megabytes:.0f} MB")  # noqa: T201 - as above
    assert seconds < 5
    assert megabytes < 64


def _days(count: int) -> datetime:
    return FIRST + timedelta(days=count)


FILTERS = {
    "no filter": EventFilter(),
    "what happened": EventFilter(kind="task.ended"),
    "who": EventFilter(actor="https://login.example.com|person-07"),
    "one request": EventFilter(request="PR-050000"),
    "connection": EventFilter(connection="genesys"),
    "outcome": EventFilter(outcome="failed"),
    "from a day on": EventFilter(since=_days(100)),
    "up to a day": EventFilter(until=_days(100)),
    "a week": EventFilter(since=_days(100), until=_days(107)),
    "a week that never was": EventFilter(since=_days(4000)),
    "two frequent ones that never meet": EventFilter(kind="task.ended", outcome="in_progress"),
    "three": EventFilter(connection="genesys", kind="task.ended", outcome="failed"),
    "a rare word": EventFilter(text="timeout"),
    "a frequent word": EventFilter(text="completed"),
    "the beginning of frequent words": EventFilter(text="com"),
    "no such word": EventFilter(text="xyzzy"),
    "words and what happened": EventFilter(text="erasure", kind="task.ended"),
    "words, three filters and a week": EventFilter(
        text="vr", kind="task.submitted", outcome="in_progress", since=_days(100), until=_days(107)
    ),
    "a person": EventFilter(pseudonym=subject(77)),
    "a person and words": EventFilter(pseudonym=subject(77), text="completed"),
    "a request and words": EventFilter(request="PR-050000", text="completed"),
    "syntax of the index": EventFilter(text="\" ' * NEAR( a-b %"),
}


@pytest.mark.bench
def test_every_page_of_a_million_rows_with_its_count_is_there_in_under_100_ms(log: Path) -> None:
    print()  # noqa: T201 - as above
    with connected(log) as db:
        for name, where in FILTERS.items():
            times = []
            for before in (None, None, ROWS // 2):
                begun = perf_counter()
                rows = audit.events(db, where, before, 51)
                count = audit.count_up_to(db, where)
                times.append(perf_counter() - begun)
            print(f"{max(times[1:]) * 1000:6.1f} ms  {name} ({len(rows)} of {count})")  # noqa: T201 - as above
            assert min(times) < 0.1, name
