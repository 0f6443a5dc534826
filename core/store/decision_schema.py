"""The tables of legal holds, denials, extensions and the ledger of erasures."""

from typing import Final

DECISIONS: Final = """
ALTER TABLE requests ADD COLUMN overrides TEXT NOT NULL DEFAULT '[]';  -- JSON: holds and immutable categories
ALTER TABLE requests ADD COLUMN override_reason BLOB;                  -- encrypted
ALTER TABLE requests ADD COLUMN clock_start TEXT;  -- the day identity was established, where the law counts from it
ALTER TABLE tasks ADD COLUMN grace_until TEXT;     -- an erasure is not sent before; NULL: no grace, or sent now
CREATE INDEX tasks_grace ON tasks(grace_until) WHERE grace_until IS NOT NULL;
CREATE INDEX IF NOT EXISTS approvals_about ON approvals(about);

CREATE TABLE holds (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT GENERATED ALWAYS AS (printf('LH-%06d', number)) VIRTUAL,
    pseudonym TEXT,                         -- NULL: everybody
    categories TEXT NOT NULL,               -- JSON list; empty: every category
    ground TEXT NOT NULL,
    secret BLOB NOT NULL,                   -- encrypted JSON: subject, matter
    owner TEXT NOT NULL,
    review_on TEXT NOT NULL,
    placed_by TEXT NOT NULL,                -- Actor.id
    placed_by_name TEXT NOT NULL,
    placed_at TEXT NOT NULL,
    released_by TEXT,
    released_by_name TEXT,
    released_at TEXT,
    release_reason BLOB,                    -- encrypted
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE UNIQUE INDEX holds_id ON holds(id);
CREATE INDEX holds_subject ON holds(pseudonym) WHERE released_at IS NULL;
CREATE INDEX holds_review ON holds(review_on) WHERE released_at IS NULL;

CREATE TABLE denials (
    request INTEGER PRIMARY KEY REFERENCES requests(number) ON DELETE CASCADE,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,                    -- Actor.id
    actor_name TEXT NOT NULL,
    code TEXT NOT NULL,
    class_7102 TEXT NOT NULL,               -- unverifiable, not_by_a_consumer, exempt, other
    note BLOB                               -- encrypted: people type names into it
) STRICT;

CREATE TABLE deadline_changes (             -- what moved a request's dates, or kept them from moving
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    request INTEGER NOT NULL REFERENCES requests(number) ON DELETE CASCADE,
    what TEXT NOT NULL,                     -- extended, paused, identity_established
    at TEXT NOT NULL,
    actor TEXT NOT NULL,
    actor_name TEXT NOT NULL,
    first_day TEXT,                         -- of a pause; the day identity was established
    last_day TEXT,                          -- of a pause; NULL while it goes on
    due_before TEXT NOT NULL,
    due_after TEXT NOT NULL,
    reason BLOB NOT NULL                    -- encrypted
) STRICT;
CREATE INDEX deadline_changes_request ON deadline_changes(request, number);
CREATE UNIQUE INDEX deadline_changes_one_pause ON deadline_changes(request)
    WHERE what = 'paused' AND last_day IS NULL;
CREATE UNIQUE INDEX deadline_changes_one_extension ON deadline_changes(request) WHERE what = 'extended';

CREATE TABLE erasure_ledger (               -- outlives the records: no reference to requests
    hash TEXT NOT NULL,                     -- keyed, with a key of its own
    task TEXT NOT NULL,
    connection TEXT NOT NULL,
    at TEXT NOT NULL,
    state TEXT NOT NULL,                    -- completed, nothing_found
    categories TEXT NOT NULL,               -- JSON list
    scope TEXT NOT NULL,
    PRIMARY KEY (hash, task)
) STRICT, WITHOUT ROWID;
"""
