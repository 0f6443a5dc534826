"""The tables of notices and their deliveries, the kill switch, and what the worker's fairness is read from."""

from typing import Final

NOTICES: Final = """
CREATE TABLE notices (
    id INTEGER PRIMARY KEY AUTOINCREMENT,
    kind TEXT NOT NULL,
    about TEXT NOT NULL,                    -- an id or a name of the desk's, never a person's
    threshold TEXT NOT NULL DEFAULT '',
    count INTEGER NOT NULL DEFAULT 1,       -- a flood is one notice
    latest TEXT,                            -- the last request it was about
    raised_at TEXT NOT NULL,
    last_at TEXT NOT NULL,
    over_at TEXT,                           -- its cause went away by itself
    acknowledged_at TEXT,
    acknowledged_by TEXT,                   -- Actor.id
    acknowledged_by_name TEXT
) STRICT;
CREATE UNIQUE INDEX notices_open ON notices(kind, about, threshold) WHERE acknowledged_at IS NULL;
CREATE INDEX notices_about ON notices(kind, about, threshold);

CREATE TABLE notice_deliveries (
    notice INTEGER PRIMARY KEY REFERENCES notices(id),
    webhook_id TEXT NOT NULL,               -- the same over all attempts
    state TEXT NOT NULL DEFAULT 'pending',  -- pending, delivered, dead
    attempts INTEGER NOT NULL DEFAULT 0,
    next_due_at TEXT,
    delivered_at TEXT,
    error TEXT
) STRICT;
CREATE INDEX notice_deliveries_due ON notice_deliveries(next_due_at) WHERE next_due_at IS NOT NULL;
CREATE INDEX notice_deliveries_dead ON notice_deliveries(state) WHERE state = 'dead';

-- Which open request was told of at which threshold, so that each is told of once.
CREATE TABLE deadline_marks (
    request INTEGER NOT NULL REFERENCES requests(number) ON DELETE CASCADE,
    threshold TEXT NOT NULL,
    due_on TEXT NOT NULL,
    PRIMARY KEY (request, threshold, due_on)
) STRICT, WITHOUT ROWID;

CREATE TABLE kill_switch (
    one INTEGER PRIMARY KEY CHECK (one = 1),
    switched_by TEXT NOT NULL,              -- Actor.id
    switched_by_name TEXT NOT NULL,
    switched_at TEXT NOT NULL,
    reason TEXT NOT NULL
) STRICT;

-- When an erasure was first sent: what the limit of erasures an hour counts.
CREATE TABLE erasures_sent (
    task INTEGER PRIMARY KEY REFERENCES tasks(number) ON DELETE CASCADE,
    at TEXT NOT NULL
) STRICT;
CREATE INDEX erasures_sent_at ON erasures_sent(at);

-- What waits to be sent, nearest deadline first, and what waits to be asked about, longest wait first. The one
-- index for both could give neither order without looking at everything that waits (measured: 1.5 ms a lease at
-- 5 000 rows, growing with them).
DROP INDEX tasks_due;
CREATE INDEX tasks_to_send ON tasks(connection, due_on, next_due_at, kind, attempts)
    WHERE state IN ('queued', 'sending') AND next_due_at IS NOT NULL;
CREATE INDEX tasks_to_track ON tasks(connection, next_due_at)
    WHERE state IN ('in_progress', 'unknown_vendor_status') AND next_due_at IS NOT NULL;
"""
