"""How long a million audit events take to write and to verify, and how much memory: run by hand with `-m bench -s`."""

import subprocess
import sys
from datetime import timedelta
from pathlib import Path
from time import perf_counter

import pytest

from core.store import audit, checkpoints
from core.store.keys import load_or_create
from tests.store.audit_logs import START, connected, event, new_log

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


@pytest.mark.bench
def test_a_million_rows_are_verified_in_under_5_seconds_and_64_mb(tmp_path: Path) -> None:
    keys_path = tmp_path / "keys" / "desk.keys"
    keys = load_or_create(keys_path)
    log = new_log(tmp_path / "desk.db")
    with connected(log) as db:
        db.conn.execute("PRAGMA temp_store=MEMORY")
        events = [(START + timedelta(seconds=n), event(n)) for n in range(100_000)]
        start = perf_counter()
        for _ in range(ROWS // len(events)):
            db.conn.execute("BEGIN IMMEDIATE")
            audit.append_many(db, keys, events)
            db.conn.execute("COMMIT")
        appended = ROWS / (perf_counter() - start)
        size, head = audit.head(db) or (0, "")
    checkpoints.write(checkpoints.path_for(log), keys, size, head, START)
    run = subprocess.run(
        [sys.executable, "-c", VERIFY, log, keys_path, str(ROWS)],
        cwd=Path(__file__).parents[2],
        capture_output=True,
        text=True,
        check=True,
    )
    seconds, busy, megabytes = map(float, run.stdout.split())
    print(f"\n{appended:,.0f} rows/s appended")  # noqa: T201 - what it is run for
    print(f"verified in {seconds:.2f} s ({busy:.2f} s of processor), {megabytes:.0f} MB")  # noqa: T201 - as above
    assert seconds < 5
    assert megabytes < 64
