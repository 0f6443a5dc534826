import json
import sqlite3
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from hashlib import sha256
from hmac import digest
from pathlib import Path
from typing import Any

import pytest
import rfc8785
from hypothesis import given
from hypothesis import strategies as st
from sqlite_utils import Database

from core.clock import to_text
from core.model.events import EventKind
from core.store import audit
from core.store.audit import GENESIS, AuditError, EventFilter, VerificationCancelledError, verify
from core.store.audit.record import Follower, macs_with, row_hash
from core.store.keys import Keys, load_or_create
from core.store.snapshot import UnreadableDatabaseError
from tests.store.audit_logs import ADA, START, add, connected, event, new_log, writing

COLUMNS = ("seq", "at", "kind", "actor", "request", "task", "connection", "outcome", "detail", "prev")


# Appending


def test_each_row_carries_the_hash_of_its_columns_and_the_one_before(log: Path, keys: Keys) -> None:
    add(log, keys, 3)
    with connected(log) as db:
        rows = list(db.query("SELECT * FROM audit_events ORDER BY seq"))
    prev = "0" * 64
    for seq, row in enumerate(rows, start=1):
        assert (row["seq"], row["prev"]) == (seq, prev)
        assert row["hash"] == sha256(rfc8785.dumps({name: row[name] for name in COLUMNS})).hexdigest()
        assert row["mac"] == digest(keys.audit, row["hash"].encode(), "sha256").hex()
        prev = row["hash"]


def test_append_returns_the_number_of_the_row_and_stores_what_happened(open_log: Database, keys: Keys) -> None:
    at = START + timedelta(microseconds=1)
    happened = event(7, outcome="ok", detail={"vendor_status": "Zoë \U0001f642", "attempt": 2})
    assert [audit.append(open_log, keys, START, event()), audit.append(open_log, keys, at, happened)] == [1, 2]
    (stored, _) = audit.events(open_log, EventFilter(), None, 10)
    assert (stored.at, stored.kind, stored.actor) == (to_text(at), "task.submitted", ADA)
    assert (stored.request, stored.task, stored.connection) == ("PR-000007", "PR-000007-1", "cxone")
    assert (stored.outcome, stored.detail) == ("ok", happened.detail)


def test_detail_is_canonical_json(open_log: Database, keys: Keys) -> None:
    cascade = [{"records": 12, "entity": "CHAT"}, {"entity": "é\n\u0001", "records": -1}]
    audit.append(
        open_log, keys, START, event(kind=EventKind.TASK_ENDED, detail={"state": "completed", "cascade": cascade})
    )
    (text,) = open_log.execute("SELECT detail FROM audit_events").fetchone()
    assert text == (
        '{"cascade":[{"entity":"CHAT","records":12},{"entity":"é\\n\\u0001","records":-1}],"state":"completed"}'
    )


def test_the_head_is_none_while_empty_and_then_the_newest_row(log: Path, keys: Keys) -> None:
    with connected(log) as db:
        assert audit.head(db) is None
    size, hash_ = add(log, keys, 5)
    assert size == 5
    with connected(log) as db:
        assert db.execute("SELECT hash FROM audit_events WHERE seq = 5").fetchone() == (hash_,)


def test_appending_many_returns_the_last_number_and_continues_the_chain(open_log: Database, keys: Keys) -> None:
    assert audit.append_many(open_log, keys, []) == 0
    assert audit.append_many(open_log, keys, [(START, event()), (START, event(2))]) == 2
    assert audit.append_many(open_log, keys, iter([(START, event(3))])) == 3
    assert audit.append_many(open_log, keys, []) == 3


def test_appending_outside_a_transaction_is_refused(log: Path, keys: Keys) -> None:
    with connected(log) as db, pytest.raises(AuditError, match="transaction"):
        audit.append(db, keys, START, event())


def test_a_refused_event_writes_nothing(log: Path, keys: Keys) -> None:
    with connected(log) as db:
        db.conn.execute("BEGIN IMMEDIATE")
        with pytest.raises(AuditError):
            audit.append(db, keys, START, event(detail={"attempt": 1.5}))
        db.conn.execute("COMMIT")
        assert audit.head(db) is None


def test_writers_at_the_same_time_lose_nothing_and_fork_nothing(log: Path, keys: Keys) -> None:
    def run(writer: int) -> None:
        for n in range(10):
            with writing(log) as db:
                audit.append(db, keys, START, event(writer * 100 + n))

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(run, range(8)))
    verdict = verify(log, keys=keys)
    assert (verdict.events, verdict.bad) == (80, [])


