"""The tables of retention purposes and of second persons' decisions, as the second migration made them."""

from typing import Final

PURPOSES_AND_APPROVALS: Final = """
CREATE TABLE approvals (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT GENERATED ALWAYS AS (printf('AP-%06d', number)) VIRTUAL,
    kind TEXT NOT NULL,                     -- erasure, retention_shortening, hold_override
    about TEXT NOT NULL,                    -- the id of what waits for it
    payload_sha256 TEXT NOT NULL,           -- of exactly what was asked for
    asked_by TEXT NOT NULL,                 -- Actor.id
    asked_by_name TEXT NOT NULL,
    asked_at TEXT NOT NULL,
    state TEXT NOT NULL DEFAULT 'pending',  -- pending, approved, denied, withdrawn
    decided_by TEXT,
    decided_by_name TEXT,
    decided_at TEXT,
    ground TEXT,
    version INTEGER NOT NULL DEFAULT 1
) STRICT;
CREATE UNIQUE INDEX approvals_id ON approvals(id);
CREATE UNIQUE INDEX approvals_one_pending ON approvals(kind, about) WHERE state = 'pending';
CREATE INDEX approvals_state ON approvals(state, kind, number);

CREATE TABLE purposes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    connection TEXT NOT NULL,
    name TEXT NOT NULL,
    version INTEGER NOT NULL,               -- the present one, of purpose_versions
    withdrawn INTEGER NOT NULL DEFAULT 0,
    UNIQUE (connection, name)
) STRICT;

CREATE TABLE purpose_versions (
    purpose INTEGER NOT NULL REFERENCES purposes(number),
    version INTEGER NOT NULL,
    at TEXT NOT NULL,
    actor TEXT NOT NULL,                    -- Actor.id
    actor_name TEXT NOT NULL,
    what TEXT NOT NULL,                     -- declared, changed, adopted, imported, withdrawn
    reason TEXT NOT NULL,
    content TEXT NOT NULL,                  -- JSON of the whole declaration
    PRIMARY KEY (purpose, version)
) STRICT, WITHOUT ROWID;
CREATE TRIGGER purpose_versions_no_update BEFORE UPDATE ON purpose_versions
BEGIN
    SELECT raise(ABORT, 'a version of a purpose is never changed');
END;

CREATE TABLE live_purposes (                -- what the vendor had when it was last asked
    connection TEXT NOT NULL,
    vendor_id TEXT NOT NULL,
    name TEXT NOT NULL,
    description TEXT NOT NULL,
    retention TEXT NOT NULL,                -- as on the wire
    retention_days INTEGER,
    legal_basis TEXT NOT NULL,
    is_active INTEGER NOT NULL,
    modified_at TEXT,                       -- the vendor's own text
    page INTEGER NOT NULL,
    read_at TEXT NOT NULL,
    PRIMARY KEY (connection, vendor_id)
) STRICT, WITHOUT ROWID;
CREATE INDEX live_purposes_name ON live_purposes(connection, name);

CREATE TABLE purpose_standings (            -- one row a name, declared or live or both
    connection TEXT NOT NULL,
    name TEXT NOT NULL,
    status TEXT NOT NULL,
    vendor_id TEXT,
    declared_days INTEGER,
    live_days INTEGER,
    differences TEXT NOT NULL,              -- JSON list
    since TEXT NOT NULL,                    -- when it came to stand so
    PRIMARY KEY (connection, name)
) STRICT, WITHOUT ROWID;
CREATE INDEX purpose_standings_status ON purpose_standings(connection, status);

CREATE TABLE purpose_standing_changes (
    connection TEXT NOT NULL,
    name TEXT NOT NULL,
    at TEXT NOT NULL,
    status TEXT NOT NULL,
    differences TEXT NOT NULL
) STRICT;
CREATE INDEX purpose_standing_changes_name ON purpose_standing_changes(connection, name, at);

CREATE TABLE purpose_comparisons (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT GENERATED ALWAYS AS (printf('PC-%06d', number)) VIRTUAL,
    connection TEXT NOT NULL,
    origin TEXT NOT NULL,                   -- person, schedule
    asked_by TEXT NOT NULL,
    asked_by_name TEXT NOT NULL,
    asked_at TEXT NOT NULL,
    file TEXT,                              -- that was planned with it
    file_sha256 TEXT,
    lease_owner TEXT,
    leased_until TEXT,
    fence INTEGER NOT NULL DEFAULT 0,
    ended_at TEXT,
    latency_ms INTEGER,                     -- asked to ended
    calls INTEGER NOT NULL DEFAULT 0,
    in_force INTEGER,
    drifted INTEGER,
    missing INTEGER,
    undeclared INTEGER,
    ambiguous INTEGER,
    warnings TEXT NOT NULL DEFAULT '[]',
    error TEXT
) STRICT;
CREATE UNIQUE INDEX purpose_comparisons_one_open ON purpose_comparisons(connection) WHERE ended_at IS NULL;
CREATE INDEX purpose_comparisons_ended ON purpose_comparisons(connection, ended_at);

CREATE TABLE enforcements (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT GENERATED ALWAYS AS (printf('PE-%06d', number)) VIRTUAL,
    intent TEXT NOT NULL UNIQUE,            -- made with the preview: a double click enforces once
    connection TEXT NOT NULL,
    asked_by TEXT NOT NULL,
    asked_by_name TEXT NOT NULL,
    asked_at TEXT NOT NULL
) STRICT;
CREATE UNIQUE INDEX enforcements_id ON enforcements(id);

CREATE TABLE enforcement_changes (
    number INTEGER PRIMARY KEY AUTOINCREMENT,
    id TEXT NOT NULL UNIQUE,                -- PE-000042-1
    enforcement INTEGER NOT NULL REFERENCES enforcements(number),
    connection TEXT NOT NULL,
    name TEXT NOT NULL,
    vendor_id TEXT NOT NULL,
    declared_version INTEGER NOT NULL,
    page INTEGER NOT NULL,                  -- of the vendor's list, where it was last seen
    before TEXT NOT NULL,                   -- JSON: the values that the person saw in the preview
    wanted TEXT NOT NULL,                   -- JSON
    found TEXT,                             -- JSON: the values read last
    shortens INTEGER NOT NULL,
    state TEXT NOT NULL,
    attempts INTEGER NOT NULL DEFAULT 0,
    sent INTEGER NOT NULL DEFAULT 0,        -- 1 before the first byte of a PUT leaves; sticks
    next_due_at TEXT,                       -- while leased: when the lease runs out
    lease_owner TEXT,
    fence INTEGER NOT NULL DEFAULT 0,
    created_at TEXT NOT NULL,
    ended_at TEXT,
    latency_ms INTEGER,                     -- created to ended
    put_ms INTEGER,                         -- of the PUT that was answered
    error TEXT
) STRICT;
CREATE INDEX enforcement_changes_enforcement ON enforcement_changes(enforcement);
CREATE INDEX enforcement_changes_name ON enforcement_changes(connection, name);
CREATE INDEX enforcement_changes_due ON enforcement_changes(connection, next_due_at) WHERE next_due_at IS NOT NULL;
CREATE INDEX enforcement_changes_ended ON enforcement_changes(ended_at) WHERE ended_at IS NOT NULL;
CREATE UNIQUE INDEX enforcement_changes_one_open ON enforcement_changes(connection, vendor_id) WHERE ended_at IS NULL;
"""
