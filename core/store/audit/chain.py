"""Following the chain of the audit log from row to row, and saying what is wrong with each that is not right."""

import sqlite3
from collections.abc import Callable
from itertools import islice
from pathlib import Path
from typing import Final

from core.model.events import EventKind
from core.store.audit.ranges import RangeProcess, in_other_processes
from core.store.audit.record import COLUMNS, Follower, Macs, Row, macs_with, row_hash
from core.store.audit.schema import GENESIS
from core.store.keys import Keys
from core.store.snapshot import UnreadableDatabaseError

_SELECT: Final = f"SELECT {COLUMNS} FROM audit_events WHERE seq > ? ORDER BY seq"  # noqa: S608 - a constant
_PROGRESS_ROWS: Final = 5_000
_BEFORE_ALL: Final = -(2**63)  # a forged row may have any number
_NAMED_ONE_BY_ONE: Final = 1_000
DELETED: Final = "The row is missing: it was deleted."

Progress = Callable[[int, int], bool]
"""Called with the rows checked and the rows in all; returning False cancels."""


class VerificationCancelledError(Exception):
    """The progress callback asked to stop; half a check has no verdict."""


class Check:
    """How far the chain was followed and what was wrong on the way."""

    def __init__(self, first: int) -> None:
        self.events = 0
        self.first = first  # the number that the log begins with
        self.last = first - 1
        # The hash that the next row must name; None where that is not known.
        self.prev: str | None = GENESIS if first == 1 else None
        self.first_names: str | None = None  # what the first row names, where the log does not begin with row 1
        self.notes: list[Row] = []  # sound rows that tell of a disposal
        self.head: str | None = None
        self.damaged = ""  # what SQLite says where it could read no further
        self.reasons: dict[int, list[str]] = {}

    def sound(self, follower: Follower) -> None:
        """Take in the rows that the follower found right."""
        if follower.last > self.last:
            self.events += follower.last - self.last
            self.last, self.head, self.prev = follower.last, follower.prev, follower.prev

    def leap(self, process: RangeProcess) -> bool:
        """Take in the range that another process followed from here, if each row of it was found right."""
        found = process.result()
        if found is None or found.began_after != self.prev:
            return False
        self.events += found.last - self.last
        self.last, self.head, self.prev = found.last, found.head, found.head
        self.notes += found.notes
        return True

    def blame(self, seq: int, why: str) -> None:
        self.reasons.setdefault(seq, []).append(why)

    def blame_missing(self, first: int, last: int, why: str) -> None:
        """Each missing row by its number; a long gap, which one forged number makes endless, as one entry."""
        if last - first < _NAMED_ONE_BY_ONE:
            for seq in range(first, last + 1):
                self.blame(seq, why)
        else:
            self.blame(first, f"{why} So are all rows up to {last}.")

    def explain(self, row: Row, macs: Macs | None) -> None:
        """Take in one row and say what is wrong with it. The consequence of an earlier fault is no fault."""
        seq, named, hash_, mac = row[0], row[9], row[10], row[11]
        self.events += 1
        if type(seq) is not int or seq <= self.last:
            where = seq if type(seq) is int else self.last + 1
            self.blame(where, "A row was inserted under a number that is not its own.")
            return
        if seq > self.last + 1:
            self.blame_missing(self.last + 1, seq - 1, DELETED)
            self.prev = None
        fault = None
        if row_hash(row) != hash_ or hash_ is None:
            fault = "Its content does not match its hash: it was edited, or moved here from another place."
        elif macs and macs([hash_]) != [mac]:
            fault = "Its MAC was not made with the key: it was forged, or edited and its hash recomputed."
        elif self.prev is not None and named != self.prev:
            fault = "It does not follow the row before it: one of the two was replaced."
        if fault:
            self.blame(seq, fault)
        elif row[2] == EventKind.RECORDS_DISPOSED:
            self.notes.append(row)
        if seq == self.first and self.first > 1:
            self.first_names = named
        self.last, self.prev = seq, None if fault else hash_
        self.head = hash_ if isinstance(hash_, str) else None


def follow_chain(database: Path, connection: sqlite3.Connection, keys: Keys | None, progress: Progress | None) -> Check:
    """Follow the whole chain of a snapshot of this file."""
    try:
        first, last, total = connection.execute(
            "SELECT coalesce(min(seq), 1), max(seq), count(*) FROM audit_events"
        ).fetchone()
    except sqlite3.DatabaseError as error:
        raise UnreadableDatabaseError(f"The database holds no audit log that can be read ({error})") from error
    first = first if type(first) is int and first > 1 else 1
    # Where a number is missing or twice there, no range would be found right.
    whole = type(last) is int and total == last - first + 1
    key = keys.audit if keys else None
    with in_other_processes(database, first, last if whole else first, key) as ranges:
        return _follow(connection, Check(first), keys, total, list(ranges), progress)


def _follow(
    connection: sqlite3.Connection,
    check: Check,
    keys: Keys | None,
    total: int,
    ranges: list[RangeProcess],
    progress: Progress | None,
) -> Check:
    macs = macs_with(keys.audit) if keys else None
    follower = Follower(0, GENESIS, keys.audit if keys else None, EventKind.RECORDS_DISPOSED)
    rows = connection.execute(_SELECT, [_BEFORE_ALL])
    while not check.damaged:
        if ranges and check.last == ranges[0].first - 1:
            if check.leap(ranges.pop(0)):
                rows = connection.execute(_SELECT, [check.last])
                _tell(progress, check, ranges, total)
                continue
            ranges.clear()  # something is wrong: from here on each row is looked at here
        before = check.events
        due = _PROGRESS_ROWS - before % _PROGRESS_ROWS
        if ranges:
            due = min(due, ranges[0].first - 1 - check.last)
        try:
            if check.prev is None:  # after a fault it is not known what comes next
                odd = next(rows, None)
            else:
                follower.last, follower.prev = check.last, check.prev
                try:
                    odd = follower.follow(islice(rows, due))
                finally:
                    check.sound(follower)
        except sqlite3.DatabaseError as error:
            if connection.text_factory is str and "decode" in str(error):
                # Bytes that are not UTF-8, which only tampering leaves. Start again with these as lone surrogates,
                # which have no hash; reading every text that way would double the time.
                connection.text_factory = lambda raw: raw.decode(errors="surrogateescape")
                return _follow(connection, Check(check.first), keys, total, [], progress)
            check.damaged, odd = str(error), None
        if odd is not None:
            check.explain(odd, macs)
            if check.reasons:
                ranges.clear()
        if check.events == before:
            break
        if check.events % _PROGRESS_ROWS == 0 or check.events == total:
            _tell(progress, check, ranges, total)
    if check.damaged:
        check.blame(check.last + 1, f"The file is damaged here ({check.damaged}); no later row could be read.")
    check.notes += follower.notes
    return check


def _tell(progress: Progress | None, check: Check, ranges: list[RangeProcess], total: int) -> None:
    # What other processes follow meanwhile counts as being as far along as this one.
    if progress and not progress(min(total, check.events * (1 + len(ranges))), total):
        raise VerificationCancelledError
