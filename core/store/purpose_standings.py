"""How each purpose stands, declared against live: one row a name, kept whenever either side changes."""

import json
from collections.abc import Collection, Iterable
from dataclasses import asdict, dataclass
from datetime import datetime
from typing import Any, Literal

from sqlite_utils import Database

from core.clock import from_text, to_text
from core.model.purposes import Comparison, Difference, PurposeStatus, compare, compare_all
from core.store import live_purposes, purposes
from core.store.database import Transaction


@dataclass(frozen=True)
class Standing:
    """One line of the table. `since` is when it came to stand so."""

    name: str
    status: PurposeStatus
    vendor_id: str | None
    declared_days: int | None
    live_days: int | None
    differences: tuple[Difference, ...]
    since: datetime


@dataclass(frozen=True)
class StandingChange:
    """That a purpose came to stand otherwise, and when."""

    at: datetime
    status: PurposeStatus
    differences: tuple[Difference, ...]


@dataclass(frozen=True)
class StandingFilter:
    """What to look for; `text` is part of a name in any case. `order`: the needy first, or by name, or by gap."""

    statuses: tuple[PurposeStatus, ...] = ()
    text: str = ""
    names: tuple[str, ...] | None = None
    order: Literal["needy", "name", "gap"] = "needy"


_ORDERS = {
    "needy": "CASE status WHEN 'missing' THEN 0 WHEN 'ambiguous' THEN 1 WHEN 'drifted' THEN 2 "
    "WHEN 'not_compared' THEN 3 WHEN 'undeclared' THEN 4 ELSE 5 END, name",
    "name": "name",
    "gap": "abs(coalesce(declared_days, 0) - coalesce(live_days, 0)) DESC, name",
}


def stand_all(transaction: Transaction, connection: str) -> list[Comparison]:
    """Compare everything declared with everything live, and keep how each now stands."""
    db = transaction.db
    declared = [version.declaration for version in purposes.present(db, connection)]
    live = [purpose for found in live_purposes.named(db, connection).values() for purpose in found]
    compared = compare_all(declared, live)
    known = {row["name"]: row for row in db.query("SELECT * FROM purpose_standings WHERE connection = ?", [connection])}
    _keep(transaction, connection, compared, known)
    gone = known.keys() - {one.name for one in compared}
    db.conn.executemany(
        "DELETE FROM purpose_standings WHERE connection = ? AND name = ?", [(connection, name) for name in sorted(gone)]
    )
    return compared


def stand(transaction: Transaction, connection: str, names: Collection[str]) -> None:
    """Compare some names anew with what is on record: after a declaration, or after the vendor was asked about one."""
    db = transaction.db
    declared = {v.declaration.name: v.declaration for v in purposes.present(db, connection, names)}
    live = live_purposes.named(db, connection, names)
    never_asked = last_read(db, connection) is None
    compared = []
    for name in sorted(names):
        if name not in declared and name not in live:
            db.execute("DELETE FROM purpose_standings WHERE connection = ? AND name = ?", [connection, name])
        elif never_asked:
            compared.append(Comparison(name, PurposeStatus.NOT_COMPARED, declared[name], None))
        else:
            compared.append(compare(declared.get(name), live.get(name, ())))
    known = {row["name"]: row for name in names for row in _rows(db, connection, name)}
    _keep(transaction, connection, compared, known)


def last_read(db: Database, connection: str) -> datetime | None:
    """When the vendor's whole list was last read."""
    for row in db.query(
        "SELECT ended_at FROM purpose_comparisons WHERE connection = ? AND ended_at IS NOT NULL AND error IS NULL "
        "ORDER BY ended_at DESC LIMIT 1",
        [connection],
    ):
        return from_text(row["ended_at"])
    return None


