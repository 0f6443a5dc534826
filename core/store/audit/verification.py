"""Checking a whole audit log: every bad row, and what the check cannot prove."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from core.model.events import EventKind
from core.store import checkpoints as checkpoint_file
from core.store.audit.disposals import Disposal, disposals_of
from core.store.audit.record import Follower, Macs, Row, macs_with, row_hash
from core.store.audit.schema import GENESIS
from core.store.checkpoints import EVERY_ROWS, Checkpoint
from core.store.keys import Keys
from core.store.snapshot import UnreadableDatabaseError, snapshot

_SELECT: Final = (
    "SELECT seq, at, kind, actor, request, task, connection, outcome, detail, prev, hash, mac "
    "FROM audit_events ORDER BY seq"
)
_PROGRESS_ROWS: Final = 5_000
_WITHOUT_KEYS: Final = (
    "Without the key file only the chain was checked: whoever can write the database could have changed rows and "
    "recomputed every later hash, cut off the newest rows, or put back an older copy."
)
_NAMED_ONE_BY_ONE: Final = 1_000
DELETED: Final = "The row is missing: it was deleted."

Progress = Callable[[int, int], bool]
"""Called with the rows checked and the rows in all; returning False cancels."""


class VerificationCancelledError(Exception):
    """The progress callback asked to stop; half a check has no verdict."""


@dataclass(frozen=True, slots=True)
class BadRow:
    """One row that is not as it was written, or no longer there, and why."""

    seq: int
    why: str


@dataclass(frozen=True)
class Verdict:
    """What a verification found. `events` counts the rows there; `head` is the newest one's hash, None if none.

    `disposed`: the rows up to that one are rightly gone, their time being over; 0 where the log is whole.
    """

    events: int
    head: str | None
    bad: list[BadRow] = field(default_factory=list)
    cannot_prove: list[str] = field(default_factory=list)
    disposed: int = 0

    @property
    def ok(self) -> bool:
        """No row is bad; what that leaves open stands in `cannot_prove`."""
        return not self.bad

    def to_json(self) -> dict[str, Any]:
        """The five public keys: ok, events, bad, cannot_prove, head."""
        return {
            "ok": self.ok,
            "events": self.events,
            "bad": [asdict(row) for row in self.bad],
            "cannot_prove": list(self.cannot_prove),
            "head": self.head,
        }


def verify(
    database: str | Path,
    *,
    keys: Keys | None = None,
    checkpoints: Path | None = None,
    progress: Progress | None = None,
) -> Verdict:
    """Check every row of a database file, as it stands at one instant, against chain, key and checkpoints.

    Without `keys` only the chain is checked, which anybody who can write the file can recompute; the verdict
    says so. `checkpoints` is `<database>.checkpoints` unless given. `progress` is called every 5000 rows.

    Raises UnreadableDatabaseError for a file without a readable audit log, OSError for checkpoints that cannot be
    read, and VerificationCancelledError when `progress` returns False.
    """
    path = checkpoints or checkpoint_file.path_for(database)
    # Read before the snapshot: a checkpoint written in between would count rows that the snapshot lacks.
    signed, problems = checkpoint_file.read(path) if keys else ([], [])
    with snapshot(database) as connection:
        check = _follow_chain(connection, keys, progress)
        disposed = _disposed(check)
        if keys is None:
            cannot_prove = [_WITHOUT_KEYS]
        else:
            trusted, untrusted = _trusted(check, keys, signed)
            _compare(check, connection, trusted, disposed)
            cannot_prove = [*problems, *untrusted, *_of_disposed(disposed, trusted), *_beyond(check, path, trusted)]
    bad = [BadRow(seq, " ".join(reasons)) for seq, reasons in sorted(check.reasons.items())]
    return Verdict(check.events, check.head, bad, cannot_prove, disposed.upto if disposed else 0)


class _Check:
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


def _follow_chain(connection: sqlite3.Connection, keys: Keys | None, progress: Progress | None) -> _Check:
    try:
        first, total = connection.execute("SELECT coalesce(min(seq), 1), count(*) FROM audit_events").fetchone()
    except sqlite3.DatabaseError as error:
        raise UnreadableDatabaseError(f"The database holds no audit log that can be read ({error})") from error
    check = _Check(first if type(first) is int and first > 1 else 1)
    macs = macs_with(keys.audit) if keys else None
    follower = Follower(0, GENESIS, keys.audit if keys else None, EventKind.RECORDS_DISPOSED)
    rows = connection.execute(_SELECT)
    while not check.damaged:
        before = check.events
        due = _PROGRESS_ROWS - before % _PROGRESS_ROWS
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
                return _follow_chain(connection, keys, progress)
            check.damaged, odd = str(error), None
        if odd is not None:
            check.explain(odd, macs)
        if check.events == before:
            break
        at_end = check.events == total
        if progress and (check.events % _PROGRESS_ROWS == 0 or at_end) and not progress(check.events, total):
            raise VerificationCancelledError
    if check.damaged:
        check.blame(check.last + 1, f"The file is damaged here ({check.damaged}); no later row could be read.")
    check.notes += follower.notes
    return check


def _trusted(check: _Check, keys: Keys, signed: list[Checkpoint]) -> tuple[list[Checkpoint], list[str]]:
    """The checkpoints that the desk signed, each once and by size; and a sentence for each other key."""
    trusted: dict[tuple[int, str], Checkpoint] = {}
    strangers: Counter[str] = Counter()
    for checkpoint in signed:
        if checkpoint.key_id != keys.key_ids["signing"]:
            strangers[checkpoint.key_id] += 1
        elif checkpoint.is_signed_with(keys):
            trusted.setdefault((checkpoint.size, checkpoint.head), checkpoint)
        else:
            check.blame(checkpoint.size, "A checkpoint of this row has a forged signature: its file was changed.")
    untrusted = [
        f"{count} checkpoint(s) signed by another key ({key_id}) were not used." for key_id, count in strangers.items()
    ]
    return sorted(trusted.values(), key=lambda checkpoint: checkpoint.size), untrusted


def _disposed(check: _Check) -> Disposal | None:
    """The disposal that explains why the log does not begin with row 1. Blames the rows that none explains."""
    told = disposals_of(check.notes)
    if check.first == 1:
        if told and check.events:
            newest = told[-1]
            check.blame(
                1,
                f"Rows 1 to {newest.upto} were disposed of, as row {newest.seq} says, and are there again: "
                "they were put back.",
            )
        return None
    explained = [disposal for disposal in told if disposal.upto < check.first]
    newest_upto = max((disposal.upto for disposal in explained), default=0)
    if newest_upto < check.first - 1:
        check.blame_missing(newest_upto + 1, check.first - 1, DELETED)
        return None
    disposal = next(disposal for disposal in explained if disposal.upto == newest_upto)
    if check.first_names != disposal.head:
        check.blame(
            check.first, f"It does not follow row {newest_upto}, the last one disposed of: one of the two was replaced."
        )
    return disposal


def _of_disposed(disposed: Disposal | None, trusted: list[Checkpoint]) -> list[str]:
    if disposed is None:
        return []
    gone = (
        f"Rows 1 to {disposed.upto} were disposed of when their time was over, as row {disposed.seq} says; "
        "what they held cannot be checked any more."
    )
    sentences = [gone]
    if all(checkpoint.size != disposed.upto for checkpoint in trusted):
        sentences.append(
            f"The signed checkpoint of row {disposed.upto} is missing: only row {disposed.seq} tells how the log began."
        )
    return sentences


def _compare(
    check: _Check, connection: sqlite3.Connection, trusted: list[Checkpoint], disposed: Disposal | None
) -> None:
    """Blame the rows that a checkpoint saw otherwise, or saw and that are no longer there."""
    proven = disposed.upto if disposed else 0
    for before, checkpoint in zip([None, *trusted], trusted, strict=False):
        size = checkpoint.size
        if before and before.size == size:
            check.blame(
                size, "Two signed checkpoints disagree about this row: an older copy was put back and written on."
            )
        if size > check.last:
            break
        if disposed and size == disposed.upto and checkpoint.head != disposed.head:
            check.blame(
                check.first,
                f"The checkpoint signed at {checkpoint.at} saw another row {size} than the one that was disposed of.",
            )
        row = connection.execute("SELECT hash FROM audit_events WHERE seq = ?", [size]).fetchone()
        if row == (checkpoint.head,):
            proven = size
        elif row:
            check.blame(
                size,
                f"The checkpoint signed at {checkpoint.at} saw another row here: "
                f"of rows {proven + 1} to {size}, some were replaced after that.",
            )
    if trusted and trusted[-1].size > check.last and not check.damaged:
        newest = trusted[-1]
        check.blame_missing(
            check.last + 1,
            newest.size,
            f"The row is missing: the checkpoint signed at {newest.at} counts {newest.size} rows.",
        )


def _beyond(check: _Check, path: Path, trusted: list[Checkpoint]) -> list[str]:
    """What lies beyond the newest checkpoint, where rows may go missing unnoticed."""
    if not trusted:
        return [f"No signed checkpoint in {path}: rows cut off the end, or an older copy put back, go unnoticed."]
    newest = trusted[-1]
    newest_known = (
        f"No checkpoint is newer than that of row {newest.size}, signed at {newest.at}. Later rows cut off, "
        "or the database and its checkpoints put back together to how they were then, go unnoticed."
    )
    sentences = [newest_known]
    uncovered = check.last - newest.size
    if uncovered > 0:
        sentences.append(f"Rows {newest.size + 1} to {check.last} are vouched for by chain and key alone.")
    if uncovered > EVERY_ROWS:
        sentences.append(f"A checkpoint is due every {EVERY_ROWS} rows: this checkpoint file may be an older copy.")
    return sentences
