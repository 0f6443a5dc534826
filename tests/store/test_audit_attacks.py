"""Tampering by somebody who can write the database file, with plain sqlite3, and what verification makes of it.

Every log holds 20 rows written by the desk, with a checkpoint signed at row 10 and one at row 20, the head.
"""

import json
import shutil
import sqlite3
from collections.abc import Callable
from contextlib import closing
from dataclasses import asdict
from datetime import timedelta
from pathlib import Path

import pytest

from core.store import checkpoints
from core.store.audit import BadRow, append_many, verify
from core.store.keys import load_or_create
from tests.store.audit_logs import (
    INSERT,
    START,
    Target,
    add,
    checkpoint,
    event,
    forged_row,
    recompute,
    tampering,
    writing,
)

EDITED = "Its content does not match its hash: it was edited, or moved here from another place."
FORGED = "Its MAC was not made with the key: it was forged, or edited and its hash recomputed."
DELETED = "The row is missing: it was deleted."
SIGNATURE = "A checkpoint of this row has a forged signature: its file was changed."
FORK = "Two signed checkpoints disagree about this row: an older copy was put back and written on."


def cut_off(size: int = 20) -> str:
    return f"The row is missing: the checkpoint signed at {signed_at(size)} counts {size} rows."


def replaced(first: int, size: int) -> str:
    return (
        f"The checkpoint signed at {signed_at(size)} saw another row here: "
        f"of rows {first} to {size}, some were replaced after that."
    )


def signed_at(size: int) -> str:
    return f"2026-11-21T09:00:{size:02}.000000Z"


# The attacks


def edit(target: Target) -> None:
    with tampering(target.path) as db:
        db.execute("UPDATE audit_events SET outcome = 'completed' WHERE seq = 7")


def delete_in_the_middle(target: Target) -> None:
    with tampering(target.path) as db:
        db.execute("DELETE FROM audit_events WHERE seq IN (7, 8)")


def delete_and_recompute_all_that_follows(target: Target) -> None:
    with tampering(target.path) as db:
        db.execute("DELETE FROM audit_events WHERE seq = 7")
        recompute(db, 7)


def swap(target: Target) -> None:
    with tampering(target.path) as db:
        for before, after in ((7, -1), (14, 7), (-1, 14)):
            db.execute("UPDATE audit_events SET seq = ? WHERE seq = ?", [after, before])


def insert_a_forged_row(target: Target) -> None:
    """Between rows 17 and 18, so that those after it move up."""
    with tampering(target.path) as db:
        for seq in (20, 19, 18):
            db.execute("UPDATE audit_events SET seq = seq + 1 WHERE seq = ?", [seq])
        (prev,) = db.execute("SELECT hash FROM audit_events WHERE seq = 17").fetchone()
        db.execute(INSERT, forged_row(18, prev))


def append_a_forged_row(target: Target) -> None:
    """No trigger stands in the way of this one."""
    with closing(sqlite3.connect(target.path)) as db, db:
        (prev,) = db.execute("SELECT hash FROM audit_events WHERE seq = 20").fetchone()
        db.execute(INSERT, forged_row(21, prev))


def cut_off_the_newest_rows(target: Target) -> None:
    with tampering(target.path) as db:
        db.execute("DELETE FROM audit_events WHERE seq > 17")


def cut_off_and_go_on(target: Target) -> None:
    """The desk itself writes on, with its key, and knows of nothing."""
    cut_off_the_newest_rows(target)
    go_on(target, 5)


def put_back_yesterdays_file(target: Target) -> None:
    target.put_back()


def drop_the_triggers_edit_and_make_them_again(target: Target) -> None:
    with closing(sqlite3.connect(target.path)) as db, db:
        with pytest.raises(sqlite3.IntegrityError):
            db.execute("UPDATE audit_events SET actor = 'nobody' WHERE seq = 3")
        (sql,) = db.execute("SELECT sql FROM sqlite_schema WHERE name = 'audit_events_no_update'").fetchone()
        db.execute("DROP TRIGGER audit_events_no_update")
        db.execute("UPDATE audit_events SET actor = 'nobody' WHERE seq = 3")
        db.execute(sql)


