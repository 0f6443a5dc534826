"""The audit table: plain SQLite that any client can read, and that only ever grows."""

from typing import Final

GENESIS: Final = "0" * 64
"""`prev` of the first row."""

# Dropped and made again, inside one transaction, by the disposal of rows whose time is over; by nothing else.
NO_DELETE: Final = """CREATE TRIGGER audit_events_no_delete BEFORE DELETE ON audit_events
BEGIN
    SELECT raise(ABORT, 'audit_events is append-only: a row is never deleted');
END"""

# The triggers are a seat belt: whoever can write the file can drop them. The one on insert also stops
# INSERT OR REPLACE, which passes a delete trigger. Each index ends in the rowid, which is seq, so that it serves
# "equal to this, newest first, below that row" without sorting.
_TABLE: Final = """
CREATE TABLE audit_events (
    seq INTEGER PRIMARY KEY,
    at TEXT NOT NULL,
    kind TEXT NOT NULL,
    actor TEXT NOT NULL,                    -- Actor.id
    request TEXT,
    task TEXT,
    connection TEXT,
    outcome TEXT,
    detail TEXT NOT NULL,                   -- canonical JSON object (RFC 8785)
    prev TEXT NOT NULL,                     -- hash of the row before; 64 zeros in the first
    hash TEXT NOT NULL,                     -- SHA-256 of the canonical JSON object of the columns above
    mac TEXT NOT NULL                       -- HMAC-SHA-256 of hash; the key is elsewhere
) STRICT;
CREATE INDEX audit_events_request ON audit_events(request);
CREATE INDEX audit_events_kind ON audit_events(kind);
CREATE INDEX audit_events_actor ON audit_events(actor);
CREATE INDEX audit_events_connection ON audit_events(connection);
CREATE INDEX audit_events_at ON audit_events(at);

CREATE TRIGGER audit_events_only_next BEFORE INSERT ON audit_events
WHEN new.seq IS NOT (SELECT coalesce(max(seq), 0) + 1 FROM audit_events)
BEGIN
    SELECT raise(ABORT, 'audit_events takes only the next row');
END;
CREATE TRIGGER audit_events_no_update BEFORE UPDATE ON audit_events
BEGIN
    SELECT raise(ABORT, 'audit_events is append-only: a row is never changed');
END;
"""
AUDIT_SCHEMA: Final = f"{_TABLE}{NO_DELETE};\n"