# One canonical form, computed two ways

texts = st.text(st.characters(exclude_categories=["Cs"]))
rows = st.tuples(
    st.integers(-(2**53) + 1, 2**53 - 1),
    *[texts] * 3,
    *[st.none() | texts] * 4,
    *[texts] * 2,
    st.none(),
    st.none(),
)


@given(rows)
def test_the_hash_of_any_row_is_that_of_its_rfc_8785_form(row: tuple[Any, ...]) -> None:
    record = dict(zip(COLUMNS, row, strict=False))
    assert row_hash(row) == sha256(rfc8785.dumps(record)).hexdigest()


@given(rows, st.integers(1, 9), st.sampled_from(["\ud800", "a\udfffb", 7, b"x"]))
def test_what_has_no_rfc_8785_form_has_no_hash(row: tuple[Any, ...], column: int, value: Any) -> None:
    assert row_hash((*row[:column], value, *row[column + 1 :])) is None


@given(st.binary(max_size=64), texts)
def test_the_mac_is_hmac_sha_256(key: bytes, message: str) -> None:
    assert macs_with(key)([message]) == [digest(key, message.encode(), "sha256").hex()]


@given(rows, st.integers(1, 11), st.one_of(texts, st.none(), st.integers(), st.sampled_from(['"', "\\", '\\"', "\n"])))
def test_the_quick_check_takes_a_row_for_right_only_if_it_is(row: tuple[Any, ...], column: int, value: Any) -> None:
    written = (1, *row[1:9], GENESIS, None, None)
    hash_ = row_hash(written)
    assert hash_
    good = (*written[:10], hash_, *macs_with(b"key")([hash_]))
    controls = any(ord(character) < 32 for character in row[8])
    assert Follower(0, GENESIS, b"key", "").follow([good]) is None or controls
    changed = (*good[:column], value, *good[column + 1 :])
    if changed != good:
        assert Follower(0, GENESIS, b"key", "").follow([changed]) is changed


def test_the_mac_takes_no_key_longer_than_a_block() -> None:
    with pytest.raises(ValueError, match="64"):
        macs_with(bytes(65))


# The table's own refusals

REST = "at, kind, actor, request, task, connection, outcome, detail, prev, hash, mac"


@pytest.mark.parametrize(
    "statement",
    [
        "UPDATE audit_events SET actor = 'x' WHERE seq = 2",
        "UPDATE audit_events SET seq = 9 WHERE seq = 3",
        "DELETE FROM audit_events WHERE seq = 3",
        "DELETE FROM audit_events",
        f"INSERT INTO audit_events SELECT seq + 2, {REST} FROM audit_events WHERE seq = 3",
        "INSERT OR REPLACE INTO audit_events SELECT * FROM audit_events WHERE seq = 3",
        "INSERT OR IGNORE INTO audit_events SELECT * FROM audit_events WHERE seq = 1",
        "INSERT INTO audit_events SELECT * FROM audit_events WHERE seq = 3 ON CONFLICT DO UPDATE SET actor = 'x'",
        f"INSERT INTO audit_events SELECT NULL, {REST} FROM audit_events WHERE seq = 3",
    ],
)
def test_a_plain_connection_can_only_add_the_next_row(log: Path, keys: Keys, statement: str) -> None:
    add(log, keys, 3)
    with connected(log) as db:
        before = list(db.query("SELECT * FROM audit_events"))
        with pytest.raises(sqlite3.IntegrityError, match="audit_events"):
            db.conn.execute(statement)
        assert list(db.query("SELECT * FROM audit_events")) == before


# Verifying


def test_an_untouched_log_is_good_and_the_verdict_has_the_five_public_keys(log: Path, keys: Keys) -> None:
    _, head = add(log, keys, 12)
    document = verify(str(log), keys=keys).to_json()
    assert list(document) == ["ok", "events", "bad", "cannot_prove", "head"]
    assert (document["ok"], document["events"], document["bad"], document["head"]) == (True, 12, [], head)
    assert json.loads(json.dumps(document)) == document


def test_an_empty_log_is_good_and_has_no_head(log: Path, keys: Keys) -> None:
    verdict = verify(log, keys=keys)
    assert (verdict.ok, verdict.events, verdict.head) == (True, 0, None)


