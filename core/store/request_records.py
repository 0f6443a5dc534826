"""Requests as the law's records want them: one flat row each, in the order they were filed."""

import json
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from sqlite_utils import Database

from core.model.identifiers import masked
from core.store import identifiers
from core.store.keys import Keys
from core.store.requests import RequestFilter, conditions
from core.store.rows import rows

Record = Mapping[str, Any]
"""The columns of `COLUMNS`, `number`, and `told`: the connections whose vendor has taken the request."""

COLUMNS: Final = (
    "id", "type", "state", "categories", "scope", "law", "region", "received", "submitted_at", "due_on", "closed_at",
    "reference", "filed_by", "batch", "connections", "denial", "denial_class", "extended_at", "pseudonym", "subject",
)  # fmt: skip
_PAGE: Final = 500

_SELECT: Final = """
SELECT r.number, r.id, r.type, r.state, r.scope, r.law, r.region, r.received, r.submitted_at, r.due_on, r.closed_at,
    r.reference, r.filed_by_name AS filed_by, r.pseudonym,
    (SELECT group_concat(value, ';') FROM json_each(r.categories)) AS categories,
    (SELECT b.id FROM batches b WHERE b.number = r.batch) AS batch,
    (SELECT group_concat(connection, ';') FROM (SELECT DISTINCT t.connection FROM tasks t
        WHERE t.request = r.number AND t.superseded_by IS NULL ORDER BY 1)) AS connections,
    (SELECT group_concat(connection, ';') FROM (SELECT DISTINCT t.connection FROM tasks t
        WHERE t.request = r.number AND t.submitted_at IS NOT NULL ORDER BY 1)) AS told,
    d.code AS denial, d.class_7102 AS denial_class,
    (SELECT c.at FROM deadline_changes c WHERE c.request = r.number AND c.what = 'extended') AS extended_at
FROM requests r LEFT JOIN denials d ON d.request = r.number
"""


def page(db: Database, keys: Keys, where: RequestFilter, after: int, *, unmasked: bool) -> list[Record]:
    """The next requests that match, after request number `after`; empty at the end.

    `subject` is the identifier, or where not `unmasked` its first and last characters; None once it is destroyed.
    """
    clauses, values = conditions(where)
    condition = " AND ".join([*clauses, "r.number > ?"])
    found = rows(db, f"{_SELECT} WHERE {condition} ORDER BY r.number LIMIT ?", [*values, after, _PAGE])
    secrets = identifiers.reveal_many(db, keys, [row["id"] for row in found])
    return [{**row, "subject": _shown(secrets.get(row["id"]), unmasked=unmasked)} for row in found]


def count(db: Database, where: RequestFilter) -> int:
    """How many requests match."""
    clauses, values = conditions(where)
    (found,) = rows(db, f"SELECT count(*) AS n FROM requests r WHERE {' AND '.join(['true', *clauses])}", values)  # noqa: S608 - constants
    return int(found["n"])


def of_numbers(db: Database, numbers: Iterable[int]) -> Sequence[Record]:
    """The requests with these numbers that are still there, in the order they were filed, without their subjects."""
    wanted = json.dumps(list(numbers))
    return rows(db, f"{_SELECT} WHERE r.number IN (SELECT value FROM json_each(?)) ORDER BY r.number", [wanted])  # noqa: S608 - constants


def _shown(secret: identifiers.Secret | None, *, unmasked: bool) -> str | None:
    if secret is None:
        return None
    all_of_them = (secret.subject, *secret.also_known_as)
    return ";".join(all_of_them if unmasked else map(masked, all_of_them))