def find(
    db: Database, connection: str, where: StandingFilter, *, limit: int | None = None, offset: int = 0
) -> tuple[list[Standing], int]:
    """One page of standings (all of them without a limit), and how many match in all."""
    condition, values = _where(connection, where)
    rows = db.query(
        f"SELECT * FROM purpose_standings WHERE {condition} ORDER BY {_ORDERS[where.order]} LIMIT ? OFFSET ?",  # noqa: S608 - fixed clauses, bound values
        [*values, -1 if limit is None else limit, offset],
    )
    found = [_standing(row) for row in rows]
    (counted,) = db.query(f"SELECT count(*) AS n FROM purpose_standings WHERE {condition}", values)  # noqa: S608 - as above
    return found, int(counted["n"])


def counts(db: Database, connection: str) -> dict[PurposeStatus, int]:
    """How many purposes stand how; a status that none has is 0."""
    counted = {
        row["status"]: row["n"]
        for row in db.query(
            "SELECT status, count(*) AS n FROM purpose_standings WHERE connection = ? GROUP BY status", [connection]
        )
    }
    return {status: counted.get(status, 0) for status in PurposeStatus}


def changes(db: Database, connection: str, name: str, limit: int = 100) -> list[StandingChange]:
    """How one purpose came to stand as it does, the newest first."""
    return [
        StandingChange(from_text(row["at"]), PurposeStatus(row["status"]), _differences(row["differences"]))
        for row in db.query(
            "SELECT at, status, differences FROM purpose_standing_changes WHERE connection = ? AND name = ? "
            "ORDER BY at DESC, rowid DESC LIMIT ?",
            [connection, name, limit],
        )
    ]


def _keep(
    transaction: Transaction, connection: str, compared: Iterable[Comparison], known: dict[str, dict[str, Any]]
) -> None:
    """Write the rows that are not as they were; a purpose that nobody declared leaves no history of its own."""
    at = to_text(transaction.at)
    rows, moved = [], []
    for one in compared:
        before = known.get(one.name)
        differ = json.dumps([asdict(difference) for difference in one.differences])
        vendor_id = one.live.id if one.live else None
        declared_days = one.declared.retention_days if one.declared else None
        live_days = one.live.retention_days if one.live else None
        stands = (one.status, vendor_id, declared_days, live_days, differ)
        if before and stands == tuple(
            before[column] for column in ("status", "vendor_id", "declared_days", "live_days", "differences")
        ):
            continue
        same = before is not None and (before["status"], before["differences"]) == (one.status, differ)
        rows.append((connection, one.name, *stands, before["since"] if before and same else at))
        if not same and (before is not None or one.declared is not None):
            moved.append((connection, one.name, at, one.status, differ))
    transaction.db.conn.executemany("INSERT OR REPLACE INTO purpose_standings VALUES (?,?,?,?,?,?,?,?)", rows)
    transaction.db.conn.executemany("INSERT INTO purpose_standing_changes VALUES (?,?,?,?,?)", moved)


def _rows(db: Database, connection: str, name: str) -> Iterable[dict[str, Any]]:
    return db.query("SELECT * FROM purpose_standings WHERE connection = ? AND name = ?", [connection, name])


def _where(connection: str, where: StandingFilter) -> tuple[str, list[Any]]:
    clauses, values = ["connection = ?"], [connection]
    if where.statuses:
        clauses.append("status IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(where.statuses))
    if where.text:
        clauses.append("instr(lower(name), lower(?)) > 0")
        values.append(where.text)
    if where.names is not None:
        clauses.append("name IN (SELECT value FROM json_each(?))")
        values.append(json.dumps(where.names))
    return " AND ".join(clauses), values


def _standing(row: dict[str, Any]) -> Standing:
    return Standing(
        name=row["name"],
        status=PurposeStatus(row["status"]),
        vendor_id=row["vendor_id"],
        declared_days=row["declared_days"],
        live_days=row["live_days"],
        differences=_differences(row["differences"]),
        since=from_text(row["since"]),
    )


def _differences(text: str) -> tuple[Difference, ...]:
    return tuple(Difference(**one) for one in json.loads(text))
