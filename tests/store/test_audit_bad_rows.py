"""Rows that no desk wrote: each is named in the verdict, whatever its columns hold."""

import sqlite3
from contextlib import closing

import pytest

from core.store.audit import BadRow, verify
from core.store.audit.record import row_hash
from tests.store.audit_logs import INSERT, Target, add, checkpoint, forged_row, tampering
from tests.store.test_audit_attacks import DELETED, EDITED, FORGED, cut_off, edit_and_recompute_its_own_hash

UNLINKED = "It does not follow the row before it: one of the two was replaced."
INSERTED = "A row was inserted under a number that is not its own."


def test_only_the_mac_changed(target: Target) -> None:
    with tampering(target.path) as db:
        db.execute("UPDATE audit_events SET mac = hash WHERE seq = 7")
    assert verify(target.path).ok
    assert target.verify().bad == [BadRow(7, FORGED)]


def test_every_bad_row_is_listed_not_only_the_first(target: Target) -> None:
    with tampering(target.path) as db:
        db.execute("UPDATE audit_events SET actor = 'nobody' WHERE seq IN (2, 3, 11)")
        db.execute("DELETE FROM audit_events WHERE seq IN (1, 6)")
        db.execute("UPDATE audit_events SET mac = '' WHERE seq = 15")
    assert target.verify().bad == [
        BadRow(1, DELETED),
        BadRow(2, EDITED),
        BadRow(3, EDITED),
        BadRow(6, DELETED),
        BadRow(11, EDITED),
        BadRow(15, FORGED),
    ]


def test_a_link_that_fits_neither_side_is_blamed_where_it_breaks(target: Target) -> None:
    """Without the key a row with its hash recomputed is only seen by the next one."""
    edit_and_recompute_its_own_hash(target)
    assert verify(target.path).bad == [BadRow(8, UNLINKED)]


def test_a_chain_recomputed_around_a_gap_in_the_numbers(target: Target) -> None:
    with tampering(target.path) as db:
        db.execute("DELETE FROM audit_events WHERE seq = 7")
        for seq in range(8, 21):
            row = db.execute("SELECT * FROM audit_events WHERE seq = ?", [seq]).fetchone()
            (prev,) = db.execute("SELECT hash FROM audit_events WHERE seq = ?", [seq - 1 if seq > 8 else 6]).fetchone()
            db.execute(
                "UPDATE audit_events SET prev = ?, hash = ? WHERE seq = ?",
                [prev, row_hash((*row[:9], prev, "", "")), seq],
            )
    assert verify(target.path).bad == [BadRow(7, DELETED)]


def test_all_rows_deleted(target: Target) -> None:
    with tampering(target.path) as db:
        db.execute("DELETE FROM audit_events")
    verdict = target.verify()
    assert (verdict.events, verdict.head) == (0, None)
    assert verdict.bad == [BadRow(seq, cut_off()) for seq in range(1, 21)]


def test_a_number_far_away_does_not_make_the_verdict_endless(target: Target) -> None:
    with tampering(target.path) as db:
        db.execute("UPDATE audit_events SET seq = ? WHERE seq = 20", [2**62])
    assert target.verify().bad == [
        BadRow(20, f"{DELETED} So are all rows up to {2**62 - 1}."),
        BadRow(2**62, EDITED),
    ]


def test_numbers_below_the_first(target: Target) -> None:
    with tampering(target.path) as db:
        db.execute(INSERT, forged_row(0, "0" * 64))
        db.execute(INSERT, forged_row(-5, "0" * 64))
    assert target.verify().bad == [BadRow(-5, INSERTED), BadRow(0, INSERTED)]


def loosen(db: sqlite3.Connection) -> None:
    """Make the table again without types, key and constraints, so that it takes anything."""
    columns = [name for _, name, *_ in db.execute("PRAGMA table_info(audit_events)")]
    db.execute("ALTER TABLE audit_events RENAME TO genuine")
    db.execute(f"CREATE TABLE audit_events ({', '.join(columns)})")
    db.execute("INSERT INTO audit_events SELECT * FROM genuine")


@pytest.mark.parametrize("column", ["at", "kind", "actor", "request", "task", "detail", "prev", "hash", "mac"])
@pytest.mark.parametrize("value", ["NULL", "7", "1.5", "x'78'", "''", "char(0)", "CAST(x'ff41' AS TEXT)"])
def test_a_value_of_any_type_in_any_column_is_one_bad_row(target: Target, column: str, value: str) -> None:
    with closing(sqlite3.connect(target.path)) as db, db:
        loosen(db)
        db.execute(f"UPDATE audit_events SET {column} = {value} WHERE seq = 7")
    assert [row.seq for row in target.verify().bad] == [7]


def test_a_row_that_can_have_no_hash_and_names_none_is_bad(target: Target) -> None:
    with closing(sqlite3.connect(target.path)) as db, db:
        loosen(db)
        db.execute("UPDATE audit_events SET actor = NULL, hash = NULL WHERE seq = 7")
    assert target.verify().bad == verify(target.path).bad == [BadRow(7, EDITED)]


@pytest.mark.parametrize("value", [None, "7", "seven", 7.0, 7.5, b"7"])
def test_a_number_of_another_type_is_bad(target: Target, value: object) -> None:
    with closing(sqlite3.connect(target.path)) as db, db:
        loosen(db)
        db.execute("UPDATE audit_events SET seq = ? WHERE seq = 7", [value])
    assert 7 in [row.seq for row in target.verify().bad]


def test_a_second_row_with_the_same_number_is_bad(target: Target) -> None:
    with closing(sqlite3.connect(target.path)) as db, db:
        loosen(db)
        db.execute("INSERT INTO audit_events SELECT * FROM audit_events WHERE seq = 7")
    assert target.verify().bad == [BadRow(7, INSERTED)]


def test_a_damaged_page_ends_the_reading_there_and_is_no_good_verdict(target: Target) -> None:
    add(target.path, target.keys, 2000)
    checkpoint(target.path, target.keys)
    with closing(sqlite3.connect(target.path)) as db:
        (root,) = db.execute("SELECT rootpage FROM sqlite_schema WHERE name = 'audit_events'").fetchone()
        (size,) = db.execute("PRAGMA page_size").fetchone()
    content = bytearray(target.path.read_bytes())
    page = (root - 1) * size  # an interior page; bytes 8 to 11 name its last child
    content[page + 8 : page + 12] = b"\x7f\xff\xff\xff"
    target.path.write_bytes(content)
    verdict = target.verify()
    assert 1000 < verdict.events < 2020
    assert [row.seq for row in verdict.bad] == [verdict.events + 1]
    assert "damaged" in verdict.bad[0].why
