"""Finding audit rows by what they hold: an inverted index of their words, kept up as rows are added."""

import re
from collections.abc import Iterable
from typing import TYPE_CHECKING, Final

if TYPE_CHECKING:  # its import costs memory that verification does without
    from sqlite_utils import Database

SPAN_ROWS: Final = 1000
_MOST_WORDS: Final = 20
_PREFIX_LENGTH: Final = 3  # shorter beginnings are those of nearly every row

_SEARCHED: Final = """
    seq,
    kind || ' ' || actor || ' ' || ifnull(request, '') || ' ' || ifnull(task, '') || ' ' || ifnull(connection, '')
        || ' ' || ifnull(outcome, '') || ' ' || CASE
            WHEN json_valid(detail)
            THEN (SELECT ifnull(group_concat(atom, ' '), '') FROM json_tree(detail) WHERE type = 'text')
            ELSE ''
        END,
    'xk' || hex(kind) || ' xa' || hex(actor) || ' xc' || hex(ifnull(connection, ''))
        || ' xo' || hex(ifnull(outcome, ''))
"""
_SPANS: Final = f"""
INSERT INTO audit_spans SELECT seq / {SPAN_ROWS}, min(at), max(at) FROM audit_events WHERE seq > :after
GROUP BY seq / {SPAN_ROWS} ON CONFLICT (span) DO UPDATE
SET first_at = min(first_at, excluded.first_at), last_at = max(last_at, excluded.last_at)
"""  # noqa: S608 - a constant
_VALUES: Final = """
INSERT INTO audit_values SELECT what, value FROM (
    SELECT 'kind' AS what, kind AS value FROM audit_events WHERE seq > :after
    UNION SELECT 'actor', actor FROM audit_events WHERE seq > :after
    UNION SELECT 'connection', connection FROM audit_events WHERE seq > :after
    UNION SELECT 'outcome', outcome FROM audit_events WHERE seq > :after
) WHERE value IS NOT NULL ON CONFLICT DO NOTHING
"""
# Statements that enter all rows after `:after`. Not in a trigger: there every row costs a flush of the index, 32 µs a
# row in bulk against 8 (measured), and a database that trusts no schema lets no trigger read JSON.
_WORDS: Final = f"INSERT INTO audit_words(rowid, words, marks) SELECT {_SEARCHED} FROM audit_events WHERE seq > :after"  # noqa: S608 - a constant
INDEX_ROWS: Final = (_WORDS, _SPANS, _VALUES)
_UNINDEX: Final = (
    f"INSERT INTO audit_words(audit_words, rowid, words, marks) SELECT 'delete', {_SEARCHED} "  # noqa: S608 - a constant
    "FROM audit_events WHERE seq <= :upto"
)


def index_rows(db: "Database", after: int, values: Iterable[tuple[str, str]]) -> None:
    """Enter the rows after that one, inside the transaction that added them.

    `values` are the column names and values there are to filter by in them, each once.
    """
    for statement in (_WORDS, _SPANS):
        db.conn.execute(statement, {"after": after})
    db.conn.executemany("INSERT INTO audit_values VALUES (?, ?) ON CONFLICT DO NOTHING", values)


def forget_rows(db: "Database", upto: int) -> None:
    """Take the rows up to that one out of the index, while they are still there."""
    db.conn.execute(_UNINDEX, {"upto": upto})
    db.conn.execute(f"DELETE FROM audit_spans WHERE span < (:upto + 1) / {SPAN_ROWS}", {"upto": upto})  # noqa: S608 - a constant


def compact(db: "Database") -> None:
    """Write the index anew, so that words of rows that were taken out are not left in it."""
    db.conn.execute("INSERT INTO audit_words(audit_words) VALUES ('optimize')")


def matching_text(text: str) -> str | None:
    """The index's expression for rows that hold every word; None where there is no word.

    The last word may be the beginning of a longer one, from three characters on. What is typed is quoted, so that
    nothing in it is taken for the index's own syntax.
    """
    words = [word for word in text.replace("\0", " ").split() if re.search(r"[^\W_]", word)][:_MOST_WORDS]
    if not words:
        return None
    begun = "*" if len(re.split(r"[\W_]+", words[-1])[-1]) >= _PREFIX_LENGTH else ""
    return " AND ".join(map(matching_phrase, words)) + begun


def matching_phrase(text: str) -> str:
    """The index's expression for rows that hold the words of a text next to each other, `PR-000042` for one."""
    escaped = text.replace("\0", " ").encode(errors="replace").decode().replace('"', '""')
    return f'words: "{escaped}"'


def matching_value(column: str, value: str) -> str:
    """The index's expression for rows whose kind, actor, connection or outcome is exactly that."""
    return f'marks: "x{column[0]}{value.encode(errors="surrogatepass").hex()}"'