def test_without_the_keys_the_verdict_says_what_that_leaves_open(log: Path, keys: Keys) -> None:
    add(log, keys, 3)
    (sentence,) = verify(log).cannot_prove
    assert "key" in sentence
    assert "recomputed" in sentence


def test_with_the_wrong_keys_every_row_is_bad(log: Path, keys: Keys, tmp_path: Path) -> None:
    add(log, keys, 3)
    assert [row.seq for row in verify(log, keys=load_or_create(tmp_path / "other")).bad] == [1, 2, 3]


def test_verifying_sees_one_snapshot_while_others_wait_to_write(log: Path, keys: Keys) -> None:
    add(log, keys, 6000)
    seen: list[tuple[int, int]] = []

    def told(done: int, total: int) -> bool:
        with connected(log) as db:
            db.conn.execute("PRAGMA busy_timeout=0")
            db.conn.execute("BEGIN IMMEDIATE")
            audit.append(db, keys, START, event())
            with pytest.raises(sqlite3.OperationalError, match="locked"):  # a rollback journal makes it wait
                db.conn.execute("COMMIT")
            db.conn.execute("ROLLBACK")
        seen.append((done, total))
        return True

    verdict = verify(log, keys=keys, progress=told)
    assert (verdict.ok, verdict.events) == (True, 6000)
    assert seen == [(5000, 6000), (6000, 6000)]


def test_verifying_in_wal_mode_reports_up_to_its_snapshot_while_appends_go_on(log: Path, keys: Keys) -> None:
    with connected(log) as db:
        db.conn.execute("PRAGMA journal_mode=WAL")
        _, head = add(log, keys, 100)

        def told(done: int, total: int) -> bool:
            add(log, keys, 1)
            return True

        verdict = verify(log, keys=keys, progress=told)
        assert (verdict.ok, verdict.events, verdict.head) == (True, 100, head)


def test_cancelling_raises_and_gives_no_verdict(log: Path, keys: Keys) -> None:
    add(log, keys, 10)
    with pytest.raises(VerificationCancelledError):
        verify(log, keys=keys, progress=lambda done, total: False)


def test_verifying_changes_nothing(log: Path, keys: Keys) -> None:
    add(log, keys, 10)
    before = log.read_bytes()
    log.chmod(0o400)
    verify(log, keys=keys)
    assert log.read_bytes() == before
    assert [path.name for path in log.parent.iterdir() if path.name.startswith("desk.db")] == ["desk.db"]


@pytest.mark.parametrize("name", ["a?mode=memory#x%20.db", "späte Änderung.db"])
def test_a_file_name_is_never_read_as_a_uri(tmp_path: Path, keys: Keys, name: str) -> None:
    log = new_log(tmp_path / name)
    add(log, keys, 2)
    assert verify(log, keys=keys).events == 2


def test_a_file_without_an_audit_log_is_refused_with_the_reason(tmp_path: Path, keys: Keys) -> None:
    with pytest.raises(UnreadableDatabaseError, match="no database"):
        verify(tmp_path / "missing.db", keys=keys)
    assert not (tmp_path / "missing.db").exists()
    (tmp_path / "text.db").write_text("no database at all, only text that is long enough " * 100)
    with pytest.raises(UnreadableDatabaseError, match="not a database"):
        verify(tmp_path / "text.db", keys=keys)
    (tmp_path / "empty.db").touch()
    with pytest.raises(UnreadableDatabaseError, match="no audit log"):
        verify(tmp_path / "empty.db", keys=keys)


def test_a_journal_left_by_a_crash_is_left_to_the_desk(log: Path, keys: Keys, tmp_path: Path) -> None:
    add(log, keys, 5)
    with connected(log) as db:
        db.conn.execute("PRAGMA cache_spill=1")
        db.conn.execute("PRAGMA cache_size=1")
        db.conn.execute("PRAGMA synchronous=FULL")
        db.conn.execute("BEGIN IMMEDIATE")
        audit.append_many(db, keys, ((START, event(n)) for n in range(200)))
        crashed = tmp_path / "crashed.db"
        crashed.write_bytes(log.read_bytes())
        journal = Path(f"{log}-journal").read_bytes()
        db.conn.execute("ROLLBACK")
    Path(f"{crashed}-journal").write_bytes(journal)
    with pytest.raises(UnreadableDatabaseError, match="Start Privacy Desk once"):
        verify(crashed, keys=keys)
    with connected(crashed) as db:
        db.conn.execute("BEGIN IMMEDIATE")
        db.conn.execute("COMMIT")
    assert verify(crashed, keys=keys).events == 5
