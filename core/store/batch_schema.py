"""The tables of batches, and what ties a request and its tasks to the batch they came in."""

from typing import Final

BATCHES: Final = """
CREATE TABLE batches (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT GENERATED ALWAYS AS (printf('B-%06d', number)) VIRTUAL,
    state TEXT NOT NULL,                    -- uploaded, checking, checked, accepting, accepted, discarded
    work TEXT NOT NULL,                     -- what the working process is to do: '' check accept cancel approve deny
    created_by TEXT NOT NULL,               -- Actor.id
    created_by_name TEXT NOT NULL,
    created_at TEXT NOT NULL,
    file_sha256 TEXT NOT NULL,              -- the same file again goes on with the same batch
    file_bytes INTEGER NOT NULL,
    about BLOB NOT NULL,                    -- sealed: file name, columns and their mapping; all may hold names
    rows INTEGER NOT NULL DEFAULT 0,        -- with something in them; while checking an estimate
    done INTEGER NOT NULL DEFAULT 0,        -- of the work under way
    good INTEGER NOT NULL DEFAULT 0,
    rejected INTEGER NOT NULL DEFAULT 0,
    duplicates INTEGER NOT NULL DEFAULT 0,  -- good, were it not for another row or an open request
    findings INTEGER NOT NULL DEFAULT 0,
    rules TEXT NOT NULL DEFAULT '[]',       -- JSON list of [field, rule, rows]
    checked_at TEXT,
    accepted INTEGER NOT NULL DEFAULT 0,    -- rows that became a request
    accepted_at TEXT,
    accepted_by TEXT,                       -- Actor.id
    accepted_by_name TEXT,
    digest TEXT NOT NULL DEFAULT '',        -- over all rows filed, in their order
    limit_per_hour INTEGER,
    paused_at TEXT,
    paused_by TEXT,
    cancelled_at TEXT,
    decided_by TEXT,                        -- Actor.id of who cancelled, approved or denied last
    decided_by_name TEXT,
    denial BLOB,                            -- sealed JSON: code, note
    finished_at TEXT,                       -- since when nothing more happens by itself
    problem TEXT NOT NULL DEFAULT '',       -- why the work could not be done
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE UNIQUE INDEX batches_id ON batches(id);
CREATE INDEX batches_work ON batches(number) WHERE work != '';
CREATE INDEX batches_file ON batches(file_sha256);
CREATE INDEX batches_unfinished ON batches(number) WHERE finished_at IS NULL;

CREATE TABLE batch_parts (                  -- what is staged; it goes once the batch is accepted, discarded or too old
    batch INTEGER NOT NULL REFERENCES batches(number),
    kind TEXT NOT NULL,                     -- file, good, rejected, findings
    part INTEGER NOT NULL,
    items INTEGER NOT NULL,
    sealed BLOB NOT NULL,                   -- AES-GCM; the key is elsewhere
    PRIMARY KEY (batch, kind, part)
) STRICT;

ALTER TABLE requests ADD COLUMN batch INTEGER REFERENCES batches(number);
ALTER TABLE requests ADD COLUMN batch_line INTEGER;
CREATE INDEX requests_batch ON requests(batch, batch_line) WHERE batch IS NOT NULL;

ALTER TABLE tasks ADD COLUMN identifier INTEGER NOT NULL DEFAULT 0;  -- which of the person's identifiers it is about
ALTER TABLE tasks ADD COLUMN batch INTEGER;
CREATE INDEX tasks_batch ON tasks(batch, state, trying_since) WHERE batch IS NOT NULL AND superseded_by IS NULL;
CREATE INDEX tasks_batch_parked ON tasks(batch, due_on, number)
    WHERE batch IS NOT NULL AND state = 'queued' AND next_due_at IS NULL;
CREATE INDEX tasks_further_identifiers ON tasks(pseudonym) WHERE identifier > 0;
"""