def insert_or_replace(target: Target) -> None:
    """Refused by the trigger on insert, so the attacker drops that."""
    with closing(sqlite3.connect(target.path)) as db, db:
        (prev,) = db.execute("SELECT prev FROM audit_events WHERE seq = 7").fetchone()
        with pytest.raises(sqlite3.IntegrityError):
            db.execute(INSERT.replace("INSERT", "INSERT OR REPLACE"), forged_row(7, prev))
        db.execute("DROP TRIGGER audit_events_only_next")
        db.execute(INSERT.replace("INSERT", "INSERT OR REPLACE"), forged_row(7, prev))


def edit_and_recompute_its_own_hash(target: Target) -> None:
    with tampering(target.path) as db:
        db.execute("UPDATE audit_events SET outcome = 'completed' WHERE seq = 7")
        recompute(db, 7, through_end=False)


def edit_and_recompute_all_that_follows(target: Target) -> None:
    with tampering(target.path) as db:
        db.execute("UPDATE audit_events SET outcome = 'completed' WHERE seq = 7")
        recompute(db, 7)


def cut_off_and_forge_a_checkpoint(target: Target) -> None:
    """With a signature that is well-formed, but not the desk's."""
    cut_off_the_newest_rows(target)
    with closing(sqlite3.connect(target.path)) as db:
        (head,) = db.execute("SELECT hash FROM audit_events WHERE seq = 17").fetchone()
    genuine, _ = checkpoints.read(target.signed)
    target.signed.write_text(as_line(genuine[0]) + as_line(genuine[1], size=17, head=head))


def fork(target: Target) -> None:
    """Yesterday's file put back; the desk writes on to the same length and signs that too."""
    target.put_back()
    go_on(target, 10)
    checkpoint(target.path, target.keys)


def go_on(target: Target, count: int) -> None:
    """The desk records other events than those that were there."""
    with writing(target.path) as db:
        append_many(db, target.keys, [(START, event(500 + n)) for n in range(count)])


def as_line(signed: checkpoints.Checkpoint, **changed: object) -> str:
    return json.dumps({**asdict(signed), **changed}) + "\n"


ATTACKS: dict[Callable[[Target], None], dict[int, str]] = {
    edit: {7: EDITED},
    delete_in_the_middle: {7: DELETED, 8: DELETED},
    delete_and_recompute_all_that_follows: {
        **dict.fromkeys(range(7, 20), FORGED),
        10: f"{FORGED} {replaced(1, 10)}",
        20: cut_off(),
    },
    swap: {7: EDITED, 14: EDITED},
    insert_a_forged_row: {18: FORGED, 19: EDITED, 20: f"{EDITED} {replaced(11, 20)}", 21: EDITED},
    append_a_forged_row: {21: FORGED},
    cut_off_the_newest_rows: {18: cut_off(), 19: cut_off(), 20: cut_off()},
    cut_off_and_go_on: {20: replaced(11, 20)},
    put_back_yesterdays_file: dict.fromkeys(range(11, 21), cut_off()),
    drop_the_triggers_edit_and_make_them_again: {3: EDITED},
    insert_or_replace: {7: FORGED},
    edit_and_recompute_its_own_hash: {7: FORGED},
    edit_and_recompute_all_that_follows: {
        **dict.fromkeys(range(7, 21), FORGED),
        10: f"{FORGED} {replaced(1, 10)}",
        20: f"{FORGED} {replaced(1, 20)}",
    },
    cut_off_and_forge_a_checkpoint: {17: SIGNATURE},
    fork: {20: f"{replaced(11, 20)} {FORK}"},
}


def test_the_log_before_any_attack_is_good(target: Target) -> None:
    assert (target.verify().events, target.verify().bad) == (20, [])


@pytest.mark.parametrize(("attack", "found"), ATTACKS.items(), ids=lambda value: getattr(value, "__name__", ""))
def test_every_attack_is_found_row_by_row(
    target: Target, attack: Callable[[Target], None], found: dict[int, str]
) -> None:
    attack(target)
    verdict = target.verify()
    assert not verdict.ok
    assert verdict.bad == [BadRow(seq, why) for seq, why in sorted(found.items())]


