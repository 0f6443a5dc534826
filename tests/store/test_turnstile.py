"""Who waits to write comes before who has just written."""

import subprocess
import sys
import time
from pathlib import Path

import pytest

from core.store.database import Store
from core.store.keys import load_or_create
from core.store.turnstile import Turnstile
from tests.clocks import ManualClock

ROOT = Path(__file__).resolve().parents[2]

# Writes without a pause until standard input closes, as a busy worker does.
HOG = """
import sys, threading, time
from pathlib import Path
from core.clock import SystemClock
from core.store.database import Store
from core.store.keys import load_or_create
folder = Path(sys.argv[1])
store = Store(folder / "desk.db", load_or_create(folder / "keys"), SystemClock())
leaving = threading.Event()
threading.Thread(target=lambda: (sys.stdin.read(), leaving.set()), daemon=True).start()
while not leaving.is_set():
    with store.writing() as transaction:
        transaction.db.execute("UPDATE worker_leases SET epoch = epoch + 1")
        time.sleep(0.02)
    print("wrote", flush=True)
"""


def test_a_process_that_writes_without_a_pause_lets_others_in_between(tmp_path: Path) -> None:
    store = Store(tmp_path / "desk.db", load_or_create(tmp_path / "keys"), ManualClock())
    with subprocess.Popen(
        [sys.executable, "-c", HOG, str(tmp_path)],
        cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True,
    ) as hog:  # fmt: skip
        assert hog.stdout
        assert hog.stdin
        assert hog.stdout.readline() == "wrote\n"
        waits = []
        for _ in range(10):
            began = time.monotonic()
            with store.writing() as transaction:
                transaction.db.execute("UPDATE worker_leases SET epoch = epoch + 1")
            waits.append(time.monotonic() - began)
        hog.stdin.close()
        hog.stdout.read()
    # Without the turnstile half of all writers waited for 0.6 s and more (measured).
    assert sorted(waits)[5] < 0.5


def test_it_is_free_again_for_anybody_after_each_holder(tmp_path: Path) -> None:
    one, other = Turnstile(tmp_path / "t"), Turnstile(tmp_path / "t")
    for turnstile in (one, other, one):
        with turnstile.held():
            pass
    with pytest.raises(ZeroDivisionError), one.held():
        _ = 1 / 0
    with other.held():
        pass
