"""What became of each row of a batch, in the order of the file, without a word about whom it is about."""

import json
from collections.abc import Iterator
from typing import Any

from sqlite_utils import Database

AT_ONCE = 1_000

COLUMNS = (
    "line", "request", "request_state", "reference", "system", "identifier", "state", "vendor_status",
    "vendor_request_id", "records", "error", "filed_at", "sent_at", "ended_at", "due_on",
)  # fmt: skip


def page(db: Database, number: int, after: tuple[int, int]) -> list[dict[str, Any]]:
    """The next rows, one for each present task, behind (line, task number); each carries its own as `after`."""
    rows = db.query(
        "SELECT r.batch_line AS line, r.id AS request, r.state AS request_state, r.reference, t.connection AS system, "
        "t.identifier + 1 AS identifier, t.state, t.vendor_status, t.vendor_request_id, t.records_affected AS records, "
        "t.error, r.submitted_at AS filed_at, t.submitted_at AS sent_at, t.ended_at, r.due_on, t.number AS task_number "
        "FROM requests r JOIN tasks t ON t.request = r.number AND t.superseded_by IS NULL "
        "WHERE r.batch = ? AND (r.batch_line > ? OR (r.batch_line = ? AND t.number > ?)) "
        "ORDER BY r.batch_line, t.number LIMIT ?",
        [number, after[0], after[0], after[1], AT_ONCE],
    )
    found = []
    for row in rows:
        error = json.loads(row["error"])["message"] if row["error"] else ""
        found.append({**row, "error": error, "after": (row["line"], row.pop("task_number"))})
    return found


def in_pages(reading: Any, number: int) -> Iterator[dict[str, Any]]:
    """All rows; `reading` opens a connection for each page, so that nobody who writes waits for the whole."""
    after = (-1, -1)
    while True:
        with reading() as db:
            rows = page(db, number, after)
        yield from rows
        if len(rows) < AT_ONCE:
            return
        after = rows[-1]["after"]