# What each part sees, as the README tells it

CHAIN, MAC, CHECKPOINT = "the chain alone", "chain and MAC", "chain and a checkpoint at the head"


@pytest.mark.parametrize(
    ("attack", "seen_by"),
    [
        (edit, {CHAIN, MAC, CHECKPOINT}),
        (delete_in_the_middle, {CHAIN, MAC, CHECKPOINT}),
        (swap, {CHAIN, MAC, CHECKPOINT}),
        (delete_and_recompute_all_that_follows, {MAC, CHECKPOINT}),
        (edit_and_recompute_all_that_follows, {MAC, CHECKPOINT}),
        (cut_off_the_newest_rows, {CHECKPOINT}),
        (cut_off_and_go_on, {CHECKPOINT}),
        (put_back_yesterdays_file, {CHECKPOINT}),
    ],
)
def test_what_chain_mac_and_checkpoint_each_see(
    target: Target, attack: Callable[[Target], None], seen_by: set[str]
) -> None:
    attack(target)
    chain = not verify(target.path).ok
    mac = not verify(target.path, keys=target.keys, checkpoints=target.path.with_name("none")).ok
    signed = any("checkpoint signed at" in row.why for row in target.verify().bad)
    seen = {CHAIN: chain, MAC: chain or mac, CHECKPOINT: chain or signed}
    assert {part for part, sees in seen.items() if sees} == seen_by


# What nothing here can see, and the verdict therefore says


def test_an_older_copy_of_the_checkpoints_leaves_the_rows_after_it_to_chain_and_key(target: Target) -> None:
    shutil.copy(checkpoints.path_for(target.yesterday), target.signed)
    verdict = target.verify()
    assert verdict.ok
    assert verdict.cannot_prove == [NEWEST_IS_10, "Rows 11 to 20 are vouched for by chain and key alone."]


def test_an_older_copy_of_the_checkpoints_shows_once_one_more_was_due(target: Target) -> None:
    add(target.path, target.keys, 101)
    assert "may be an older copy" in target.verify().cannot_prove[-1]
    checkpoint(target.path, target.keys)
    assert not [sentence for sentence in target.verify().cannot_prove if "older copy." in sentence]


def test_database_and_checkpoints_put_back_together_are_what_cannot_be_seen(target: Target) -> None:
    target.put_back()
    shutil.copy(checkpoints.path_for(target.yesterday), target.signed)
    verdict = target.verify()
    assert (verdict.ok, verdict.events, verdict.cannot_prove) == (True, 10, [NEWEST_IS_10])


NEWEST_IS_10 = (
    f"No checkpoint is newer than that of row 10, signed at {signed_at(10)}. Later rows cut off, "
    "or the database and its checkpoints put back together to how they were then, go unnoticed."
)


def test_without_checkpoints_the_end_is_open(target: Target) -> None:
    target.signed.unlink()
    assert target.verify().ok
    assert target.verify().cannot_prove == [
        f"No signed checkpoint in {target.signed}: rows cut off the end, or an older copy put back, go unnoticed."
    ]


def test_checkpoints_by_another_key_are_named_and_not_believed(target: Target, tmp_path: Path) -> None:
    other = load_or_create(tmp_path / "other")
    checkpoints.write(target.signed, other, 500, "ab" * 32, START + timedelta(days=1))
    verdict = target.verify()
    assert verdict.ok
    assert verdict.cannot_prove[0] == (
        f"1 checkpoint(s) signed by another key ({other.key_ids['signing']}) were not used."
    )


def test_a_line_that_is_no_checkpoint_is_named_and_the_others_still_count(target: Target) -> None:
    target.signed.write_text(target.signed.read_text() + "torn\n")
    assert target.verify().ok
    assert "Line 3" in target.verify().cannot_prove[0]
    cut_off_the_newest_rows(target)
    assert not target.verify().ok


def test_a_genuine_signature_under_changed_words_is_a_forgery(target: Target) -> None:
    first, second = checkpoints.read(target.signed)[0]
    target.signed.write_text(as_line(first, at=signed_at(11)) + as_line(second))
    assert target.verify().bad == [BadRow(10, SIGNATURE)]
