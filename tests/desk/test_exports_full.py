"""A million events leave the desk in flat memory: the whole size, minutes, under the marker `full`."""

import subprocess
import sys
from itertools import islice
from pathlib import Path

import pytest

from core.clock import SystemClock
from core.store import audit
from tests.bench.many_events import many_events
from tests.desks import desk_for, settings_for

EVENTS = 1_000_000
CHILD = """
import re
import sys
from pathlib import Path
from core.clock import SystemClock
from core.store.audit import EventFilter
from tests.desks import ADMIN, desk_for, settings_for

def peak():
    # Not getrusage: its peak is inherited from the process that started this one.
    return int(re.search(r"VmHWM:\\s+(\\d+)", Path("/proc/self/status").read_text())[1]) / 1024

desk = desk_for(settings_for(Path(sys.argv[1]), "http://127.0.0.1:9"), SystemClock())
desk.audit(ADMIN, EventFilter())
before = peak()
if sys.argv[2] == "evidence":
    made = desk.make_evidence(ADMIN, EventFilter())
else:
    made = desk.export_events(ADMIN, EventFilter(), sys.argv[2])
print(made.rows, peak() - before)
"""


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("million")
    desk = desk_for(settings_for(folder, "http://127.0.0.1:9"), SystemClock())
    rows = many_events(EVENTS)
    while batch := list(islice(rows, 50_000)):
        with desk.store.writing() as transaction:
            audit.append_many(transaction.db, desk.store.keys, batch)
    return folder


@pytest.mark.full
@pytest.mark.parametrize("what", ["csv", "jsonl", "evidence"])
def test_a_million_events_take_under_100_mb_more_than_a_page_of_them(folder: Path, what: str) -> None:
    with desk_for(settings_for(folder, "http://127.0.0.1:9"), SystemClock()).store.reading() as db:
        newest = audit.head(db)
    run = subprocess.run(
        [sys.executable, "-c", CHILD, folder, what],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    rows, megabytes = map(float, run.stdout.split())
    print(f"\n{what}: {rows:,.0f} events, {megabytes:.0f} MB")  # noqa: T201 - what the README states
    assert newest
    assert rows == newest[0] >= EVENTS  # the exports before this one are events themselves
    assert megabytes < 100
