"""Checking a whole audit log: every bad row, and what the check cannot prove."""

import sqlite3
from collections import Counter
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Any, Final

from core.store import checkpoints as checkpoint_file
from core.store.audit.chain import DELETED, Check, Progress, follow_chain
from core.store.audit.disposals import Disposal, disposals_of
from core.store.checkpoints import EVERY_ROWS, Checkpoint
from core.store.keys import Keys
from core.store.snapshot import snapshot

_WITHOUT_KEYS: Final = (
    "Without the key file only the chain was checked: whoever can write the database could have changed rows and "
    "recomputed every later hash, cut off the newest rows, or put back an older copy."
)


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
        check = follow_chain(Path(database), connection, keys, progress)
        disposed = _disposed(check)
        if keys is None:
            cannot_prove = [_WITHOUT_KEYS]
        else:
            trusted, untrusted = _trusted(check, keys, signed)
            _compare(check, connection, trusted, disposed)
            cannot_prove = [*problems, *untrusted, *_of_disposed(disposed, trusted), *_beyond(check, path, trusted)]
    bad = [BadRow(seq, " ".join(reasons)) for seq, reasons in sorted(check.reasons.items())]
    return Verdict(check.events, check.head, bad, cannot_prove, disposed.upto if disposed else 0)


def _trusted(check: Check, keys: Keys, signed: list[Checkpoint]) -> tuple[list[Checkpoint], list[str]]:
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


def _disposed(check: Check) -> Disposal | None:
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
    check: Check, connection: sqlite3.Connection, trusted: list[Checkpoint], disposed: Disposal | None
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


def _beyond(check: Check, path: Path, trusted: list[Checkpoint]) -> list[str]:
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
