"""Checking a whole audit log: every bad row, and what the check cannot prove."""

import sqlite3
from collections import Counter
from collections.abc import Callable
from dataclasses import asdict, dataclass, field
from itertools import islice
from pathlib import Path
from typing import Any, Final

from core.store import checkpoints as checkpoint_file
from core.store.audit.record import Macs, Row, macs_with, row_hash, row_hashes
from core.store.audit.schema import GENESIS
from core.store.checkpoints import EVERY_ROWS, Checkpoint
from core.store.keys import Keys
from core.store.snapshot import UnreadableDatabaseError, snapshot

_SELECT: Final = (
    "SELECT seq, at, kind, actor, request, task, connection, outcome, detail, prev, hash, mac "
    "FROM audit_events ORDER BY seq"
)
_CHUNK: Final = 500  # small enough for a processor's cache
_PROGRESS_ROWS: Final = 5_000
_WITHOUT_KEYS: Final = (
    "Without the key file only the chain was checked: whoever can write the database could have changed rows and "
    "recomputed every later hash, cut off the newest rows, or put back an older copy."
)
_NAMED_ONE_BY_ONE: Final = 1_000

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
    """What a verification found. `events` counts the rows there; `head` is the newest one's hash, None if none."""

    events: int
    head: str | None
    bad: list[BadRow] = field(default_factory=list)
    cannot_prove: list[str] = field(default_factory=list)

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
        if keys is None:
            cannot_prove = [_WITHOUT_KEYS]
        else:
            trusted, untrusted = _trusted(check, keys, signed)
            _compare(check, connection, trusted)
            cannot_prove = [*problems, *untrusted, *_beyond(check, path, trusted)]
    bad = [BadRow(seq, " ".join(reasons)) for seq, reasons in sorted(check.reasons.items())]
    return Verdict(check.events, check.head, bad, cannot_prove)


class _Check:
    """How far the chain was followed and what was wrong on the way."""

    def __init__(self) -> None:
        self.events = 0
        self.last = 0
        self.prev: str | None = GENESIS  # the hash that the next row must name; None where that is not known
        self.head: str | None = None
        self.damaged = ""  # what SQLite says where it could read no further
        self.reasons: dict[int, list[str]] = {}

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
        if type(seq) is not int or seq <= self.last:
            where = seq if type(seq) is int else self.last + 1
            self.blame(where, "A row was inserted under a number that is not its own.")
            return
        if seq > self.last + 1:
            self.blame_missing(self.last + 1, seq - 1, "The row is missing: it was deleted.")
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
        self.last, self.prev = seq, None if fault else hash_
        self.head = hash_ if isinstance(hash_, str) else None


def _follow_chain(connection: sqlite3.Connection, keys: Keys | None, progress: Progress | None) -> _Check:
    try:
        (total,) = connection.execute("SELECT count(*) FROM audit_events").fetchone()
    except sqlite3.DatabaseError as error:
        raise UnreadableDatabaseError(f"The database holds no audit log that can be read ({error})") from error
    macs = macs_with(keys.audit) if keys else None
    check = _Check()
    rows = connection.execute(_SELECT)
    while not check.damaged:
        chunk: list[Row] = []
        try:
            chunk.extend(islice(rows, _CHUNK))  # keeps what came before an error, which fetchmany does not
        except sqlite3.DatabaseError as error:
            if connection.text_factory is str and "decode" in str(error):
                # Bytes that are not UTF-8, which only tampering leaves. Start again with these as lone surrogates,
                # which have no hash; reading every text that way would double the time.
                connection.text_factory = lambda raw: raw.decode(errors="surrogateescape")
                return _follow_chain(connection, keys, progress)
            check.damaged = str(error)
        if not chunk:
            break
        if _is_sound(check, chunk, macs):
            check.last += len(chunk)
            check.head = check.prev = chunk[-1][10]
        else:
            for row in chunk:
                check.explain(row, macs)
        check.events += len(chunk)
        if (
            progress
            and (check.events % _PROGRESS_ROWS == 0 or check.events == total)
            and not progress(check.events, total)
        ):
            raise VerificationCancelledError
    if check.damaged:
        check.blame(check.last + 1, f"The file is damaged here ({check.damaged}); no later row could be read.")
    return check


def _is_sound(check: _Check, rows: list[Row], macs: Macs | None) -> bool:
    """Whether each row is the next one and right in every way; nearly all are, and this is all that they cost."""
    try:
        hashes = row_hashes(rows)
    except (TypeError, UnicodeEncodeError):
        return False
    seqs, *_, prevs, stored, made = zip(*rows, strict=True)
    return (
        seqs == tuple(range(check.last + 1, check.last + 1 + len(rows)))
        and prevs == (check.prev, *hashes[:-1])
        and stored == tuple(hashes)
        and (macs is None or made == tuple(macs(hashes)))
    )


def _trusted(check: _Check, keys: Keys, signed: list[Checkpoint]) -> tuple[list[Checkpoint], list[str]]:
    """The checkpoints that the desk signed, each once and by size; and a sentence for each other key."""
    trusted: dict[tuple[int, str], Checkpoint] = {}
    strangers: Counter[str] = Counter()
    for checkpoint in signed:
        if checkpoint.key_id != keys.key_ids["signing"]:
            strangers[checkpoint.key_id] += 1
        elif checkpoint.is_signed_by(keys.public):
            trusted.setdefault((checkpoint.size, checkpoint.head), checkpoint)
        else:
            check.blame(checkpoint.size, "A checkpoint of this row has a forged signature: its file was changed.")
    untrusted = [
        f"{count} checkpoint(s) signed by another key ({key_id}) were not used." for key_id, count in strangers.items()
    ]
    return sorted(trusted.values(), key=lambda checkpoint: checkpoint.size), untrusted


def _compare(check: _Check, connection: sqlite3.Connection, trusted: list[Checkpoint]) -> None:
    """Blame the rows that a checkpoint saw otherwise, or saw and that are no longer there."""
    proven = 0
    for before, checkpoint in zip([None, *trusted], trusted, strict=False):
        size = checkpoint.size
        if before and before.size == size:
            check.blame(
                size, "Two signed checkpoints disagree about this row: an older copy was put back and written on."
            )
        if size > check.last:
            break
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
